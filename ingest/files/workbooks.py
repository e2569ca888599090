"""Workbooks: XLSX, XLSM, XLSB and ODS. Formulas are never evaluated; their stored values are read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final

import python_calamine
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingest.files import archives as packages
from ingest.files import ooxml, opendocument
from ingest.files.grids import Grid, Range, SheetLimits, check_size, typed
from ingest.files.number_formats import as_shown
from ingest.files.sheet_notes import Notes
from ingest.findings.findings import UnreadableError

_PANIC: Final = "PanicException"
"""Panics of calamine (Rust) on damaged files: no subclass of Exception, and not importable."""


def read_xlsx(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """The grids of an Office Open XML workbook's sheets.

    :raises UnreadableError: it is damaged, protected, too large or not safe to open.
    """
    packages.check(source, content, limits)
    return _read(source, content, limits, ooxml.notes(source, content, limits))


def read_ods(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """The grids of an OpenDocument spreadsheet's sheets; raises as :func:`read_xlsx`."""
    packages.check(source, content, limits)
    return _read(source, content, limits, opendocument.notes(source, content, limits))


def read_xlsb(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """The grids of a binary workbook's sheets; raises as :func:`read_xlsx`."""
    packages.check(source, content, limits)
    return _read(source, content, limits, {})


def _read(source: str, content: bytes, limits: SheetLimits, notes: Mapping[str, Notes]) -> list[Grid]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            return [
                _grid(source, book, sheet.name, sheet.visible, notes.get(sheet.name, Notes()), limits)
                for sheet in book.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet
            ]
    except python_calamine.PasswordError:
        raise UnreadableError("file-protected", source) from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise UnreadableError("file-unreadable", source, detail="calamine") from None


def _grid(
    source: str, book: CalamineWorkbook, name: str, visible: SheetVisibleEnum, notes: Notes, limits: SheetLimits
) -> Grid:
    sheet = book.get_sheet_by_name(name)
    check_size(source, 0, sheet.height * sheet.width, limits)
    top, left = sheet.start or (0, 0)
    values: dict[int, list[str]] = {}
    for number, row in enumerate(sheet.to_python(), start=top + 1):
        cells = [""] * left + [typed(value) for value in row]
        if any(map(str.strip, cells)):
            values[number] = cells
    for row_number, _ in (*notes.errors, *notes.formulas):
        values.setdefault(row_number, [])
    for (number, position), shown in notes.shown.items():
        if number in values and position < len(values[number]):
            values[number][position] = as_shown(values[number][position], shown)
    return Grid(
        name,
        sorted(values.items()),
        visible=visible == SheetVisibleEnum.Visible,
        merged=[_range(*corners) for corners in sheet.merged_cell_ranges or ()],
        formulas=notes.formulas,
        errors=notes.errors,
        hidden_rows=notes.hidden_rows,
        hidden_columns=notes.hidden_columns,
    )


def _range(first: tuple[int, int], last: tuple[int, int]) -> Range:
    return (first[0] + 1, first[1]), (last[0] + 1, last[1])
