"""Places in a table as fragments of its address."""

from __future__ import annotations

from urllib.parse import quote


def fragment(row: int, column: int | None = None, sheet: str | None = None) -> str:
    """A row or a cell (RFC 7111, sections 2.1 and 2.3); a workbook's sheet is named before it.

    :param row: as the spreadsheet program numbers it, the header is row 1.
    :param column: from 1; None for the whole row.
    """
    place = f"row={row}" if column is None else f"cell={row},{column}"
    return f"sheet={quote(sheet)}&{place}" if sheet else place
