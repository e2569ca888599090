"""Validation by pyshacl, the reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyoxigraph as ox
import pyshacl
from rdflib import RDF, SH, Graph, Literal, URIRef
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result as QueryResult
from rdflib.term import Node

import shapes
from ingest.findings.findings import Severity, Text


@dataclass(frozen=True)
class ValidationResult:
    """One validation result (SHACL, section 3.6.2) in terms of our records.

    :ivar record: IRI of the focus node, relative to ``{base}id/``.
    :ivar shape: IRI of the shape that found it.
    :ivar term: term that the shape is about.
    :ivar component: local name of the constraint component, e.g. ``MinCountConstraintComponent``.
    :ivar value: the value node's text, where the result has one.
    :ivar message: what the shape says, German and English.
    """

    record: str
    shape: str
    term: str
    severity: Severity
    component: str
    value: str | None
    message: Text


def results(aims: Mapping[str, Iterable[Node]], triples: Iterable[ox.Triple], base: str) -> list[ValidationResult]:
    """Validate records with pyshacl.

    :param aims: shapes by the IRI of their focus node.
    :param triples: the records, and all others that their shapes use.
    :param base: base IRI, ending in a slash.
    :raises TypeError: pyshacl returned no report.
    """
    data = PreparedData().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    graph = _aimed(aims)
    report = _report(data, graph)
    found = [_result(report, node, graph, base) for node in report.subjects(RDF.type, SH.ValidationResult)]
    return sorted(found, key=lambda r: (r.record, r.term, r.component, r.value or "", r.message["en"]))


def catalogue_faults(catalogue: Graph) -> list[Text]:
    """Violations of our shapes in the catalogue, by node, in German and English; without warnings and notes."""
    graph = Graph()
    graph += shapes.catalogue()
    report = _report(catalogue, graph)
    faults = []
    for node in report.subjects(SH.resultSeverity, SH.Violation):
        focus = report.value(node, SH.focusNode)
        faults.append({lang: f"{focus}: {text}" for lang, text in _message(report, node, graph).items()})
    return sorted(faults, key=lambda fault: fault["en"])


def _report(data: Graph, shapes_graph: Graph) -> Graph:
    """The validation report; pyshacl changes the graph of shapes that it gets, so it must not be the shared one."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes_graph, inplace=True)
    if not isinstance(report, Graph):
        raise TypeError(f"pyshacl could not validate: {report}")
    return report


def _message(report: Graph, node: Node, shapes_graph: Graph) -> Text:
    """The message of the shape or of its SPARQL constraint; in the report, pyshacl 0.40 drops some languages."""
    for source in (*report.objects(node, SH.sourceConstraint), *report.objects(node, SH.sourceShape)):
        texts = shapes_graph.objects(source, SH.message)
        found = {text.language: str(text) for text in texts if isinstance(text, Literal) and text.language}
        if found:
            return found
    raise KeyError(f"The shape {report.value(node, SH.sourceShape)} has no message.")


class PreparedData(Graph):
    """Parses each query once: pyshacl runs the same query for every record, and parsing took 90 % of the time."""

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> QueryResult:
        """As :meth:`rdflib.Graph.query`; prefixes are those that the query declares itself (SHACL, section 5.2.1)."""
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@cache
def _prepared(text: str) -> Query:
    return prepareQuery(text)


def _aimed(aims: Mapping[str, Iterable[Node]]) -> Graph:
    """The shapes with these nodes as their only targets (SHACL, section 2.1.3.1).

    The options of pyshacl 0.40 for this do not serve: ``use_shapes`` leaves out the property shapes, ``focus_nodes``
    also keeps nested shapes from looking at values.
    """
    graph = Graph()
    graph += shapes.load()
    graph.remove((None, SH.targetClass, None))
    for focus, aimed in aims.items():
        for shape in aimed:
            graph.add((shape, SH.targetNode, URIRef(focus)))
    return graph


def _result(report: Graph, node: Node, shapes_graph: Graph, base: str) -> ValidationResult:
    value = report.value(node, SH.value)
    shape = str(report.value(node, SH.sourceShape))
    severities: dict[Node | None, Severity] = {SH.Warning: "warning", SH.Info: "info"}
    return ValidationResult(
        record=str(report.value(node, SH.focusNode)).removeprefix(f"{base}id/"),
        shape=shape,
        term=shape.rpartition("#")[2].rpartition("-")[2],
        severity=severities.get(report.value(node, SH.resultSeverity), "violation"),
        component=str(report.value(node, SH.sourceConstraintComponent)).removeprefix(str(SH)),
        value=None if value is None else _shorten(value, base),
        message=_message(report, node, shapes_graph),
    )


def _shorten(value: Node, base: str) -> str:
    return str(value).removeprefix(f"{base}id/") if isinstance(value, URIRef) else str(value)
