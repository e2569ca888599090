"""Words of the search index: writing and searching split and normalise texts in the same way.

It belongs to the contract between writing and reading a release, as :mod:`publish.releases.release` does.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Final

import Stemmer  # type: ignore[import-not-found]

_WORD: Final = re.compile(r"[^\W_]+")
_DIGRAPH: Final = re.compile(r"([aou])e")
_LANGUAGES: Final = ("german", "english")


def words(text: str) -> list[str]:
    """The words of a text, without separators."""
    return _WORD.findall(text)


def fold(word: str) -> str:
    """A word without case and accents; umlauts equal their transcriptions.

    ``Gießen``, ``GIESSEN`` and ``Giessen`` become ``giessen``; ``Förderung``, ``Foerderung`` and ``Forderung`` become
    ``forderung``. The beginning of a word becomes the beginning of the folded word.
    """
    plain = unicodedata.normalize("NFKD", word.casefold())
    if not plain.isascii():
        plain = "".join(character for character in plain if character.isalnum())
    return _DIGRAPH.sub(r"\1", plain)


def folded(text: str) -> list[str]:
    """The words of a text, folded."""
    return [found for found in map(fold, words(text)) if found]


class Stems:
    """Stems of folded words by the Snowball algorithms of both languages (https://snowballstem.org/).

    A stemmer has state, so each thread has its own.
    """

    def __init__(self) -> None:
        self._own = threading.local()

    def __call__(self, word: str) -> tuple[str, ...]:
        """The stem in German, and in English."""
        if not hasattr(self._own, "stemmers"):
            self._own.stemmers = [Stemmer.Stemmer(language) for language in _LANGUAGES]
        return tuple(stemmer.stemWord(word) for stemmer in self._own.stemmers)
