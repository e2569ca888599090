"""Describes the columns of a CSV dump (CSV on the Web, https://www.w3.org/TR/tabular-metadata/)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ingest.model import Field, Kind, RecordType, terms
from ingest.tables import headers
from publish.formats.dumps import Files

SEPARATOR: Final = "; "
"""Between several values in a cell."""

_MEDIA_TYPE: Final = "application/csvm+json"
_DATATYPES: Final[dict[Kind, Any]] = {
    "text": "string",
    "integer": "integer",
    "decimal": "decimal",
    "boolean": {"base": "boolean", "format": "ja|nein"},
    "date": "date",
    "partial-date": "string",
    "iri": "anyURI",
    "code": "string",
    "concept": "string",
    "reference": "string",
}
"""CSVW cannot express that each date (day, month or year) has its own datatype."""


def write(files: Files, name: str, record_type: RecordType, columns: Sequence[Field], base: str) -> None:
    """Write ``dump/<name>.csv-metadata.json``, the name that readers expect (Model for Tabular Data, 5.3).

    :param columns: those of the file after the IRI, without those of names.
    """
    key = {"name": "iri", "titles": "IRI", "datatype": "anyURI", "required": True, "suppressOutput": True}
    of_class = {"name": "type", "virtual": True, "propertyUrl": "rdf:type", "valueUrl": record_type.iri}
    described = [each for column in columns for each in _columns(column, record_type, base)]
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "de"}],
        "url": f"{name}.csv",
        "dc:title": _texts(record_type.label),
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\n"]},
        "tableSchema": {
            "aboutUrl": "{+iri}",
            "primaryKey": "iri",
            "columns": [key, *described, of_class],
        },
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    files.write(f"dump/{name}.csv-metadata.json", text.encode(), name, _MEDIA_TYPE)


def _columns(column: Field, record_type: RecordType, base: str) -> list[dict[str, Any]]:
    """A column, and the one with names beside it if there is one."""
    definition = terms(record_type.name)[column.term]
    language = definition.get("@language") if isinstance(definition, dict) else None
    several = {"separator": SEPARATOR} if column.many else {}
    found: dict[str, Any] = {
        "name": column.term,
        "titles": column.name["de"],
        "dc:title": _texts(column.name),
        "dc:description": _texts(column.help),
        "datatype": _DATATYPES[column.kind],
        "propertyUrl": column.path,
        **({"lang": language} if language else {}),
        **several,
    }
    start = f"{base}id/" if column.kind == "reference" else column.prefix
    if start and not column.many:  # a template would make one address of several values
        found["valueUrl"] = f"{start}{{+{column.term}}}"
    heading = headers.beside(column)
    if heading is None:
        return [found]
    names = {"name": f"{column.term}_name", "titles": heading, "datatype": "string", "lang": "de"}
    return [found, {**names, **several, "suppressOutput": True}]


def _texts(by_language: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in sorted(by_language.items())]
