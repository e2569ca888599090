"""Documentation of the concept schemes: concepts as a tree, with the number of records that use each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyoxigraph as ox
from rdflib import DCTERMS, RDF, SKOS, Graph, Literal, URIRef
from rdflib.term import Node

import ontology
from publish.explanations.names import short, texts

_MATCHES: Final = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)

# The inner query makes Oxigraph start with the few records of a concept, not with the types of all records.
_USED: Final = """
SELECT ?class (COUNT(*) AS ?records) {
  { SELECT DISTINCT ?record { ?record ?property %(concept)s FILTER(STRSTARTS(STR(?record), %(base)s)) } }
  ?record a ?class
} GROUP BY ?class"""


def table(store: ox.Store, base: str, segments: Mapping[str, str]) -> dict[str, Any]:
    """The table that the pages read, by name of the scheme.

    :param store: with all records.
    :param base: base IRI of the service; ends with a slash.
    :param segments: part of the address of records by the IRI of their class.
    """
    used = _used(store, base, segments)
    return {name: _scheme(ontology.scheme(name), name, used) for name in ontology.scheme_names()}


def _used(store: ox.Store, base: str, segments: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Records by concept and kind of record."""
    used: dict[str, dict[str, int]] = {}
    for concept in ontology.schemes().subjects(RDF.type, SKOS.Concept):
        query = _USED % {"concept": ox.NamedNode(str(concept)), "base": ox.Literal(f"{base}id/")}
        rows: Any = store.query(query, use_default_graph_as_union=True)
        counts = {segments.get(row["class"].value, ""): int(row["records"].value) for row in rows}
        used[str(concept)] = {segment: count for segment, count in sorted(counts.items()) if segment}
    return used


def _scheme(graph: Graph, name: str, used: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    scheme = next(iter(graph.subjects(RDF.type, SKOS.ConceptScheme)))
    top = set(graph.objects(scheme, SKOS.hasTopConcept)) | set(graph.subjects(SKOS.topConceptOf, scheme))
    return {
        "name": name,
        "iri": str(scheme),
        "title": texts(graph, scheme, DCTERMS.title),
        "description": texts(graph, scheme, DCTERMS.description),
        "issued": str(graph.value(scheme, DCTERMS.issued)),
        "license": str(graph.value(scheme, DCTERMS.license)),
        "sources": sorted(map(str, graph.objects(scheme, DCTERMS.source))),
        "concepts": [_concept(graph, concept, used) for concept in _in_order(graph, top)],
        "count": len(set(graph.subjects(SKOS.inScheme, scheme))),
    }


def _in_order(graph: Graph, concepts: set[Node]) -> list[Node]:
    return sorted(concepts, key=lambda concept: (str(graph.value(concept, SKOS.notation) or ""), str(concept)))


def _concept(graph: Graph, concept: Node, used: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    narrower = set(graph.objects(concept, SKOS.narrower)) | set(graph.subjects(SKOS.broader, concept))
    return {
        "iri": str(concept),
        "anchor": str(concept).rpartition("#")[2],
        "notation": str(graph.value(concept, SKOS.notation) or ""),
        "label": texts(graph, concept, SKOS.prefLabel),
        "other": {language: _all(graph, concept, language) for language in ("de", "en")},
        "definition": texts(graph, concept, SKOS.definition),
        "matches": [
            {"relation": short(str(link)), "iri": str(other), "label": texts(ontology.schemes(), other, SKOS.prefLabel)}
            for link in _MATCHES
            for other in sorted(graph.objects(concept, link), key=str)
        ],
        "used": used.get(str(concept), {}),
        "narrower": [_concept(graph, part, used) for part in _in_order(graph, narrower)],
    }


def _all(graph: Graph, concept: Node, language: str) -> list[str]:
    found = graph.objects(URIRef(str(concept)), SKOS.altLabel)
    return sorted(str(value) for value in found if isinstance(value, Literal) and value.language == language)
