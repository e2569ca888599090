"""Checks files in processes that can be killed, against the records of the current release."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final, Literal

from sparql_engine.admission import Admission
from sparql_engine.errors import EngineBusy, EngineFailed
from sparql_engine.forking import Origin

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS: Final = 2.0

Output = Literal["view", "document", "marked", "fixed"]


@dataclass(frozen=True)
class FileLimits:
    """Limits of the size of a file; the same as :class:`ingest.files.grids.SheetLimits`, which is slow to import."""

    rows: int
    cells: int
    unpacked: int


@dataclass(frozen=True)
class CheckLimits:
    """Limits of one check and of the number of checks.

    :ivar seconds: of wall-clock time.
    :ivar megabytes: of memory, in MiB.
    :ivar workers: checks at a time.
    :ivar queue: checks that may wait.
    """

    seconds: float
    megabytes: int
    workers: int
    queue: int
    file: FileLimits


@dataclass(frozen=True)
class Job:
    """A file to check and the wanted kind of answer.

    :ivar source: name of the file.
    :ivar record_type: name of a record type; "" to detect it.
    """

    source: str
    content: bytes
    record_type: str
    output: Output


@dataclass(frozen=True)
class Checked:
    """An answer.

    :ivar kind: kind of the answer: the wanted one, or ``view`` if a copy cannot be made.
    :ivar suffix: of a copy.
    """

    kind: str
    body: bytes
    suffix: str = ""


class CheckError(Exception):
    """A check that was not completed.

    :ivar kind: ``check-busy``, ``check-timeout``, ``check-too-large``, ``check-failed`` or ``type-unknown``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Records:
    """The records that files are checked against.

    :ivar version: of the release.
    :ivar directory: of its source tables and their catalogue.
    """

    version: str
    directory: Path
    base: str


class _Program:
    """The program over one version of the records.

    :ivar users: how many threads use it; the owner does not count.
    """

    def __init__(self, records: Records, limits: CheckLimits, *, reference: bool) -> None:
        self.version = records.version
        self.users = 0
        start = {"directory": str(records.directory), "base": records.base, "network": False, "reference": reference}
        self.origin = Origin(
            "smartregion.web.checking.check_program",
            {**start, "bytes": limits.megabytes * 2**20, "seconds": limits.seconds},
        )


class Checker:
    """Checks files; safe to use from many threads.

    :param current: returns the records of the current release; called for every check, so it should be fast.
    :param reference: whether only pyshacl validates records.
    """

    def __init__(self, current: Callable[[], Records], limits: CheckLimits, *, reference: bool = False) -> None:
        self._current = current
        self._limits = limits
        self._reference = reference
        self._admission = Admission(limits.workers, limits.queue, max(1, limits.workers - 1))
        self._lock = threading.Lock()
        self._program: _Program | None = None
        # Also at the end of a child of multiprocessing, which does not run atexit.
        self._finalizer = Finalize(None, self._close, exitpriority=1)

    def prepare(self) -> None:
        """Start the program if it is not running, because it needs seconds to start."""
        with self._running():
            pass

    def check(self, job: Job, client: str) -> Checked:
        """Check a file.

        :param client: identifies the client, for example its address.
        :raises CheckError: the check was not completed.
        """
        try:
            with self._admission.place(client, self._limits.seconds), self._running() as origin:
                return self._ask(origin, job)
        except EngineBusy:
            raise CheckError("check-busy") from None
        except EngineFailed as error:
            _LOG.error("A file could not be checked: %s", error)
            raise CheckError("check-failed") from None

    def _ask(self, origin: Origin, job: Job) -> Checked:
        pid, connection = origin.fork()
        try:
            answer = self._answer(connection, job)
        finally:
            connection.close()
            status = origin.end(pid)
        if answer is None:
            ended = {-signal.SIGALRM: "check-timeout", -signal.SIGABRT: "check-too-large"}
            # A process killed from outside, or by a stack overflow, needed too much memory.
            raise CheckError(ended.get(status, "check-too-large" if status < 0 else "check-failed"))
        head, _, body = answer.partition(b"\n")
        header: dict[str, Any] = json.loads(head)
        match header["kind"]:
            case "memory":
                raise CheckError("check-too-large")
            case "failed":
                _LOG.error("A check failed:\n%s", header["detail"])
                raise CheckError("check-failed")
            case "type-unknown":
                raise CheckError("type-unknown")
        return Checked(header["kind"], body, header.get("suffix", ""))

    def _answer(self, connection: Connection, job: Job) -> bytes | None:
        """The whole answer; None if the process ended without one."""
        message = {"source": job.source, "content": job.content, "type": job.record_type, "output": job.output}
        try:
            connection.send({**message, "limits": asdict(self._limits.file)})
            if not connection.poll(self._limits.seconds + _GRACE_SECONDS):
                raise CheckError("check-timeout")
            return connection.recv_bytes()
        except (EOFError, ConnectionError):
            return None

    @contextlib.contextmanager
    def _running(self) -> Iterator[Origin]:
        """The program over the current records; it does not end before the block does."""
        retired = None
        with self._lock:
            # Read under the lock, so that a delayed thread does not restore an old version.
            records = self._current()
            program = self._program
            if program is None or program.version != records.version or not program.origin.alive():
                retired, program = program, _Program(records, self._limits, reference=self._reference)
                self._program = program
            program.users += 1
            if retired is not None and retired.users:
                retired = None  # its last user ends it
        if retired is not None:
            retired.origin.close()
        try:
            yield program.origin
        finally:
            with self._lock:
                program.users -= 1
                is_last = program.users == 0 and program is not self._program
            if is_last:
                program.origin.close()

    def close(self) -> None:
        """End the program; no check may follow."""
        self._finalizer()

    def _close(self) -> None:
        with self._lock:
            program, self._program = self._program, None
        if program is not None:
            program.origin.close()
