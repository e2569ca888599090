"""Keeps answers on disk: a release never changes, so neither does an answer from it.

The processes of a service share one directory. A file is complete before it has its name (a rename), so a reader finds
a whole answer or none; the version of the data is part of the name, so no answer outlives its release.
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
"""An answer that would take more than this part of the room is not kept."""
_INLINE = 2**16
"""Bytes that are read at once; a longer answer is handed on as an open file."""
_SUFFIX = ".answer"
_HEAD = struct.Struct(">q")
"""What a file begins with: the number of rows, -1 for unknown."""


class CachingEngine:
    """An engine that answers from disk what it has answered before from the same version of the data.

    Queries with bindings are our own and quick; volatile ones (NOW, RAND, ...) differ each time. Neither is kept.

    :param engine: answers what is not there yet.
    :param directory: where answers are kept; it is made when needed and may be deleted at any time.
    :param megabytes: room for answers, in MiB; when it is full, those that were not asked for longest go.
    :param seconds: an answer that took less is not kept: a file would cost more than asking again.
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
        """As :meth:`sparql_engine.Engine.query`; an error is never kept."""
        if bindings or query.volatile:
            return self._engine.query(query, media_type, dataset=dataset, bindings=bindings, base=base, client=client)
        version = self._engine.version()
        if (known := self._read(version, _name(query, media_type, dataset, base), media_type)) is not None:
            return known
        started = time.monotonic()
        result = self._engine.query(query, media_type, dataset=dataset, base=base, client=client)
        if result.size <= self._room // _SHARE and time.monotonic() - started >= self._seconds:
            # Under the version that it was answered from, which a switch may have changed meanwhile.
            self._keep(result, _name(query, media_type, dataset, base))
        return result

    def health(self) -> Health:
        """As :meth:`sparql_engine.Engine.health`."""
        return self._engine.health()

    def close(self) -> None:
        """As :meth:`sparql_engine.Engine.close`; what is kept stays."""
        self._engine.close()

    def _read(self, version: str, name: str, media_type: str) -> Result | None:
        path = f"{self._directory}/{version}/{name}"
        try:
            file = open(path, "rb")  # noqa: PTH123, SIM115 - asked at every query; the reader closes it
        except FileNotFoundError:
            return None
        size = os.fstat(file.fileno()).st_size - _HEAD.size
        # The time of the last use decides what goes first; another process may have removed the file already.
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
        # Those of a process that was killed while it wrote are there, too.
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
    """Leave no half of a file behind, such as when the disk is full."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _name(query: Query, media_type: str, dataset: Dataset, base: str | None) -> str:
    """What was asked, as a file name. Only outer white space is taken away: to a parser, all else may matter."""
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
