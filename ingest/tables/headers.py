"""Finds the header row of a grid, the fields of its headings, and the record type of a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from ingest.files.grids import Grid
from ingest.model import Field, RecordType, record_types
from ingest.references import normalise

_FIRST_ROWS = 30
"""Number of rows that are searched for the header."""
_ALIKE = 88.0
"""Minimum similarity, of 100, of a heading with a typing error."""
_ADDITION = re.compile(r"\((?:deutsch|German|in )?\s*(?:€|EUR|Euro|%|km²|Pflicht(?:feld)?|optional|mandatory)?\)", re.I)
_BESIDE = " (Name)"
_MARKS = re.compile(r"[*:¹²]+$")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Header:
    """The header of a grid.

    :ivar first: number of its first row.
    :ivar last: number of its last row; records follow.
    :ivar names: headings in order, "" where there is none.
    """

    first: int
    last: int
    names: tuple[str, ...]


def fold(heading: str) -> str:
    """A heading without case, spacing, dots, marks of mandatory columns, and with umlauts spelt out."""
    return normalise(_MARKS.sub("", heading.strip())).translate(_UMLAUTS)


def fields(record_type: RecordType) -> Mapping[str, Field]:
    """The columns of a record type by each accepted heading: term, German or English name, normalised."""
    return _fields(record_type.shape)


@cache
def _fields(shape: str) -> Mapping[str, Field]:
    record_type = record_types()[shape]
    found: dict[str, Field] = {}
    for column in record_type.columns:
        for name in (column.term, *column.name.values()):
            found.setdefault(fold(name), column)
    for column in record_type.columns:
        for name in column.name.values():
            found.setdefault(fold(_ADDITION.sub("", name)), column)
    return found


def recognise(heading: str, record_type: RecordType, column_map: Mapping[str, str]) -> Field | None:
    """The field of a heading.

    :param column_map: heading in the file to term, where the source uses other headings.
    """
    known = fields(record_type)
    wanted = column_map.get(heading, heading)
    return known.get(fold(wanted)) or known.get(fold(_ADDITION.sub("", wanted)))


def beside(column: Field, language: str = "de") -> str | None:
    """The heading of the column of names beside a column of keys; None if the column needs no names."""
    return f"{column.name[language]}{_BESIDE}" if column.kind in ("reference", "concept") else None


def is_beside(heading: str, columns: Collection[Field]) -> bool:
    """Whether a column only contains the names of keys in another one, as in our own CSV dumps.

    :param columns: the fields that the table has columns for.
    """
    names = (beside(column, language) for column in columns for language in column.name)
    return fold(heading) in {fold(name) for name in names if name}


def misspelt(heading: str, record_type: RecordType, taken: Collection[Field]) -> str | None:
    """The name of the only unused column that a heading with a typing error can mean."""
    digits = re.sub(r"\D", "", heading)
    alike = {
        column.term: name
        for column in record_type.columns
        if column not in taken
        for name in column.name.values()
        if re.sub(r"\D", "", name) == digits and fuzz.ratio(fold(heading), fold(name)) >= _ALIKE
    }
    return next(iter(alike.values())) if len(alike) == 1 else None


def known_headings(types: Collection[RecordType], column_map: Mapping[str, str]) -> frozenset[str]:
    """All normalised headings of some record types."""
    return frozenset(name for each in types for name in fields(each)) | {fold(name) for name in column_map}


def find(grid: Grid, known: Collection[str]) -> Header:
    """Find the header of a grid: the row with the most known headings, otherwise the first row.

    :param known: see :func:`known_headings`.
    """
    candidates = grid.rows[:_FIRST_ROWS]
    counts = [_count(cells, known) for _, cells in candidates]
    best = max(range(len(candidates)), key=lambda index: (counts[index], -index))
    if counts[best] < 2:
        best = 0
    number, cells = candidates[best]
    names = _spread(grid, number, [cell.strip().lstrip("\ufeff") for cell in cells], known)
    for other_number, other in candidates[max(best - 1, 0) : best + 2]:
        joined = _join(names, [cell.strip() for cell in other], known)
        if abs(other_number - number) == 1 and joined is not None:
            return Header(min(number, other_number), max(number, other_number), tuple(joined))
    return Header(number, number, tuple(names))


def _is_known(cell: str, known: Collection[str]) -> bool:
    return fold(cell) in known or fold(_ADDITION.sub("", cell)) in known


def _count(cells: Sequence[str], known: Collection[str]) -> int:
    return sum(_is_known(cell, known) for cell in cells if cell)


def _join(names: Sequence[str], other: Sequence[str], known: Collection[str]) -> list[str] | None:
    """Combine headings over two rows, if one row has known headings exactly where the other has none."""
    width = max(len(names), len(other))
    upper, lower = ([*row, *[""] * (width - len(row))] for row in (names, other))
    additions = [position for position in range(width) if lower[position] and _is_known(lower[position], known)]
    if not additions or any(upper[position] and _is_known(upper[position], known) for position in additions):
        return None
    if any(lower[position] and position not in additions for position in range(width)):
        return None
    return [lower[position] if position in additions else upper[position] for position in range(width)]


def _spread(grid: Grid, number: int, names: list[str], known: Collection[str]) -> list[str]:
    """Repeat a known heading that is merged over several columns for each of them."""
    for (first, left), (last, right) in grid.merged:
        if first <= number <= last and left < right < len(names) and _is_known(names[left], known):
            names[left : right + 1] = [names[left]] * (right - left + 1)
    return names


def guess(tables: Sequence[Sequence[str]], names: Iterable[str]) -> list[RecordType]:
    """The record types that fit some headings best: one, several that fit equally, or none.

    :param tables: the headings of each table of a file.
    :param names: of the file and its sheets, which decide between types that fit equally.
    """
    scores = [(_fit(headings, each), each) for headings in tables for each in record_types().values()]
    best = max(score for score, _ in scores)
    if best[0] < 2:
        return []
    found = list({each.name: each for score, each in scores if score == best}.values())
    spelt = [_spelt(name) for name in names]
    named = [each for each in found if any(_spelt(label) in name for label in each.label.values() for name in spelt)]
    return named if len(named) == 1 else found


def _spelt(name: str) -> str:
    return re.sub(r"[\W_]+", "", fold(name))


def _fit(headings: Sequence[str], record_type: RecordType) -> tuple[int, int]:
    """How many fields are recognised, and how many mandatory ones are."""
    found = [column for heading in headings if heading and (column := recognise(heading, record_type, {}))]
    fields_found = {column.term: column.required for column in found}
    return len(fields_found), sum(fields_found.values())
