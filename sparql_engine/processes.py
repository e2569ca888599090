"""Starts, uses, ends and replaces the processes that answer queries on one version of the data."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import IO, Any

from sparql_engine import Limits
from sparql_engine.errors import (
    EngineFailed,
    QueryError,
    QueryRejected,
    QueryTimeout,
    QueryTooDeep,
    QueryTooLarge,
    ResultTooLarge,
    UnfitForFormat,
)
from sparql_engine.forking import Origin
from sparql_engine.lanes import LOOK, Interrupted

_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Snapshot:
    """One version of the data.

    :ivar version: its identifier.
    :ivar path: directory of its store, which never changes.
    :ivar in_memory: whether query processes share a copy in memory, which is several times faster.
    """

    version: str
    path: Path
    in_memory: bool = False


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
        """Whether it can run a job."""
        # It sends nothing without a job: readable data means the end of the socket.
        return not self._connection.closed and not self._poll.poll(0)

    def ask(self, job: dict[str, Any], must_end: Callable[[], bool]) -> tuple[bytes | IO[bytes], int]:
        """Send a job and wait for the whole answer: bytes, or an open file for a long answer; and number of rows.

        :param must_end: called at intervals while the job runs.
        :raises Interrupted: the job was interrupted, and the process ended.
        """
        end = time.monotonic() + self._limits.seconds + _GRACE_SECONDS
        try:
            self._connection.send(job)
            while not self._poll.poll(1000 * LOOK):
                if must_end():
                    self.close()
                    raise Interrupted
                if time.monotonic() > end:
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
        """The error of the query, from the end of the process."""
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
        """End the process at once; return its exit status."""
        if not self._connection.closed:
            self._connection.close()
            self._status = self._origin.end(self._pid)
        return self._status


class Pool:
    """The query processes over one snapshot.

    :param network: whether they may use the network, which only SERVICE needs.
    :ivar users: number of threads that use or await one of them, including the owner.
    """

    def __init__(self, snapshot: Snapshot, limits: Limits, prefixes: Mapping[str, str], *, network: bool) -> None:
        self.snapshot = snapshot
        self.users = 0
        self._limits = limits
        self._origin = Origin(
            "sparql_engine.worker",
            {
                "path": str(snapshot.path),
                "in_memory": snapshot.in_memory,
                "network": network,
                "bytes": limits.megabytes * 2**20,
                "prefixes": dict(prefixes),
            },
        )
        self._idle: list[Worker] = []

    def alive(self) -> bool:
        """Whether queries can be answered."""
        return self._origin.alive()

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """A query process for one query: an idle one, or a new one."""
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
