"""The contract between writing and reading a release: its directory, its manifest, and which one is current.

A release is a directory that is complete before anybody can see it and is never written again::

    <root>/releases/<id>/manifest.json     what is in it
                         store/            the graph, for read-only opening
                         search.sqlite     the search index, for read-only opening
                         files/            all served files, unchanged
    <root>/current -> releases/<id>        switched by an atomic rename

The manifest has the size and SHA-256 of every file, and its own checksum, so a release can be verified; a damaged one
is reported, skipped, and replaced by the next build.

Readers do not depend on writers: this module imports only the manifest and the types of contents.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from publish.releases.contents import CONTENTS, INTERNAL, ReleaseContent, T
from publish.releases.manifest import MANIFEST, SUFFIXES, Manifest, OtherVersionError, Packed, ReleaseFile, measure


class ReleaseError(Exception):
    """The requested release does not exist or cannot be used."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file of a release; ``name`` is relative to its directory."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}"


class DamagedRelease(ReleaseError):
    """The files of a release differ from those that were written.

    :ivar damages: what is wrong, never empty.
    """

    def __init__(self, release_id: str, damages: list[Damage]) -> None:
        more = f" (and {len(damages) - 1} more)" if len(damages) > 1 else ""
        super().__init__(f"Release {release_id} is damaged: {damages[0]}{more}. Run: smartregion build")
        self.damages = damages


_AT_A_TIME = 16
"""Number of files that are read, or written to the disk, at a time."""


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
        """Path and description of the file ``name``, e.g. ``dump/projects.ttl``; compressed ones are beside it.

        :raises KeyError: the manifest lists no such file; nothing outside the manifest can be reached.
        """
        return self.path / "files" / name, self.manifest.files[name]

    def public(self, name: str) -> tuple[Path, ReleaseFile]:
        """As :meth:`file`, for public files only.

        :raises KeyError: the manifest lists no such file, or it is internal.
        """
        if name in INTERNAL:
            raise KeyError(name)
        return self.file(name)

    def read(self, content: ReleaseContent[T]) -> T:
        """The content of a JSON file of the release.

        :raises KeyError: the release has none.
        :raises ReleaseError: it is of another version, or not of its type.
        """
        path, described = self.file(content.name)
        if described.schema != content.version:
            raise ReleaseError(self._of_another_version(content, described.schema))
        try:
            return content.adapter.validate_json(path.read_bytes())
        except ValidationError as error:
            raise ReleaseError(f"{content.name} of release {self.id} is not of its type: {error.errors()[0]}") from None

    def outdated(self) -> str | None:
        """Why pages cannot be made of it, if another version of the software wrote it."""
        for name, described in self.manifest.files.items():
            content = CONTENTS.get(name)
            if content is not None and described.schema != content.version:
                return self._of_another_version(content, described.schema)
        return None

    def _of_another_version(self, content: ReleaseContent[Any], found: int | None) -> str:
        return (
            f"Release {self.id} was written by another version of this software: {content.name} has schema version"
            f" {found or 'none'} instead of {content.version}. Run: smartregion build"
        )

    def is_whole(self, name: str) -> bool:
        """Whether the served file ``name`` is intact; reads it."""
        path, described = self.file(name)
        return not damage_of(f"files/{name}", path, Packed(described.bytes, described.sha256), content=True)

    def damages(self, *, content: bool) -> list[Damage]:
        """The damaged files.

        :param content: whether to read every file; otherwise only sizes are checked, which takes milliseconds.
        """
        with ThreadPoolExecutor(_AT_A_TIME) as executor:
            found = executor.map(
                lambda item: damage_of(item[0], self.path / item[0], item[1], content=content), self._expected()
            )
            return [damage for damage in found if damage is not None]

    def strangers(self) -> list[str]:
        """Files that no build wrote. They have no address, but show that somebody changed the directory."""
        there = {str(path.relative_to(self.path)) for path in self.path.rglob("*") if not path.is_dir()}
        return sorted(there - {MANIFEST, *dict(self._expected())})

    def _expected(self) -> Iterator[tuple[str, Packed]]:
        for name, file in self.manifest.files.items():
            yield f"files/{name}", Packed(file.bytes, file.sha256)
            for coding, packed in file.packed.items():
                yield f"files/{name}{SUFFIXES[coding]}", packed
        yield "search.sqlite", Packed(self.manifest.search.bytes, self.manifest.search.sha256)
        for name, packed in self.manifest.store.items():
            yield f"store/{name}", packed


class Releases:
    """The releases below one directory and the pointer to the current one.

    :param root: directory that holds ``releases/`` and ``current``; it need not exist yet. A relative path is
        resolved once, against the working directory; all paths derived from it are absolute.
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

        If two results are equal, nothing was activated in between, not even the same release again.
        """
        try:
            found = os.lstat(self._pointer)
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_ctime_ns

    def ids(self) -> list[str]:
        """Identifiers of the releases, the most recently written first; of damaged ones, too."""
        if not self.directory.is_dir():
            return []
        found = [path for path in self.directory.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return [path.name for path in sorted(found, key=lambda path: (-self.written(path.name), path.name))]

    def written(self, release_id: str) -> int:
        """When a release was written (ns since 1970); if its manifest is gone, when its directory changed."""
        path = self.directory / release_id
        manifest = path / MANIFEST
        return (manifest if manifest.exists() else path).stat().st_mtime_ns

    def open(self, release_id: str | None = None) -> Release:
        """Open a release, by default the current one; checks the sizes of all its files.

        :raises DamagedRelease: a file is missing or has another size.
        :raises ReleaseError: there is none of that identifier, no current one, or another version wrote it.
        """
        release = self.look_at(release_id)
        return _usable(release, release.damages(content=False))

    def verify(self, release_id: str | None = None) -> Release:
        """As :meth:`open`, but every file is read and compared with its SHA-256.

        :raises ReleaseError: as there.
        """
        release = self.look_at(release_id)
        return _usable(release, release.damages(content=True))

    def look_at(self, release_id: str | None = None) -> Release:
        """A release as its manifest describes it, without a check of its other files.

        :raises DamagedRelease: the manifest cannot be read.
        :raises ReleaseError: there is none of that identifier, no current one, or its manifest has another form.
        """
        wanted = release_id or self.current_id()
        if wanted is None:
            raise ReleaseError(f"There is no release in {self.root} yet. Run: smartregion build")
        if release_id and wanted not in self.ids():
            raise ReleaseError(f"There is no release {wanted} in {self.directory}. See: smartregion releases list")
        path = self.directory / wanted
        try:
            release = Release(path, Manifest.from_json((path / MANIFEST).read_text(encoding="utf-8")))
        except OSError as error:
            raise DamagedRelease(wanted, [Damage(MANIFEST, _trouble(error))]) from None
        except (ValueError, RecursionError):
            raise DamagedRelease(wanted, [Damage(MANIFEST, "has another content than was written")]) from None
        except OtherVersionError:
            message = f"Release {wanted} was written by another version of this software. Run: smartregion build"
            raise ReleaseError(message) from None
        if release.id != wanted:
            raise DamagedRelease(wanted, [Damage(MANIFEST, f"is that of release {release.id}")])
        return release

    def activate(self, release_id: str) -> Release:
        """Make a release the current one by one atomic rename.

        :raises ReleaseError: there is no release of that identifier, it is damaged, or it is empty.
        """
        release = self.verify(release_id)
        if not release.manifest.records:
            raise ReleaseError(
                f"Release {release_id} holds no record, and an empty catalogue makes portals delete ours."
            )
        fresh = self.root / f".current-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / release.id)
        fresh.rename(self._pointer)
        _to_disk(self.root)
        return release

    def prune(self, keep: int) -> list[str]:
        """Delete all releases older than the ``keep`` latest intact ones, except the current one.

        A damaged release does not count: perhaps only an older one has its records intact.

        :returns: the deleted identifiers.
        """
        current, whole, doomed = self.current_id(), 0, []
        for name in self.ids():
            if whole < keep:
                with contextlib.suppress(ReleaseError):
                    self.verify(name)
                    whole += 1
            elif name != current:
                doomed.append(name)
        for name in doomed:
            # Rename first, so that no reader opens a half-deleted release.
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
        """Turn a finished scratch directory into a release: write all files to the disk, then rename it.

        :param scratch: the directory of :meth:`writing`, with ``store/``, ``files/`` and the search index complete.
        """
        (scratch / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        with ThreadPoolExecutor(_AT_A_TIME) as executor:
            list(executor.map(_to_disk, [scratch, *scratch.rglob("*")]))
        final = self.directory / manifest.id
        scratch.rename(final)
        _to_disk(self.directory)
        return Release(final, manifest)


def _usable(release: Release, damages: list[Damage]) -> Release:
    if damages:
        raise DamagedRelease(release.id, damages)
    if reason := release.outdated():
        raise ReleaseError(reason)
    return release


def damage_of(name: str, path: Path, expected: Packed, *, content: bool = False) -> Damage | None:
    """The damage of a file: checks its size, and on request its content."""
    try:
        size = path.stat().st_size
        if size != expected.bytes:
            return Damage(name, f"has {size:,} bytes instead of {expected.bytes:,}")
        if content and measure(path).sha256 != expected.sha256:
            return Damage(name, "has another content than was written")
    except OSError as error:
        return Damage(name, _trouble(error))
    return None


def _trouble(error: OSError) -> str:
    return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"


def _to_disk(path: Path) -> None:
    """Write a file, or the names in a directory, to the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
