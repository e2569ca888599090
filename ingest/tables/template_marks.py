"""The mark of a template: a hidden sheet that names record type and version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.files.grids import Grid
from ingest.model import RecordType, record_types

SHEET: Final = "smartregion"


@dataclass(frozen=True)
class Mark:
    """Record type and version of a template.

    :ivar record_type: name of the record type.
    :ivar version: see :func:`version`.
    :ivar sheet: name of the sheet for the records.
    """

    record_type: str
    version: str
    sheet: str

    def rows(self) -> list[tuple[str, str]]:
        """The rows of the hidden sheet."""
        return [("template", self.record_type), ("version", self.version), ("sheet", self.sheet)]

    @property
    def is_outdated(self) -> bool:
        """Whether the columns of the record type have changed since."""
        return self.version != version({each.name: each for each in record_types().values()}[self.record_type])


def version(record_type: RecordType) -> str:
    """Hash of the inputs of a template: the columns, their names, value lists and formats."""
    columns = [
        [column.term, dict(column.name), column.kind, column.many, column.required, column.options, column.pattern]
        for column in record_type.columns
    ]
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()[:12]


def find(grids: Sequence[Grid]) -> Mark | None:
    """The mark of a workbook, if it has one."""
    for grid in grids:
        if grid.sheet == SHEET and not grid.visible:
            said = {cells[0]: cells[1] for _, cells in grid.rows if len(cells) > 1}
            mark = Mark(said.get("template", ""), said.get("version", ""), said.get("sheet", ""))
            if mark.record_type in {each.name for each in record_types().values()}:
                return mark
    return None
