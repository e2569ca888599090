"""Reading tables: delimiter, encoding, kind of file, and the row numbers people see."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import openpyxl
import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdfTable
from odf.table import TableCell, TableRow
from odf.text import P

from ingest.findings.findings import UnreadableError
from ingest.tables.tables import Table, read

HEADER = ["Kennung", "Titel (deutsch)", "Förderbetrag"]
ROWS = [["a-1", "Straße; grün", "1.200,50"], ["007", "Zwei\nZeilen", ""]]


def csv_text(delimiter: str) -> str:
    quoted = [[f'"{cell}"' for cell in row] for row in [HEADER, *ROWS]]
    return "\r\n".join(delimiter.join(row) for row in quoted) + "\r\n"


def only(path: Path) -> Table:
    (table,) = read(path)
    return table


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
def test_csv_in_every_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(csv_text(delimiter).encode(encoding))
    table = only(path)
    assert list(table.headers) == HEADER
    assert table.cells.to_numpy().tolist() == ROWS
    assert table.rows() == [2, 3]
    noted = [finding.code for finding in table.findings]
    assert noted == ([] if encoding.startswith("utf-8") else ["encoding"])


def test_rows_keep_their_numbers_past_blank_rows_and_a_late_header(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text("\n,,\nKennung,Titel\n\na,1\n , \nb,2\n", encoding="utf-8")
    table = only(path)
    assert table.header_row == 3
    assert table.rows() == [5, 7]


def test_surplus_cells_are_told_and_nothing_moves(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text("Kennung,Titel\na,1,und noch mehr\nb,2,\n", encoding="utf-8")
    table = only(path)
    assert [(f.code, f.row) for f in table.findings] == [("surplus-cells", 2)]
    assert table.column(1) == ["1", "2"]


def test_xlsx_with_typed_cells_and_two_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Projekte"
    sheet.append(["Kennung", "Zahl", "Datum", "Ja", "Schlüssel"])
    sheet.append(["a", 1200000, dt.date(2024, 9, 4), True, "06415000"])
    sheet.append(["b", 0.5, dt.datetime(2024, 9, 4, 12, 30), False, None])
    book.create_sheet("Leer")
    book.create_sheet("Hinweise").append(["nur Text"])
    path = tmp_path / "records.xlsx"
    book.save(path)
    tables = read(path)
    assert [table.sheet for table in tables] == ["Projekte", "Hinweise"]
    assert tables[0].cells.to_numpy().tolist() == [
        ["a", "1200000", "2024-09-04", "ja", "06415000"],
        ["b", "0.5", "2024-09-04T12:30:00", "nein", ""],
    ]
    assert tables[0].rows() == [2, 3]


def test_ods(tmp_path: Path) -> None:
    document = OpenDocumentSpreadsheet()
    sheet = OdfTable(name="Projekte")
    for row in [HEADER, *ROWS]:
        line = TableRow()
        for text in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=text.replace("\n", " ")))
            line.addElement(cell)
        sheet.addElement(line)
    document.spreadsheet.addElement(sheet)
    path = tmp_path / "records.ods"
    document.save(str(path))
    table = only(path)
    assert list(table.headers) == HEADER
    assert table.column(0) == ["a-1", "007"]


def test_json_lists_become_several_columns_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(
        json.dumps([{"identifier": "a", "title_de": ["Eins", "Zwei"]}, {"identifier": "b", "approximate": True}]),
        encoding="utf-8",
    )
    table = only(path)
    assert table.headers == ("identifier", "title_de", "title_de", "approximate")
    assert table.cells.to_numpy().tolist() == [["a", "Eins", "Zwei", ""], ["b", "", "", "ja"]]
    assert table.rows() == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "file-empty"),
        ("blank.csv", b"\n\n;;\n", "file-empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file-kind"),
        ("letter.xlsx", b"%PDF-1.7\n", "file-kind"),
        ("zip.xlsx", b"PK\x05\x06" + bytes(18), "file-archive"),
        ("number.json", b"17", "file-unreadable"),
        ("broken.json", b"[{", "file-unreadable"),
        ("no-german-in-any-encoding.csv", b"Kennung;Titel\na;\x81\x8d\x9d\n", "file-unreadable"),
    ],
)
def test_files_that_are_no_tables_are_refused_in_words(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as refused:
        read(path)
    assert refused.value.finding.code == code
    assert refused.value.finding.source == name


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(tmp_path / "gone.csv")
    assert refused.value.finding.code == "file-missing"
