"""The requirements of the Minimal Interoperability Mechanisms and how the service meets them, as a document and as RDF.

The table is ``mims.toml``; its RDF is in the terms of EARL (https://www.w3.org/TR/EARL10-Schema/).
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from rdflib import DCTERMS, FOAF, RDF, RDFS, Graph, Literal, Namespace, URIRef

_EARL: Final = Namespace("http://www.w3.org/ns/earl#")
_TITLES: Final = {
    "de": "Living-in.EU: was dieser Dienst von den MIMs erfüllt",
    "en": "Living-in.EU: what this service meets of the MIMs",
}


def table() -> dict[str, Any]:
    """The table, with an anchor for each requirement."""
    found = tomllib.loads(files(__package__).joinpath("interoperability.toml").read_text(encoding="utf-8"))
    for mim in found["mim"]:
        for requirement in mim["requirement"]:
            requirement["anchor"] = re.sub(r"[^a-z0-9]+", "-", f"{mim['name']} {requirement['id']}".lower())
    return found


def graph(base: str) -> Graph:
    """Each requirement, its result and the assertion between them, in EARL.

    :param base: base IRI, ending in a slash.
    """
    result, document, content = Graph(), URIRef(f"{base}living-in-eu"), table()
    result.add((document, RDF.type, FOAF.Document))
    _say(result, document, DCTERMS.title, _TITLES)
    result.add((document, DCTERMS.source, URIRef(content["specification"])))
    result.add((document, DCTERMS.description, Literal(content["version"])))
    for mim in content["mim"]:
        whole = URIRef(f"{document}#{mim['name'].lower()}")
        result.add((whole, RDF.type, _EARL.TestCriterion))
        result.add((whole, DCTERMS.identifier, Literal(mim["name"])))
        result.add((whole, RDFS.seeAlso, URIRef(mim["address"])))
        _say(result, whole, DCTERMS.title, mim["title"])
        for requirement in mim["requirement"]:
            test = URIRef(f"{document}#{requirement['anchor']}")
            outcome, assertion = URIRef(f"{test}-result"), URIRef(f"{test}-assertion")
            result.add((test, RDF.type, _EARL.TestRequirement))
            result.add((test, DCTERMS.isPartOf, whole))
            result.add((test, DCTERMS.identifier, Literal(requirement["id"])))
            _say(result, test, DCTERMS.description, requirement["asks"])
            result.add((outcome, RDF.type, _EARL.TestResult))
            result.add((outcome, _EARL.outcome, _EARL[requirement["outcome"]]))
            _say(result, outcome, DCTERMS.description, requirement["answer"])
            for address in requirement["see"]:
                result.add((outcome, RDFS.seeAlso, URIRef(base + address)))
            result.add((assertion, RDF.type, _EARL.Assertion))
            result.add((assertion, _EARL.subject, URIRef(base)))
            result.add((assertion, _EARL.test, test))
            result.add((assertion, _EARL.result, outcome))
            result.add((assertion, _EARL.assertedBy, URIRef(f"{base}catalog#publisher")))
    return result


def _say(graph: Graph, node: URIRef, predicate: URIRef, texts: dict[str, str]) -> None:
    for language, text in texts.items():
        graph.add((node, predicate, Literal(text, lang=language)))
