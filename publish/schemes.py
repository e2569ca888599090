"""The concept schemes as their pages show them: concepts as a tree, with how many records use each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyoxigraph as ox
from rdflib import DCTERMS, RDF, SKOS, Graph, Literal, URIRef
from rdflib.term import Node

import ontology
from publish.names import short, texts

_MATCHES: Final = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)

_USED: Final = """
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?concept ?class (COUNT(DISTINCT ?record) AS ?records) {
  ?concept skos:inScheme ?scheme .
  ?record ?property ?concept ; a ?class .
  FILTER(STRSTARTS(STR(?record), %s))
} GROUP BY ?concept ?class"""


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
    rows: Any = store.query(_USED % ox.Literal(f"{base}id/"), use_default_graph_as_union=True)
    used: dict[str, dict[str, int]] = {}
    for row in rows:
        segment = segments.get(row["class"].value)
        if segment is not None:
            used.setdefault(row["concept"].value, {})[segment] = int(row["records"].value)
    return {concept: dict(sorted(counts.items())) for concept, counts in used.items()}


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
            [short(str(link)), str(other), texts(ontology.schemes(), other, SKOS.prefLabel)]
            for link in _MATCHES
            for other in sorted(graph.objects(concept, link), key=str)
        ],
        "used": used.get(str(concept), {}),
        "narrower": [_concept(graph, part, used) for part in _in_order(graph, narrower)],
    }


def _all(graph: Graph, concept: Node, language: str) -> list[str]:
    found = graph.objects(URIRef(str(concept)), SKOS.altLabel)
    return sorted(str(value) for value in found if isinstance(value, Literal) and value.language == language)
