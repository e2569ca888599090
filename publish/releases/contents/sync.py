"""What the next build and incremental answers need."""

from __future__ import annotations

from typing import NamedTuple

from typing_extensions import TypedDict

from publish.releases.contents.common import closed


class Dates(NamedTuple):
    """Since when something is there, and since when as it is; moments as ``xsd:dateTime`` in UTC.

    An array in the file, since there is one for each record.

    :ivar content: hash of what is said about it.
    """

    content: str
    issued: str
    modified: str


@closed
class Absence(TypedDict):
    """A record that was published once and is not now; ``deleted`` is empty for one that is only withheld."""

    dataset: str
    dates: Dates
    types: list[str]
    title: dict[str, str]
    replaced_by: list[str]
    deleted: str | None


@closed
class RecordHistory(TypedDict):
    """Dates of records by dataset and IRI, of those that are absent and of the projects in the Navigator profile."""

    records: dict[str, dict[str, Dates]]
    absent: dict[str, Absence]
    projects: dict[str, Dates]


@closed
class Cut(TypedDict):
    """Where (byte) the last entry of a moment ends."""

    moment: str
    end: int


@closed
class CutSection(TypedDict):
    """A part of a file that every answer has, or, with ``cuts``, entries, the newest first; in bytes."""

    start: int
    end: int
    cuts: list[Cut] | None


Cuts = dict[str, dict[str, list[CutSection]]]
"""Sections of the files of the Navigator profile, by suffix and part of a package (empty for the file itself)."""
