"""Tables: a header and the rows below it, with the row numbers of the spreadsheet program."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import pandas as pd

from ingest.characters import plain, visible
from ingest.files import reading as files
from ingest.files.detection import Content
from ingest.files.grids import Grid, Range, SheetLimits
from ingest.findings.findings import Finding, Place, UnreadableError, cell_name, column_letter, message
from ingest.model import record_types
from ingest.tables import headers
from ingest.tables import template_marks as marks
from ingest.tables.headers import Header
from ingest.tables.template_marks import Mark

_ERROR_TEXT = re.compile(
    r"#(?:NV|N/A|WERT!|VALUE!|BEZUG!|REF!|DIV/0!|NAME\?|ZAHL!|NUM!|NULL!|ÜBERLAUF!|SPILL!|CALC!|FELD!|FIELD!"
    r"|VERBINDEN!|CONNECT!|BLOCKIERT!|BLOCKED!|UNBEKANNT!|UNKNOWN!|DATEN_WERDEN_ABGERUFEN|GETTING_DATA)"
    r"|#{3,}|(?:Err|Fehler):\d{3}",
    re.I,
)
"""Error values as programs write them into text files (ECMA-376 part 1, 18.17.3), and cells too narrow for a number."""
_MOST_MERGED = 5000


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    :ivar source: file name.
    :ivar sheet: sheet name, for spreadsheets.
    :ivar header: position of the header.
    :ivar headers: column names, in order; a name may occur twice.
    :ivar cells: text cells, "" where empty; index = row number as the spreadsheet program shows it, columns = 0, 1, ...
    :ivar findings: findings from reading.
    :ivar formulas: cells with a formula, see :class:`ingest.files.grids.Grid`.
    :ivar errors: cells with an error value.
    :ivar visible: False for a hidden sheet.
    :ivar mark: mark of the template from which the file was made.
    """

    source: str
    sheet: str | None
    header: Header
    headers: tuple[str, ...]
    cells: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    formulas: dict[Place, str] = field(default_factory=dict)
    errors: dict[Place, str] = field(default_factory=dict)
    visible: bool = True
    mark: Mark | None = None

    @property
    def header_row(self) -> int | None:
        """Number of the header's row; None where there is none, as in JSON."""
        return self.header.last or None

    def rows(self) -> list[int]:
        """Row numbers of the records, as the spreadsheet program shows them."""
        return [int(row) for row in self.cells.index]

    def cell(self, row: int, position: int) -> str:
        """Text of a cell, "" when empty."""
        return str(self.cells.at[row, position])

    def column(self, position: int) -> list[str]:
        """Texts of a column, in the order of :meth:`rows`."""
        return [str(text) for text in self.cells[position]]

    def without(self, rows: Collection[int]) -> Table:
        """The table without some of its rows."""
        return replace(self, cells=self.cells.drop(index=list(rows))) if rows else self

    def noting(self, findings: Iterable[Finding]) -> Table:
        """The table with more findings."""
        return replace(self, findings=(*self.findings, *findings))

    def finding(
        self,
        code: str,
        *,
        row: int | None = None,
        position: int | None = None,
        value: str | None = None,
        suggestion: str | None = None,
        record: str | None = None,
        path: str | None = None,
        **details: object,
    ) -> Finding:
        """A finding at a place in this table; ``details`` fill the text of its kind."""
        header = self.headers[position] if position is not None else None
        filled = {"header": header, "value": value, "suggestion": suggestion, **details}
        severity, text = message(code, **filled)
        return Finding(
            code=code,
            severity=severity,
            message=text,
            source=self.source,
            sheet=self.sheet,
            row=row,
            column=None if position is None else column_letter(position),
            header=header if position is not None else _optional_text(details.get("header")),
            value=value,
            suggestion=suggestion,
            record=record,
            path=path,
        )


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def read(path: Path, known: Collection[str] = (), limits: SheetLimits | None = None) -> list[Table]:
    """Read every table of a file; parameters and errors as for :func:`parse`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError("file-missing", path.name) from None
    except OSError as error:
        raise UnreadableError("file-unreadable", path.name, detail=error.strerror) from None
    return parse(path.name, content, known, limits)


def parse(source: str, content: bytes, known: Collection[str] = (), limits: SheetLimits | None = None) -> list[Table]:
    """The tables of a file; a spreadsheet gives one per sheet that is not empty.

    :param source: name of the file.
    :param known: known headings, to find the header, see :func:`ingest.tables.headers.known_headings`; without them,
        the header is the first row.
    :raises UnreadableError: the file is damaged, protected or of another kind.
    """
    found, grids = files.read(source, content, limits or SheetLimits())
    if mark := marks.find(grids):
        grids = [grid for grid in grids if grid.sheet == mark.sheet] or grids
    tables = [replace(table(source, grid, known), mark=mark) for grid in grids]
    tables[0] = tables[0].noting(_about_file(source, found, grids[0]))
    return tables


def _about_file(source: str, found: Content, grid: Grid) -> Iterable[Finding]:
    whole = Table(source, None, Header(0, 0, ()), (), pd.DataFrame())
    if found.misnamed:
        label = found.label
        yield whole.finding("file-suffix", suffix=found.misnamed, kind_de=label["de"], kind_en=label["en"])
    if grid.encoding not in (None, "utf-8", "utf-8-sig"):
        yield whole.finding("encoding", encoding=grid.encoding)
    if grid.lines:
        yield whole.finding("json-lines")


def table(source: str, grid: Grid, known: Collection[str]) -> Table:
    """The table of a grid: omits rows without content and rows above the header, but counts them."""
    header = headers.find(grid, known)
    names = _trimmed(tuple(plain(name) for name in header.names))
    body = [(number, cells) for number, cells in grid.rows if number > header.last]
    if body and any(cell.strip() in _help_texts() for cell in body[0][1]):
        body = body[1:]  # the template's line of help
    if grid.sheet is not None:
        # In a workbook longer rows do not shift cells: cells beside the table have no heading.
        names = (*names, *[""] * (max((_width(cells) for _, cells in body), default=0) - len(names)))
    width = len(names)
    cells = pd.DataFrame(
        [[visible(cell) for cell in cells[:width]] + [""] * (width - len(cells)) for _, cells in body],
        index=[number for number, _ in body],
        columns=range(width),
        dtype="object",
    )
    errors = {**grid.errors, **_error_texts(cells)}
    repeated = _repeated_headers(cells, header)
    read = Table(
        source, grid.sheet, header, names, cells.drop(index=list(repeated)), (), grid.formulas, errors, grid.visible
    )
    read = read.noting(read.finding("stray-row", row=row, value=text) for row, text in repeated.items())
    return _unmerged(read.noting([*_about_header(read, grid), *_about_rows(read, grid)]), grid.merged)


def _error_texts(cells: pd.DataFrame) -> dict[Place, str]:
    """Cells that hold the text of an error value, which are emptied."""
    found: dict[Place, str] = {}
    for position in range(cells.shape[1]):
        column = cells[position]
        for row in column.index[column.str.startswith(("#", "Err:", "Fehler:"))].tolist():
            if _ERROR_TEXT.fullmatch(text := str(column[row])):
                found[row, position] = text
                cells.at[row, position] = ""
    return found


def _repeated_headers(cells: pd.DataFrame, header: Header) -> dict[int, str]:
    """Rows that are the header again, as in tables that were pasted below each other."""
    names = [headers.fold(name) for name in header.names[: cells.shape[1]]]
    if sum(map(bool, names)) < 2 or cells.empty:
        return {}
    first = next(position for position, name in enumerate(names) if name)
    texts = cells[first].astype(str)
    alike = [row for row in texts.index.tolist() if headers.fold(texts[row]) == names[first]]
    same = [row for row in alike if [headers.fold(str(text)) for text in cells.loc[row]][: len(names)] == names]
    return {row: texts[row] for row in same}


def _trimmed(names: Sequence[str]) -> tuple[str, ...]:
    last = max((position for position, name in enumerate(names) if name), default=-1)
    return tuple(names[: last + 1])


def _width(cells: Sequence[str]) -> int:
    return max((position for position, cell in enumerate(cells, start=1) if cell.strip()), default=0)


@cache
def _help_texts() -> frozenset[str]:
    return frozenset(
        text for each in record_types().values() for column in each.columns for text in column.help.values()
    )


def _about_header(read: Table, grid: Grid) -> Iterable[Finding]:
    header = read.header
    if any(number < header.first for number, _ in grid.rows):
        yield read.finding("rows-above-header", row=grid.rows[0][0], header_row=header.first)
    if header.first != header.last:
        yield read.finding("split-header", row=header.first, rows=f"{header.first}, {header.last}")


def _about_rows(read: Table, grid: Grid) -> Iterable[Finding]:
    width = len(read.headers)
    for number, cells in grid.rows:
        if number > read.header.last and (found := _width(cells)) > width:
            yield read.finding("surplus-cells", row=number, found=found, expected=width)
    if grid.open_quote is not None:
        (row, position), lines = grid.open_quote
        if position < width and row in read.cells.index:
            yield read.finding("open-quote", row=row, position=position, lines=lines)
    if hidden := [row for row in grid.hidden_rows if row in read.cells.index]:
        yield read.finding("hidden-rows", row=hidden[0], rows=_spans(hidden, str))
    columns = [position for position in grid.hidden_columns if position < width and read.cells[position].any()]
    if columns:
        yield read.finding(
            "hidden-columns", row=read.header_row, position=columns[0], columns=_spans(columns, column_letter)
        )


def _spans(numbers: Sequence[int], label: Callable[[int], str]) -> str:
    """Numbers as ranges: 5–7, 12."""
    spans = []
    for _, run in groupby(enumerate(sorted(numbers)), key=lambda item: item[1] - item[0]):
        found = [number for _, number in run]
        spans.append(label(found[0]) if len(found) == 1 else f"{label(found[0])}–{label(found[-1])}")
    return ", ".join(spans)


_EFFECTS = {
    "down": {"de": "ihr Wert gilt für alle diese Zeilen", "en": "their value counts for all these rows"},
    "across": {"de": "einen Wert hat nur die erste", "en": "only the first has a value"},
}


def _unmerged(read: Table, merged: Sequence[Range]) -> Table:
    """Copy the value of cells merged downwards to each of their rows."""
    noted = []
    cells = read.cells
    for (first, left), (last, right) in merged[:_MOST_MERGED]:
        if first not in cells.index or left >= len(read.headers):
            continue
        value = read.cell(first, left)
        rows = [row for row in cells.index[cells.index.searchsorted(first) :] if row <= last]
        direction = "down" if last > first else "across"
        if value and direction == "down":
            for row in rows[1:]:
                cells.at[row, left] = value
        if value:
            effect = _EFFECTS[direction]
            named = f"{cell_name((first, left))}:{cell_name((last, right))}"
            noted.append(
                read.finding(
                    "merged-cells",
                    row=first,
                    position=left,
                    value=value,
                    cells=named,
                    effect_de=effect["de"],
                    effect_en=effect["en"],
                )
            )
    return read.noting(noted)
