"""Reads formulas, errors, hidden parts and formats of an Office Open XML workbook."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import IO
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ingest.files import archives as packages
from ingest.files.grids import SheetLimits
from ingest.files.number_formats import Shown, meaning
from ingest.files.sheet_notes import Notes
from ingest.findings.findings import Place, UnreadableError, column_position

_MOST_ROWS, _MOST_COLUMNS = 2**20, 2**14
_BUILT_IN: Mapping[int, Shown] = {9: "percent", 10: "percent", 17: "month"}


def notes(source: str, content: bytes, limits: SheetLimits) -> dict[str, Notes]:
    """Formulas, errors, hidden parts and formats of an Office Open XML workbook, by sheet name.

    :raises UnreadableError: a part is missing or no XML, or cells reach further than the limits.
    """
    try:
        with packages.opened(source, content) as archive:
            styles = _styles(archive)
            found = {}
            for name, path in _sheets(archive):
                scan = _Scan(styles)
                with archive.open(path) as part:
                    scan.read(part)
                if scan.area > limits.cells:
                    raise packages.too_wide(source, limits, scan.last)
                found[name] = scan.notes
            return found
    except (KeyError, ValueError, ParseError, DefusedXmlException, expat.ExpatError) as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


def _all(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if _local(element.tag) == name)


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Names of the worksheets and their files."""
    main = packages.main_part(archive)
    folder, _, file = main.rpartition("/")
    relations = fromstring(archive.read(f"{folder}/_rels/{file}.rels"))
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in _all(relations, "Relationship")
        if relation.get("Type", "").endswith("/worksheet")
    }
    for sheet in _all(fromstring(archive.read(main)), "sheet"):
        target = targets.get(_attribute(sheet, "id"))
        if target is not None:
            path = target.removeprefix("/") if target.startswith("/") else f"{folder}/{target}"
            yield _attribute(sheet, "name"), path


def _styles(archive: zipfile.ZipFile) -> dict[str, Shown]:
    """The cell styles that show percent, or a date without its day (ECMA-376 part 1, 18.8.30)."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    root = fromstring(archive.read("xl/styles.xml"))
    formats = {
        int(_attribute(item, "numFmtId")): meaning(_attribute(item, "formatCode")) for item in _all(root, "numFmt")
    }
    meanings = {**_BUILT_IN, **formats}
    formatted = [item for formats_of_cells in _all(root, "cellXfs") for item in _all(formats_of_cells, "xf")]
    styles = [int(_attribute(item, "numFmtId") or 0) for item in formatted]
    return {str(index): shown for index, number in enumerate(styles) if (shown := meanings.get(number))}


class _Scan:
    """One pass over the XML of a worksheet (ECMA-376 part 1, 18.3)."""

    def __init__(self, styles: Mapping[str, Shown]) -> None:
        self.notes = Notes()
        self.last: Place = (0, 0)
        self._first: Place = (_MOST_ROWS, _MOST_COLUMNS)
        self._styles = styles
        self._row = 0
        self._column = -1
        self._is_error = False
        self._shown: Shown | None = None
        self._text: list[str] | None = None
        self._in_cell = False

    @property
    def area(self) -> int:
        """Cells of the smallest rectangle with all values."""
        rows, columns = self.last[0] - self._first[0] + 1, self.last[1] - self._first[1] + 1
        return max(rows, 0) * max(columns, 0)

    def read(self, part: IO[bytes]) -> None:
        """Read the whole file.

        :raises expat.ExpatError: it is no XML.
        :raises ValueError: a reference is no cell.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._collect
        parser.ParseFile(part)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._in_cell = True
                self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
                self._is_error = attributes.get("t") == "e"
                self._shown = self._styles.get(attributes.get("s", ""))
            case "v" | "is" if self._in_cell:
                self._reach()
                if self._is_error:
                    self._text = []
            case "f" if self._in_cell:
                self._text = []
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._column = -1
                if attributes.get("hidden") in ("1", "true"):
                    self.notes.hidden_rows.append(self._row)
            case "col" if attributes.get("hidden") in ("1", "true"):
                last = min(int(attributes["max"]), _MOST_COLUMNS)
                self.notes.hidden_columns += range(int(attributes["min"]) - 1, last)

    def _reach(self) -> None:
        row, column = self._row, self._column
        if not (0 < row <= _MOST_ROWS and 0 <= column < _MOST_COLUMNS):
            raise ValueError(f"row {row}, column {column + 1}")
        self._first = min(row, self._first[0]), min(column, self._first[1])
        self.last = max(row, self.last[0]), max(column, self.last[1])
        if self._shown:
            self.notes.shown[row, column] = self._shown

    def _collect(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        # Extensions of the sheet, which come after all cells, have formulas of their own.
        self._in_cell = self._in_cell and name.rpartition(":")[2] != "c"
        if self._text is None:
            return
        text, self._text = "".join(self._text), None
        if name.rpartition(":")[2] == "f":
            self.notes.formulas[self._row, self._column] = text
        else:
            self.notes.errors[self._row, self._column] = text


def _column(reference: str) -> int:
    letters = reference.rstrip("0123456789").upper()
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        raise ValueError(reference)
    return column_position(letters)
