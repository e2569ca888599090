"""The contract between writing and reading a release: its directory, its manifest, and which one is current.

A release is a directory that is complete before anybody can see it and is never written again::

    <root>/releases/<id>/manifest.json     what is in it
                         store/            the graph, for read-only opening
                         search.sqlite     the search index, for read-only opening
                         files/            everything that is served as it is
    <root>/current -> releases/<id>        switched by an atomic rename

This module imports nothing of the project, so readers need nothing of the writers.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


class ReleaseError(Exception):
    """A release that is asked for does not exist or cannot be used."""


INTERNAL = frozenset(
    {
        *("figures.json", "history.json", "labels.json", "map.json", "mims.json", "mqa.json", "navigator/cuts.json"),
        *("neighbours.json", "overview.json", "records.json", "rules.json", "schemes.json", "schema-org.json"),
        *("status.json", "vocabulary.json"),
    }
)
"""Files of a release that are for pages and for the next build, and have no address; all others are public."""

SUFFIXES = {"br": ".br", "gzip": ".gz"}
"""Suffix of the compressed file beside a file, by content coding (RFC 9110, 8.4.1), the smallest first."""


@dataclass(frozen=True)
class Packed:
    """A file compressed: how big (bytes) and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class ReleaseFile:
    """One file under ``files/``: what it is, how big (bytes) and its SHA-256 in hexadecimal.

    :ivar issued: day of its first publication here, ``YYYY-MM-DD``.
    :ivar modified: day since which it has had these bytes.
    :ivar dataset: name of the dataset that it belongs to.
    :ivar packed: what lies beside it, by content coding.
    """

    media_type: str
    bytes: int
    sha256: str
    issued: str
    modified: str
    dataset: str | None = None
    packed: dict[str, Packed] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetEntry:
    """What a release holds of one dataset.

    :ivar title: German and English, by language.
    :ivar record_class: IRI of the class of its records; None for what is made of other datasets.
    :ivar content: SHA-256 that changes when, and only when, the content does.
    :ivar issued: day of its first publication here, ``YYYY-MM-DD``.
    :ivar modified: day of the last change of its content.
    :ivar version: 1, and one more with every change of its content.
    :ivar previous: day since which the version before had its content; None for the first.
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
    """The catalogue as portals read it: files ``feed/<token>/...`` for each profile.

    :ivar profiles: IRI of each application profile that it is rendered in, by its token.
    :ivar default: token of the usual one.
    :ivar pages: number of pages: ``feed/<token>/1.ttl`` and so on, with links between ``/catalog?page=``; if there are
        several, the same with links between ``/catalog.ttl?page=`` is ``feed/<token>/suffix/1.ttl``.
    """

    profiles: dict[str, str]
    default: str
    pages: int


@dataclass(frozen=True)
class SearchIndex:
    """The search index of a release: how many records it has, how big it is (bytes) and its SHA-256 in hexadecimal."""

    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The table of contents of a release, kept as ``manifest.json``.

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
    files: dict[str, ReleaseFile] = field(default_factory=dict)
    previous: str | None = None

    @property
    def records(self) -> int:
        """Number of records of all datasets."""
        return sum(entry.records for entry in self.datasets.values())

    def to_json(self) -> str:
        """The manifest as JSON text with sorted keys."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what :meth:`to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        raw["datasets"] = {name: DatasetEntry(**entry) for name, entry in raw["datasets"].items()}
        raw["feed"] = Feed(**raw["feed"])
        raw["search"] = SearchIndex(**raw["search"])
        for entry in raw["files"].values():
            entry["packed"] = {coding: Packed(**packed) for coding, packed in entry["packed"].items()}
        raw["files"] = {name: ReleaseFile(**entry) for name, entry in raw["files"].items()}
        return cls(**raw)


@dataclass(frozen=True)
class Release:
    """A complete release that can be read."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """The release's identifier, the name of its directory."""
        return self.manifest.id

    @property
    def store(self) -> Path:
        """Directory of the Oxigraph store; open it with ``Store.read_only``."""
        return self.path / "store"

    @property
    def search(self) -> Path:
        """The search index; open it read-only and immutable."""
        return self.path / "search.sqlite"

    def file(self, name: str) -> tuple[Path, ReleaseFile]:
        """Path and description of the file ``name``, e.g. ``dump/projects.ttl``; packed ones lie beside it.

        :raises KeyError: the manifest lists no such file; nothing outside the manifest can be reached.
        """
        return self.path / "files" / name, self.manifest.files[name]

    def public(self, name: str) -> tuple[Path, ReleaseFile]:
        """The same of a file that anybody may have.

        :raises KeyError: the manifest lists no such file, or it is :data:`INTERNAL`.
        """
        if name in INTERNAL:
            raise KeyError(name)
        return self.file(name)


class Releases:
    """The releases below one directory and the pointer to the current one.

    :param root: directory that holds ``releases/`` and ``current``; it need not exist yet. A relative one begins
        in the working directory of now; all paths that come from it are absolute.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.directory = self.root / "releases"
        self._pointer = self.root / "current"

    def current_id(self) -> str | None:
        """Identifier of the current release, or None before the first; costs one system call."""
        try:
            return os.path.basename(os.readlink(self._pointer))  # noqa: PTH115, PTH119 - asked several times a request
        except FileNotFoundError:
            return None

    def switch(self) -> tuple[int, int] | None:
        """Identifies the last activation, or None before the first; costs one system call.

        Two that are equal, one asked before and one after: nothing was activated in between, not even what was current.
        """
        try:
            found = os.lstat(self._pointer)
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_ctime_ns

    def ids(self) -> list[str]:
        """Identifiers of the complete releases, the most recently written first."""
        found = [path.parent for path in self.directory.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
        return [path.name for path in sorted(found, key=lambda path: (-path.stat().st_mtime_ns, path.name))]

    def open(self, release_id: str | None = None) -> Release:
        """Open a release, by default the current one.

        :raises ReleaseError: there is none of that identifier, no current one, or its manifest has another form.
        """
        wanted = release_id or self.current_id()
        if wanted is None:
            raise ReleaseError(f"There is no release in {self.root} yet. Run: smartregion build")
        if wanted not in self.ids():
            raise ReleaseError(f"There is no release {wanted} in {self.directory}. See: smartregion releases list")
        path = self.directory / wanted
        text = (path / MANIFEST).read_text(encoding="utf-8")
        try:
            return Release(path, Manifest.from_json(text))
        except (KeyError, TypeError):
            message = f"Release {wanted} was written by another version of this software. Run: smartregion build"
            raise ReleaseError(message) from None

    def activate(self, release_id: str) -> Release:
        """Make a release the current one by one atomic rename.

        :raises ReleaseError: there is no complete release of that identifier, or it is empty.
        """
        release = self.open(release_id)
        if not release.manifest.records:
            raise ReleaseError(
                f"Release {release_id} holds no record, and an empty catalogue makes portals delete ours."
            )
        fresh = self.root / f".current-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / release.id)
        fresh.rename(self._pointer)
        return release

    def prune(self, keep: int) -> list[str]:
        """Delete all but the ``keep`` latest releases and the current one; returns the deleted identifiers."""
        current = self.current_id()
        doomed = [name for name in self.ids()[keep:] if name != current]
        for name in doomed:
            # Out of sight first: a reader never meets a half-deleted release.
            grave = self.directory / f".deleted-{name}"
            (self.directory / name).rename(grave)
            shutil.rmtree(grave)
        return doomed

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """A scratch directory for one new release, on the same file system; only one writer at a time.

        The lock belongs to the process, so a killed writer leaves no lock, and the next one clears its remains.

        :raises ReleaseError: another process is building.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReleaseError(f"Another build is running in {self.root}. Wait for it to end.") from None
            for remains in [*self.directory.glob(".building-*"), *self.directory.glob(".deleted-*")]:
                shutil.rmtree(remains)
            scratch = self.directory / f".building-{os.getpid()}"
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def admit(self, scratch: Path, manifest: Manifest) -> Release:
        """Turn a finished scratch directory into a release: manifest last, then one rename.

        :param scratch: the directory of :meth:`writing`, with ``store/``, ``files/`` and the search index complete.
        """
        with (scratch / MANIFEST).open("w", encoding="utf-8") as file:
            file.write(manifest.to_json())
            file.flush()
            os.fsync(file.fileno())
        final = self.directory / manifest.id
        scratch.rename(final)
        return Release(final, manifest)
