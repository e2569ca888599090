"""Prefixed names for people, and the files that belong to this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

import ontology

DATASET_SERIES: Final = URIRef("http://www.w3.org/ns/dcat#DatasetSeries")
"""Not in rdflib's copy of DCAT."""

DCATDE: Final = "http://dcat-ap.de/def/dcatde/"
SPDX: Final = "http://spdx.org/rdf/terms#"


def short(iri: object) -> str:
    """``dct:title`` for ``http://purl.org/dc/terms/title``; the IRI itself when no prefix is known."""
    text = str(iri)
    for prefix, namespace in ontology.PREFIXES.items():
        if text.startswith(namespace) and text != namespace:
            return f"{prefix}:{text[len(namespace) :]}"
    return text


@cache
def rules(name: str) -> Graph:
    """A file of rules of this package, such as ``dcat-ap.ttl``; treat it as read-only."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return Graph(bind_namespaces="none").parse(data=text, format="turtle")


def nodes(graph: Graph, kind: URIRef) -> list[Node]:
    """The nodes of a type, in a stable order."""
    return sorted(set(graph.subjects(RDF.type, kind)), key=str)
