"""The processes that answer queries over one version of the data: started, asked, ended and replaced from here."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import IO, Any

from engine import Limits
from engine.errors import (
    EngineFailed,
    QueryError,
    QueryRejected,
    QueryTimeout,
    QueryTooDeep,
    QueryTooLarge,
    ResultTooLarge,
    UnfitForFormat,
)

_LOG = logging.getLogger(__name__)
_START_SECONDS = 120.0
"""Reading ten million triples into memory takes half of it."""
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Snapshot:
    """One version of the data.

    :ivar version: its identifier.
    :ivar path: directory of its store, which nobody writes to any more.
    :ivar in_memory: whether query processes share a copy in memory, which is several times faster.
    """

    version: str
    path: Path
    in_memory: bool = False


class Origin:
    """The first process of the program, which forks the query processes over one snapshot."""

    def __init__(self, snapshot: Snapshot, limits: Limits, prefixes: Mapping[str, str], *, network: bool) -> None:
        ours, theirs = socket.socketpair()
        places = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-m", "engine.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
            )
        self._connection = Connection(ours.detach())
        self._lock = threading.Lock()
        self._ready = False
        self._network = network
        self._connection.send(
            {
                "path": str(snapshot.path),
                "in_memory": snapshot.in_memory,
                "network": network,
                "bytes": limits.megabytes * 2**20,
                "prefixes": dict(prefixes),
            }
        )

    def alive(self) -> bool:
        """Whether it can fork."""
        return self._process.poll() is None

    def fork(self) -> tuple[int, Connection]:
        """A new query process: its id and the socket to it."""
        ours, theirs = socket.socketpair()
        with ours, theirs, self._asking():
            if not self._ready:
                self._greet()
            self._connection.send(0)
            send_handle(self._connection, theirs.fileno(), self._process.pid)
            pid: int = self._receive()
            return pid, Connection(ours.detach())

    def end(self, pid: int) -> int:
        """End a query process, if it has not ended already; its exit status, negative for a signal."""
        with self._asking():
            self._connection.send(pid)
            status: int = self._receive()
            return status

    def close(self) -> None:
        """End the process and all that it forked; left alone with its socket, it does so itself."""
        self._connection.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (EOFError, OSError) as error:
            self.close()
            raise EngineFailed(f"Query processes cannot be started: {type(error).__name__}.") from None

    def _greet(self) -> None:
        status, detail, isolated = self._receive()
        if status != "ready":
            raise EngineFailed(f"The store cannot be opened: {detail}")
        self._ready = True
        if not isolated and not self._network:
            _LOG.warning("Query processes cannot leave the network here; only the check for SERVICE protects it.")

    def _receive(self) -> Any:
        if not self._connection.poll(_START_SECONDS):
            raise TimeoutError
        return self._connection.recv()


class Worker:
    """A query process and the socket to it. Only one thread at a time may use it."""

    def __init__(self, origin: Origin, limits: Limits) -> None:
        self._origin = origin
        self._limits = limits
        self._pid, self._connection = origin.fork()
        self._poll = select.poll()
        self._poll.register(self._connection.fileno(), select.POLLIN)
        self._status = 0
        self.worn = False

    def alive(self) -> bool:
        """Whether it can take a job."""
        # It says nothing unasked: what can be read is the end.
        return not self._connection.closed and not self._poll.poll(0)

    def ask(self, job: dict[str, Any]) -> tuple[bytes | IO[bytes], int]:
        """Hand over a job and wait for the whole answer: its bytes or, when there are many, an open file; and rows."""
        try:
            self._connection.send(job)
            if not self._poll.poll(1000 * (self._limits.seconds + _GRACE_SECONDS)):
                self.close()
                raise self._refusal("time", "")
            header, _, body = self._connection.recv_bytes().partition(b"\n")
            status, detail, self.worn, rows = json.loads(header)
            if status == "bytes":
                return body, rows
            if status == "file":
                return os.fdopen(recv_handle(self._connection), "rb"), rows
        except (EOFError, ConnectionError):
            raise self._post_mortem() from None
        raise self._refusal(status, detail)

    def _post_mortem(self) -> QueryError:
        """What the end of the process says about the query."""
        status = self.close()
        meaning = {
            -signal.SIGALRM: "time",
            -signal.SIGABRT: "memory",
            -signal.SIGKILL: "memory",
            -signal.SIGSEGV: "stack",
            -signal.SIGBUS: "stack",
        }
        return self._refusal(meaning.get(status, "failed"), f"The query process ended with status {status}.")

    def _refusal(self, status: str, detail: str) -> QueryError:
        limits = self._limits
        match status:
            case "syntax":
                return QueryRejected(detail)
            case "unfit":
                return UnfitForFormat(detail)
            case "time":
                message = f"The query takes longer than {limits.seconds:g} s."
                return QueryTimeout(message, limit="seconds", value=limits.seconds)
            case "memory":
                message = f"The query needs more than {limits.megabytes} MiB of memory."
                return QueryTooLarge(message, limit="megabytes", value=limits.megabytes)
            case "result":
                message = f"The answer is larger than {limits.result_megabytes} MiB."
                return ResultTooLarge(message, limit="result_megabytes", value=limits.result_megabytes)
            case "stack":
                return QueryTooDeep("The query is nested or chained too deeply.", limit="depth", value=limits.depth)
            case _:
                return EngineFailed(detail)

    def close(self) -> int:
        """End the process, whatever it is doing; its exit status."""
        if not self._connection.closed:
            self._connection.close()
            self._status = self._origin.end(self._pid)
        return self._status


class Pool:
    """The query processes over one snapshot.

    :param network: whether they may use the network, which only SERVICE needs.
    :ivar users: how many threads use or await one of them; the owner counts.
    """

    def __init__(self, snapshot: Snapshot, limits: Limits, prefixes: Mapping[str, str], *, network: bool) -> None:
        self.snapshot = snapshot
        self.users = 0
        self._limits = limits
        self._origin = Origin(snapshot, limits, prefixes, network=network)
        self._idle: list[Worker] = []

    def alive(self) -> bool:
        """Whether queries can be answered."""
        return self._origin.alive()

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """A query process for one query: an idle one, else a new one."""
        worker = self._take()
        try:
            yield worker
        finally:
            if worker.alive() and not worker.worn:
                self._idle.append(worker)
            else:
                worker.close()

    def _take(self) -> Worker:
        with contextlib.suppress(IndexError):
            while True:
                worker = self._idle.pop()
                if worker.alive():
                    return worker
                worker.close()
        return Worker(self._origin, self._limits)

    def close(self) -> None:
        """End all processes."""
        self._origin.close()
