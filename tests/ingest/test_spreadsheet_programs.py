"""What spreadsheet programs and the hands of clerks make of a value: what the eye takes as equal is equal."""

from __future__ import annotations

import datetime as dt
import io
import json
import unicodedata
import zipfile
from concurrent.futures import Executor

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import silent

from ingest import SourcePart
from ingest.characters import plain, visible
from ingest.checking.submission import Submitted, check
from ingest.files.delimited import decode
from ingest.files.grids import SheetLimits, typed
from ingest.mapping import suggestions
from ingest.model import by_name
from ingest.pipeline.existing_records import Standing

HEAD = ("Kennung", "Titel (deutsch)", "Federführung", "Partner", "Handlungsfeld", "Status", "Beginn", "Ende", "Quelle")
ROW = ("netz-1", "Sensornetz", "Hanau", "Maintal", "Smart Environment", "in Umsetzung", "2024-09", "2026")
SOURCE = "https://www.hanau.de/"
BEGIN = next(field for field in by_name("Project").fields if field.term == "start")


def text(*rows: tuple[str, ...]) -> str:
    return "\r\n".join(";".join(row) for row in (HEAD, *((*row, SOURCE) for row in rows))) + "\r\n"


def changed(position: int, value: str) -> tuple[str, ...]:
    return (*ROW[:position], value, *ROW[position + 1 :])


def sent(name: str, content: bytes, there: Standing, thread: Executor) -> SourcePart:
    (part,) = check([Submitted(name, content)], there, SheetLimits(), thread, silent)
    return part


def codes(part: SourcePart) -> list[str]:
    return [finding.code for finding in part.findings if finding.severity != "info"]


def word(value: str) -> str:
    """A text cell of OpenDocument."""
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def ods(begin: str, styles: str = "", row: str = "") -> bytes:
    """A spreadsheet of LibreOffice with one project that ends on 15 December 2026, and the cell with its begin."""
    cells = [*map(word, ROW[:6]), begin, word("2026-12-15"), word(SOURCE)]
    head = "".join(map(word, HEAD))
    oasis = {"office": "office", "table": "table", "text": "text", "style": "style", "number": "datastyle"}
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for prefix, name in oasis.items()
    )
    names += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    content = (
        f"<office:document-content {names}"
        f' office:version="1.3"><office:automatic-styles>{styles}</office:automatic-styles><office:body>'
        f'<office:spreadsheet><table:table table:name="Projekte"><table:table-row>{head}</table:table-row>'
        f"<table:table-row {row}>{''.join(cells)}</table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("encoding", "newline"),
    [("utf-8", "\r\n"), ("utf-8-sig", "\n"), ("utf-16", "\r\n"), ("utf-16-le", "\r\n"), ("utf-16-be", "\n"),
     ("windows-1252", "\r\n"), ("mac_roman", "\r"), ("cp850", "\r\n")],
)  # fmt: skip
def test_a_text_is_read_in_the_encoding_that_it_has(
    encoding: str, newline: str, there: Standing, thread: Executor
) -> None:
    content = text(changed(1, "Grünflächen und Straßen"), changed(0, "netz-2")).replace("\r\n", newline)
    part = sent("x.csv", content.encode(encoding), there, thread)
    assert part.records == 2
    assert codes(part) == []
    assert decode("x.csv", content.encode(encoding))[0].lstrip("\ufeff") == content


def test_what_dos_puts_at_the_end_is_nothing(there: Standing, thread: Executor) -> None:
    part = sent("x.csv", text(ROW).encode("cp850") + b"\x1a", there, thread)
    assert (part.records, codes(part)) == (1, [])


def test_rows_in_quotation_marks_are_rows(there: Standing, thread: Executor) -> None:
    wrapped = "\n".join(f'"{line}"' for line in text(ROW).split("\r\n") if line)
    part = sent("x.csv", wrapped.encode(), there, thread)
    assert (part.records, codes(part)) == (1, [])


@pytest.mark.parametrize(
    "mark", ["\u200e", "\u202a", "\u2060", "\ufe0f", "\u00ad", "\ufeff", "\u200b", "\u00a0", "\u202f"]
)
@pytest.mark.parametrize("position", [0, 2, 4, 5, 6])
def test_what_nobody_sees_changes_nothing(mark: str, position: int, there: Standing, thread: Executor) -> None:
    marked = ROW[position] + mark if mark.isspace() else f"{mark}{ROW[position][:2]}{mark}{ROW[position][2:]}{mark}"
    part = sent("x.csv", text(changed(position, marked)).encode(), there, thread)
    assert (part.records, codes(part)) == (1, [])


@pytest.mark.parametrize(
    "heading", ["Titel\u00a0(deutsch)", "Titel\n(deutsch)", "Ti\u00adtel (deutsch)", "\u200bTitel (deutsch)"]
)
def test_headings_are_what_the_eye_sees(heading: str, there: Standing, thread: Executor) -> None:
    content = text(ROW).replace("Titel (deutsch)", f'"{heading}"', 1)
    assert codes(sent("x.csv", content.encode(), there, thread)) == []


@pytest.mark.parametrize("key", ["06 4 35 014", "06 435 014", "06435014\u00a0", "06\u202f435\u202f014"])
def test_keys_are_read_as_offices_print_them(key: str, there: Standing, thread: Executor) -> None:
    part = sent("x.csv", text(changed(2, key)).encode(), there, thread)
    assert "unknown-reference" not in codes(part)


@pytest.mark.parametrize(
    "error", ["#NV", "#WERT!", "#BEZUG!", "#DIV/0!", "#NAME?", "#REF!", "#N/A", "########", "Err:502"]
)
@pytest.mark.parametrize("position", [1, 3, 6])
def test_error_values_as_text_are_told(error: str, position: int, there: Standing, thread: Executor) -> None:
    part = sent("x.csv", text(changed(position, error)).encode(), there, thread)
    found = [(f.code, f.row, f.column) for f in part.findings if f.code == "cell-error"]
    assert found == [("cell-error", 2, "ABCDEFGHI"[position])]


def test_a_second_heading_is_told_once(there: Standing, thread: Executor) -> None:
    content = text(ROW) + text(changed(0, "netz-2"))
    part = sent("x.csv", content.encode(), there, thread)
    assert codes(part) == ["stray-row"]
    assert part.records == 2


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [("2024-09-03T22:00:00Z", "2024-09-04"), ("2024-01-31T23:00:00.000Z", "2024-02-01"),
     ("2024-09-04T00:00:00+02:00", "2024-09-04"),
     ("20240904", "2024-09-04"), ("2024.09.04", "2024-09-04"), ("Sep 24", None), ("Mrz. 25", None), ("Dec-23", None),
     ("16.07.1905", None), ("04.09.0204", None), ("99991231", None)],
)  # fmt: skip
def test_a_date_is_certain_or_only_said(written: str, suggestion: str | None) -> None:
    assert suggestions.repair(written, BEGIN).suggestion == suggestion


@pytest.mark.parametrize(("written", "meant"), [("Sep 24", "2024-09"), ("Mrz. 25", "2025-03"), ("16.07.1905", "2024")])
def test_what_is_likely_is_said(written: str, meant: str) -> None:
    hint = suggestions.repair(written, BEGIN).hint
    assert hint is not None
    assert meant in hint["de"]
    assert meant in hint["en"]


def test_libreoffice_shows_a_month(there: Standing, thread: Executor) -> None:
    style = (
        '<number:date-style style:name="N1"><number:month number:textual="true"/><number:year/></number:date-style>'
        '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'
    )
    cell = '<table:table-cell table:style-name="ce1" office:value-type="date" office:date-value="2026-12-31"/>'
    # As a day, it would come after the end.
    assert codes(sent("x.ods", ods(cell, style), there, thread)) == []
    assert codes(sent("x.ods", ods(cell), there, thread)) == ["shape-sparql"]


def test_errors_and_hidden_rows_of_libreoffice_are_told(there: Standing, thread: Executor) -> None:
    kind = 'table:formula="of:=1/0" office:value-type="string" calcext:value-type="error"'
    cell = f"<table:table-cell {kind}><text:p>#DIV/0!</text:p></table:table-cell>"
    part = sent("x.ods", ods(cell, row='table:visibility="filter"'), there, thread)
    assert {("cell-error", 2, "G"), ("hidden-rows", 2, None)} <= {(f.code, f.row, f.column) for f in part.findings}


def test_numbers_have_fifteen_digits_and_one_meaning() -> None:
    numbers = {
        434.99999999999994: "435",
        0.30000000000000004: "0.3",
        250.125: "250.1250",
        1e6: "1000000",
        1234.5: "1234.5",
    }
    assert {number: typed(number) for number in numbers} == numbers
    assert typed(dt.date(2024, 9, 4)) == "2024-09-04"


def test_a_workbook_is_found_by_its_relationships(there: Standing, thread: Executor) -> None:
    book = openpyxl.Workbook()
    for row in (HEAD, (*ROW, SOURCE)):
        book.active.append(row)  # type: ignore[union-attr]
    file = io.BytesIO()
    book.save(file)
    part = sent("x.xlsx", file.getvalue(), there, thread)
    assert (part.records, codes(part)) == (1, [])


def test_json_lines_are_a_list(there: Standing, thread: Executor) -> None:
    named = [dict(zip(HEAD, (*changed(0, f"netz-{n}"), SOURCE), strict=True)) for n in (1, 2)]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in named)
    part = sent("x.jsonl", lines.encode(), there, thread)
    assert part.records == 2
    assert [finding.code for finding in part.findings] == ["json-lines"]


def test_numbers_of_apple_are_told_by_name(there: Standing, thread: Executor) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Index/Document.iwa", b"x")
    part = sent("x.numbers", file.getvalue(), there, thread)
    assert codes(part) == ["file-numbers"]
    assert "Excel" in part.findings[0].message["de"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40))
def test_what_is_visible_stays(written: str) -> None:
    seen = visible(written)
    assert visible(seen) == seen
    letters = [char for char in written if unicodedata.category(char)[0] in "LN"]
    assert [char for char in plain(written) if unicodedata.category(char)[0] in "LN"] == letters
