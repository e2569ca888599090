"""Files that are made to disturb programs are refused in words, quickly, before anything else opens them."""

# ruff: noqa: E501

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from support import some

from ingest.files.grids import SheetLimits
from ingest.mapping.recognition import open_content

pytestmark = pytest.mark.slow

FILES = Path(__file__).parents[1] / "fixtures" / "submissions"
LIMITS = SheetLimits(rows=5000, cells=200_000, unpacked=20 * 2**20)


def workbook(change: Callable[[openpyxl.worksheet.worksheet.Worksheet], object] = lambda sheet: None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Kennung", "Titel (deutsch)", "Federführung"])
    sheet.append(["a", "A", "Hanau"])
    change(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def rewritten(content: bytes, change: Callable[[zipfile.ZipFile], object], **replaced: bytes) -> bytes:
    """The archive with parts replaced (by a word in their name) and others added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = next((part for word, part in replaced.items() if word in entry.filename), old.read(entry))
            new.writestr(entry.filename, part)
        change(new)
    return buffer.getvalue()


def keep(_: zipfile.ZipFile) -> None:
    """Add nothing."""


def open_document(rows: int, columns: int) -> bytes:
    document = OpenDocumentSpreadsheet()
    sheet = Table(name="x")
    row = TableRow(numberrowsrepeated=str(rows))
    cell = TableCell(valuetype="string", numbercolumnsrepeated=str(columns))
    cell.addElement(P(text="a"))
    row.addElement(cell)
    sheet.addElement(row)
    document.spreadsheet.addElement(sheet)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def zip_bomb() -> bytes:
    return rewritten(workbook(), lambda new: new.writestr("xl/media/image1.png", bytes(30 * 2**20)))


def lying_size() -> bytes:
    """A part that unpacks to more than the directory says."""
    content = bytearray(zip_bomb())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = content.rindex(mark)
        offset = place + (22 if mark == b"PK\x03\x04" else 24)
        content[offset : offset + 4] = (1000).to_bytes(4, "little")
    return bytes(content)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return rewritten(workbook(), lambda new: new.writestr("xl/workbook.xml", b"<workbook/>"))


def encrypted_part() -> bytes:
    content = bytearray(workbook())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


BOMBS = {
    "zip-bomb.xlsx": (zip_bomb, "file-unsafe"),
    "lying-size.xlsx": (lying_size, "file-unreadable"),
    "twice.xlsx": (twice, "file-unsafe"),
    "encrypted-part.xlsx": (encrypted_part, "file-protected"),
    "far-cell.xlsx": (lambda: workbook(lambda sheet: sheet.cell(2**20, 2**14, "x")), "file-too-large"),
    "far-column.xlsx": (lambda: workbook(lambda sheet: [sheet.cell(n, 16_000, "x") for n in range(2, 20)]), "file-too-large"),
    "row-beyond.xlsx": (
        lambda: rewritten(
            workbook(), keep, sheet1=b'<worksheet><sheetData><row r="4294967296"><c r="A4294967296"><v>1</v></c></row></sheetData></worksheet>'
        ),
        "file-unreadable",
    ),
    "not-xml.xlsx": (lambda: rewritten(workbook(), keep, sheet1=b"<worksheet><sheetData>"), "file-unreadable"),
    "no-styles-number.xlsx": (
        lambda: rewritten(workbook(), keep, styles=b'<styleSheet><numFmts><numFmt numFmtId="x"/></numFmts></styleSheet>'),
        "file-unreadable",
    ),
    "external-entity.xlsx": (
        lambda: rewritten(workbook(), keep, theme1=b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a/>'),
        "file-unsafe",
    ),
    "entity-in-styles.xlsx": (
        lambda: rewritten(workbook(), keep, styles=b"<!-- " + b" " * 100_000 + b"--><!DOCTYPE styleSheet><styleSheet/>"),
        "file-unsafe",
    ),
    "many-rows.xlsx": (lambda: workbook(lambda sheet: [sheet.append([n]) for n in range(6000)]), "file-too-large"),
    "many-rows.ods": (lambda: open_document(2**20, 1), "file-too-large"),
    "many-cells.ods": (lambda: open_document(2**19, 2**14), "file-too-large"),
    "many-rows.csv": (lambda: b"Kennung;Name\n" + b"a;b\n" * 6000, "file-too-large"),
    "many-cells.csv": (lambda: (b"Kennung" + b";x" * 1000 + b"\n") * 300, "file-too-large"),
    "long-cell.csv": (lambda: b"Kennung;Name\na;" + b"x" * 2_000_000 + b"\n", "file-unreadable"),
    "deep.json": (lambda: b"[" * 200_000, "file-unreadable"),
    "long-number.json": (lambda: b'[{"identifier": ' + b"9" * 10_000 + b"}]", "file-unreadable"),
    "wide.json": (
        lambda: json.dumps([{"identifier": ["a"] * 1000}, *[{"identifier": "a"}] * 1000]).encode(),
        "file-too-large",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_words(name: str) -> None:
    make, code = BOMBS[name]
    opened = open_content(name, make(), LIMITS)
    assert [finding.code for finding in opened.findings] == [code]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with a few bytes changed, cut out or cut off."""
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(spoilt))
        match chance.randrange(4):
            case 0:
                del spoilt[place : place + chance.randint(1, 50)]
            case 1:
                spoilt[place:place] = chance.randbytes(chance.randint(1, 20))
            case _:
                spoilt[place] = chance.randrange(256)
        if not spoilt:
            return b""
    return bytes(spoilt)


@pytest.mark.parametrize(
    "name", ["old.xls", "formula.xlsx", "projects.ods", "projects.json", "windows-1252.csv", "password.xlsx"]
)
def test_damaged_files_are_findings_and_never_errors(name: str) -> None:
    chance = random.Random(name)
    content = (FILES / name).read_bytes()
    for _ in range(150):
        opened = open_content(name, damaged(content, chance), LIMITS)
        assert opened.bound or opened.findings


def test_damaged_xml_in_a_sound_archive_is_a_finding() -> None:
    chance = random.Random(5)
    content = (FILES / "hidden.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    for name, part in some(parts.items()):
        for _ in range(20):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as new:
                for other, sound in parts.items():
                    new.writestr(other, damaged(part, chance) if other == name else sound)
            opened = open_content("x.xlsx", buffer.getvalue(), LIMITS)
            assert opened.bound or opened.findings
