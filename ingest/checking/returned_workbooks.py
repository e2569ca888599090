"""Opens submitted workbooks to return copies of them.

openpyxl keeps sheets, styles, widths, comments and charts of the usual kinds. It loses pictures, shapes and
features of newer programs (such as slicers). We remove macros and links to other workbooks, and replace formulas by
their stored results: files that we return contain no formulas.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from typing import Any, Final

import openpyxl
from openpyxl.cell import MergedCell
from openpyxl.workbook import Workbook

from ingest.checking.rdf_files import GraphPart
from ingest.files import output
from ingest.files.grids import Grid
from ingest.findings.findings import Text, UnreadableError
from ingest.pipeline.sources import SourcePart

_REFERENCE: Final = re.compile(r"(?:'[^']+'|[\w.]+)!\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?")
_LOST: Final[tuple[tuple[str, Text], ...]] = (
    ("xl/vbaProject", {"de": "Makros", "en": "macros"}),
    ("xl/media/", {"de": "Bilder", "en": "pictures"}),
    ("xl/externalLinks/", {"de": "Verknüpfungen mit anderen Mappen", "en": "links to other workbooks"}),
    ("xl/slicers/", {"de": "Datenschnitte", "en": "slicers"}),
    ("xl/ctrlProps/", {"de": "Formularfelder", "en": "form controls"}),
)


def require_table(part: SourcePart) -> None:
    """Refuse a file that is not a table.

    :raises UnreadableError: the file is RDF, which has no cells.
    """
    if isinstance(part, GraphPart):
        raise UnreadableError("file-kind", part.source, kind_de="ein RDF-Dokument", kind_en="an RDF document")


def load(content: bytes, grids: Sequence[Grid], kind: str) -> Workbook:
    """Open the workbook of a file; for other formats than XLSX make a new one with the same texts.

    :param grids: the sheets as they were read.
    :param kind: type of the file, see :class:`ingest.files.detection.Content`.
    """
    if kind != "xlsx":
        return _copy(grids)
    try:
        with warnings.catch_warnings():
            # lost() lists what openpyxl cannot keep.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    except Exception:  # noqa: BLE001 - openpyxl raises whatever its code meets; the texts were readable all the same
        return _copy(grids)
    for name in [name for name, defined in book.defined_names.items() if not _REFERENCE.fullmatch(defined.attr_text)]:
        del book.defined_names[name]
    for grid in grids:
        if grid.sheet is not None:
            _show_formulas(book[grid.sheet], grid)
    return book


def _copy(grids: Sequence[Grid]) -> Workbook:
    book = output.new_workbook()
    for grid in grids:
        sheet = book.create_sheet(grid.sheet or "Tabelle")
        for number, cells in grid.rows:
            for column, text in enumerate(cells, start=1):
                if text:
                    output.write_text(sheet.cell(number + grid.shift, column), text)
    return book


def _show_formulas(sheet: Any, grid: Grid) -> None:
    """Formulas without a stored result stay readable, as text."""
    for (row, position), formula in grid.formulas.items():
        cell = sheet.cell(row, position + 1)
        if cell.value is None and formula and not isinstance(cell, MergedCell):
            output.write_text(cell, f"={formula}")


def lost(content: bytes, kind: str) -> Text | None:
    """Describe what a returned workbook lacks; None if it lacks nothing."""
    if kind != "xlsx":
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    found = [label for start, label in _LOST if any(name.startswith(start) for name in names)]
    if not found:
        return None
    return {language: ", ".join(label[language] for label in found) for language in ("de", "en")}
