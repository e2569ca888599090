"""Answers queries from an Oxigraph store on this machine, in query processes that can be killed.

``Store.query`` has no time limit, no memory limit and no cancellation, and hostile input can end its process. So each
query runs in a process of :mod:`sparql_engine.worker`: the kernel ends it when its time (``SIGALRM``) or its memory
(``RLIMIT_AS``) is used up, and another one is forked. Every query process has its own socket, so the end of one does
not affect others. An answer is returned only when it is complete.

When the version of the data changes, new queries go to new processes; the old ones end with the last query they serve.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.util import Finalize
from typing import IO

from sparql_engine import NO_DATASET, Bindings, Dataset, Health, Limits, Query, Result
from sparql_engine.guard import prepare
from sparql_engine.lanes import Lanes
from sparql_engine.processes import Pool, Snapshot


class EmbeddedEngine:
    """Answers from the store of the current snapshot; safe to use from many threads.

    :param current: returns the current snapshot; called for every query, so it should be fast.
    :param limits: of every query.
    :param prefixes: for Turtle, TriG and RDF/XML.
    """

    def __init__(
        self, current: Callable[[], Snapshot], limits: Limits, prefixes: Mapping[str, str] | None = None
    ) -> None:
        self._current = current
        self._limits = limits
        self._prefixes = prefixes or {}
        self._lanes = Lanes(limits.workers, limits.queue)
        self._lock = threading.Lock()
        self._pools: dict[bool, Pool] = {}
        # Also at the end of a child of multiprocessing, which does not run atexit.
        self._finalizer = Finalize(None, self._close_pools, exitpriority=1)

    def version(self) -> str:
        """The version of the current snapshot."""
        return self._current().version

    def prepare(self, text: str) -> Query:
        """See :meth:`sparql_engine.Engine.prepare`."""
        return prepare(text, length=self._limits.length, depth=self._limits.depth, services=self._limits.services)

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
        """See :meth:`sparql_engine.Engine.query`."""
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

        def work(must_end: Callable[[], bool]) -> tuple[bytes | IO[bytes], int, str]:
            with self._current_pool(network=bool(query.services)) as pool, pool.worker() as worker:
                return *worker.ask(job, must_end), pool.snapshot.version

        body, rows, version = self._lanes.run(client, self._limits.seconds, work)
        size = len(body) if isinstance(body, bytes) else body.seek(0, os.SEEK_END)
        if not isinstance(body, bytes):
            body.seek(0)
        return Result(media_type, version, size, body, rows)

    def health(self) -> Health:
        """See :meth:`sparql_engine.Engine.health`; starts the program if it has not been needed yet."""
        with self._current_pool() as pool:
            busy, waiting = self._lanes.inside, self._lanes.waiting
            return Health(pool.snapshot.version, pool.alive(), self._limits.workers, busy, waiting)

    def close(self) -> None:
        """End all workers; no query may follow."""
        self._finalizer()

    @contextlib.contextmanager
    def _current_pool(self, *, network: bool = False) -> Iterator[Pool]:
        """The query processes over the current snapshot; they do not end before the block does."""
        retired = None
        with self._lock:
            # Read under the lock, so that a delayed thread does not restore an old version.
            snapshot = self._current()
            pool = self._pools.get(network)
            if pool is None or pool.snapshot != snapshot or not pool.alive():
                retired = pool
                pool = self._pools[network] = Pool(snapshot, self._limits, self._prefixes, network=network)
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
                is_last = pool.users == 0 and pool is not self._pools.get(network)
            if is_last:
                pool.close()

    def _close_pools(self) -> None:
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
