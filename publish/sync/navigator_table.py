"""The Navigator profile as a table: CSV, XLSX, and the properties in GeoJSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]

from publish.formats.by_moment import Incremental
from publish.releases.contents.sync import Cut, CutSection
from publish.sync.navigator import Row

_SHEET: Final = "xl/worksheets/sheet1.xml"
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_LONGEST_CELL: Final = 32767  # ECMA-376 as Excel applies it
_CREATED: Final = dt.datetime(1980, 1, 1)
_WIDTH: Final = 24

Cell = str | int | float | bool | None


def flat(row: Row) -> dict[str, Cell]:
    """A project as cells of a table; several values are separated by ``; ``."""
    return {name: column(row) for name, column in COLUMNS.items()}


def write_csv(document: Incremental, rows: list[Row]) -> None:
    """Write RFC 4180 with LF; text that a spreadsheet program would treat as a formula begins with an apostrophe."""
    document.fixed(_csv_line(list(COLUMNS)))
    document.entries((row["modified"], _csv_line([_harmless(value) for value in flat(row).values()])) for row in rows)


def _csv_line(values: list[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


def _harmless(value: Cell) -> Any:
    """https://owasp.org/www-community/attacks/CSV_Injection"""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def write_workbook(path: Path, rows: list[Row]) -> dict[str, list[CutSection]]:
    """Write a workbook with one table; texts are text cells, so the file contains no formulas or links.

    :returns: the sections of the part of the package that holds the table, by its name.
    """
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    workbook.set_properties({"created": _CREATED})
    bold = workbook.add_format({"bold": True})
    sheet = workbook.add_worksheet("projects")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, _WIDTH)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(flat(row).values()):
            match value:
                case bool():
                    sheet.write_boolean(number, column, value)
                case int() | float():
                    sheet.write_number(number, column, value)
                case str():
                    sheet.write_string(number, column, value[:_LONGEST_CELL])
    workbook.close()
    return {_SHEET: _sheet_sections(path, [row["modified"] for row in rows])}


def _sheet_sections(workbook: Path, moments: list[str]) -> list[CutSection]:
    """Positions for cutting the sheet: after each row, without its optional dimension, which would be wrong."""
    with zipfile.ZipFile(workbook) as package:
        sheet = package.read(_SHEET)
    dimension = re.search(rb"<dimension [^>]*/>", sheet)
    start, end = dimension.span() if dimension else (0, 0)
    ends = [found.end() for found in re.finditer(rb"</row>", sheet)]
    # If several rows have the same moment, the last one counts.
    cuts = [Cut(moment=moment, end=place) for moment, place in dict(zip(moments, ends[1:], strict=True)).items()]
    return [
        CutSection(start=0, end=start, cuts=None),
        CutSection(start=end, end=ends[0], cuts=None),
        CutSection(start=ends[0], end=ends[-1], cuts=cuts),
        CutSection(start=ends[-1], end=len(sheet), cuts=None),
    ]


def _lead(row: Row, key: str) -> Cell:
    members = [*row["places"], *row["organisations"]]
    found: Cell = next((member.get(key) for member in members if member["role"] == "lead"), None)
    return found


def _partners(row: Row, key: str) -> Cell:
    return _joined(member.get(key) for member in (*row["places"], *row["organisations"]) if member["role"] == "partner")


def _joined(values: Iterable[Any]) -> Cell:
    return "; ".join(str(value) for value in values if value) or None


def _german(concepts: Iterable[Row]) -> Cell:
    return _joined(concept["name"]["de"] for concept in concepts)


def _bitkom(row: Row) -> Iterable[Row]:
    """The Bitkom fields of a row, each once: two fields of action may be close to the same one."""
    return {match["id"]: match for field in row["fields"] for match in field["bitkom"]}.values()


COLUMNS: Final[dict[str, Callable[[Row], Cell]]] = {
    "id": lambda row: row["id"],
    "url": lambda row: row["url"],
    "identifier": lambda row: row["identifier"],
    "title_de": lambda row: row["title"].get("de"),
    "title_en": lambda row: row["title"].get("en"),
    "description_de": lambda row: (row["description"] or {}).get("de"),
    "description_en": lambda row: (row["description"] or {}).get("en"),
    "lead": lambda row: _lead(row, "name"),
    "lead_id": lambda row: _lead(row, "id"),
    "lead_ags": lambda row: _lead(row, "ags"),
    "lead_ars": lambda row: _lead(row, "ars"),
    "lead_nuts": lambda row: _lead(row, "nuts"),
    "longitude": lambda row: row["coordinates"][0] if row["coordinates"] else None,
    "latitude": lambda row: row["coordinates"][1] if row["coordinates"] else None,
    "partners": lambda row: _partners(row, "name"),
    "partner_ags": lambda row: _partners(row, "ags"),
    "further_partners": lambda row: row["furtherPartners"],
    "fields": lambda row: _german(row["fields"]),
    "field_notations": lambda row: _joined(field["notation"] for field in row["fields"]),
    "bitkom_fields": lambda row: _german(_bitkom(row)),
    "status": lambda row: row["status"]["name"]["de"] if row["status"] else None,
    "status_notation": lambda row: row["status"]["notation"] if row["status"] else None,
    "start": lambda row: row["start"],
    "end": lambda row: row["end"],
    "amount": lambda row: row["funding"]["amount"],
    "currency": lambda row: row["funding"]["currency"],
    "amount_complete": lambda row: row["funding"]["complete"],
    "amount_approximate": lambda row: row["funding"]["approximate"],
    "grants": lambda row: _joined(grant["id"] for grant in row["funding"]["grants"]),
    "programmes": lambda row: _joined(
        dict.fromkeys(grant["programme"]["title"]["de"] for grant in row["funding"]["grants"] if grant["programme"])
    ),
    "homepage": lambda row: row["homepage"],
    "sources": lambda row: _joined(row["sources"]),
    "licence": lambda row: row["licence"],
    "issued": lambda row: row["issued"],
    "modified": lambda row: row["modified"],
}
"""The columns of CSV, XLSX and GeoJSON, in this order."""
