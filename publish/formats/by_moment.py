"""Files whose entries stand newest first, so that what changed since a moment is a beginning of them.

Cut after the last entry that is wanted, such a file is the answer for that moment: nothing has to be read or filtered
when it is asked for. Where it can be cut is written down as sections (:class:`CutSection`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO

from publish.releases.contents.sync import Cut, CutSection

Entry = tuple[str, bytes]
"""Moment and text of an entry."""


class Incremental:
    """A document while it is written.

    :param file: where to, from its beginning.
    :ivar sections: where it can be cut.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.sections: list[CutSection] = []
        self._file = file
        self._size = 0

    def fixed(self, text: bytes) -> None:
        """Add what every answer has."""
        start = self._size
        self._add(text)
        self.sections.append(CutSection(start=start, end=self._size, cuts=None))

    def entries(self, entries: Iterable[Entry], separator: bytes = b"") -> None:
        """Add entries, which come newest first.

        :param separator: stands between them.
        """
        start, between = self._size, b""
        cuts: list[Cut] = []
        for moment, group in groupby(entries, itemgetter(0)):
            for _, text in group:
                self._add(between + text)
                between = separator
            cuts.append(Cut(moment=moment, end=self._size))
        self.sections.append(CutSection(start=start, end=self._size, cuts=cuts))

    def _add(self, text: bytes) -> None:
        self._size += self._file.write(text)
