"""Whose turn it is: a few at a time, the others wait in a bounded queue, and clients take turns."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from sparql_engine.errors import EngineBusy


@dataclass(eq=False)
class _Ticket:
    """One who waits. ``called`` is set when the wait is over, for good or, when ``evicted``, for another's sake."""

    called: threading.Event
    evicted: bool = False


class Admission:
    """Admits so many at a time and shares the places between clients.

    A client has at most ``share`` places and never takes the last one from the others. A free place goes to the client
    with the fewest, of equals to the one that had its last turn longest ago. When the queue is full, the client with
    the most waiting gives up its newest for a client with fewer.

    :param places: how many may be inside at a time.
    :param queue: how many may wait.
    :param share: most places of one client.
    """

    def __init__(self, places: int, queue: int, share: int) -> None:
        self._places = places
        self._queue = queue
        self._share = share
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Ticket]] = {}

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside.total()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return self._queued()

    @contextlib.contextmanager
    def place(self, client: str, seconds: float) -> Iterator[None]:
        """Be inside for the length of the block.

        :param client: who asks, such as an address.
        :param seconds: longest wait.
        :raises EngineBusy: too many wait already, or the wait was too long.
        """
        self._enter(client, seconds)
        try:
            yield
        finally:
            with self._lock:
                self._inside[client] -= 1
                if not self._inside[client]:
                    del self._inside[client]
                self._call()

    def _enter(self, client: str, seconds: float) -> None:
        with self._lock:
            if not self._waiting.get(client) and self._may_enter(client):
                self._inside[client] += 1
                return
            if self._queued() >= self._queue:
                self._evict_for(client)
            ticket = _Ticket(threading.Event())
            self._waiting.setdefault(client, deque()).append(ticket)
        ticket.called.wait(seconds)
        with self._lock:
            if not ticket.called.is_set():
                self._leave_queue(client, ticket)
                raise EngineBusy("No query process became free in time.")
        if ticket.evicted:
            raise self._full()

    def _may_enter(self, client: str) -> bool:
        return self._inside.total() < self._places and self._inside[client] < self._share

    def _call(self) -> None:
        """Call in whoever's turn it is while there is room."""
        while eligible := [client for client in self._waiting if self._may_enter(client)]:
            client = min(eligible, key=self._inside.__getitem__)
            ticket = self._waiting[client][0]
            self._leave_queue(client, ticket)
            if client in self._waiting:
                self._waiting[client] = self._waiting.pop(client)  # behind the others, who are next
            self._inside[client] += 1
            ticket.called.set()

    def _evict_for(self, client: str) -> None:
        greedy = max(self._waiting, key=lambda other: len(self._waiting[other]), default=client)
        if len(self._waiting.get(greedy, ())) <= len(self._waiting.get(client, ())) + 1:
            raise self._full()
        ticket = self._waiting[greedy][-1]
        self._leave_queue(greedy, ticket)
        ticket.evicted = True
        ticket.called.set()

    def _leave_queue(self, client: str, ticket: _Ticket) -> None:
        self._waiting[client].remove(ticket)
        if not self._waiting[client]:
            del self._waiting[client]

    def _queued(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _full(self) -> EngineBusy:
        return EngineBusy(f"{self._queue} queries are waiting already.", limit="queue", value=self._queue)
