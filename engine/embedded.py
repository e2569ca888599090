"""Answers queries from an Oxigraph store on this machine, in worker processes that can be killed.

``Store.query`` has no time limit, no memory limit and no cancel, and hostile input can end the process it runs in. So
each query runs in a worker (:mod:`engine.worker`): the kernel ends it when its time (``SIGALRM``) or its memory
(``RLIMIT_AS``) is used up, and a new one takes its place. Every worker has its own socket, so the death of one is
nobody else's business. An answer is handed on only when it is complete.

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
from typing import IO, Any

from engine import NO_DATASET, Bindings, Dataset, Health, Limits, Query, Result
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

    def ask(self, job: dict[str, Any]) -> bytes | IO[bytes]:
        """Hand over a job and wait for the whole answer: its bytes, or an open file when there are many."""
        try:
            if not self._ready:
                self._greet()
            self._connection.send(job)
            status, detail, self.worn = self._header(self._limits.seconds + _GRACE_SECONDS)
            if status == "bytes":
                return self._connection.recv_bytes()
            if status == "file":
                return os.fdopen(recv_handle(self._connection), "rb")
        except TimeoutError:
            self.close()
            raise self._refusal("time" if self._ready else "failed", "The query process does not start.") from None
        except (EOFError, ConnectionError):
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

    def _post_mortem(self) -> QueryError:
        """What the end of the process says about the query."""
        try:
            status = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.close()
            return self._refusal("failed", "The query process does not answer.")
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

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


class _Pool:
    """The workers over one snapshot, and how many threads use or await one."""

    def __init__(self, snapshot: Snapshot, limits: Limits, prefixes: Mapping[str, str]) -> None:
        self.snapshot = snapshot
        self.users = 0
        self._limits = limits
        self._prefixes = prefixes
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self.workers = [_Worker(snapshot, limits, prefixes) for _ in range(limits.workers)]
        for worker in self.workers:
            self._idle.put(worker)

    @contextlib.contextmanager
    def worker(self) -> Iterator[_Worker]:
        """A worker for one query, alive; after it, a worn or dead one is replaced at once."""
        try:
            worker = self._idle.get(timeout=self._limits.seconds)
        except queue.Empty:
            raise EngineBusy("No query process became free in time.") from None
        try:
            worker = self._renewed(worker)
            yield worker
        finally:
            try:
                worker = self._renewed(worker)
            except OSError as error:  # it stays dead until the next query asks for it
                _LOG.error("No query process can be started: %s", error)
            self._idle.put(worker)

    def _renewed(self, worker: _Worker) -> _Worker:
        if worker.alive() and not worker.worn:
            return worker
        worker.close()
        fresh = _Worker(self.snapshot, self._limits, self._prefixes)
        self.workers[self.workers.index(worker)] = fresh
        return fresh

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


class EmbeddedEngine:
    """Answers from the store of the current snapshot; safe to use from many threads.

    :param current: gives the current snapshot; asked at every query, so it should be cheap.
    :param limits: of every query.
    :param prefixes: for Turtle and its relatives.
    """

    def __init__(
        self, current: Callable[[], Snapshot], limits: Limits, prefixes: Mapping[str, str] | None = None
    ) -> None:
        self._current = current
        self._limits = limits
        self._prefixes = prefixes or {}
        self._admission = threading.BoundedSemaphore(limits.workers + limits.queue)
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._warned = False
        # Also at the end of a child of multiprocessing, where atexit is not run.
        self._finalizer = Finalize(None, self._close_pool, exitpriority=1)

    def version(self) -> str:
        """The version of the current snapshot."""
        return self._current().version

    def prepare(self, text: str) -> Query:
        """See :meth:`engine.Engine.prepare`."""
        return prepare(text, length=self._limits.length, depth=self._limits.depth)

    def query(
        self,
        query: Query,
        media_type: str,
        *,
        dataset: Dataset = NO_DATASET,
        bindings: Bindings | None = None,
        base: str | None = None,
    ) -> Result:
        """See :meth:`engine.Engine.query`."""
        job = {
            "text": query.text,
            "base": base,
            "media_type": media_type,
            "names_dataset": query.names_dataset,
            "default_graphs": dataset.default,
            "named_graphs": dataset.named,
            "bindings": dict(bindings or {}),
            "seconds": self._limits.seconds,
            "result_bytes": self._limits.result_megabytes * 2**20,
        }
        with self._admitted(), self._current_pool() as pool, pool.worker() as worker:
            body = worker.ask(job)
            if not worker.isolated and not self._warned:
                self._warned = True
                _LOG.warning("Query processes cannot leave the network here; only the check for SERVICE protects it.")
        size = len(body) if isinstance(body, bytes) else body.seek(0, os.SEEK_END)
        if not isinstance(body, bytes):
            body.seek(0)
        return Result(media_type, pool.snapshot.version, size, body)

    def health(self) -> Health:
        """See :meth:`engine.Engine.health`; starts the workers if none have been needed yet."""
        with self._current_pool() as pool:
            alive = sum(worker.alive() for worker in pool.workers)
            return Health(pool.snapshot.version, len(pool.workers), alive)

    def close(self) -> None:
        """End all workers; no query may follow."""
        self._finalizer()

    @contextlib.contextmanager
    def _admitted(self) -> Iterator[None]:
        if not self._admission.acquire(blocking=False):
            waiting = self._limits.queue
            raise EngineBusy(f"{waiting} queries are waiting already.", limit="queue", value=waiting)
        try:
            yield
        finally:
            self._admission.release()

    @contextlib.contextmanager
    def _current_pool(self) -> Iterator[_Pool]:
        """The workers over the current snapshot; they are not ended before the block is left."""
        retired = None
        with self._lock:
            # Asked under the lock: a thread that was held up must not bring an old version back.
            snapshot = self._current()
            if self._pool is None or self._pool.snapshot != snapshot:
                retired, self._pool = self._pool, _Pool(snapshot, self._limits, self._prefixes)
            pool = self._pool
            pool.users += 1
            if retired is not None and retired.users:
                retired = None  # its last user ends it
        if retired is not None:
            retired.close()
        try:
            yield pool
        finally:
            with self._lock:
                pool.users -= 1
                is_last = pool.users == 0 and pool is not self._pool
            if is_last:
                pool.close()

    def _close_pool(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
