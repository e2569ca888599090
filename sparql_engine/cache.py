"""Caches answers on disk: a release never changes, so its answers do not either.

The processes of a service share one directory. A file is complete before it has its name (a rename), so a reader finds
a complete answer or none; the version of the data is part of the name, so no answer outlives its release.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sparql_engine import NO_DATASET, Bindings, Dataset, Engine, Health, Query, Result

_LOG = logging.getLogger(__name__)
_SHARE = 8
"""Maximum share of the cache for one answer."""
_INLINE = 2**16
"""Maximum bytes to read into memory; a longer answer is returned as an open file."""
_SUFFIX = ".answer"
_HEAD = struct.Struct(">q")
"""Header of a file: the number of rows, -1 for unknown."""


class CachingEngine:
    """An engine that answers repeated queries on the same version of the data from disk.

    Queries with bindings are our own and fast; volatile ones (NOW, RAND, ...) differ each time. Neither is cached.

    :param engine: answers queries that are not cached.
    :param directory: directory of the cache; it is created on demand and may be deleted at any time.
    :param megabytes: size of the cache, in MiB; the least recently used answers are removed first.
    :param seconds: faster answers are not cached, because a file costs more than repeating the query.
    """

    def __init__(self, engine: Engine, directory: Path, megabytes: int, seconds: float = 0.0) -> None:
        self._engine = engine
        self._directory = directory
        self._room = megabytes * 2**20
        self._seconds = seconds
        self._written = 0

    def version(self) -> str:
        """As :meth:`sparql_engine.Engine.version`."""
        return self._engine.version()

    def prepare(self, text: str) -> Query:
        """As :meth:`sparql_engine.Engine.prepare`."""
        return self._engine.prepare(text)

    def query(
        self,
        query: Query,
        media_type: str,
        *,
        dataset: Dataset = NO_DATASET,
        bindings: Bindings | None = None,
        base: str | None = None,
        client: str = "",
    ) -> Result:
        """As :meth:`sparql_engine.Engine.query`; errors are never cached."""
        if bindings or query.volatile:
            return self._engine.query(query, media_type, dataset=dataset, bindings=bindings, base=base, client=client)
        version = self._engine.version()
        if (known := self._read(version, _name(query, media_type, dataset, base), media_type)) is not None:
            return known
        started = time.monotonic()
        result = self._engine.query(query, media_type, dataset=dataset, base=base, client=client)
        if result.size <= self._room // _SHARE and time.monotonic() - started >= self._seconds:
            # Stored under the version of the answer: the current version may have changed meanwhile.
            self._keep(result, _name(query, media_type, dataset, base))
        return result

    def health(self) -> Health:
        """As :meth:`sparql_engine.Engine.health`."""
        return self._engine.health()

    def close(self) -> None:
        """As :meth:`sparql_engine.Engine.close`; the cache stays."""
        self._engine.close()

    def _read(self, version: str, name: str, media_type: str) -> Result | None:
        path = f"{self._directory}/{version}/{name}"
        try:
            file = open(path, "rb")  # noqa: PTH123, SIM115 - asked at every query; the reader closes it
        except FileNotFoundError:
            return None
        size = os.fstat(file.fileno()).st_size - _HEAD.size
        # The time of the last use determines the order of removal; another process may have removed the file already.
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
        (rows,) = _HEAD.unpack(file.read(_HEAD.size))
        counted = None if rows < 0 else rows
        if size > _INLINE:
            return Result(media_type, version, size, file, counted, kept=True)
        with file:
            return Result(media_type, version, size, file.read(), counted, kept=True)

    def _keep(self, result: Result, name: str) -> None:
        folder = self._directory / result.version
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file, _removed_on_error(Path(file.name)):
                file.write(_HEAD.pack(-1 if result.rows is None else result.rows))
                _copy(result.body, file)
                file.flush()
                Path(file.name).rename(folder / name)
        except OSError as error:
            # The disk is full, or another process has just removed the folder of an older release.
            _LOG.warning("An answer could not be kept: %s", error)
            return
        self._written += result.size
        if self._written > self._room // _SHARE:
            self._written = 0
            self._make_room(result.version)

    def _make_room(self, version: str) -> None:
        """Remove the answers of other versions, and the oldest ones until a tenth of the room is free."""
        for folder in self._directory.iterdir():
            if folder.name != version:
                shutil.rmtree(folder, ignore_errors=True)
        found = []
        # This includes files of processes that were killed while writing.
        for path in (self._directory / version).iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._room * 9 // 10:
                break
            path.unlink(missing_ok=True)
            total -= size


@contextlib.contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    """Remove an incomplete file after an error, such as a full disk."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _name(query: Query, media_type: str, dataset: Dataset, base: str | None) -> str:
    """File name of a request.

    Only outer white space is removed, because all other characters may matter to a parser.
    """
    parts = (media_type, base or "", *dataset.default, "named", *dataset.named, query.text.strip())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest() + _SUFFIX


def _copy(body: bytes | IO[bytes], file: IO[bytes]) -> None:
    if isinstance(body, bytes):
        file.write(body)
        return
    try:
        shutil.copyfileobj(body, file)
    finally:
        body.seek(0)
