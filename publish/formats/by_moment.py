"""Files with the newest entries first, so that the changes since a moment are the start of the file.

The answer for a moment is the file up to the last matching entry, so a request parses and filters nothing. Sections
(:class:`CutSection`) record the positions.
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
    """A document during writing.

    :param file: output file, at its start.
    :ivar sections: positions for cutting.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.sections: list[CutSection] = []
        self._file = file
        self._size = 0

    def fixed(self, text: bytes) -> None:
        """Add text that every answer contains."""
        start = self._size
        self._add(text)
        self.sections.append(CutSection(start=start, end=self._size, cuts=None))

    def entries(self, entries: Iterable[Entry], separator: bytes = b"") -> None:
        """Add entries, newest first.

        :param separator: text between them.
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
