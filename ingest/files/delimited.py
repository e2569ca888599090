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
_OLD_ENCODINGS = ("windows-1252", "mac_roman", "cp850", "cp437")
"""Excel writes these: on Windows, as „CSV (Macintosh)“, as „CSV (MS-DOS)“; of equals the first."""
_GERMAN_SIGNS = frozenset("äöüÄÖÜßéèáàâçñëï€§°²³–—„“”‚‘’…«»·•×½¼ \u00a0")


def read(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """Read the grid of a text file.

    :raises UnreadableError: the encoding is unknown, or the file is no table.
    """
    text, encoding = decode(source, content)
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    try:
        _, text, delimiter = dialect(source, _unwrapped(text))
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


def _unwrapped(text: str) -> str:
    """The text without the quotation marks that some programs put around whole rows."""
    lines = text.splitlines()
    if not lines or not all(len(line) > 1 and line[0] == line[-1] == '"' for line in lines if line.strip()):
        return text
    rows = [row for row in csv.reader(lines, delimiter="\x1f") if row]
    if any(len(next(csv.reader(lines[:1], delimiter=delimiter))) > 1 for delimiter in _DELIMITERS):
        return text
    return "\n".join(row[0] for row in rows)


def decode(source: str, content: bytes) -> tuple[str, str]:
    """Text and the name of its encoding: UTF-8 or UTF-16, else the one of old programs in which it looks most German.

    :raises UnreadableError: it is none of these.
    """
    encoding = _unmarked(content)
    # DOS programs end a file with this character.
    content = content.removesuffix(b"\x1a")
    for mark, marked in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            encoding = marked
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise UnreadableError("file-unreadable", source, detail=error.reason) from None
    readings = {name: text for name in _OLD_ENCODINGS if (text := _decoded(content, name)) is not None}
    best = max(readings, key=lambda name: _looks_german(readings[name]))
    # Most programs write Windows-1252, in which some bytes mean nothing; in the others every byte means something.
    if _looks_german(readings[best]) <= 0:
        best = _OLD_ENCODINGS[0]
    if best not in readings:
        raise UnreadableError("file-unreadable", source, detail="Zeichenkodierung / encoding") from None
    return readings[best], best


def _unmarked(content: bytes) -> str:
    """The encoding of a text without a byte order mark: in UTF-16, every other byte of Latin letters is zero."""
    head = content[:4096]
    for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = head[start::2].count(0)
        if len(head) >= 4 and zeros > len(head) * 0.4 and not head[1 - start :: 2].count(0):
            return encoding
    return "utf-8"


def is_utf_16(content: bytes) -> bool:
    """Whether a text is in UTF-16, with a byte order mark or without."""
    return content[:2] in (b"\xff\xfe", b"\xfe\xff") or _unmarked(content) != "utf-8"


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _looks_german(text: str) -> int:
    """How well a reading of bytes fits: letters and signs of German count for it, all others against it."""
    return sum(1 if char in _GERMAN_SIGNS else -2 for char in text if char > "\x7f")


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
