"""The smart-region vocabulary, its concept schemes and its JSON-LD context, as parsed data.

Parsed files are cached and shared: treat the results of these functions as read-only, and copy before changing.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from rdflib import Graph, Namespace

SR: Final = Namespace("https://w3id.org/smart-region/ns#")
SRS: Final = Namespace("https://w3id.org/smart-region/shapes#")

PREFIXES: Final[dict[str, str]] = {
    "sr": str(SR),
    "srs": str(SRS),
    "adms": "http://www.w3.org/ns/adms#",
    "as": "https://www.w3.org/ns/activitystreams#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dcatde": "http://dcat-ap.de/def/dcatde/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "earl": "http://www.w3.org/ns/earl#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "eurio": "http://data.europa.eu/s66#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "frapo": "http://purl.org/cerif/frapo/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "ldes": "https://w3id.org/ldes#",
    "locn": "http://www.w3.org/ns/locn#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sf": "http://www.opengis.net/ont/sf#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "time": "http://www.w3.org/2006/time#",
    "tree": "https://w3id.org/tree#",
    "vann": "http://purl.org/vocab/vann/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
    "wgs": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefix to namespace for all serialisations; includes every prefix of the context."""


@cache
def context() -> dict[str, Any]:
    """The JSON-LD context document: an object whose only key is ``@context``."""
    document: dict[str, Any] = json.loads(_text("context.jsonld"))
    return document


@cache
def changes() -> list[dict[str, Any]]:
    """The versions of the vocabulary, the newest first: ``number``, ``date``, and the changes as ``de`` and ``en``."""
    versions: list[dict[str, Any]] = tomllib.loads(_text("changes.toml"))["version"]
    return versions


@cache
def vocabulary() -> Graph:
    """The classes and properties of ``https://w3id.org/smart-region/ns``."""
    return _graph("smart-region.ttl")


def scheme_names() -> list[str]:
    """Names of the concept schemes, sorted."""
    names = (entry.name for entry in files(__name__).joinpath("schemes").iterdir())
    return sorted(name.removesuffix(".ttl") for name in names if name.endswith(".ttl"))


@cache
def scheme(name: str) -> Graph:
    """One concept scheme with its concepts.

    :param name: one of :func:`scheme_names`
    :raises KeyError: there is no scheme of that name
    """
    if name not in scheme_names():
        raise KeyError(name)
    return _graph("schemes", f"{name}.ttl")


@cache
def schemes() -> Graph:
    """All concept schemes in one graph."""
    graph = _empty()
    for name in scheme_names():
        graph += scheme(name)
    return graph


@cache
def everything() -> Graph:
    """The vocabulary and all concept schemes in one graph."""
    graph = _empty()
    for part in (vocabulary(), schemes()):
        graph += part
    return graph


def _text(*path: str) -> str:
    return files(__name__).joinpath(*path).read_text(encoding="utf-8")


def _empty() -> Graph:
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def _graph(*path: str) -> Graph:
    return _empty().parse(data=_text(*path), format="turtle")
