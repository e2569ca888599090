"""Compiles SHACL shapes to functions that test whether a node conforms.

They give the results of pyshacl 0.40, even where it differs from SHACL; tests compare them with pyshacl.
A shape with an unsupported part raises :class:`UnknownConstraintError`, so that no constraint is ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

import pyoxigraph as ox
from rdflib import RDF, RDFS, SH, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from ingest.validation.property_paths import TripleIndex, Value, value_of
from ingest.validation.value_tests import VALUE_TESTS, Test, UnknownConstraintError, iri, number
from ontology import SR

_DASH = Namespace("http://datashapes.org/dash#")

# Whether the values of a focus node conform together.
_JointTest = Callable[[TripleIndex, Value, AbstractSet[Value]], bool]
_Path = Callable[[TripleIndex, Value], AbstractSet[Value]]

# Properties of a shape that constrain nothing.
_SILENT: Final = {
    RDF.type, RDFS.label, SH.path, SH.name, SH.description, SH.message, SH.order, SH.group, SH.severity, SH.targetClass,
    SH.rule, SR.keyProperty, SR.iriSegment, _DASH.propertyRole, _DASH.readOnly,
    SR.pluralLabel, SR.recordRole, SR.searchRank, SR.listRank,
    SR.essentialRank, SR.placeRank, SR.besideRank, SR.situates, SR.shownApart,
}  # fmt: skip
# Parameters that another one reads.
_BESIDE: Final[dict[Node, Node]] = {
    SH.flags: SH.pattern,
    SH.qualifiedMinCount: SH.qualifiedValueShape,
    SH.qualifiedMaxCount: SH.qualifiedValueShape,
}
_OF_PROPERTIES: Final = {SH.minCount, SH.maxCount, SH.uniqueLang, SH.qualifiedValueShape}
_REPEATABLE: Final = {SH["class"], SH.pattern, SH["or"], SH["and"], SH["not"], SH.node, SH.property, SH.disjoint}


class Compiler:
    """Compiles the shapes of a graph to tests.

    :param graph: the shapes; pyshacl must accept them.
    :ivar beyond: properties that the tests read on other nodes than the focus node, besides their classes.
    """

    def __init__(self, graph: Graph) -> None:
        self.beyond: set[str] = set()
        self._graph = graph
        self._open: list[Node] = []

    def shape(self, shape: Node, apart: AbstractSet[Node] = frozenset()) -> Test:
        """The test whether a focus node conforms to a shape.

        :param apart: parameters that the caller handles.
        :raises UnknownConstraintError: a parameter, a path or a value is not supported, or shapes are recursive.
        """
        if shape in self._open:
            raise UnknownConstraintError(f"{shape} refers to itself")
        self._open.append(shape)
        try:
            return self._shape(shape, set(self._graph.predicates(shape)) - _SILENT - apart)
        finally:
            self._open.pop()

    def _shape(self, shape: Node, parameters: set[Node]) -> Test:
        single: list[Test] = []
        joint: list[_JointTest] = []
        for parameter in sorted(parameters, key=str):
            values = list(self._graph.objects(shape, parameter))
            if len(values) > 1 and parameter not in _REPEATABLE:
                raise UnknownConstraintError(f"{shape} has several {parameter}")
            if parameter in _OF_PROPERTIES and (shape, SH.path, None) not in self._graph:
                raise UnknownConstraintError(f"{shape} has {parameter} and no path")
            if parameter in VALUE_TESTS:
                single += [VALUE_TESTS[parameter](self._graph, shape, value) for value in values]
            elif parameter in _SINGLE:
                single += [_SINGLE[parameter](self, value) for value in values]
            elif parameter in _JOINT:
                joint += [_JOINT[parameter](self, shape, value) for value in values]
            elif _BESIDE.get(parameter) not in parameters:
                raise UnknownConstraintError(f"{shape} has {parameter}")
        path = self._path_of(shape)

        def conforms(facts: TripleIndex, focus: Value) -> bool:
            values = path(facts, focus)
            for together in joint:
                if not together(facts, focus, values):
                    return False
            for value in values:
                for test in single:
                    if not test(facts, value):
                        return False
            return True

        return conforms

    # Paths (SHACL, section 2.3.1)

    def _path_of(self, shape: Node) -> _Path:
        path = self._graph.value(shape, SH.path)
        if path is None:
            return lambda facts, focus: {focus}
        return self._path(path, self._away())

    def _away(self) -> bool:
        """Whether the shape being compiled applies to values of another shape with a path."""
        return any((outer, SH.path, None) in self._graph for outer in self._open[:-1])

    def _path(self, path: Node, away: bool) -> _Path:
        """The values of a path.

        :param away: whether the path begins at another node than the focus node.
        """
        if isinstance(path, URIRef):
            predicate = ox.NamedNode(str(path))
            self.beyond |= {str(path)} if away else set()
            return lambda facts, focus: facts.objects(focus, predicate)
        if (path, RDF.first, None) in self._graph:
            steps = self._items(path)
            return self._sequence([self._path(step, away or number > 0) for number, step in enumerate(steps)])
        inverse = self._graph.value(path, SH.inversePath)
        if isinstance(inverse, URIRef):
            back = ox.NamedNode(str(inverse))
            self.beyond.add(str(inverse))
            return lambda facts, focus: facts.subjects(back, focus)
        alternatives = self._graph.value(path, SH.alternativePath)
        if alternatives is None:
            raise UnknownConstraintError(f"path {path}")
        branches = [self._path(branch, away) for branch in self._items(alternatives)]
        return lambda facts, focus: {value for branch in branches for value in branch(facts, focus)}

    def _sequence(self, steps: list[_Path]) -> _Path:
        def walk(facts: TripleIndex, focus: Value) -> AbstractSet[Value]:
            reached: AbstractSet[Value] = {focus}
            for step in steps:
                reached = {value for node in reached for value in step(facts, node)}
            return reached

        return walk

    def _items(self, head: Node) -> list[Node]:
        return list(Collection(self._graph, head))

    # Other shapes (sections 4.6 and 4.7)

    def _not(self, value: Node) -> Test:
        inner = self.shape(value)
        return lambda facts, node: not inner(facts, node)

    def _or(self, value: Node) -> Test:
        members = [self.shape(item) for item in self._items(value)]
        return lambda facts, node: any(test(facts, node) for test in members)

    def _and(self, value: Node) -> Test:
        members = [self.shape(item) for item in self._items(value)]
        return lambda facts, node: all(test(facts, node) for test in members)

    # The values together (sections 4.2, 4.4.5, 4.5, 4.7.3 and 4.8.2)

    def _min_count(self, shape: Node, value: Node) -> _JointTest:
        least = number(value)
        return lambda facts, focus, values: len(values) >= least

    def _max_count(self, shape: Node, value: Node) -> _JointTest:
        most = number(value)
        return lambda facts, focus, values: len(values) <= most

    def _unique_lang(self, shape: Node, value: Node) -> _JointTest:
        if not (isinstance(value, Literal) and value.value is True):
            return lambda facts, focus, values: True

        def holds(facts: TripleIndex, focus: Value, values: AbstractSet[Value]) -> bool:
            tags = Counter(value.language for value in values if isinstance(value, ox.Literal) and value.language)
            return all(count == 1 for count in tags.values())

        return holds

    def _has_value(self, shape: Node, value: Node) -> _JointTest:
        wanted = value_of(value)
        return lambda facts, focus, values: wanted in values

    def _disjoint(self, shape: Node, value: Node) -> _JointTest:
        other = iri(value)
        self.beyond |= {str(value)} if self._away() else set()
        return lambda facts, focus, values: not values or values.isdisjoint(facts.objects(focus, other))

    def _qualified(self, shape: Node, value: Node) -> _JointTest:
        inner = self.shape(value)
        least, most = (self._graph.value(shape, each) for each in (SH.qualifiedMinCount, SH.qualifiedMaxCount))
        lowest = 0 if least is None else number(least)
        highest = None if most is None else number(most)

        def holds(facts: TripleIndex, focus: Value, values: AbstractSet[Value]) -> bool:
            count = sum(inner(facts, value) for value in values)
            return count >= lowest and (highest is None or count <= highest)

        return holds


_SINGLE: Final[dict[Node, Callable[[Compiler, Node], Test]]] = {
    SH["not"]: Compiler._not,
    SH["or"]: Compiler._or,
    SH["and"]: Compiler._and,
    SH.node: Compiler.shape,
    SH.property: Compiler.shape,
}
_JOINT: Final[dict[Node, Callable[[Compiler, Node, Node], _JointTest]]] = {
    SH.minCount: Compiler._min_count,
    SH.maxCount: Compiler._max_count,
    SH.uniqueLang: Compiler._unique_lang,
    SH.hasValue: Compiler._has_value,
    SH.disjoint: Compiler._disjoint,
    SH.qualifiedValueShape: Compiler._qualified,
}
