"""Tables of a checked file, for pages."""

from __future__ import annotations

from typing import Any

from ingest.findings.findings import column_letter
from ingest.mapping.mapping import Bound
from ingest.pipeline.sources import SourcePart
from ingest.reports.document import document

_LONGEST = 300


def view(part: SourcePart, most: int) -> dict[str, Any]:
    """The report on a file (see :func:`ingest.reports.document.document`), with its name and its tables.

    :param most: maximum number of rows of a table; if there are more, those with findings come first.
    """
    return {
        **document(part),
        "source": part.source,
        "label": dict(part.record_type.label) if part.record_type else None,
        "tables": [_table(part, bound, most) for bound in part.tables],
    }


def _table(part: SourcePart, bound: Bound, most: int) -> dict[str, Any]:
    table = bound.table
    noted = {finding.row for finding in part.findings if finding.sheet == table.sheet}
    rows = table.rows()
    if len(rows) > most:
        told = [row for row in rows if row in noted][:most]
        others = [row for row in rows if row not in noted][: most - len(told)]
        rows = sorted([*told, *others])
    return {
        "sheet": table.sheet,
        "header_row": table.header_row,
        "records": len(table.cells),
        "columns": [
            {"letter": column_letter(position), "header": header, "known": position in bound.columns}
            for position, header in enumerate(table.headers)
        ],
        "rows": [
            {"row": row, "cells": [_short(table.cell(row, position)) for position in range(len(table.headers))]}
            for row in rows
        ],
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
