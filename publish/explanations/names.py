"""Names of terms in the documentation of a release."""

from __future__ import annotations

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

import ontology


def short(iri: str) -> str:
    """An IRI with one of our prefixes, or unchanged."""
    for prefix, namespace in ontology.PREFIXES.items():
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def texts(graph: Graph, node: Node | str, predicate: URIRef) -> dict[str, str]:
    """The texts of a property by language; of several in one language the first."""
    subject = URIRef(node) if isinstance(node, str) else node
    values = sorted(value for value in graph.objects(subject, predicate) if isinstance(value, Literal))
    return {value.language: str(value) for value in reversed(values) if value.language}
