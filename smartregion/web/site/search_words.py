"""Expands the words of a search to words of the index: by beginning, stem, infix and correction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from publish.releases.search_words import Stems, fold, words

_MOST_TERMS: Final = 12
_LONGEST_TERM: Final = 64
_MOST_WORDS: Final = 64
"""Maximum number of index words for one word of a search, besides those that begin with it."""
_MOST_BEGINNING: Final = 16
"""Up to this number, the query lists words, which is faster than a prefix, for which FTS5 merges all their lists."""
_SHORTEST_INSIDE: Final = 4
"""Shorter infixes occur in too many words by chance."""
_SHORTEST_MISTYPED: Final = 3
_CANDIDATES: Final = 50
_UNIMPORTANT: Final = frozenset(
    (
        *(
            "am",
            "auf",
            "aus",
            "bei",
            "das",
            "dem",
            "den",
            "der",
            "des",
            "die",
            "ein",
            "eine",
            "einem",
            "einen",
            "einer",
        ),
        *("eines", "fur", "im", "in", "ist", "mit", "und", "vom", "von", "vor", "was", "wer", "wo", "zu", "zum", "zur"),
        *("an", "and", "for", "from", "of", "on", "or", "the", "to", "with"),
    )
)

_LAST: Final = "\U0010ffff"

Rows = Callable[[str, Sequence[object]], list[Any]]

_BEGINNING = "SELECT word FROM word WHERE word >= ? AND word < ? LIMIT ?"
# Both languages often have the same stem: parken, parking.
_STEMMED = """
SELECT word FROM word WHERE german IN (?, ?) OR english IN (?, ?) ORDER BY records DESC, word LIMIT ?"""
_INSIDE = """
SELECT word.word FROM infix JOIN word ON word.id = infix.rowid WHERE infix MATCH ?
ORDER BY word.records DESC, word.word LIMIT ?"""
_ALL = "SELECT word, records FROM word WHERE german IS NOT NULL"


@dataclass(frozen=True)
class Term:
    """A word of a search.

    :ivar written: as it was written.
    :ivar asked: the normalised word.
    :ivar meant: the word searched instead, as texts spell it, because no record has the original; empty otherwise.
    :ivar words: words of the index that it matches, with an asterisk for prefixes; none if none is similar.
    """

    written: str
    asked: str
    meant: str
    words: tuple[str, ...]

    @property
    def expression(self) -> str:
        """As an FTS5 query: quoted strings only (https://www.sqlite.org/fts5.html#full_text_query_syntax)."""
        return f"({' OR '.join(_quoted(word) for word in self.words)})"

    def covers(self, word: str) -> bool:
        """Whether this term matches a normalised word."""
        return any(word.startswith(mine[:-1]) if mine.endswith("*") else word == mine for mine in self.words)


def _quoted(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'


class Vocabulary:
    """The words of an index.

    :param rows: returns rows of a SELECT with values bound.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._stems = Stems()

    def terms(self, text: str) -> tuple[Term, ...]:
        """A limited number of the significant words of a text."""
        found: dict[str, str] = {}
        for word in words(text):
            found.setdefault(fold(word)[:_LONGEST_TERM], word)
        found.pop("", None)
        important = {short: word for short, word in found.items() if short not in _UNIMPORTANT}
        chosen = list((important or found).items())[:_MOST_TERMS]
        return tuple(self._term(written, short) for short, written in chosen)

    def _term(self, written: str, asked: str) -> Term:
        if found := self._standing_for(asked):
            return Term(written, asked, "", found)
        meant = self._nearest(asked)
        if meant is None:
            return Term(written, asked, "", ())
        ((spelling,),) = self._rows("SELECT spelling FROM word WHERE word = ?", [meant])
        return Term(written, meant, spelling, self._standing_for(meant))

    def _standing_for(self, asked: str) -> tuple[str, ...]:
        """Index words for a word: a single letter matches itself, longer ones prefixes, stems and infixes, too."""
        if len(asked) == 1:
            return tuple(word for (word,) in self._rows("SELECT word FROM word WHERE word = ?", [asked]))
        rows = self._rows(_BEGINNING, [asked, asked + _LAST, _MOST_BEGINNING + 1])
        found = [word for (word,) in rows] if len(rows) <= _MOST_BEGINNING else [f"{asked}*"]
        if asked.isdigit():
            return tuple(found)
        german, english = self._stems(asked)
        others = [word for (word,) in self._rows(_STEMMED, [german, english, german, english, _MOST_WORDS])]
        if len(asked) >= _SHORTEST_INSIDE:
            others += [word for (word,) in self._rows(_INSIDE, [f'"{asked}"', _MOST_WORDS])]
        return (*found, *dict.fromkeys(word for word in others if not word.startswith(asked)))

    def _nearest(self, asked: str) -> str | None:
        """The index word with the fewest typing errors (optimal string alignment); of several the most used."""
        if len(asked) < _SHORTEST_MISTYPED or asked.isdigit():
            return None
        most = 1 if len(asked) < 5 else 2 if len(asked) < 9 else 3
        known = self._known
        near = extract(asked, known.keys(), scorer=OSA.distance, score_cutoff=most, limit=_CANDIDATES)
        return min(near, key=lambda found: (found[1], -known[found[0]], found[0]))[0] if near else None

    @cached_property
    def _known(self) -> dict[str, int]:
        """All words except numbers, with their number of records; read for the first correction."""
        return dict(self._rows(_ALL, []))
