"""Converts validation results to findings: the cell, the error, and the right value."""

from __future__ import annotations

import re

from ingest.findings.findings import Finding, Text, column_letter
from ingest.mapping import suggestions as repair
from ingest.mapping.mapping import SEPARATOR, Mapped
from ingest.model import Field
from ingest.validation.shacl import ValidationResult

_MISSING = {"MinCountConstraintComponent", "QualifiedMinCountConstraintComponent"}
_SURPLUS = {"MaxCountConstraintComponent", "QualifiedMaxCountConstraintComponent", "UniqueLangConstraintComponent"}
_ALL_ROWS = -1


def explain(result: ValidationResult, mapped: Mapped, row: int) -> Finding | None:
    """The finding for a validation result about a record, or None if the cell already has one.

    :param row: of the record.
    """
    bound = mapped.bound
    field = bound.record_type.field(result.term)
    if result.component in _MISSING:
        if (row, field.term) in mapped.explained or field.term in bound.missing:
            return None
        if not bound.positions(field.term) and result.severity != "violation":
            return _without_column(result, mapped, field)
    position = _position(mapped, field, row, result)
    cell = bound.table.cell(row, position) if position is not None else None
    value = _part(mapped, field, position, cell, result)
    kind = code(result.component)
    return Finding(
        code=kind,
        severity=result.severity,
        message=sentence(field, result, value),
        source=bound.table.source,
        sheet=bound.table.sheet,
        row=row,
        column=None if position is None else column_letter(position),
        header=field.name["de"] if position is None else bound.table.headers[position],
        value=value,
        suggestion=repair.shaped(value, field) if kind == "shape-pattern" and value else None,
        record=result.record,
        path=field.path,
        shape=result.shape,
    )


def _without_column(result: ValidationResult, mapped: Mapped, field: Field) -> Finding | None:
    """One finding for all records if the column is missing."""
    table = mapped.bound.table
    if (_ALL_ROWS, result.shape) in mapped.explained:
        return None
    mapped.explained.add((_ALL_ROWS, result.shape))
    found = {
        "de": f"Die Spalte „{field.name['de']}“ fehlt. {result.message['de']}",
        "en": f"There is no column “{field.name['en']}”. {result.message['en']}",
    }
    return Finding(
        code=code(result.component),
        severity=result.severity,
        message=found,
        source=table.source,
        sheet=table.sheet,
        row=table.header_row,
        header=field.name["de"],
        path=field.path,
        shape=result.shape,
    )


def _position(mapped: Mapped, field: Field, row: int, result: ValidationResult) -> int | None:
    """The column with the error: the one with the value, otherwise the last filled one."""
    positions = mapped.bound.positions(field.term)
    filled = [position for position in positions if mapped.bound.table.cell(row, position)]
    for position in filled:
        if result.value is not None and result.component not in _SURPLUS:
            cell = mapped.bound.table.cell(row, position)
            if any(_means(mapped, field, position, text, result.value) for text in _texts(field, cell)):
                return position
    return next(reversed(filled or positions), None)


def _part(mapped: Mapped, field: Field, position: int | None, cell: str | None, result: ValidationResult) -> str | None:
    """The value of a cell that the result is about."""
    if not cell or position is None or result.value is None or not field.many:
        return cell
    wanted = result.value
    return next((text for text in _texts(field, cell) if _means(mapped, field, position, text, wanted)), cell)


def _texts(field: Field, cell: str) -> list[str]:
    return [text.strip() for text in cell.split(SEPARATOR)] if field.many else [cell]


def _means(mapped: Mapped, field: Field, position: int, text: str, wanted: str) -> bool:
    found = mapped.readers[position](text).value
    lexical = found["@value"] if isinstance(found, dict) else found
    return wanted in (lexical, f"{field.prefix}{lexical}")


def sentence(field: Field, result: ValidationResult, cell: str | None) -> Text:
    """The sentence for a result: the value found, and the message of the shape."""
    if result.shape != field.shape and not cell:
        # The message of a check without a field already says what is missing.
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


def code(component: str) -> str:
    """``MinCountConstraintComponent`` as ``shape-min-count``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", component.removesuffix("ConstraintComponent"))
    return "-".join(["shape", *(word.lower() for word in words)])
