"""Findings: errors in a record or a file, with messages for the person who submitted it.

The kinds of finding are listed in ``kinds.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Severity = Literal["violation", "warning", "info"]
Text = Mapping[str, str]
Place = tuple[int, int]
"""A cell: its row as the spreadsheet program numbers it, and its column counted from 0."""

_UNSAID = {"hint_de": "", "hint_en": ""}


@dataclass(frozen=True)
class Kind:
    """One kind of finding; texts are German and English.

    :ivar code: stable identifier, e.g. ``type-decimal``.
    :ivar severity: ``violation`` withholds the record; ``warning`` and ``info`` do not. None if the shape determines
        it.
    :ivar title: short name.
    :ivar text: the message, with ``str.format`` placeholders; empty when the shape has it.
    :ivar right: description of a valid value, if none can be suggested.
    :ivar help: causes and corrections.
    """

    code: str
    severity: Severity | None
    title: Text
    text: Text
    right: Text
    help: Text

    @property
    def anchor(self) -> str:
        """Anchor of its explanation: in ``docs/findings.md``, and on the page ``findings`` of the service."""
        return f"findings#{self.code}"


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds of finding by their code."""
    listed = tomllib.loads(files(__package__).joinpath("kinds.toml").read_text(encoding="utf-8"))
    return {
        code: Kind(code, kind.get("severity"), kind["title"], kind.get("text", {}), kind.get("right", {}), kind["help"])
        for code, kind in listed.items()
    }


@dataclass(frozen=True)
class Finding:
    """An error or note at a place in a source.

    :ivar row: row as the spreadsheet program numbers it (RFC 7111: the header is row 1); None for the whole file.
    :ivar column: column letter; None when the column is absent or the whole row is meant.
    :ivar value: the value found; in a cell with several values, only the one concerned.
    :ivar suggestion: the right value, if it is certain; "" to empty the cell.
    :ivar record: IRI of the record, relative to ``{base}id/``, where known.
    :ivar path: IRI of the property, where known.
    :ivar shape: IRI of the shape that found it.
    :ivar node: in RDF, which has no rows: IRI of the node.
    """

    code: str
    severity: Severity
    message: Text
    source: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    header: str | None = None
    value: str | None = None
    suggestion: str | None = None
    record: str | None = field(default=None, repr=False)
    path: str | None = field(default=None, repr=False)
    shape: str | None = field(default=None, repr=False)
    node: str | None = None

    @property
    def place(self) -> Place | None:
        """The cell, if the finding is about one."""
        if self.row is None or self.column is None:
            return None
        return self.row, column_position(self.column)

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object, as ``/openapi.json`` describes it; one in RDF names its node and property."""
        document: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "source": self.source,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "header": self.header,
            "value": self.value,
            "message": dict(self.message),
            "suggestion": self.suggestion,
        }
        return document if self.node is None else {**document, "node": self.node, "property": self.path}


class UnreadableError(Exception):
    """A file cannot be read; the finding says why."""

    def __init__(self, code: str, source: str, **details: object) -> None:
        severity, text = message(code, **details)
        super().__init__(text["en"])
        self.finding = Finding(code=code, severity=severity, message=text, source=source)


def message(code: str, **details: object) -> tuple[Severity, Text]:
    """Severity and text of a kind of finding with its placeholders filled.

    :raises KeyError: no such kind, or a placeholder of its text is not given.
    """
    kind = kinds()[code]
    if kind.severity is None:
        raise KeyError(f"The severity of {code} is said by a shape.")
    rights = _rights(kind, details.get("suggestion"))
    filled = {**_UNSAID, **details}
    texts = {
        language: text.format(**filled, right=rights.get(language, "")).strip() for language, text in kind.text.items()
    }
    return kind.severity, texts


def _rights(kind: Kind, suggestion: object) -> Text:
    if suggestion is None:
        return kind.right
    return {"de": f"Richtig wäre: {suggestion}", "en": f"Right would be: {suggestion}"}


def column_letter(position: int) -> str:
    """Name of the column at a position counted from 0, as spreadsheet programs write it: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_position(letters: str) -> int:
    """Position of a column by its name: the inverse of :func:`column_letter`."""
    position = 0
    for letter in letters:
        position = 26 * position + ord(letter) - ord("A") + 1
    return position - 1


def cell_name(place: Place) -> str:
    """Name of a cell, such as ``C17``."""
    return f"{column_letter(place[1])}{place[0]}"
