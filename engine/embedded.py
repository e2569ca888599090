"""Answers queries from an Oxigraph store on this machine, in worker processes that can be killed.

``Store.query`` has no time limit, no memory limit and no cancel, and hostile input can end the process it runs in. So
each query runs in a process of its own kind (:mod:`engine.worker`): the kernel ends it when its time (``SIGALRM``) or its
memory (``RLIMIT_AS``) is used up, and a new one takes its place. Every worker has its own socket, so the death of one
is nobody else's business. An answer is handed on only when it is complete.

When the version of the data changes, new queries go to new workers; the old ones end with the last query they serve.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from engine import Bindings, Dataset, Health, Limits, Query, Result
from engine.errors import (
    EngineBusy,
    EngineFailed,
    QueryError,
    QueryRejected,
    QueryTimeout,
    QueryTooDeep,
    QueryTooLarge,
    ResultTooLarge,
)
from engine.guard import prepare

_LOG = logging.getLogger(__name__)
_START_SECONDS = 30.0
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Snapshot:
    """One version of the data: its identifier and the directory of its store, which nobody writes to any more."""

    version: str
    path: Path


class _Worker:
    """One process and the socket to it. Only one thread at a time may use it."""

    def __init__(self, snapshot: Snapshot, limits: Limits, prefixes: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._connection = Connection(ours.detach())
        self._limits = limits
        self._ready = False
        self.isolated = True
        self.worn = False
        self._connection.send(
            {"path": str(snapshot.path), "bytes": limits.megabytes * 2**20, "prefixes": dict(prefixes)}
        )

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: dict[str, Any]) -> tuple[bytes | Any, int]:
        """Hand over a job and wait for the whole answer: its bytes or an open file, and its size."""
        try:
            if not self._ready:
                self._greet()
            self._connection.send(job)
            status, detail, self.worn = self._header(self._limits.seconds + _GRACE_SECONDS)
            if status == "bytes":
                body = self._connection.recv_bytes()
                return body, len(body)
            if status == "file":
                file = os.fdopen(recv_handle(self._connection), "rb")
                return file, file.seek(0, os.SEEK_END)
        except (EOFError, ConnectionError, TimeoutError):
            raise self._post_mortem() from None
        raise self._refusal(status, detail)

    def _greet(self) -> None:
        status, detail, self.isolated = self._header(_START_SECONDS)
        if status != "ready":
            raise EngineFailed(f"The store cannot be opened: {detail}")
        self._ready = True

    def _header(self, seconds: float) -> list[Any]:
        if not self._connection.poll(seconds):
            raise TimeoutError
        header: list[Any] = json.loads(self._connection.recv_bytes())
        return header

    def _refusal(self, status: str, detail: str) -> QueryError:
        if status == "syntax":
            return QueryRejected(detail)
        if status == "result":
            size = self._limits.result_megabytes
            return ResultTooLarge(f"The answer is larger than {size} MiB.", limit="result_megabytes", value=size)
        if status == "memory":
            return self._out_of_memory()
        return EngineFailed(detail)

    def _out_of_memory(self) -> QueryError:
        size = self._limits.megabytes
        return QueryTooLarge(f"The query needs more than {size} MiB of memory.", limit="megabytes", value=size)

    def _post_mortem(self) -> QueryError:
        """What the end of the process says about the query."""
        try:
            status = self._process.wait(0 if self._connection.closed else _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            status = -signal.SIGALRM
        self.close()
        if status == -signal.SIGALRM:
            seconds = self._limits.seconds
            return QueryTimeout(f"The query takes longer than {seconds:g} s.", limit="seconds", value=seconds)
        if status in {-signal.SIGABRT, -signal.SIGKILL}:
            return self._out_of_memory()
        if status in {-signal.SIGSEGV, -signal.SIGBUS}:
            return QueryTooDeep("The query is nested or chained too deeply.", limit="depth", value=self._limits.depth)
        return EngineFailed(f"The query process ended with status {status}.")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


class _Pool:
    """The workers over one snapshot, and how many threads use or await one."""

    def __init__(self, snapshot: Snapshot, start: Callable[[Snapshot], _Worker], workers: int) -> None:
        self.snapshot = snapshot
        self.users = 0
        self.workers = [start(snapshot) for _ in range(workers)]
        self.idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for worker in self.workers:
            self.idle.put(worker)
        self._start = start

    def give_back(self, worker: _Worker) -> None:
        """Return a worker after its job; a dead or worn one is replaced."""
        if worker.worn or not worker.alive():
            worker.close()
            fresh = self._start(self.snapshot)
            self.workers[self.workers.index(worker)] = fresh
            worker = fresh
        self.idle.put(worker)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


class EmbeddedEngine:
    """Answers from the store of the current snapshot.

    :param current: gives the current snapshot; asked once for every query, so it should be cheap.
    :param limits: of every query.
    :param prefixes: for Turtle and its relatives.
    """

    def __init__(
        self, current: Callable[[], Snapshot], limits: Limits, prefixes: Mapping[str, str] | None = None
    ) -> None:
        self._current = current
        self._limits = limits
        self._prefixes = prefixes or {}
        self._admitted = threading.BoundedSemaphore(limits.workers + limits.queue)
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        # Runs at the end of a process, however it was started; atexit would not in a child of multiprocessing.
        self._close = Finalize(self, self._close_pool, exitpriority=1)

