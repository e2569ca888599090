"""Documentation of the vocabulary: every term with its texts, uses and changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, Graph, Namespace, URIRef

import ontology
from ingest import RecordType
from publish.explanations.names import short, texts
from publish.releases.release import Release

_SCHEMA: Final = Namespace(ontology.PREFIXES["schema"])
_DQV: Final = Namespace(ontology.PREFIXES["dqv"])
_NS: Final = URIRef(str(ontology.SR).removesuffix("#"))
_PROPERTIES: Final = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
_DOMAINS: Final = (RDFS.domain, _SCHEMA.domainIncludes)
_RANGES: Final = (RDFS.range, _SCHEMA.rangeIncludes)
_MATCHES: Final = (SKOS.exactMatch, SKOS.closeMatch, OWL.equivalentClass, OWL.equivalentProperty, RDFS.seeAlso)


def table(
    record_types: Mapping[str, RecordType],
    labels: Mapping[str, Any],
    examples: Mapping[str, Mapping[str, str]],
    store: ox.Store,
    previous: Release | None,
) -> dict[str, Any]:
    """The table that the page reads.

    :param labels: as :func:`publish.explanations.reports.labels` gives them.
    :param examples: a record of each type, by the type's name, see :func:`publish.explanations.record_types.table`.
    :param store: with all graphs, to count in.
    :param previous: the release before, to compare with.
    """
    graph = ontology.vocabulary()
    used = _Uses(store)
    types = {record_type.iri: record_type for record_type in record_types.values()}
    classes = sorted(map(str, graph.subjects(RDF.type, OWL.Class)))
    properties = sorted({str(term) for kind in _PROPERTIES for term in graph.subjects(RDF.type, kind)})
    metrics = sorted(map(str, graph.subjects(RDF.type, _DQV.Metric)))
    return {
        "iri": str(_NS),
        "version": str(graph.value(_NS, OWL.versionInfo)),
        "title": texts(graph, _NS, DCTERMS.title),
        "description": texts(graph, _NS, DCTERMS.description),
        "issued": str(graph.value(_NS, DCTERMS.issued)),
        "license": str(graph.value(_NS, DCTERMS.license)),
        "versions": ontology.changes(),
        "difference": _difference(graph, previous),
        "classes": [
            {
                **_term(graph, iri),
                "uses": used.records(iri),
                "above": _linked(graph, iri, (RDFS.subClassOf,)),
                "below": [short(str(term)) for term in sorted(graph.subjects(RDFS.subClassOf, URIRef(iri)), key=str)],
                "record": types[iri].segment if iri in types else None,
                "dataset": labels["classes"].get(iri, {}).get("dataset"),
                "example": examples.get(types[iri].name) if iri in types else None,
                "properties": _fields(types[iri], labels["classes"][iri]["properties"]) if iri in types else [],
            }
            for iri in classes
        ],
        "properties": [
            {
                **_term(graph, iri),
                "uses": used.statements(iri),
                "kind": next(short(str(kind))[4:] for kind in _PROPERTIES if (URIRef(iri), RDF.type, kind) in graph),
                "above": _linked(graph, iri, (RDFS.subPropertyOf,)),
                "domain": _linked(graph, iri, _DOMAINS),
                "range": _linked(graph, iri, _RANGES),
                "used_in": _used_in(types.values(), iri),
            }
            for iri in properties
        ],
        "metrics": [_term(graph, iri) for iri in metrics],
        "external": _external(types.values(), used),
    }


def _term(graph: Graph, iri: str) -> dict[str, Any]:
    return {
        "name": iri.removeprefix(str(ontology.SR)),
        "iri": iri,
        "label": texts(graph, iri, RDFS.label),
        "definition": texts(graph, iri, SKOS.definition),
        "matches": _linked(graph, iri, _MATCHES),
    }


def _linked(graph: Graph, iri: str, predicates: Iterable[URIRef]) -> list[str]:
    """Short names of IRIs."""
    return sorted({short(str(node)) for predicate in predicates for node in graph.objects(URIRef(iri), predicate)})


def _fields(record_type: RecordType, names: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The properties in the shape of a class; several fields may have the same property."""
    required = {field.path for field in record_type.fields if field.required}
    first = {field.path: field for field in reversed(record_type.fields)}
    return [
        {
            "property": short(path),
            "names": {language: names[path][language] for language in ("de", "en")},
            "required": path in required,
            "many": first[path].many,
            "field": first[path].term,
        }
        for path in dict.fromkeys(field.path for field in record_type.fields)
    ]


def _used_in(types: Iterable[RecordType], iri: str) -> list[dict[str, Any]]:
    return [
        {"class": short(record_type.iri), "segment": record_type.segment, "field": field.term, "names": field.name}
        for record_type in sorted(types, key=lambda record_type: record_type.name)
        for field in record_type.fields
        if field.path == iri
    ]


def _external(types: Iterable[RecordType], used: _Uses) -> list[dict[str, Any]]:
    """Terms of other vocabularies that records use, and in which types."""
    found: dict[str, set[str]] = {}
    for record_type in types:
        for field in record_type.fields:
            if not field.path.startswith(str(ontology.SR)):
                found.setdefault(field.path, set()).add(short(record_type.iri))
    return [
        {"name": short(iri), "iri": iri, "used_in": sorted(found[iri]), "uses": used.statements(iri)}
        for iri in sorted(found, key=short)
    ]


class _Uses:
    """How often terms occur: records of a class, statements with a property."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store

    def records(self, iri: str) -> int:
        return self._count("SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s a ?term }", iri)

    def statements(self, iri: str) -> int:
        return self._count("SELECT (COUNT(*) AS ?n) { ?s ?term ?o }", iri)

    def _count(self, query: str, iri: str) -> int:
        text = query.replace("?term", str(ox.NamedNode(iri)))
        (row,) = self._store.query(text, use_default_graph_as_union=True)  # type: ignore[misc]
        return int(row["n"].value)


def _difference(graph: Graph, previous: Release | None) -> dict[str, list[str]]:
    """Terms added, removed or changed since the previous release; empty if there is none."""
    if previous is None:
        return {"added": [], "removed": [], "changed": []}
    path, _ = previous.file("ontology.nt")
    before = _statements(ox.parse(path=path, format=ox.RdfFormat.N_TRIPLES))
    text = graph.serialize(format="nt")
    now = _statements(ox.parse(text, format=ox.RdfFormat.N_TRIPLES))
    return {
        "added": sorted(short(iri) for iri in now.keys() - before.keys()),
        "removed": sorted(short(iri) for iri in before.keys() - now.keys()),
        "changed": sorted(short(iri) for iri in now.keys() & before.keys() if now[iri] != before[iri]),
    }


def _statements(quads: Iterable[ox.Quad]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for quad in quads:
        found.setdefault(str(quad.subject).strip("<>"), set()).add(str(quad.triple))
    return found
