"""Documentation of the shapes: fields and checks of each record type, with severity and requirement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rdflib import RDF, RDFS, SH, BNode, Graph, URIRef
from rdflib.term import Node

import ontology
import shapes
from ingest import RecordType
from publish.explanations.names import short, texts

_SCHEMES: Final = "https://w3id.org/smart-region/scheme/"

# Properties for the target, name and severity of a shape, which require nothing.
_DESCRIBING: Final = frozenset(
    {
        *(SH.name, SH.description, SH.message, SH.order, SH.group, SH.severity, SH.path, SH.targetClass, SH.property),
        *(SH.targetSubjectsOf, SH.targetObjectsOf, SH.rule, SH.flags, SH.prefixes, SH.select, SH.deactivated),
    }
)


def table(record_types: Mapping[str, RecordType]) -> dict[str, Any]:
    """The table that the page reads: ``types`` in alphabetical order, and what several of them ``share``."""
    graph = shapes.load()
    columns = {shape: set(graph.objects(URIRef(shape), SH.property)) for shape in record_types}
    checks = {shape: _checks(graph, record_type) for shape, record_type in record_types.items()}
    uses = Counter(part for found in (*columns.values(), *checks.values()) for part in found)

    def described(shape: Node) -> dict[str, Any]:
        return {**_shape(graph, shape), "shared": uses[shape] > 1}

    types = sorted(record_types.values(), key=lambda record_type: record_type.label["de"])
    return {
        "shared": [_shape(graph, shape) for shape in _in_order(graph, uses) if uses[shape] > 1],
        "types": [
            {
                "name": record_type.name,
                "shape": record_type.shape.rpartition("#")[2],
                "label": record_type.label,
                "segment": record_type.segment,
                "message": texts(graph, record_type.shape, SH.message),
                "fields": [described(shape) for shape in _in_order(graph, columns[record_type.shape])],
                "checks": [described(shape) for shape in sorted(checks[record_type.shape], key=str)],
                "derivations": [
                    {"anchor": _local(rule), "label": texts(graph, rule, RDFS.label)}
                    for rule in sorted(graph.objects(URIRef(record_type.shape), SH.rule), key=str)
                ],
            }
            for record_type in types
        ],
    }


def _in_order(graph: Graph, nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: (float(str(graph.value(node, SH.order) or 0)), str(node)))


def _checks(graph: Graph, record_type: RecordType) -> set[Node]:
    """Shapes with a target of their own that apply to the records of a type; the general ones apply to several."""
    return set(graph.subjects(SH.targetClass, URIRef(record_type.iri))) - {URIRef(record_type.shape)}


def _shape(graph: Graph, shape: Node) -> dict[str, Any]:
    path = graph.value(shape, SH.path)
    return {
        "anchor": _local(shape),
        "name": texts(graph, shape, SH.name) or texts(graph, shape, RDFS.label),
        "help": texts(graph, shape, SH.description),
        "message": texts(graph, shape, SH.message),
        "severity": str(graph.value(shape, SH.severity) or SH.Violation).removeprefix(str(SH)).lower(),
        "path": _written(graph, path) if path is not None else None,
        "constraints": [
            [short(str(predicate)), _written(graph, value)]
            for predicate, value in sorted(graph.predicate_objects(shape))
            if str(predicate).startswith(str(SH)) and predicate not in _DESCRIBING
        ],
    }


def _written(graph: Graph, node: Node) -> str:
    """A value, path, list or nested shape on one line."""
    if (node, RDF.first, None) in graph:
        return " ".join(_written(graph, item) for item in graph.items(node))
    if isinstance(node, BNode):
        inner = [f"{_plain(short(str(p)))} {_written(graph, o)}" for p, o in sorted(graph.predicate_objects(node))]
        return f"[{'; '.join(inner)}]"
    return short(str(node)).removeprefix(_SCHEMES) if isinstance(node, URIRef) else str(node)


def _plain(name: str) -> str:
    return name.removeprefix("sh:")


def _local(shape: Node) -> str:
    return str(shape).removeprefix(str(ontology.SRS))
