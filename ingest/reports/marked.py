"""Writes the submitted workbook with wrong cells coloured, a comment in each, and a sheet that lists them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook import Workbook

from ingest.checking import returned_workbooks as originals
from ingest.files import output
from ingest.files import reading as files
from ingest.files.grids import SheetLimits
from ingest.findings.findings import Finding, Severity, Text, column_position
from ingest.pipeline.sources import SourcePart
from ingest.reports.counted import counted

AUTHOR: Final = "Smarte Region Hessen"
_SUMMARY: Final = "Prüfbericht"
_TITLE: Final = "Prüfbericht / validation report"
_SEVERITIES: Final[dict[Severity, tuple[str, str]]] = {
    "violation": ("Fehler / error", "FFC7CE"),
    "warning": ("Warnung / warning", "FFEB9C"),
    "info": ("Hinweis / note", "DDEBF7"),
}
_HEADINGS: Final = (
    ("Schwere / severity", 18), ("Blatt / sheet", 16), ("Zelle / cell", 10), ("Überschrift / header", 24),
    ("Wert / value", 28), ("Meldung", 70), ("Message", 70), ("Vorschlag / suggestion", 24), ("Code", 22),
)  # fmt: skip
_CHARACTERS_OF_A_LINE: Final = 45


def marked(part: SourcePart, content: bytes, limits: SheetLimits) -> bytes:
    """The workbook with its findings, as XLSX; see :mod:`ingest.checking.returned_workbooks` for other changes.

    :param part: the file and its findings.
    :raises UnreadableError: the file is no table.
    """
    originals.require_table(part)
    kind, grids = files.read(part.source, content, limits)
    book = originals.load(content, grids, kind.name)
    _remove_marks(book)
    shift = grids[0].shift
    cells: dict[tuple[str, int, int], list[Finding]] = defaultdict(list)
    for finding in part.findings:
        if finding.row is not None:
            column = column_position(finding.column) + 1 if finding.column else 1
            cells[finding.sheet or book.sheetnames[0], finding.row + shift, column].append(finding)
    for (sheet, row, column), findings in cells.items():
        _mark(_cell(book[sheet], row, column), findings)
    _summarise(book, part, originals.lost(content, kind.name), shift)
    return output.save(book)


def _remove_marks(book: Workbook) -> None:
    """Remove the summary, colours and comments of an earlier check."""
    summaries = [sheet for sheet in book.worksheets if sheet["A1"].value == _TITLE]
    for summary in summaries:
        book.remove(summary)
    for cell in (cell for sheet in book.worksheets if summaries for row in sheet.iter_rows() for cell in row):
        if cell.comment and cell.comment.author == AUTHOR:
            cell.comment = None
            cell.fill = PatternFill()


def _cell(sheet: Any, row: int, column: int) -> Any:
    """A cell; for merged cells the first one, the only one that can be changed."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for area in sheet.merged_cells.ranges:
            if cell.coordinate in area:
                return sheet.cell(area.min_row, area.min_col)
    return cell


def _mark(cell: Any, findings: list[Finding]) -> None:
    worst = next(severity for severity in _SEVERITIES if any(finding.severity == severity for finding in findings))
    cell.fill = PatternFill("solid", _SEVERITIES[worst][1])
    before = [cell.comment.text] if cell.comment else []
    told = [f"{finding.message['de']}\n\n{finding.message['en']}" for finding in findings]
    text = "\n\n".join([*before, *told])
    lines = sum(-(-len(line) // _CHARACTERS_OF_A_LINE) or 1 for line in text.split("\n"))
    comment = Comment(output.printable(text), AUTHOR)
    comment.width, comment.height = 340, min(20 + 18 * lines, 600)
    cell.comment = comment


def _summarise(book: Workbook, part: SourcePart, lost: Text | None, shift: int) -> None:
    sheet = book.create_sheet(_SUMMARY, 0)
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    book.active = 0
    sheet["A1"] = _TITLE
    sheet["A1"].font = Font(bold=True, size=14)
    output.write_text(sheet["A2"], _counts(part))
    if lost is not None:
        output.write_text(sheet["A3"], f"Nicht übernommen: {lost['de']} / not carried over: {lost['en']}")
    for column, (heading, width) in enumerate(_HEADINGS, start=1):
        cell = sheet.cell(5, column, heading)
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    for row, finding in enumerate(part.findings, start=6):
        _write_line(book, sheet, row, finding, shift)
    sheet.freeze_panes = "A6"


def _counts(part: SourcePart) -> str:
    findings = part.findings
    counts = [counted(sum(finding.severity == severity for finding in findings), severity) for severity in _SEVERITIES]
    kind = f"{part.record_type.label['de']} / {part.record_type.label['en']}" if part.record_type else ""
    return "; ".join(filter(None, (part.source, kind, counted(part.records, "record"), *counts)))


def _write_line(book: Workbook, sheet: Any, row: int, finding: Finding, shift: int) -> None:
    label, colour = _SEVERITIES[finding.severity]
    place = f"{finding.column or ''}{finding.row or ''}"
    texts = (
        label, finding.sheet, place, finding.header, finding.value, finding.message["de"], finding.message["en"],
        _suggestion(finding), finding.code,
    )  # fmt: skip
    for column, text in enumerate(texts, start=1):
        cell = sheet.cell(row, column)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if text:
            output.write_text(cell, text)
    sheet.cell(row, 1).fill = PatternFill("solid", colour)
    if finding.row and place:
        target = (finding.sheet or book.sheetnames[1]).replace("'", "''")
        link = sheet.cell(row, 3)
        link.hyperlink = f"#'{target}'!{finding.column or 'A'}{finding.row + shift}"
        link.font = Font(underline="single", color="0B4A8F")


def _suggestion(finding: Finding) -> str | None:
    return "(leer / empty)" if finding.suggestion == "" else finding.suggestion
