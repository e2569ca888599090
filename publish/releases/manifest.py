"""The table of contents of a release: its files with type, size and hash.

Readers do not depend on writers: this module imports nothing of the project.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

MANIFEST = "manifest.json"

SCHEMA = 1
"""Version of the format of manifests."""

SUFFIXES = {"br": ".br", "gzip": ".gz"}
"""Suffix of the compressed file beside a file, by content coding (RFC 9110, 8.4.1), the smallest first."""


@dataclass(frozen=True)
class Packed:
    """A compressed file: size (bytes) and SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class ReleaseFile:
    """One file under ``files/``: type, size (bytes) and SHA-256 in hexadecimal.

    :ivar issued: day of its first publication here, ``YYYY-MM-DD``.
    :ivar modified: day since which it has had these bytes.
    :ivar dataset: name of the dataset that it belongs to.
    :ivar packed: the compressed files beside it, by content coding.
    :ivar schema: version of its type, for a file that is read back (:mod:`publish.releases.contents`).
    """

    media_type: str
    bytes: int
    sha256: str
    issued: str
    modified: str
    dataset: str | None = None
    packed: dict[str, Packed] = field(default_factory=dict)
    schema: int | None = None


@dataclass(frozen=True)
class DatasetEntry:
    """A dataset in a release.

    :ivar title: German and English, by language.
    :ivar record_class: IRI of the class of its records; None for a dataset made of others.
    :ivar content: SHA-256 that changes exactly when the content does.
    :ivar issued: day of its first publication here, ``YYYY-MM-DD``.
    :ivar modified: day of the last change of its content.
    :ivar version: 1, increased with every change of its content.
    :ivar previous: day of the previous version; None for the first.
    """

    title: dict[str, str]
    record_class: str | None
    records: int
    withheld: int
    triples: int
    content: str
    issued: str
    modified: str
    version: int = 1
    previous: str | None = None


@dataclass(frozen=True)
class Feed:
    """The catalogue for portals: files ``feed/<token>/...`` for each profile.

    :ivar profiles: IRI of each application profile that it is rendered in, by its token.
    :ivar default: token of the default profile.
    :ivar pages: number of pages: ``feed/<token>/1.ttl`` and so on, with links between ``/catalog?page=``; if there are
        several, the same with links between ``/catalog.ttl?page=`` is ``feed/<token>/suffix/1.ttl``.
    """

    profiles: dict[str, str]
    default: str
    pages: int


@dataclass(frozen=True)
class SearchIndex:
    """The search index of a release: number of records, size (bytes) and SHA-256 in hexadecimal."""

    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The table of contents of a release, kept as ``manifest.json``.

    :ivar source: hash of all inputs of the release.
    :ivar store: the files of the store, by name.
    :ivar previous: the release that this one was compared with when it was built; None for the first.
    """

    id: str
    base: str
    software: dict[str, str]
    inputs: dict[str, str]
    datasets: dict[str, DatasetEntry]
    triples: int
    issued: str
    modified: str
    feed: Feed
    search: SearchIndex
    source: str
    store: dict[str, Packed]
    files: dict[str, ReleaseFile] = field(default_factory=dict)
    previous: str | None = None

    @property
    def records(self) -> int:
        """Number of records of all datasets."""
        return sum(entry.records for entry in self.datasets.values())

    def to_json(self) -> str:
        """The manifest as JSON text with sorted keys and a checksum of itself."""
        document = {**asdict(self), "schema": SCHEMA}
        return _json({**document, "checksum": _checksum(document)})

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what :meth:`to_json` wrote.

        :raises ValueError: it is not that.
        :raises OtherVersionError: another version of this software wrote it.
        """
        raw: dict[str, Any] = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("It is no object.")
        if "checksum" not in raw:
            raise OtherVersionError
        if raw.pop("checksum") != _checksum(raw):
            raise ValueError("The checksum is another.")
        if raw.pop("schema", SCHEMA) != SCHEMA:
            raise OtherVersionError
        try:
            return _adapter().validate_python(raw)
        except ValidationError:
            raise OtherVersionError from None


class OtherVersionError(Exception):
    """A manifest of a form that this version of the software does not know."""


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _checksum(document: dict[str, Any]) -> str:
    return hashlib.sha256(_json(document).encode()).hexdigest()


def measure(path: Path) -> Packed:
    """Size and hash of a file."""
    with path.open("rb") as file:
        return Packed(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
