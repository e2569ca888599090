"""The interface for programs that check files, as an OpenAPI 3.1 document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any

from publish.releases.formats import FORMATS

_TEXT = {"type": "string"}
_NULLABLE = {"type": ["string", "null"]}


def document(base: str, types: Sequence[str], templates: Iterable[str], megabytes: int) -> dict[str, Any]:
    """The document.

    :param base: base IRI of the service.
    :param types: names of the record types.
    :param templates: names of the templates, without their language.
    :param megabytes: largest file, in MiB.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Smart Region Hesse: check files",
            "description": (
                "Says which cell of a table is wrong and what would be right, in German and English. Nothing of a file"
                f" is kept. Files may have {megabytes} MiB."
            ),
            "version": metadata.version("smart-region-hessen"),
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": base.rstrip("/")}],
        "paths": {"/api/validate": {"post": _validate(types)}, "/templates/{file}": {"get": _template(templates)}},
        "components": {"schemas": {"Report": _report(types), "Finding": _finding(), "Problem": _problem()}},
    }


def _validate(types: Sequence[str]) -> dict[str, Any]:
    kind = {"type": "string", "enum": list(types), "description": "Record type; by default the headers tell it."}
    form = {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}, "type": kind},
        "required": ["file"],
    }
    binary = {"schema": {"type": "string", "format": "binary"}}
    records = {"schema": {"type": "array", "items": {"type": "object"}}}
    bodies = {row.media_type: records if row.suffix == "json" else binary for row in FORMATS.values() if row.sent}
    return {
        "operationId": "validate",
        "summary": "Check a file",
        "parameters": [
            {"name": "type", "in": "query", "schema": kind},
            {
                "name": "Content-Disposition",
                "in": "header",
                "description": 'With a body: attachment; filename="projects.csv"',
                "schema": _TEXT,
            },
        ],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}, **bodies}},
        "responses": {
            "200": {
                "description": "What was found; also when the file cannot be read, which is a finding.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Report"}}},
            },
            **{
                status: {
                    "description": text,
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, text in (
                    ("400", "There is no file, or no such record type."),
                    ("413", "The file is too large."),
                    ("422", "Checking the file needs too much memory."),
                    ("503", "Too many files are being checked; try again after Retry-After."),
                    ("504", "Checking the file takes too long."),
                )
            },
        },
    }


def _template(templates: Iterable[str]) -> dict[str, Any]:
    return {
        "operationId": "template",
        "summary": "A table to fill in, or the JSON Schema of records",
        "parameters": [
            {"name": "file", "in": "path", "required": True, "schema": {"type": "string", "enum": sorted(templates)}},
            {"name": "lang", "in": "query", "schema": {"type": "string", "enum": ["de", "en"]}},
        ],
        "responses": {"200": {"description": "The template."}, "404": {"description": "There is no such template."}},
    }


def _report(types: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["conforms", "record_type", "records", "findings"],
        "additionalProperties": False,
        "properties": {
            "conforms": {"type": "boolean", "description": "No finding is a violation."},
            "record_type": {
                "type": "string",
                "enum": [*types, ""],
                "description": "Empty when it cannot be told, or when RDF has several.",
            },
            "records": {"type": "integer", "minimum": 0},
            "findings": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}},
        },
    }


def _finding() -> dict[str, Any]:
    properties = {
        "code": {**_TEXT, "description": "Kind of finding; see /findings."},
        "severity": {"type": "string", "enum": ["violation", "warning", "info"]},
        "source": {**_TEXT, "description": "Name of the file."},
        "sheet": _NULLABLE,
        "row": {"type": ["integer", "null"], "description": "As the spreadsheet program numbers it."},
        "column": {**_NULLABLE, "description": "Column letter."},
        "header": _NULLABLE,
        "value": _NULLABLE,
        "message": {
            "type": "object",
            "required": ["de", "en"],
            "additionalProperties": False,
            "properties": {"de": _TEXT, "en": _TEXT},
        },
        "suggestion": {**_NULLABLE, "description": "What to write instead, where that is certain; empty: nothing."},
    }
    rdf = {
        "node": {**_TEXT, "description": "In RDF: IRI of the node."},
        "property": {**_NULLABLE, "description": "In RDF: IRI of the property."},
    }
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": {**properties, **rdf},
    }


def _problem() -> dict[str, Any]:
    """RFC 9457, section 3.1."""
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": _TEXT,
        },
    }
