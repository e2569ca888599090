"""Rewrites SPARQL constraints as queries that find all records that pyshacl must validate.

SHACL runs the query of ``sh:sparql`` for one focus node at a time (section 5.3.1). Here one query covers all focus
nodes, on another engine, so it must find at least as much: a comparison that fails although all its variables are
bound counts as true. Only queries of one simple form are accepted, which both engines interpret alike: a basic graph
pattern with ``$this``, optional ones, and a filter of a few functions of strings and decimal numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph as ox
from rdflib import OWL, RDF, RDFS, SH, XSD, Graph, Literal, URIRef, Variable
from rdflib.paths import AlternativePath
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from ingest.validation.value_tests import UnknownConstraintError

_THIS: Final = Variable("this")
_KNOWN: Final = {RDF.type, SH.prefixes, SH.select, SH.message}
_STRING_TESTS: Final = {"Builtin_STRSTARTS": "STRSTARTS", "Builtin_STRENDS": "STRENDS", "Builtin_CONTAINS": "CONTAINS"}


@dataclass(frozen=True)
class ConstraintQuery:
    """A query for suspicious focus nodes.

    :ivar text: SPARQL; every solution binds ``?this``.
    :ivar predicates: all properties that it reads.
    :ivar beyond: IRIs of properties that it reads on other nodes than ``?this``.
    """

    text: str
    predicates: frozenset[ox.NamedNode]
    beyond: frozenset[str]

    def answer(self, store: ox.Store) -> set[str]:
        """The IRIs of the suspicious focus nodes."""
        solutions = store.query(self.text)
        if not isinstance(solutions, ox.QuerySolutions):
            raise TypeError(f"A constraint must be a SELECT query: {self.text}")
        return {solution["this"].value for solution in solutions}


def compile_query(graph: Graph, constraint: Node) -> ConstraintQuery:
    """The query for a SPARQL constraint.

    :raises UnknownConstraintError: the constraint or its query is of another form.
    """
    if not set(graph.predicates(constraint)) <= _KNOWN:
        raise UnknownConstraintError(f"{constraint} has other parameters")
    select = str(graph.value(constraint, SH.select))
    # pyshacl searches the text for the variable.
    if not re.search(r"[\s{}()][$?]this\b", select):
        raise UnknownConstraintError(f"{constraint} does not ask about $this")
    try:
        part = prepareQuery(select, initNs=_prefixes(graph, constraint)).algebra
    except Exception as problem:  # rdflib has no class of its own for an unknown prefix
        raise UnknownConstraintError(f"{constraint}: {problem}") from problem
    for name in ("SelectQuery", "Distinct", "Project"):
        if part.name == name:
            part = part.p
    conditions = []
    while part.name == "Filter":
        conditions.append(f"FILTER ({_condition(part.expr)})")
        part = part.p
    pattern = _pattern(part)
    text = f"SELECT DISTINCT ?this WHERE {{ {pattern} {' '.join(conditions)} }}"
    looked_at = list(_predicates(part))
    return ConstraintQuery(
        text,
        frozenset(ox.NamedNode(predicate) for _, predicate in looked_at),
        frozenset(predicate for subject, predicate in looked_at if subject != _THIS),
    )


def _prefixes(graph: Graph, constraint: Node) -> dict[str, Any]:
    """The prefixes declared for a query (section 5.2.1), and those that pyshacl always adds."""
    declared = {"rdf": RDF, "rdfs": RDFS, "owl": OWL}
    found = {
        str(graph.value(each, SH.prefix)): str(graph.value(each, SH.namespace))
        for each in graph.objects(constraint, SH.prefixes / SH.declare)
    }
    return {**declared, **found}


# Graph patterns


def _pattern(part: CompValue) -> str:
    """The text of a pattern whose innermost, required part binds ``$this``."""
    if part.name == "LeftJoin" and part.expr.name == "TrueFilter" and part.p2.name == "BGP":
        return f"{_pattern(part.p1)} OPTIONAL {{ {_triples(part.p2)} }}"
    if part.name == "BGP" and any(_THIS in triple for triple in part.triples):
        return _triples(part)
    raise UnknownConstraintError(f"a query with {part.name}")


def _triples(part: CompValue) -> str:
    return " ".join(f"{_place(s)} {_property(p)} {_place(o)} ." for s, p, o in part.triples)


def _place(node: Node) -> str:
    if isinstance(node, Variable | URIRef):
        return node.n3()
    raise UnknownConstraintError(f"a query with {node!r}")


def _property(path: object) -> str:
    if isinstance(path, AlternativePath):
        return f"({'|'.join(_property(each) for each in path.args)})"
    if isinstance(path, URIRef):
        return path.n3()
    raise UnknownConstraintError(f"a query with the property {path!r}")


def _predicates(part: CompValue) -> Iterator[tuple[Node, str]]:
    """The properties of a pattern, each with the variable or IRI whose property it is."""
    if part.name == "LeftJoin":
        yield from _predicates(part.p1)
        yield from _predicates(part.p2)
    else:
        for subject, path, _ in part.triples:
            for each in path.args if isinstance(path, AlternativePath) else [path]:
                yield subject, str(each)


# Filters


def _condition(expr: Any) -> str:
    """An expression that is true wherever the given one is true."""
    name = getattr(expr, "name", "")
    if name in ("ConditionalOrExpression", "ConditionalAndExpression"):
        sign = " || " if name == "ConditionalOrExpression" else " && "
        return f"({sign.join(_condition(each) for each in (expr.expr, *expr.other))})"
    bound = " && ".join(f"BOUND({variable.n3()})" for variable in sorted(_variables(expr)))
    return f"COALESCE({_test(expr)}, {bound or 'true'})"


def _test(expr: Any) -> str:
    """The text of a comparison, which has no value if one of its variables is unbound."""
    name = getattr(expr, "name", "")
    if name == "UnaryNot":
        return f"!({_test(expr.expr)})"
    if name in _STRING_TESTS:
        return f"{_STRING_TESTS[name]}({_string(expr.arg1)}, {_string(expr.arg2)})"
    if name == "RelationalExpression" and expr.op in ("<", ">", "<=", ">="):
        kind = _decimal if getattr(expr.expr, "name", "") == "Function" else _plain
        return f"{kind(expr.expr)} {expr.op} {kind(expr.other)}"
    raise UnknownConstraintError(f"a filter with {name or expr!r}")


def _decimal(expr: Any) -> str:
    if getattr(expr, "name", "") == "Function" and expr.iri == XSD.decimal and len(expr.expr) == 1:
        return f"{XSD.decimal.n3()}({_plain(expr.expr[0])})"
    raise UnknownConstraintError(f"a comparison of {expr!r}")


def _plain(expr: Any) -> str:
    """The text of an expression that gives a string without language."""
    if getattr(expr, "name", "") == "Builtin_STR":
        if isinstance(expr.arg, Variable):
            return f"STR({expr.arg.n3()})"
        if getattr(expr.arg, "name", "") == "Builtin_NOW":
            return "STR(NOW())"
    raise UnknownConstraintError(f"a comparison of {expr!r}")


def _string(expr: Any) -> str:
    if isinstance(expr, Variable):
        return expr.n3()
    if getattr(expr, "name", "") != "Builtin_SUBSTR":
        return _plain(expr)
    places = [_place_in_text(each) for each in (expr.start, expr.length) if each is not None]
    return f"SUBSTR({', '.join([_string(expr.arg), *places])})"


def _place_in_text(expr: Any) -> str:
    """A position or a length; engines differ below 1."""
    if isinstance(expr, Literal) and isinstance(expr.value, int) and expr.value >= 1:
        return str(expr.value)
    raise UnknownConstraintError(f"SUBSTR with {expr!r}")


def _variables(expr: Any) -> set[Variable]:
    if isinstance(expr, Variable):
        return {expr}
    if isinstance(expr, CompValue):
        return _variables(list(expr.values()))
    if isinstance(expr, Iterable) and not isinstance(expr, str):
        return {variable for each in expr for variable in _variables(each)}
    return set()
