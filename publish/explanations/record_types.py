"""Documentation of the record types: each field, its expected values, and an example from a real record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rdflib import SKOS

import ontology
from ingest import Ingested, RecordType
from ingest.model import Field, by_name
from ingest.rdf import Node
from publish.explanations.names import short, texts
from publish.formats.tabular import cell


def table(record_types: Mapping[str, RecordType], ingested: Ingested) -> list[dict[str, Any]]:
    """The table that the pages read, in alphabetical order of the German names."""
    parts = {part.record_type.name: (name, part) for name, part in ingested.datasets.items()}
    known = {node["id"]: node for part in ingested.datasets.values() for node in part.records}
    found = []
    for record_type in record_types.values():
        dataset, part = parts.get(record_type.name, (None, None))
        example = max(part.records, key=len, default=None) if part else None
        found.append(
            {
                "name": record_type.name,
                "class": short(record_type.iri),
                "shape": record_type.shape.rpartition("#")[2],
                "segment": record_type.segment,
                "label": record_type.label,
                "dataset": dataset,
                "records": len(part.records) if part else 0,
                "key": record_type.key.term,
                "example": _example(record_type, example),
                "fields": [_field(field, example, known) for field in record_type.fields],
            }
        )
    return sorted(found, key=lambda entry: entry["label"]["de"])


def examples(table: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The example records by name of the type."""
    return {entry["name"]: entry["example"] for entry in table if entry["example"]}


def _example(record_type: RecordType, node: Node | None) -> dict[str, str] | None:
    if node is None:
        return None
    label = next(field.term for field in record_type.fields if field.role == "LabelRole")
    return {"id": node["id"], "title": str(node.get(label, node["id"]))}


def _field(field: Field, example: Node | None, known: Mapping[str, Node]) -> dict[str, Any]:
    value = example.get(field.term) if example else None
    return {
        "term": field.term,
        "property": short(field.path),
        "shape": field.shape.rpartition("#")[2],
        "name": field.name,
        "help": field.help,
        "kind": field.kind,
        "many": field.many,
        "required": field.required,
        "derived": field.read_only,
        "maximum": field.maximum,
        "pattern": field.pattern,
        "options": [_option(iri) for iri in field.options],
        "types": [_type(iri) for iri in field.classes],
        "example": cell(_shown(value, field, known), field) or None,
    }


def _shown(value: Any, field: Field, known: Mapping[str, Node]) -> Any:
    """A value with references and concepts by name, as people write it into a table."""
    values = value if isinstance(value, list) else [value]
    if value is None or not (field.options or field.kind == "reference"):
        return value
    if field.options:
        labels = {option["notation"]: option["label"]["de"] for option in map(_option, field.options)}
        return [labels[notation] for notation in values]
    return [_name(iri, known) for iri in values]


def _name(iri: str, known: Mapping[str, Node]) -> str:
    node = known.get(iri, {})
    return str(node.get("name") or node.get("title_de") or iri)


def _option(iri: str) -> dict[str, Any]:
    graph = ontology.schemes()
    return {"iri": iri, "notation": iri.rpartition("#")[2], "label": texts(graph, iri, SKOS.prefLabel)}


def _type(iri: str) -> dict[str, Any]:
    record_type = by_name(iri.removeprefix(str(ontology.SR)))
    return {"segment": record_type.segment, "label": record_type.label}
