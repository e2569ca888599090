"""Templates for records, as files: a workbook to fill in, a CSV file, a JSON Schema for programs."""

from __future__ import annotations

from typing import Final

from ingest.checking import template_schema, template_workbook
from ingest.checking.template_model import Language, Template, template
from ingest.files import output
from ingest.model import RecordType
from ingest.pipeline.existing_records import Standing

SUFFIXES: Final = ("xlsx", "csv", "json")


def written(record_type: RecordType, language: Language, suffix: str, there: Standing) -> bytes:
    """Write a template as a file; the same shapes and records give the same bytes.

    :param suffix: one of :data:`SUFFIXES`.
    :param there: existing records, as values of references.
    :raises KeyError: another suffix.
    """
    return write(template(record_type, language, there), suffix, there.base)


def write(made: Template, suffix: str, base: str) -> bytes:
    """A template as a file.

    :raises KeyError: another suffix.
    """
    return {"xlsx": template_workbook.write, "csv": _write_csv, "json": template_schema.write}[suffix](made, base)


def _write_csv(made: Template, _: str) -> bytes:
    """Headings, and the line of help under them."""
    rows = ([column.name for column in made.columns], [column.help for column in made.columns])
    return output.write_csv(rows, ";")
