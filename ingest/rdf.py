"""Records to RDF: JSON-LD with our context, parsed by pyoxigraph, and the rules of the shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import Any

import pyoxigraph as ox
from rdflib import SH, URIRef

import ontology
import shapes
from ingest.model import RecordType

Node = dict[str, Any]
_BATCH = 200  # records per JSON-LD document: the context is read once for each


def triples(nodes: Iterable[Node], base: str) -> Iterator[ox.Triple]:
    """The triples of records.

    :param nodes: dictionaries whose keys are terms of the context, each with ``id`` (relative to ``{base}id/``)
        and ``type`` (name of a record type).
    :param base: base IRI, ending in a slash.
    """
    remaining = iter(nodes)
    while batch := list(islice(remaining, _BATCH)):
        document = {"@context": _context(frozenset(node["type"] for node in batch)), "@graph": batch}
        text = json.dumps(document, ensure_ascii=False)
        for quad in ox.parse(text, format=ox.RdfFormat.JSON_LD, base_iri=f"{base}id/"):
            yield quad.triple


@cache
def _context(types: frozenset[str]) -> dict[str, Any]:
    """The context without the types that do not occur: most of its length is type-scoped."""
    context: dict[str, Any] = ontology.context()["@context"]
    return {
        term: definition
        for term, definition in context.items()
        if term in types or not (isinstance(definition, dict) and str(definition.get("@id")).startswith("sr:"))
    }


def derived(record_type: RecordType, asserted: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """What the rules of a record type's shape add (SHACL-AF, section 8: SPARQL rules).

    :param asserted: triples of records of this type.
    """
    constructs = rules(record_type.shape)
    if not constructs:
        return iter(())
    store = ox.Store()
    store.bulk_extend(ox.Quad(t.subject, t.predicate, t.object) for t in asserted)
    # Materialised at once, so that no rule sees what another one adds.
    return chain.from_iterable([list(_construct(store, construct)) for construct in constructs])


def _construct(store: ox.Store, text: str) -> Iterator[ox.Triple]:
    result = store.query(text)
    if not isinstance(result, ox.QueryTriples):
        raise TypeError(f"A rule must be a CONSTRUCT query: {text}")
    return result


@cache
def rules(shape: str) -> tuple[str, ...]:
    """The CONSTRUCT queries of a node shape's rules."""
    graph = shapes.load()
    texts = [text for rule in graph.objects(URIRef(shape), SH.rule) for text in graph.objects(rule, SH.construct)]
    return tuple(sorted(map(str, texts)))
