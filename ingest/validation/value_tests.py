"""SHACL constraints on one value, as functions that test whether it conforms.

They use the same functions as pyshacl 0.40: Python's regular expressions, rdflib's literals, pyshacl's comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

import pyoxigraph as ox
from pyshacl.rdfutil.compare import compare_literal
from rdflib import RDF, RDFS, SH, XSD, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from ingest.validation.property_paths import TripleIndex, Value, value_of

Test = Callable[[TripleIndex, Value], bool]


class UnknownConstraintError(Exception):
    """A shape contains a part that only pyshacl supports."""


# Types (SHACL, section 4.1)


def _node_kind(graph: Graph, shape: Node, value: Node) -> Test:
    if value not in _NODE_KINDS:
        raise UnknownConstraintError(f"{shape} has sh:nodeKind {value}")
    kinds = _NODE_KINDS[value]
    return lambda facts, node: isinstance(node, kinds)


def _class(graph: Graph, shape: Node, value: Node) -> Test:
    wanted = iri(value)
    return lambda facts, node: facts.is_instance(node, wanted)


def _datatype(graph: Graph, shape: Node, value: Node) -> Test:
    if value == RDF.langString:
        return lambda facts, node: isinstance(node, ox.Literal) and node.language is not None
    if value in (RDFS.Literal, RDFS.Datatype):
        raise UnknownConstraintError(f"{shape} has sh:datatype {value}")
    wanted = iri(value)
    native = _NATIVE.get(value, object)

    def holds(facts: TripleIndex, node: Value) -> bool:
        if not isinstance(node, ox.Literal) or node.datatype != wanted:
            return False
        literal = facts.literal(node)
        return literal.ill_typed is not True and isinstance(literal.value, native)

    return holds


# Ranges (section 4.3)


def _range(passes: Callable[[int], bool]) -> Callable[[Graph, Node, Node], Test]:
    """A component that compares with a bound.

    :param passes: whether a comparison of -1, 0 or 1 is right.
    """

    def component(graph: Graph, shape: Node, bound: Node) -> Test:
        if not isinstance(bound, Literal):
            raise UnknownConstraintError(f"{bound!r} is not a literal")

        def holds(facts: TripleIndex, node: Value) -> bool:
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


# Strings (section 4.4)


def _pattern(graph: Graph, shape: Node, value: Node) -> Test:
    flags = str(graph.value(shape, SH.flags) or "").lower()
    options = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
    pattern = re.compile(str(value), options)
    return _text_test(lambda text: pattern.search(text) is not None)


def _min_length(graph: Graph, shape: Node, value: Node) -> Test:
    least = number(value)
    if least == 0:
        return lambda facts, node: True
    return _text_test(lambda text: len(text) >= least)


def _max_length(graph: Graph, shape: Node, value: Node) -> Test:
    most = number(value)
    return _text_test(lambda text: len(text) <= most)


def _text_test(test: Callable[[str], bool]) -> Test:
    """A test of the text of a literal or an IRI; a blank node has none."""
    return lambda facts, node: isinstance(node, (ox.Literal, ox.NamedNode)) and test(node.value)


def _language_in(graph: Graph, shape: Node, value: Node) -> Test:
    allowed = {str(item).lower() for item in Collection(graph, value)}

    def holds(facts: TripleIndex, node: Value) -> bool:
        if not isinstance(node, ox.Literal) or not node.language:
            return False
        tag = node.language.lower()
        return "*" in allowed or tag in allowed or tag.partition("-")[0] in allowed

    return holds


# Lists of values (section 4.8.3)


def _in(graph: Graph, shape: Node, value: Node) -> Test:
    allowed = {value_of(item) for item in Collection(graph, value)}
    return lambda facts, node: node in allowed


def iri(node: Node) -> ox.NamedNode:
    """A parameter that must be an IRI."""
    if not isinstance(node, URIRef):
        raise UnknownConstraintError(f"{node!r} is not an IRI")
    return ox.NamedNode(str(node))


def number(node: Node) -> int:
    """A parameter that must be a whole number."""
    if not isinstance(node, Literal) or not isinstance(node.value, int):
        raise UnknownConstraintError(f"{node!r} is not a whole number")
    return node.value


_NODE_KINDS: Final[dict[Node, tuple[type, ...]]] = {
    SH.IRI: (ox.NamedNode,),
    SH.Literal: (ox.Literal,),
    SH.BlankNode: (ox.BlankNode,),
    SH.BlankNodeOrIRI: (ox.BlankNode, ox.NamedNode),
    SH.BlankNodeOrLiteral: (ox.BlankNode, ox.Literal),
    SH.IRIOrLiteral: (ox.NamedNode, ox.Literal),
}
# The Python type that rdflib must give a literal for pyshacl to accept its datatype.
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
VALUE_TESTS: Final[dict[Node, Callable[[Graph, Node, Node], Test]]] = {
    SH.nodeKind: _node_kind,
    SH["class"]: _class,
    SH.datatype: _datatype,
    SH.minExclusive: _range(lambda order: order > 0),
    SH.minInclusive: _range(lambda order: order >= 0),
    SH.maxExclusive: _range(lambda order: order < 0),
    SH.maxInclusive: _range(lambda order: order <= 0),
    SH.pattern: _pattern,
    SH.minLength: _min_length,
    SH.maxLength: _max_length,
    SH.languageIn: _language_in,
    SH["in"]: _in,
}
"""Functions that make a test from a parameter of a shape and its value, by parameter."""
