"""Validation results as findings: which cell, what is wrong with it, what would be right."""

from __future__ import annotations

import re

from ingest.fields import Field
from ingest.findings import Finding, Text, column_letter
from ingest.mapping import Mapped
from ingest.shacl import Result

_MISSING = {"MinCountConstraintComponent", "QualifiedMinCountConstraintComponent"}
_SURPLUS = {"MaxCountConstraintComponent", "QualifiedMaxCountConstraintComponent", "UniqueLangConstraintComponent"}


def explain(result: Result, mapped: Mapped, rows: dict[str, int]) -> Finding | None:
    """The finding for a validation result, or None when the cell has been explained already.

    :param rows: row by the record's relative IRI.
    """
    bound = mapped.bound
    row = rows[result.record]
    field = bound.record_type.field(result.term)
    if result.component in _MISSING and (row, field.term) in mapped.explained:
        return None
    position = _position(mapped, field, row, result)
    cell = bound.table.cell(row, position) if position is not None else None
    return Finding(
        code=_code(result.component),
        severity=result.severity,
        message=_message(field, result, cell),
        source=bound.table.source,
        sheet=bound.table.sheet,
        row=row,
        column=None if position is None else column_letter(position),
        header=field.name["de"] if position is None else bound.table.headers[position],
        value=cell,
        record=result.record,
    )


def _position(mapped: Mapped, field: Field, row: int, result: Result) -> int | None:
    """The column at fault: among several of one name, the last that is filled, since the first would do."""
    positions = mapped.bound.positions(field.term)
    filled = [position for position in positions if mapped.bound.table.cell(row, position)]
    return next(reversed(filled or positions), None)


def _message(field: Field, result: Result, cell: str | None) -> Text:
    if result.shape != field.shape and not cell:
        # A check beside the column: its message says already what is missing.
        found = {"de": "", "en": ""}
    elif result.component in _MISSING:
        found = {"de": f"„{field.name['de']}“ fehlt. ", "en": f"“{field.name['en']}” is missing. "}
    elif result.component in _SURPLUS:
        found = {
            "de": f"„{field.name['de']}“ hat mehrere Werte. ",
            "en": f"“{field.name['en']}” has several values. ",
        }
    elif cell:
        found = {"de": f"Gefunden: „{cell}“. ", "en": f"Found: “{cell}”. "}
    else:
        found = {"de": "", "en": ""}
    return {lang: found[lang] + result.message[lang] for lang in ("de", "en")}


def _code(component: str) -> str:
    """``MinCountConstraintComponent`` as ``shape-min-count``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", component.removesuffix("ConstraintComponent"))
    return "-".join(["shape", *(word.lower() for word in words)])
