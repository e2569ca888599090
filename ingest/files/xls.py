"""Old binary workbooks (BIFF, [MS-XLS]), read by xlrd: damaged ones make other readers reserve gigabytes or abort."""

from __future__ import annotations

import io
from typing import Any

import xlrd  # type: ignore[import-untyped]
from xlrd.biffh import (  # type: ignore[import-untyped]
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    error_text_from_code,
)

from ingest.files.grids import Grid, SheetLimits, check_size, typed
from ingest.files.number_formats import as_shown, meaning
from ingest.findings.findings import UnreadableError


def read(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """The grids of the workbook's sheets.

    :raises UnreadableError: it is damaged, protected or too large.
    """
    try:
        book = xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True, ragged_rows=True, on_demand=True
        )
        return [_grid(source, book, book.sheet_by_index(index), limits) for index in range(book.nsheets)]
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001 - xlrd raises whatever its code meets in a damaged file
        if "encrypted" in str(error):
            raise UnreadableError("file-protected", source) from None
        raise UnreadableError("file-unreadable", source, detail=error or type(error).__name__) from None


def _grid(source: str, book: Any, sheet: Any, limits: SheetLimits) -> Grid:
    check_size(source, sheet.nrows, sum(map(sheet.row_len, range(sheet.nrows))), limits)
    grid = Grid(sheet.name, [], visible=sheet.visibility == 0)
    for index in range(sheet.nrows):
        cells = [_text(book, cell) for cell in sheet.row(index)]
        errors = {
            (index + 1, position): str(error_text_from_code.get(cell.value, cell.value))
            for position, cell in enumerate(sheet.row(index))
            if cell.ctype == XL_CELL_ERROR
        }
        grid.errors.update(errors)
        if errors or any(map(str.strip, cells)):
            grid.rows.append((index + 1, cells))
    grid.merged = [((top + 1, left), (end, right - 1)) for top, end, left, right in sheet.merged_cells]
    grid.hidden_rows = [index + 1 for index, row in sheet.rowinfo_map.items() if row.hidden]
    grid.hidden_columns = [index for index, column in sheet.colinfo_map.items() if column.hidden]
    return grid


def _text(book: Any, cell: Any) -> str:
    """The value of a cell as displayed."""
    if cell.ctype == XL_CELL_ERROR:
        return ""
    if cell.ctype == XL_CELL_BOOLEAN:
        return typed(bool(cell.value))
    if cell.ctype == XL_CELL_DATE:
        text = typed(xlrd.xldate.xldate_as_datetime(cell.value, book.datemode))
    else:
        text = typed(cell.value)
    return as_shown(text, meaning(book.format_map[book.xf_list[cell.xf_index].format_key].format_str))
