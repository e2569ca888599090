"""Sheets as grids of text cells, and how much of a file is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from typing import Any

from ingest.findings.findings import Place, UnreadableError

Row = tuple[int, list[str]]
Range = tuple[Place, Place]


@dataclass(frozen=True)
class SheetLimits:
    """How much of a file is read.

    :ivar rows: most rows with content in a sheet.
    :ivar cells: most cells of a sheet, empty ones between others included.
    :ivar unpacked: most bytes that a workbook may unpack to.
    """

    rows: int = 2**20
    cells: int = 20_000_000
    unpacked: int = 2**30


@dataclass
class Grid:
    """A sheet, or a file that is one, as it was read.

    :ivar sheet: its name; None where the file has no sheets.
    :ivar rows: the rows with content: number, as the spreadsheet program shows it, and cells.
    :ivar visible: False for a sheet that the spreadsheet program hides.
    :ivar merged: merged cells, from the first to the last.
    :ivar formulas: cells with a formula; empty where the formula is given by another cell.
    :ivar errors: cells with an error value.
    :ivar hidden_rows: rows that are hidden.
    :ivar hidden_columns: positions of columns that are hidden.
    :ivar encoding: of a text file.
    :ivar lines: whether each line of a JSON file is a record of its own.
    :ivar open_quote: first cell that holds several lines of the table, and how many.
    """

    sheet: str | None
    rows: list[Row]
    visible: bool = True
    merged: Sequence[Range] = ()
    formulas: dict[Place, str] = field(default_factory=dict)
    errors: dict[Place, str] = field(default_factory=dict)
    hidden_rows: Sequence[int] = ()
    hidden_columns: Sequence[int] = ()
    encoding: str | None = None
    lines: bool = False
    open_quote: tuple[Place, int] | None = None

    @property
    def shift(self) -> int:
        """How many rows further down everything is in a workbook; JSON counts its records from 1, without a header."""
        return 1 if self.rows and self.rows[0][0] == 0 else 0


def check_size(source: str, rows: int, cells: int, limits: SheetLimits) -> None:
    """Refuse what is over the limits.

    :raises UnreadableError: too many rows or cells.
    """
    if rows > limits.rows:
        raise UnreadableError("file-too-large", source, limit=limits.rows, what_de="Zeilen", what_en="rows")
    if cells > limits.cells:
        raise UnreadableError("file-too-large", source, limit=limits.cells, what_de="Zellen", what_en="cells")


def typed(value: Any) -> str:
    """A typed value as the text a person would have typed."""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _number(value: float) -> str:
    """A number as spreadsheet programs show it: 15 digits count; what it means never depends on the cells around it."""
    if not isfinite(value):
        return str(value)
    text = f"{Decimal(f'{value:.15g}'):f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    # A fraction of three digits could be read as thousands.
    return f"{whole}.{fraction}{'0' if len(fraction) == 3 else ''}" if fraction else whole
