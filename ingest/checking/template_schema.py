"""Templates as JSON Schema (draft 2020-12): for programs that send records as a list of JSON objects."""

from __future__ import annotations

import json
from typing import Any, Final

from ingest.checking.template_model import Column, Template

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PARTIAL_DATE: Final = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"


def write(made: Template, base: str) -> bytes:
    """Make the schema of a list of records whose keys are terms of the JSON-LD context.

    :param base: base IRI of the service.
    """
    return (json.dumps(_schema(made, base), ensure_ascii=False, indent=1) + "\n").encode()


def _schema(made: Template, base: str) -> dict[str, Any]:
    record_type = made.record_type
    return {
        "$schema": _DRAFT,
        "$id": f"{base}templates/{record_type.name}.json",
        "title": record_type.label[made.language],
        "type": "array",
        "items": {
            "type": "object",
            "properties": {column.field.term: _property(column) for column in made.columns},
            "required": [column.field.term for column in made.columns if column.field.required],
        },
    }


def _property(column: Column) -> dict[str, Any]:
    value = _value(column)
    said = {"title": column.name, "description": column.help}
    if column.field.many:
        return {**said, "type": "array", "items": value, "uniqueItems": True}
    return {**said, **value}


def _value(column: Column) -> dict[str, Any]:
    field = column.field
    match field.kind:
        case "integer" | "decimal":
            return {"type": "integer" if field.kind == "integer" else "number", **_bounds(column)}
        case "boolean":
            return {"type": "boolean"}
        case "date":
            return {"type": "string", "format": "date"}
        case "partial-date":
            return {"type": "string", "pattern": _PARTIAL_DATE}
        case "concept":
            notations = [option.removeprefix(field.prefix) for option in field.options]
            choices = zip(notations, column.choices, strict=True)
            return {"type": "string", "oneOf": [{"const": notation, "title": label} for notation, label in choices]}
        case "iri" if field.prefix:
            return {"type": "string", "format": "email"}
        case "iri":
            return {"type": "string", "format": "iri"}
    limit = {} if column.longest is None else {"maxLength": column.longest}
    # The pattern of a code is that of its whole IRI.
    pattern = {"pattern": field.pattern} if field.pattern and field.kind == "text" else {}
    return {"type": "string", "minLength": 1, **limit, **pattern}


def _bounds(column: Column) -> dict[str, float]:
    bounds = {}
    if column.least is not None:
        bounds["exclusiveMinimum" if column.above else "minimum"] = column.least
    if column.field.maximum is not None:
        bounds["maximum"] = column.field.maximum
    return bounds
