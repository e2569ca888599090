"""Writes returned tables: they contain no formulas, and the same input gives the same bytes.

Spreadsheet programs treat texts that begin with ``=``, ``+``, ``-``, ``@``, tab or carriage return as formulas, which
may fetch addresses or start programs (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, Final

import openpyxl
from openpyxl.workbook import Workbook

_STARTS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS: Final = re.compile(r"[+-]?[\d\s.,:/%()-]*")
_NOT_IN_XLSX: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LONGEST: Final = 32_767
EPOCH: Final = dt.datetime(2026, 1, 1)
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_CREATED: Final = re.compile(rb"<dcterms:created[^>]*>([^<]*)")


def new_workbook() -> Workbook:
    """Make an empty workbook without sheets and without a time of creation."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "Smarte Region Hessen"
    book.properties.created = EPOCH
    return book


def printable(text: str) -> str:
    """The text without characters that a workbook cannot contain."""
    return _NOT_IN_XLSX.sub("\ufffd", text)[:_LONGEST]


def write_text(cell: Any, text: str) -> None:
    """Write a text into a cell of a workbook, as text."""
    cell.value = printable(text)
    # Even if it looks like a formula, a number or an error.
    cell.data_type = "s"
    if text.startswith(_STARTS_FORMULA):
        cell.quotePrefix = True


def save(book: Workbook) -> bytes:
    """Save the workbook without the time, so that the same content gives the same bytes."""
    buffer = io.BytesIO()
    book.save(buffer)
    steady = io.BytesIO()
    with zipfile.ZipFile(buffer) as written, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in written.infolist():
            part = written.read(entry)
            if entry.filename == "docProps/core.xml" and (created := _CREATED.search(part)):
                part = _MODIFIED.sub(rb"\g<1>" + created[1], part)
            archive.writestr(zipfile.ZipInfo(entry.filename), part, zipfile.ZIP_DEFLATED)
    return steady.getvalue()


def write_csv(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    """Write a CSV file for spreadsheet programs: UTF-8 with a byte order mark, and no formulas."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(
        [as_text(cell) for cell in row] for row in rows
    )
    return buffer.getvalue().encode("utf-8-sig")


def as_text(cell: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet program would treat it as a formula."""
    if cell.startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(cell):
        return f"'{cell}"
    return cell


def plain(cell: str) -> str:
    """The inverse of :func:`as_text`."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _STARTS_FORMULA else cell
