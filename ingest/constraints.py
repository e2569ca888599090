"""SHACL constraints as functions that say whether a node conforms.

They say just what pyshacl 0.40 says, also where that departs from the letter of SHACL; the tests hold them against it.
A shape with anything that is not known here raises :class:`UnknownConstraintError`, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

import pyoxigraph as ox
from pyshacl.rdfutil.compare import compare_literal
from rdflib import RDF, RDFS, SH, XSD, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from ingest.facts import Facts, Value, value_of
from ontology import SR

_DASH = Namespace("http://datashapes.org/dash#")

# Does a node conform? Do the values of a focus node conform together?
Test = Callable[[Facts, Value], bool]
_JointTest = Callable[[Facts, Value, AbstractSet[Value]], bool]
_Path = Callable[[Facts, Value], AbstractSet[Value]]

# What a shape may say without constraining anything.
_SILENT: Final = {
    RDF.type, RDFS.label, SH.path, SH.name, SH.description, SH.message, SH.order, SH.severity, SH.targetClass, SH.rule,
    SR.keyProperty, SR.iriSegment, _DASH.propertyRole, _DASH.readOnly,
}  # fmt: skip
# Parameters that another one reads.
_BESIDE: Final[dict[Node, Node]] = {
    SH.flags: SH.pattern,
    SH.qualifiedMinCount: SH.qualifiedValueShape,
    SH.qualifiedMaxCount: SH.qualifiedValueShape,
}
_OF_PROPERTIES: Final = {SH.minCount, SH.maxCount, SH.uniqueLang, SH.qualifiedValueShape}
_REPEATABLE: Final = {SH["class"], SH.pattern, SH["or"], SH["and"], SH["not"], SH.node, SH.property, SH.disjoint}


class UnknownConstraintError(Exception):
    """A shape says something that only the reference understands."""


class Compiler:
    """Makes tests of the shapes of a graph.

    :param graph: the shapes; pyshacl has found nothing wrong with them.
    :ivar beyond: properties that the tests look at on other nodes than the focus node, besides their classes.
    """

    def __init__(self, graph: Graph) -> None:
        self.beyond: set[str] = set()
        self._graph = graph
        self._open: list[Node] = []

    def shape(self, shape: Node, apart: AbstractSet[Node] = frozenset()) -> Test:
        """The test whether a focus node conforms to a shape.

        :param apart: parameters that the caller looks after.
        :raises UnknownConstraintError: a parameter, a path or a value is not known here, or shapes go round in circles.
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
            if parameter in _SINGLE:
                single += [_SINGLE[parameter](self, shape, value) for value in values]
            elif parameter in _JOINT:
                joint += [_JOINT[parameter](self, shape, value) for value in values]
            elif _BESIDE.get(parameter) not in parameters:
                raise UnknownConstraintError(f"{shape} has {parameter}")
        path = self._path_of(shape)

        def conforms(facts: Facts, focus: Value) -> bool:
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
        """Whether the shape being read is about values of another one with a path."""
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
        def walk(facts: Facts, focus: Value) -> AbstractSet[Value]:
            reached: AbstractSet[Value] = {focus}
            for step in steps:
                reached = {value for node in reached for value in step(facts, node)}
            return reached

        return walk

    def _items(self, head: Node) -> list[Node]:
        return list(Collection(self._graph, head))

    # One value (SHACL, sections 4.1, 4.3, 4.4 and 4.8)

    def _node_kind(self, shape: Node, value: Node) -> Test:
        if value not in _NODE_KINDS:
            raise UnknownConstraintError(f"{shape} has sh:nodeKind {value}")
        kinds = _NODE_KINDS[value]
        return lambda facts, node: isinstance(node, kinds)

    def _class(self, shape: Node, value: Node) -> Test:
        wanted = _iri(value)
        return lambda facts, node: facts.is_instance(node, wanted)

    def _datatype(self, shape: Node, value: Node) -> Test:
        if value == RDF.langString:
            return lambda facts, node: isinstance(node, ox.Literal) and node.language is not None
        if value in (RDFS.Literal, RDFS.Datatype):
            raise UnknownConstraintError(f"{shape} has sh:datatype {value}")
        wanted = _iri(value)
        native = _NATIVE.get(value, object)

        def holds(facts: Facts, node: Value) -> bool:
            if not isinstance(node, ox.Literal) or node.datatype != wanted:
                return False
            literal = facts.literal(node)
            return literal.ill_typed is not True and isinstance(literal.value, native)

        return holds

    def _in(self, shape: Node, value: Node) -> Test:
        allowed = {value_of(item) for item in self._items(value)}
        return lambda facts, node: node in allowed

    def _language_in(self, shape: Node, value: Node) -> Test:
        allowed = {str(item).lower() for item in self._items(value)}

        def holds(facts: Facts, node: Value) -> bool:
            if not isinstance(node, ox.Literal) or not node.language:
                return False
            tag = node.language.lower()
            return "*" in allowed or tag in allowed or tag.partition("-")[0] in allowed

        return holds

    # Strings (section 4.4)

    def _pattern(self, shape: Node, value: Node) -> Test:
        flags = str(self._graph.value(shape, SH.flags) or "").lower()
        options = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
        pattern = re.compile(str(value), options)
        return _text_test(lambda text: pattern.search(text) is not None)

    def _min_length(self, shape: Node, value: Node) -> Test:
        least = _number(value)
        if least == 0:
            return lambda facts, node: True
        return _text_test(lambda text: len(text) >= least)

    def _max_length(self, shape: Node, value: Node) -> Test:
        most = _number(value)
        return _text_test(lambda text: len(text) <= most)

    # Other shapes (sections 4.6 and 4.7)

    def _not(self, shape: Node, value: Node) -> Test:
        inner = self.shape(value)
        return lambda facts, node: not inner(facts, node)

    def _or(self, shape: Node, value: Node) -> Test:
        members = [self.shape(item) for item in self._items(value)]
        return lambda facts, node: any(test(facts, node) for test in members)

    def _and(self, shape: Node, value: Node) -> Test:
        members = [self.shape(item) for item in self._items(value)]
        return lambda facts, node: all(test(facts, node) for test in members)

    def _nested(self, shape: Node, value: Node) -> Test:
        return self.shape(value)

    # The values together (sections 4.2, 4.4.5, 4.5, 4.7.3 and 4.8.2)

    def _min_count(self, shape: Node, value: Node) -> _JointTest:
        least = _number(value)
        return lambda facts, focus, values: len(values) >= least

    def _max_count(self, shape: Node, value: Node) -> _JointTest:
        most = _number(value)
        return lambda facts, focus, values: len(values) <= most

    def _unique_lang(self, shape: Node, value: Node) -> _JointTest:
        if not (isinstance(value, Literal) and value.value is True):
            return lambda facts, focus, values: True

        def holds(facts: Facts, focus: Value, values: AbstractSet[Value]) -> bool:
            tags = Counter(value.language for value in values if isinstance(value, ox.Literal) and value.language)
            return all(count == 1 for count in tags.values())

        return holds

    def _has_value(self, shape: Node, value: Node) -> _JointTest:
        wanted = value_of(value)
        return lambda facts, focus, values: wanted in values

    def _disjoint(self, shape: Node, value: Node) -> _JointTest:
        other = _iri(value)
        self.beyond |= {str(value)} if self._away() else set()
        return lambda facts, focus, values: not values or values.isdisjoint(facts.objects(focus, other))

    def _qualified(self, shape: Node, value: Node) -> _JointTest:
        inner = self.shape(value)
        least, most = (self._graph.value(shape, each) for each in (SH.qualifiedMinCount, SH.qualifiedMaxCount))
        lowest = 0 if least is None else _number(least)
        highest = None if most is None else _number(most)

        def holds(facts: Facts, focus: Value, values: AbstractSet[Value]) -> bool:
            count = sum(inner(facts, value) for value in values)
            return count >= lowest and (highest is None or count <= highest)

        return holds


def _iri(node: Node) -> ox.NamedNode:
    if not isinstance(node, URIRef):
        raise UnknownConstraintError(f"{node!r} is not an IRI")
    return ox.NamedNode(str(node))


def _number(node: Node) -> int:
    if not isinstance(node, Literal) or not isinstance(node.value, int):
        raise UnknownConstraintError(f"{node!r} is not a whole number")
    return node.value


def _text_test(test: Callable[[str], bool]) -> Test:
    """A test of the text of a literal or an IRI; a blank node has none."""
    return lambda facts, node: isinstance(node, (ox.Literal, ox.NamedNode)) and test(node.value)


def _range(passes: Callable[[int], bool]) -> Callable[[Compiler, Node, Node], Test]:
    """A component that compares with a bound (section 4.3).

    :param passes: whether a comparison of -1, 0 or 1 is right.
    """

    def component(compiler: Compiler, shape: Node, bound: Node) -> Test:
        if not isinstance(bound, Literal):
            raise UnknownConstraintError(f"{bound!r} is not a literal")

        def holds(facts: Facts, node: Value) -> bool:
            if not isinstance(node, ox.Literal):
                return False
            literal = facts.literal(node)
            if isinstance(literal.value, str) != isinstance(bound.value, str):
                return False
            try:
                return passes(compare_literal(literal, bound))  # type: ignore[no-untyped-call]
            except (TypeError, NotImplementedError):
                return False

        return holds

    return component


_NODE_KINDS: Final[dict[Node, tuple[type, ...]]] = {
    SH.IRI: (ox.NamedNode,),
    SH.Literal: (ox.Literal,),
    SH.BlankNode: (ox.BlankNode,),
    SH.BlankNodeOrIRI: (ox.BlankNode, ox.NamedNode),
    SH.BlankNodeOrLiteral: (ox.BlankNode, ox.Literal),
    SH.IRIOrLiteral: (ox.NamedNode, ox.Literal),
}
# What rdflib must have made of a literal for pyshacl to take it as one of the datatype.
_NATIVE: Final[dict[Node, type]] = {
    XSD.string: str,
    XSD.integer: int,
    XSD.float: float,
    XSD.decimal: Decimal,
    XSD.boolean: bool,
    XSD.date: date,
    XSD.time: time,
    XSD.dateTime: datetime,
}
_SINGLE: Final[dict[Node, Callable[[Compiler, Node, Node], Test]]] = {
    SH.nodeKind: Compiler._node_kind,
    SH["class"]: Compiler._class,
    SH.datatype: Compiler._datatype,
    SH["in"]: Compiler._in,
    SH.languageIn: Compiler._language_in,
    SH.pattern: Compiler._pattern,
    SH.minLength: Compiler._min_length,
    SH.maxLength: Compiler._max_length,
    SH.minExclusive: _range(lambda order: order > 0),
    SH.minInclusive: _range(lambda order: order >= 0),
    SH.maxExclusive: _range(lambda order: order < 0),
    SH.maxInclusive: _range(lambda order: order <= 0),
    SH["not"]: Compiler._not,
    SH["or"]: Compiler._or,
    SH["and"]: Compiler._and,
    SH.node: Compiler._nested,
    SH.property: Compiler._nested,
}
_JOINT: Final[dict[Node, Callable[[Compiler, Node, Node], _JointTest]]] = {
    SH.minCount: Compiler._min_count,
    SH.maxCount: Compiler._max_count,
    SH.uniqueLang: Compiler._unique_lang,
    SH.hasValue: Compiler._has_value,
    SH.disjoint: Compiler._disjoint,
    SH.qualifiedValueShape: Compiler._qualified,
}
