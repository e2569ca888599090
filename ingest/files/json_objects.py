"""JSON: a list of objects as a grid; also JSON-LD documents with our context."""

from __future__ import annotations

import json
from typing import Any

from ingest.files.delimited import decode
from ingest.files.grids import Grid, SheetLimits, check_size, typed
from ingest.findings.findings import UnreadableError

_NESTED = "zu tief geschachtelt / nested too deeply"
_NO_LIST = "Liste von Objekten / list of objects"


def read(source: str, content: bytes, limits: SheetLimits) -> list[Grid]:
    """Read the grid of a JSON document; rows are numbered from 1, the header is row 0.

    :raises UnreadableError: it is no list of objects.
    """
    try:
        document, lines = _parsed(decode(source, content)[0])
    except ValueError as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    except RecursionError:
        raise UnreadableError("file-unreadable", source, detail=_NESTED) from None
    objects = document.get("@graph") if isinstance(document, dict) else document
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise UnreadableError("file-unreadable", source, detail=_NO_LIST)
    # A list of values becomes several columns of the same name, in any order.
    widths: dict[str, int] = {}
    for item in objects:
        for key, value in item.items():
            if not key.startswith("@"):
                widths[key] = max(widths.get(key, 1), len(value) if isinstance(value, list) else 1)
    check_size(source, len(objects), len(objects) * sum(widths.values()), limits)
    headers = [key for key, width in widths.items() for _ in range(width)]
    rows = [(0, headers)] if headers else []
    for number, item in enumerate(objects, start=1):
        cells: list[str] = []
        for key, width in widths.items():
            value = item.get(key)
            values = [_text(entry) for entry in (value if isinstance(value, list) else [value])]
            cells += values + [""] * (width - len(values))
        if any(cell.strip() for cell in cells):
            rows.append((number, cells))
    return [Grid(None, rows, lines=lines)]


def _parsed(text: str) -> tuple[Any, bool]:
    """A JSON document, or JSON Lines (https://jsonlines.org): one object a line; and whether it is the latter."""
    try:
        return json.loads(text), False
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
            raise
        return [json.loads(line) for line in lines], True


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        named = value.get("id", value.get("@id", value.get("@value")))
        return _text(named) if named is not None else json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else typed(value)
