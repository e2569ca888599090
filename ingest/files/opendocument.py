"""Checks the range of cells of an OpenDocument spreadsheet."""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

from ingest.files import archives as packages
from ingest.files.grids import SheetLimits
from ingest.findings.findings import Place, UnreadableError


def check_repetitions(source: str, content: bytes, limits: SheetLimits) -> None:
    """Check the range of cells of an OpenDocument spreadsheet: one element may represent many rows or columns.

    :raises UnreadableError: further than the limits; or the content is missing or no XML.
    """
    scan = _Repetitions()
    try:
        with packages.opened(source, content) as archive, archive.open("content.xml") as part:
            scan.read(part)
    except (KeyError, ValueError, expat.ExpatError) as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    if scan.area > limits.cells:
        raise packages.too_wide(source, limits, scan.last)


class _Repetitions:
    """One pass over the content of an OpenDocument spreadsheet (ODF 1.3 part 3, 9.1)."""

    def __init__(self) -> None:
        self.area = 0
        self.last: Place = (0, 0)
        self._row = self._column = self._wide = self._widest = 0
        self._rows = self._columns = 1

    def read(self, part: IO[bytes]) -> None:
        """Read the whole file.

        :raises expat.ExpatError: it is no XML.
        :raises ValueError: a repetition is no number.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.ParseFile(part)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "table":
                self._row = self._widest = 0
            case "table-row":
                self._rows = int(attributes.get("table:number-rows-repeated", 1))
                self._column = self._wide = 0
            case "table-cell" | "covered-table-cell":
                self._columns = int(attributes.get("table:number-columns-repeated", 1))
                self._column += self._columns
                if "office:value-type" in attributes:
                    self._wide = self._column

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] == "table-row":
            self._row += self._rows
            if self._wide:
                self._widest = max(self._wide, self._widest)
                if self._row * self._widest > self.area:
                    self.area, self.last = self._row * self._widest, (self._row, self._widest - 1)
