"""Screening: selects the records that pyshacl must validate, and their shapes.

Screening may select a record that conforms; it never omits one that does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import pyoxigraph as ox
from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from ingest.validation.constraint_query import ConstraintQuery, compile_query
from ingest.validation.constraints import Compiler
from ingest.validation.property_paths import TripleIndex
from ingest.validation.value_tests import Test, UnknownConstraintError

# IRIs of focus nodes, each with the shapes that it may not conform to.
Suspects = dict[str, set[Node]]


@dataclass(frozen=True)
class ScreenedShape:
    """A shape that can be validated by itself.

    :ivar test: None if only pyshacl supports the shape.
    :ivar queries: its SPARQL constraints.
    :ivar whole: for a property shape, the node shape whose results contain its results.
    """

    shape: Node
    test: Test | None
    queries: tuple[ConstraintQuery, ...] = ()
    whole: Node | None = None


@dataclass(frozen=True)
class Screen:
    """The compiled shapes of a class.

    :ivar parts: each node shape before its property shapes.
    :ivar beyond: IRIs of properties that they read on other nodes than the focus node, besides their classes.
    """

    parts: tuple[ScreenedShape, ...]
    beyond: frozenset[str]


_OTHER_TARGETS: Final = (SH.targetNode, SH.targetObjectsOf, SH.targetSubjectsOf, SH.target)


def surely_conforms(data: Graph, shapes_graph: Graph) -> bool:
    """Whether a graph certainly conforms to all shapes; False means that pyshacl must validate it.

    :param shapes_graph: treat it as read-only; its screens are cached as long as it exists.
    """
    if any((None, target, None) in shapes_graph for target in _OTHER_TARGETS) or (None, RDFS.subClassOf, None) in data:
        return False
    focus = []
    for record_class, screen in _screens(shapes_graph).items():
        nodes = set(data.subjects(RDF.type, record_class))
        if not all(isinstance(node, URIRef) for node in nodes):
            return False
        focus.append((screen, sorted(map(str, nodes))))
    return not suspects(focus, ox.parse(data.serialize(format="nt", encoding="utf-8"), format=ox.RdfFormat.N_TRIPLES))


@cache
def _screens(graph: Graph) -> dict[Node, Screen]:
    return {aimed: screen(graph, str(aimed)) for aimed in set(graph.objects(None, SH.targetClass))}


def screen(graph: Graph, record_class: str) -> Screen:
    """Compile the shapes that target a class."""
    compiler = Compiler(graph)
    aimed = sorted(graph.subjects(SH.targetClass, URIRef(record_class)), key=str)
    parts = tuple(part for shape in aimed for part in parts_of(shape, graph, compiler))
    asked = {path for part in parts for query in part.queries for path in query.beyond}
    return Screen(parts, frozenset(asked | compiler.beyond))


def parts_of(shape: Node, graph: Graph, compiler: Compiler) -> Iterator[ScreenedShape]:
    """A shape, and for a node shape its property shapes."""
    if (shape, SH.path, None) in graph:
        yield _part(shape, graph, compiler, {SH.sparql})
        return
    yield _part(shape, graph, compiler, {SH.sparql, SH.property})
    for each in sorted(graph.objects(shape, SH.property), key=str):
        yield _part(each, graph, compiler, {SH.sparql}, whole=shape)


def _part(shape: Node, graph: Graph, compiler: Compiler, apart: set[Node], whole: Node | None = None) -> ScreenedShape:
    try:
        test = compiler.shape(shape, apart)
        queries = [compile_query(graph, constraint) for constraint in graph.objects(shape, SH.sparql)]
    except UnknownConstraintError:
        return ScreenedShape(shape, None, whole=whole)
    return ScreenedShape(shape, test, tuple(queries), whole)


def suspects(focus: Sequence[tuple[Screen, Sequence[str]]], triples: Iterable[ox.Triple]) -> Suspects:
    """Select the focus nodes and shapes that pyshacl must validate.

    :param focus: IRIs of the focus nodes of each class.
    :param triples: the records, and all others that their shapes use.
    """
    facts = TripleIndex(triples)
    found: Suspects = defaultdict(set)
    store = _store(facts, [query for screen, _ in focus for part in screen.parts for query in part.queries])
    for screen, iris in focus:
        nodes = {iri: ox.NamedNode(iri) for iri in iris}
        unclear = _unclear(screen, nodes, facts)
        for part in screen.parts:
            for iri in (*_failing(part, nodes, facts, store), *unclear):
                if part.whole not in found[iri]:
                    found[iri].add(part.shape)
    return {iri: suspected for iri, suspected in found.items() if suspected}


def _unclear(screen: Screen, nodes: Mapping[str, ox.NamedNode], facts: TripleIndex) -> Iterable[str]:
    """Focus nodes that screening cannot test by any shape."""
    if any(not screen.beyond.isdisjoint(blurred) for blurred in facts.blurred.values()):
        return nodes
    return [iri for iri, node in nodes.items() if node in facts.blurred]


def _failing(
    part: ScreenedShape, nodes: Mapping[str, ox.NamedNode], facts: TripleIndex, store: ox.Store
) -> Iterable[str]:
    if part.test is None:
        return nodes
    failing = {iri for iri, node in nodes.items() if not part.test(facts, node)}
    for query in part.queries:
        failing |= nodes.keys() & query.answer(store)
    return failing


def _store(facts: TripleIndex, queries: Iterable[ConstraintQuery]) -> ox.Store:
    """Load a store for the queries.

    Oxigraph stores values and not lexical forms: it would compare ``1.5`` where a record has ``1.50``. Values that it
    changes are marked as blurred.
    """
    predicates = {predicate for query in queries for predicate in query.predicates}
    quads = set(facts.quads(predicates))
    store = ox.Store()
    store.bulk_extend(quads)
    for quad in quads.difference(store):
        facts.blurred[quad.subject].add(quad.predicate.value)
    return store
