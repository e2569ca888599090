"""Reads the search index of a release: the results of a search, their order, and the counts of filters.

The file never changes, so each thread opens it without locks, and data for every search (bitmaps of the facets, sort
orders) are read once. User input is reduced to normalised words, which are quoted and bound: it is never parsed as
query syntax.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from publish.releases.search_words import folded
from smartregion.web.site.search_words import Term, Vocabulary

Row = sqlite3.Row
"""Displayed fields of a record."""
Numbers = NDArray[np.int32]
"""Numbers of records."""

_WEIGHTS: Final = (10.0, 3.0, 1.0, 0.1)
"""Weights of titles, names of linked records, texts, and surroundings of a territory."""
_WEIGHED: Final = 2000
"""Maximum number of hits ranked one by one; of more, those with all words in the title come first."""
_KEPT: Final = 64
_PROGRAM_CACHE: Final = 64

_MATCHING = "SELECT json_group_array(rowid) FROM text WHERE text MATCH ?"
_RANKED = "SELECT rowid FROM text WHERE text MATCH ? ORDER BY bm25(text, ?, ?, ?, ?), rowid"
_TITLED = "SELECT rowid FROM text WHERE text MATCH ? LIMIT ?"
_EXACT = """
SELECT DISTINCT id FROM exact JOIN record USING (id) WHERE name IN (?, ?)
ORDER BY type <> 'municipality', type <> 'district', id"""

_NAMED = """
SELECT DISTINCT id FROM (
  SELECT id, type, name FROM exact JOIN record USING (id) WHERE name >= ? AND name < ? LIMIT ?)
ORDER BY type <> 'municipality', type <> 'district', name, id"""
_BEGUN = 200
_LAST = "\U0010ffff"
_SHOWN = "SELECT * FROM record WHERE id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True)
class FacetValue:
    """A value of a facet: its name by language, and the records that have it, one bit for each number."""

    label: Mapping[str, str]
    bits: int


@dataclass(frozen=True)
class Hits:
    """Hits of a text: the interpreted words, the records as bits, and in order of relevance."""

    terms: tuple[Term, ...]
    bits: int
    ranked: Numbers


@dataclass(frozen=True)
class Found:
    """Results of a search.

    :ivar numbers: of all records found, in the requested order.
    :ivar counts: how many records a search with this value (and no other of its facet) would find, by facet and value.
    """

    terms: tuple[Term, ...]
    numbers: Numbers
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Spot:
    """A place with the number of records found there."""

    iri: str
    name: str
    longitude: float
    latitude: float
    count: int


class Index:
    """The index of one release.

    :param path: its file.
    :param records: number of records in it.
    """

    def __init__(self, path: Path, records: int) -> None:
        self._address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._own = threading.local()
        self._bytes = (records + 8) // 8
        self._all = (1 << (records + 1)) - 2
        self._vocabulary = Vocabulary(self.rows)
        self.hits = lru_cache(_KEPT)(self._hits)

    def check(self) -> None:
        """Read a record and a word.

        :raises sqlite3.DatabaseError: the file is damaged.
        """
        self.rows("SELECT id FROM record LIMIT 1")
        self.rows("SELECT rowid FROM text WHERE text MATCH 'smart' LIMIT 1")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of a SELECT with values bound to its question marks."""
        if not hasattr(self._own, "connection"):
            # One connection for each thread, without locks.
            self._own.connection = sqlite3.connect(self._address, uri=True, cached_statements=_PROGRAM_CACHE)
            self._own.connection.row_factory = sqlite3.Row
            self._own.connection.execute("PRAGMA query_only = 1")
            self._own.connection.execute("PRAGMA mmap_size = 1073741824")
        return list(self._own.connection.execute(statement, values))

    @cached_property
    def facets(self) -> dict[str, dict[str, FacetValue]]:
        """Values of each facet, in display order."""
        found: dict[str, dict[str, FacetValue]] = {}
        statement = "SELECT facet, value, label_de, label_en, bitmap FROM facet_value ORDER BY facet, position"
        for facet, value, german, english, bitmap in self.rows(statement):
            label = {"de": german, "en": english}
            found.setdefault(facet, {})[value] = FacetValue(label, int.from_bytes(bitmap, "little"))
        return found

    @cached_property
    def _orders(self) -> dict[str, Numbers]:
        return {name: np.frombuffer(blob, "<i4") for name, blob in self.rows("SELECT name, numbers FROM ordering")}

    @cached_property
    def _places(self) -> dict[int, tuple[str, str, float, float]]:
        return {row[0]: tuple(row)[1:] for row in self.rows("SELECT id, iri, name, longitude, latitude FROM place")}

    def find(self, text: str, chosen: Mapping[str, Sequence[str]], at: str, order: str) -> Found:
        """Find records.

        :param chosen: values by facet: a record must have one value of each facet.
        :param at: IRI of a place, relative to ``{base}id/``; empty for everywhere.
        :param order: ``relevance``, ``newest``, ``amount``, ``name_de`` or ``name_en``.
        """
        hits = self.hits(text) if text else None
        everything = (hits.bits if hits else self._all) & (self._located(at) if at else self._all)
        having = {facet: self._having(facet, values) for facet, values in chosen.items() if values}
        counts = {
            facet: _counts(values, _together(everything, (bits for name, bits in having.items() if name != facet)))
            for facet, values in self.facets.items()
        }
        left = self._mask(_together(everything, having.values()))
        ranked = self._in_order(hits, order)
        return Found(hits.terms if hits else (), ranked[left[ranked]], counts)

    def spots(self, numbers: Numbers) -> list[Spot]:
        """Places of records, those with most records first."""
        counts = np.bincount(self._orders["located"][numbers], minlength=1)
        found = [Spot(*self._places[place], int(counts[place])) for place in np.flatnonzero(counts).tolist() if place]
        return sorted(found, key=lambda spot: (-spot.count, spot.iri))

    def place_name(self, iri: str) -> str | None:
        """Name of a place of records; None if it is none."""
        return next((name for found, name, *_ in self._places.values() if found == iri), None)

    def records(self, numbers: Iterable[int]) -> list[Row]:
        """Displayed fields of records, in the given order of numbers."""
        wanted = [int(number) for number in numbers]
        by_number = {row["id"]: row for row in self.rows(_SHOWN, [json.dumps(wanted)])}
        return [by_number[number] for number in wanted]

    def named(self, text: str, most: int) -> list[int]:
        """Numbers of records whose names begin with a text, then of those with all its words in their titles."""
        typed = " ".join(folded(text))
        rows = self.rows(_NAMED, [typed, typed + _LAST, _BEGUN])
        terms = self._vocabulary.terms(text)
        if len(rows) < most and terms and all(term.words for term in terms):
            rows += self.rows(_TITLED, [f"{{title}} : ({' AND '.join(term.expression for term in terms)})", most])
        return list(dict.fromkeys(number for (number,) in rows))[:most]

    def _in_order(self, hits: Hits | None, order: str) -> Numbers:
        if order != "relevance":
            return self._orders[order]
        return hits.ranked if hits else np.arange(1, self._all.bit_length(), dtype=np.int32)

    def _having(self, facet: str, values: Iterable[str]) -> int:
        bits = 0
        for value in values:
            if value in self.facets.get(facet, {}):
                bits |= self.facets[facet][value].bits
        return bits

    def _located(self, iri: str) -> int:
        place = next((number for number, row in self._places.items() if row[0] == iri), -1)
        return _packed(self._orders["located"] == place)

    def _mask(self, bits: int) -> NDArray[np.bool_]:
        return np.unpackbits(np.frombuffer(bits.to_bytes(self._bytes, "little"), np.uint8), bitorder="little").view(
            bool
        )

    def _hits(self, text: str) -> Hits:
        terms = self._vocabulary.terms(text)
        expression = " AND ".join(term.expression for term in terms)
        if not expression or any(not term.words for term in terms):
            return Hits(terms, 0, np.empty(0, np.int32))
        listed = self.rows(_MATCHING, [expression])[0][0][1:-1]
        matching = np.fromstring(listed, np.int32, sep=",") if listed else np.empty(0, np.int32)
        bits = _packed(np.bincount(matching, minlength=self._bytes * 8).astype(bool))
        return Hits(terms, bits, self._ranked(text, terms, expression, matching))

    def _ranked(self, text: str, terms: Sequence[Term], expression: str, matching: Numbers) -> Numbers:
        """Records with exactly this name first, municipalities before others; then by BM25 with weights."""
        names = [" ".join(folded(text)), " ".join(term.asked for term in terms)]
        first = [number for (number,) in self.rows(_EXACT, names)]
        if len(matching) <= _WEIGHED:
            then = [number for (number,) in self.rows(_RANKED, [expression, *_WEIGHTS])]
        else:
            then = [number for (number,) in self.rows(_TITLED, [f"{{title}} : ({expression})", _WEIGHED])]
        early = np.array(list(dict.fromkeys([*first, *then])), np.int32)
        early = early[np.isin(early, matching)]
        return np.concatenate([early, matching[~np.isin(matching, early)]]).astype(np.int32)


def _packed(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _together(bits: int, others: Iterable[int]) -> int:
    for other in others:
        bits &= other
    return bits


def _counts(values: Mapping[str, FacetValue], within: int) -> dict[str, int]:
    return {name: (value.bits & within).bit_count() for name, value in values.items()}
