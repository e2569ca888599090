"""Files whose entries stand newest first, so that what changed since a moment is a beginning of them.

Cut after the last entry that is wanted, such a file is the answer for that moment: nothing has to be read or filtered
when it is asked for. Where it can be cut is written down as sections::

    [start, end]                      bytes that every answer has
    [start, [[moment, end], ...]]     entries, newest first; those up to ``end`` are of this moment or later
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

Section = list[Any]
Entry = tuple[str, bytes]
"""Moment and text of an entry."""


class Incremental:
    """A document while it is written.

    :param file: where to, from its beginning.
    :ivar sections: where it can be cut.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.sections: list[Section] = []
        self._file = file
        self._size = 0

    def fixed(self, text: bytes) -> None:
        """Add what every answer has."""
        start = self._size
        self._add(text)
        self.sections.append([start, self._size])

    def entries(self, entries: Iterable[Entry], separator: bytes = b"") -> None:
        """Add entries, which come newest first.

        :param separator: stands between them.
        """
        start, cuts, between = self._size, [], b""
        for moment, group in groupby(entries, itemgetter(0)):
            for _, text in group:
                self._add(between + text)
                between = separator
            cuts.append([moment, self._size])
        self.sections.append([start, cuts])

    def _add(self, text: bytes) -> None:
        self._size += self._file.write(text)
