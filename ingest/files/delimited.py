"""CSV and similar formats, with detection of delimiter and encoding."""

from __future__ import annotations

import csv
import io
from collections import Counter

from ingest.files.grids import Grid, Row, SheetLimits
from ingest.files.output import plain
from ingest.findings.findings import UnreadableError

_DELIMITERS = ",;\t|"
# No person types longer cells; the default of Python's csv module is 131,072.
_LONGEST_CELL = 1_000_000
_LINES_OF_A_CELL = 4


def read(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """Read the grid of a text file.

    :raises UnreadableError: the encoding is unknown, or the file is no table.
    """
    text, encoding = decode(source, content)
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    try:
        _, text, delimiter = dialect(source, text)
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            if any(cell.strip() for cell in row):
                rows.append((number, [plain(cell) for cell in row]))
                if len(rows) > limits.rows:
                    break
    except csv.Error as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    quote = next(
        (
            ((number, position), cell.count("\n"))
            for number, row in rows
            for position, cell in enumerate(row)
            if _has_rows(cell, delimiter, len(rows[0][1]))
        ),
        None,
    )
    return [Grid(None, rows, encoding=encoding, open_quote=quote)]


def decode(source: str, content: bytes) -> tuple[str, str]:
    """Decode a file and name its encoding; German spreadsheet programs write UTF-8 or Windows-1252.

    :raises UnreadableError: it is neither.
    """
    encoding = "utf-8"
    for mark, marked in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            encoding = marked
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise UnreadableError("file-unreadable", source, detail=error.reason) from None
    try:
        return content.decode("windows-1252"), "windows-1252"
    except UnicodeDecodeError as error:
        raise UnreadableError("file-unreadable", source, detail=error.reason) from None


def dialect(source: str, text: str) -> tuple[str, str, str]:
    """Return the line ``sep=;`` that some programs write first, the text after it, and the delimiter."""
    first, end, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.rstrip("\r")) == 5:
        return first + end, rest, first[4]
    return "", text, "\t" if source.lower().endswith((".tsv", ".tab")) else _delimiter(text)


def _delimiter(text: str) -> str:
    """The delimiter that splits the first rows into the largest equal number of columns."""
    lines = "".join(text.splitlines(keepends=True)[:20])

    def fit(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)]
        (width, count), *_ = Counter(width for width in widths if width > 1).most_common(1) or [(0, 0)]
        return count, width

    return max(_DELIMITERS, key=fit)


def _has_rows(cell: str, delimiter: str, width: int) -> bool:
    """Whether a cell seems to contain rows of the table, because its quotation mark is not closed."""
    if cell.count("\n") < _LINES_OF_A_CELL or width < 3:
        return False
    lines = cell.split("\n")[1:-1]
    return sum(line.count(delimiter) >= width - 1 for line in lines) > len(lines) // 2
