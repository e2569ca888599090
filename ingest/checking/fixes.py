"""A copy of a file with the certain suggestions written into it."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from ingest.checking import returned_workbooks as originals
from ingest.files import delimited, output
from ingest.files import reading as files
from ingest.files.detection import sniff
from ingest.files.grids import Grid, SheetLimits
from ingest.findings.findings import Finding, Place
from ingest.mapping import values
from ingest.mapping.mapping import SEPARATOR
from ingest.model import Field
from ingest.pipeline.sources import SourcePart

Suffix = Literal["csv", "xlsx"]
Change = tuple[Finding, str]
"""A finding and the text written in its place."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def suffix(part: SourcePart, content: bytes) -> Suffix:
    """Suffix of the fixed copy: CSV for a CSV file, otherwise XLSX.

    :raises UnreadableError: the file is no table.
    """
    originals.require_table(part)
    return "csv" if sniff(part.source, content).name == "csv" else "xlsx"


def fixed(part: SourcePart, content: bytes, limits: SheetLimits) -> tuple[bytes, list[Change]]:
    """Make the copy; return it with its changes, in the order of the findings.

    A workbook keeps everything else (see :mod:`ingest.checking.returned_workbooks`); other files are written as new
    ones.

    :param part: the file and its findings.
    :raises UnreadableError: the file is no table.
    """
    originals.require_table(part)
    done: list[Change] = []
    wanted: dict[str | None, dict[Place, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for finding in part.findings:
        if finding.suggestion is not None and finding.place is not None:
            done.append((finding, finding.suggestion))
            wanted[finding.sheet][finding.place].append(done[-1])
    kind, grids = files.read(part.source, content, limits)
    if kind.name == "csv":
        return _as_csv(part, content, grids[0], wanted[None]), done
    book = originals.load(content, grids, kind.name)
    for grid in grids:
        columns = _columns(part, grid.sheet)
        rows = dict(grid.rows)
        for (row, position), changes in wanted[grid.sheet].items():
            cell = book[grid.sheet or book.sheetnames[0]].cell(row + grid.shift, position + 1)
            _write(cell, _changed(_text(rows, row, position), changes), columns.get(position))
    return output.save(book), done


def _columns(part: SourcePart, sheet: str | None) -> Mapping[int, Field]:
    return next((bound.columns for bound in part.tables if bound.table.sheet == sheet), {})


def _text(rows: Mapping[int, Sequence[str]], row: int, position: int) -> str:
    cells = rows.get(row, ())
    return cells[position].strip() if position < len(cells) else ""


def _changed(text: str, changes: Sequence[Change]) -> str:
    """Apply suggestions to the text of a cell: to the whole text, or to some of its values."""
    for finding, suggestion in changes:
        parts = [part.strip() for part in text.split(SEPARATOR)]
        if finding.value in parts and len(parts) > 1:
            kept = [suggestion if part == finding.value else part for part in parts]
            text = f"{SEPARATOR} ".join(part for part in kept if part)
        else:
            text = suggestion
    return text


def _write(cell: Any, text: str, field: Field | None) -> None:
    """Write a text with the type of its column: number, date or text."""
    number = values.decimal(text, "german") if field and field.kind in ("integer", "decimal") else None
    if not text:
        cell.value = None
    elif number is not None:
        cell.value = number
        cell.number_format = "General" if cell.number_format == "@" else cell.number_format
    elif field and field.kind in ("date", "partial-date") and _DAY.fullmatch(text):
        cell.value = dt.date.fromisoformat(text)
    else:
        output.write_text(cell, text)
        cell.number_format = "@"


def _as_csv(part: SourcePart, content: bytes, grid: Grid, wanted: Mapping[Place, Sequence[Change]]) -> bytes:
    _, _, delimiter = delimited.dialect(part.source, delimited.decode(part.source, content)[0])
    rows = {number: list(cells) for number, cells in grid.rows}
    for (row, position), changes in wanted.items():
        cells = rows[row]
        cells += [""] * (position + 1 - len(cells))
        cells[position] = _changed(cells[position].strip(), changes)
    # Keep blank rows, so that rows keep their numbers.
    return output.write_csv((rows.get(number, []) for number in range(1, max(rows) + 1)), delimiter)
