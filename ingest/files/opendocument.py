"""What values do not tell of an OpenDocument spreadsheet: formulas, errors, hidden parts, formats, and its size."""

from __future__ import annotations

import re
from typing import IO, Final
from xml.parsers import expat

from ingest.files import archives as packages
from ingest.files.grids import SheetLimits
from ingest.files.number_formats import Shown
from ingest.files.sheet_notes import Notes
from ingest.findings.findings import Place, UnreadableError

_HIDDEN: Final = ("collapse", "filter")
_ERROR: Final = re.compile(r"#[^\s]+[!?]?|(?:Err|Fehler):\d+")
_MOST_NOTED: Final = 2**20


def notes(source: str, content: bytes, limits: SheetLimits) -> dict[str, Notes]:
    """Formulas, errors, hidden parts and formats, by sheet name; how far cells reach is looked at, too.

    One element may stand for many rows or columns.

    :raises UnreadableError: cells reach further than the limits; or the content is missing or no XML.
    """
    scan = _ContentScan()
    try:
        with packages.opened(source, content) as archive:
            for name in ("styles.xml", "content.xml"):
                if name == "content.xml" or name in archive.namelist():
                    with archive.open(name) as part:
                        scan.read(part)
    except (KeyError, ValueError, expat.ExpatError) as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    if scan.area > limits.cells:
        raise packages.too_wide(source, limits, scan.last)
    return scan.notes


class _ContentScan:
    """One pass over the styles and the content of an OpenDocument spreadsheet (ODF 1.3 part 3, 9.1 and 16.29)."""

    def __init__(self) -> None:
        self.notes: dict[str, Notes] = {}
        self.area = 0
        self.last: Place = (0, 0)
        self._sheet = Notes()
        self._row = self._column = self._wide = self._widest = self._header = 0
        self._rows = self._columns = 1
        self._formats: dict[str, Shown] = {}
        self._cells: dict[str, Shown] = {}
        self._format = ""
        self._parts: set[str] = set()
        self._text: list[str] | None = None
        self._may_be_error = False

    def read(self, part: IO[bytes]) -> None:
        """Read a whole file.

        :raises expat.ExpatError: it is no XML.
        :raises ValueError: a repetition is no number.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._collect
        parser.ParseFile(part)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "date-style" | "percentage-style":
                self._format, self._parts = attributes.get("style:name", ""), set()
            case ("day" | "day-of-week" | "month" | "year") as shown:
                self._parts.add(shown)
            case "style" if attributes.get("style:data-style-name") in self._formats:
                self._cells[attributes["style:name"]] = self._formats[attributes["style:data-style-name"]]
            case "table":
                self._row = self._widest = self._header = 0
                self._sheet = self.notes[attributes.get("table:name", "")] = Notes()
            case "table-column":
                count = int(attributes.get("table:number-columns-repeated", 1))
                if attributes.get("table:visibility") in _HIDDEN and count < 2**14:
                    self._sheet.hidden_columns += range(self._header, self._header + count)
                self._header += count
            case "table-row":
                self._rows = int(attributes.get("table:number-rows-repeated", 1))
                self._column = self._wide = 0
                if attributes.get("table:visibility") in _HIDDEN and self._rows < _MOST_NOTED:
                    self._sheet.hidden_rows += range(self._row + 1, self._row + self._rows + 1)
            case "table-cell" | "covered-table-cell":
                self._cell(attributes)

    def _cell(self, attributes: dict[str, str]) -> None:
        self._columns = int(attributes.get("table:number-columns-repeated", 1))
        place = (self._row + 1, self._column)
        self._column += self._columns
        kind = attributes.get("office:value-type")
        if kind is not None:
            self._wide = self._column
        formula = attributes.get("table:formula", "").partition(":=")[2]
        if formula and self._columns == 1:
            self._sheet.formulas[place] = formula
        shown = "percent" if kind == "percentage" else self._cells.get(attributes.get("table:style-name", ""))
        if kind in ("percentage", "date") and shown and self._columns < 2**14:
            for offset in range(self._columns):
                self._sheet.shown[place[0], place[1] + offset] = shown
        self._may_be_error = bool(formula) or attributes.get("calcext:value-type") == "error"
        self._text = [] if self._may_be_error else None

    def _collect(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "date-style":
                if "year" in self._parts and not self._parts & {"day", "day-of-week"}:
                    self._formats[self._format] = "month" if "month" in self._parts else "year"
            case "percentage-style":
                self._formats[self._format] = "percent"
            case "table-cell" if self._text is not None:
                text = "".join(self._text).strip()
                if _ERROR.fullmatch(text):
                    self._sheet.errors[self._row + 1, self._column - self._columns] = text
                self._text = None
            case "table-row":
                self._row += self._rows
                if self._wide:
                    self._widest = max(self._wide, self._widest)
                    if self._row * self._widest > self.area:
                        self.area, self.last = self._row * self._widest, (self._row, self._widest - 1)
