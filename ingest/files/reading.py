"""Reads files as grids of text cells; detects their type from the content, not the name."""

from __future__ import annotations

from ingest.files import delimited, workbooks, xls
from ingest.files import json_objects as objects
from ingest.files.detection import Content, sniff
from ingest.files.grids import Grid, SheetLimits, check_size
from ingest.findings.findings import UnreadableError

_READERS = {
    "csv": delimited.read,
    "json": objects.read,
    "ods": workbooks.read_ods,
    "xls": xls.read,
    "xlsb": workbooks.read_xlsb,
    "xlsx": workbooks.read_xlsx,
}


def read(source: str, content: bytes, limits: SheetLimits) -> tuple[Content, list[Grid]]:
    """Detect the file type and read the sheets that are not empty.

    :param source: name of the file.
    :raises UnreadableError: it is no table, or damaged, protected, too large or not safe to open.
    """
    found = sniff(source, content)
    grids = [grid for grid in _READERS[found.name](source, content, limits) if grid.rows]
    if not grids:
        raise UnreadableError("file-empty", source)
    for grid in grids:
        check_size(source, len(grid.rows), sum(len(cells) for _, cells in grid.rows), limits)
    return found, grids
