"""Validation against the SHACL shapes; pyshacl is the reference.

Records are checked in chunks, each with the records it refers to, so that chunks can be checked side by side in
the processes of any :class:`concurrent.futures.Executor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import pyoxigraph as ox
import pyshacl
from rdflib import RDF, SH, Graph, Literal, URIRef
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result as QueryResult
from rdflib.term import Node as Term

import shapes
from ingest.fields import RecordType, record_types
from ingest.findings import Severity, Text
from ingest.rdf import Node, triples

_CHUNK = 250  # records; small enough to share out, large enough to outweigh reading the shapes


@dataclass(frozen=True)
class Result:
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


@dataclass(frozen=True)
class Chunk:
    """A piece of work for one process.

    :ivar records: what is validated, all of one shape.
    :ivar neighbours: what they refer to.
    """

    base: str
    shape: str
    records: list[Node]
    neighbours: list[Node]


def validate(
    nodes: Mapping[str, Sequence[Node]], known: Mapping[str, Node], base: str, executor: Executor
) -> Iterator[list[Result]]:
    """Validate records; gives the results chunk by chunk, in the order of the records.

    :param nodes: records by the IRI of their node shape.
    :param known: all records by relative IRI; those referred to are needed to judge a reference.
    """
    chunks = [_chunk(shape, part, known, base) for shape, records in nodes.items() for part in _parts(records)]
    return executor.map(check, chunks)


def chunk_count(nodes: Mapping[str, Sequence[Node]]) -> int:
    """How many lists :func:`validate` will give."""
    return sum(-(-len(records) // _CHUNK) for records in nodes.values())


def _parts(records: Sequence[Node]) -> Iterator[list[Node]]:
    remaining = iter(records)
    while part := list(islice(remaining, _CHUNK)):
        yield part


def _chunk(shape: str, records: list[Node], known: Mapping[str, Node], base: str) -> Chunk:
    record_type = record_types()[shape]
    own = {record["id"] for record in records}
    near = {iri: known[iri] for record in records for iri in _references(record, record_type) if iri in known}
    return Chunk(base, shape, records, [node for iri, node in near.items() if iri not in own])


def _references(record: Node, record_type: RecordType) -> Iterator[str]:
    for field in record_type.fields:
        if field.kind == "reference" and field.term in record:
            value: Any = record[field.term]
            yield from value if isinstance(value, list) else [value]


def check(chunk: Chunk) -> list[Result]:
    """Validate one chunk with pyshacl.

    :raises TypeError: pyshacl gave no report.
    """
    found = ox.serialize(triples([*chunk.records, *chunk.neighbours], chunk.base), format=ox.RdfFormat.N_TRIPLES)
    data = _Data().parse(data=found, format="nt")
    shapes_graph = _aimed(chunk.shape, (f"{chunk.base}id/{record['id']}" for record in chunk.records))
    report = _report(data, shapes_graph)
    results = [
        _result(report, node, shapes_graph, chunk.base) for node in report.subjects(RDF.type, SH.ValidationResult)
    ]
    return sorted(results, key=lambda r: (r.record, r.term, r.component, r.value or "", r.message["en"]))


def catalogue_faults(catalogue: Graph) -> list[Text]:
    """What our shapes forbid in the catalogue, by node, in German and English; warnings and notes are left out."""
    graph = Graph()
    graph += shapes.catalogue()
    report = _report(catalogue, graph)
    faults = []
    for node in report.subjects(SH.resultSeverity, SH.Violation):
        focus = report.value(node, SH.focusNode)
        faults.append({lang: f"{focus}: {text}" for lang, text in _message(report, node, graph).items()})
    return sorted(faults, key=lambda fault: fault["en"])


def _report(data: Graph, shapes_graph: Graph) -> Graph:
    """The validation report; pyshacl adds to the shapes that it is given, so they must not be the shared ones."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes_graph, inplace=True)
    if not isinstance(report, Graph):
        raise TypeError(f"pyshacl could not validate: {report}")
    return report


def _message(report: Graph, node: Term, shapes_graph: Graph) -> Text:
    """The message of the shape or of its SPARQL constraint; in the report, pyshacl 0.40 drops some languages."""
    for source in (*report.objects(node, SH.sourceConstraint), *report.objects(node, SH.sourceShape)):
        texts = shapes_graph.objects(source, SH.message)
        found = {text.language: str(text) for text in texts if isinstance(text, Literal) and text.language}
        if found:
            return found
    raise KeyError(f"The shape {report.value(node, SH.sourceShape)} has no message.")


class _Data(Graph):
    """A graph that parses each query once: pyshacl asks the same question about every record, and 90 % of its time
    went into reading it.
    """

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> QueryResult:
        """As :meth:`rdflib.Graph.query`; prefixes are those that the query declares itself (SHACL, section 5.2.1)."""
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@cache
def _prepared(text: str) -> Query:
    return prepareQuery(text)


def _aimed(shape: str, focus: Iterable[str]) -> Graph:
    """The shapes for one class of records, with these nodes as their only targets (SHACL, section 2.1.3.1).

    The options of pyshacl 0.40 for this do not serve: ``use_shapes`` leaves out the property shapes, ``focus_nodes``
    also keeps nested shapes from looking at values.
    """
    graph = Graph()
    graph += shapes.load()
    record_class = graph.value(URIRef(shape), SH.targetClass)
    aimed = list(graph.subjects(SH.targetClass, record_class))
    graph.remove((None, SH.targetClass, None))
    for node in focus:
        for each in aimed:
            graph.add((each, SH.targetNode, URIRef(node)))
    return graph


def _result(report: Graph, node: Term, shapes_graph: Graph, base: str) -> Result:
    value = report.value(node, SH.value)
    shape = str(report.value(node, SH.sourceShape))
    severities: dict[Term | None, Severity] = {SH.Warning: "warning", SH.Info: "info"}
    return Result(
        record=str(report.value(node, SH.focusNode)).removeprefix(f"{base}id/"),
        shape=shape,
        term=shape.rpartition("#")[2].rpartition("-")[2],
        severity=severities.get(report.value(node, SH.resultSeverity), "violation"),
        component=str(report.value(node, SH.sourceConstraintComponent)).removeprefix(str(SH)),
        value=None if value is None else _shorten(value, base),
        message=_message(report, node, shapes_graph),
    )


def _shorten(value: Term, base: str) -> str:
    return str(value).removeprefix(f"{base}id/") if isinstance(value, URIRef) else str(value)
