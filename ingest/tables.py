"""Reading a table from CSV, TSV, XLSX, XLS, ODS or JSON into text cells with the row numbers people see."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import python_calamine

from ingest.findings import Finding, column_letter, message

_DELIMITERS = ",;\t|"
_SPREADSHEETS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
# A cell longer than this is not something a person typed; Python's csv module stops at 131,072 by default.
_LONGEST_CELL = 1_000_000


class UnreadableError(Exception):
    """The file is not a table that can be read; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message["en"])
        self.finding = finding


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    :ivar source: file name.
    :ivar sheet: sheet name, for spreadsheets.
    :ivar header_row: number of the header's row.
    :ivar headers: column names, in order; a name may occur twice.
    :ivar cells: text cells, "" where empty; index = row number as the spreadsheet program shows it, columns = 0, 1, ...
    :ivar findings: what was noticed while reading.
    """

    source: str
    sheet: str | None
    header_row: int
    headers: tuple[str, ...]
    cells: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    def rows(self) -> list[int]:
        """Row numbers of the records, as the spreadsheet program shows them."""
        return [int(row) for row in self.cells.index]

    def cell(self, row: int, position: int) -> str:
        """Text of a cell, "" when empty."""
        return str(self.cells.at[row, position])

    def column(self, position: int) -> list[str]:
        """Texts of a column, in the order of :meth:`rows`."""
        return [str(text) for text in self.cells[position]]

    def finding(
        self,
        code: str,
        *,
        row: int | None = None,
        position: int | None = None,
        value: str | None = None,
        suggestion: str | None = None,
        record: str | None = None,
        **details: object,
    ) -> Finding:
        """A finding at a place in this table; ``details`` fill the sentence of its kind."""
        header = self.headers[position] if position is not None else None
        filled = {"header": header, "value": value, **details}
        severity, text = message(code, **filled)
        return Finding(
            code=code,
            severity=severity,
            message=text,
            source=self.source,
            sheet=self.sheet,
            row=row,
            column=None if position is None else column_letter(position),
            header=header or _optional_text(details.get("header")),
            value=value,
            suggestion=suggestion,
            record=record,
        )


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def read(path: Path) -> list[Table]:
    """Read every table of a file; a spreadsheet gives one per sheet that is not empty.

    :raises UnreadableError: the file is missing, damaged, protected or of another kind.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unreadable(path.name, "file-missing") from None
    except OSError as error:
        raise _unreadable(path.name, "file-unreadable", detail=error.strerror) from None
    if path.suffix.lower() in _SPREADSHEETS:
        tables = _read_spreadsheet(path.name, content)
    elif path.suffix.lower() == ".json":
        tables = [_read_json(path.name, content)]
    else:
        tables = [_read_csv(path.name, content)]
    if not tables:
        raise _unreadable(path.name, "file-empty")
    return tables


def _unreadable(source: str, code: str, **details: object) -> UnreadableError:
    severity, text = message(code, **details)
    return UnreadableError(Finding(code=code, severity=severity, message=text, source=source))


def _decode(content: bytes) -> tuple[str, str]:
    """Text and the name of its encoding; Windows-1252 is what German spreadsheet programs write if not UTF-8."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("windows-1252"), "windows-1252"


def _read_csv(source: str, content: bytes) -> Table:
    if b"\x00" in content[:4096] and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise _unreadable(source, "file-unreadable", detail="binary")
    try:
        text, encoding = _decode(content)
    except UnicodeDecodeError as error:
        raise _unreadable(source, "file-unreadable", detail=error.reason) from None
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = "\t" if source.lower().endswith(".tsv") else _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable(source, "file-unreadable", detail=error) from None
    table = _table(source, None, list(enumerate(rows, start=1)))
    if encoding in ("utf-8", "utf-8-sig"):
        return table
    return _noting(table, [table.finding("encoding", encoding=encoding)])


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into the most columns of equal number."""
    lines = "".join(text.splitlines(keepends=True)[:20])

    def fit(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter) if row]
        if not widths or widths[0] == 1:
            return 0, 0
        return sum(width == widths[0] for width in widths), widths[0]

    return max(_DELIMITERS, key=fit)


def _read_spreadsheet(source: str, content: bytes) -> list[Table]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        grids = [(name, sheet.to_python(skip_empty_area=False)) for name, sheet in sheets]
    except python_calamine.PasswordError:
        raise _unreadable(source, "file-unreadable", detail="Kennwort / password") from None
    except (python_calamine.CalamineError, OSError) as error:
        raise _unreadable(source, "file-unreadable", detail=error) from None
    tables = []
    for name, grid in grids:
        rows = [(number, [_cell(cell) for cell in row]) for number, row in enumerate(grid, start=1)]
        if any(any(row) for _, row in rows):
            tables.append(_table(source, name, rows))
    return tables


def _cell(value: Any) -> str:
    """A typed spreadsheet cell as the text a person would have typed."""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _read_json(source: str, content: bytes) -> Table:
    try:
        document = json.loads(_decode(content)[0])
    except ValueError as error:
        raise _unreadable(source, "file-unreadable", detail=error) from None
    objects = document.get("@graph") if isinstance(document, dict) else document
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise _unreadable(source, "file-unreadable", detail="Liste von Objekten / list of objects")
    # A list gives the column as often as it has values; which of them is which does not matter.
    widths: dict[str, int] = {}
    for item in objects:
        for key, value in item.items():
            widths[key] = max(widths.get(key, 1), len(value) if isinstance(value, list) else 1)
    headers = [key for key, width in widths.items() for _ in range(width) if not key.startswith("@")]
    rows: list[tuple[int, list[str]]] = [(0, headers)]
    for number, item in enumerate(objects, start=1):
        cells: list[str] = []
        for key, width in widths.items():
            if key.startswith("@"):
                continue
            value = item.get(key)
            values = [_json_cell(entry) for entry in (value if isinstance(value, list) else [value])]
            cells += values + [""] * (width - len(values))
        rows.append((number, cells))
    return _table(source, None, rows)


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        named = value.get("id", value.get("@id", value.get("@value")))
        return _json_cell(named) if named is not None else json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else _cell(value)


def _table(source: str, sheet: str | None, rows: list[tuple[int, list[str]]]) -> Table:
    """The first row with content is the header; rows without content are left out but counted."""
    filled = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    if not filled:
        raise _unreadable(source, "file-empty")
    header_row, header = filled[0]
    headers = tuple(cell.strip().lstrip("\ufeff") for cell in header)
    while headers and not headers[-1]:
        headers = headers[:-1]
    width = len(headers)
    body, numbers, notes = [], [], []
    for number, row in filled[1:]:
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            notes.append((number, len(row)))
        body.append(row[:width] + [""] * (width - len(row)))
        numbers.append(number)
    cells = pd.DataFrame(body, index=numbers, columns=range(width), dtype="object")
    cells = cells.apply(lambda column: column.map(str.strip))
    table = Table(source, sheet, header_row, headers, cells)
    return _noting(
        table, [table.finding("surplus-cells", row=row, found=found, expected=width) for row, found in notes]
    )


def _noting(table: Table, findings: list[Finding]) -> Table:
    return Table(table.source, table.sheet, table.header_row, table.headers, table.cells, (*table.findings, *findings))
