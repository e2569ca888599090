"""Admits a limited number of clients at the same time; others wait in a bounded queue and take turns."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from sparql_engine.errors import EngineBusy


@dataclass(eq=False)
class _Ticket:
    """A waiting request.

    ``called`` is set when the wait is over: admitted, or ``evicted`` in favour of another client.
    """

    called: threading.Event
    evicted: bool = False


class Admission:
    """Limits the number of places and shares them between clients.

    A client has at most ``share`` places and never the last one. A free place goes to the client with the fewest, among
    equals to the one served longest ago. If the queue is full, a client with fewer waiting requests replaces the newest
    one of the client with the most.

    :param places: number of places.
    :param queue: maximum number of waiting requests.
    :param share: maximum number of places of one client.
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
        """Number of occupied places."""
        return self._inside.total()

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        with self._lock:
            return self._queued()

    @contextlib.contextmanager
    def place(self, client: str, seconds: float) -> Iterator[None]:
        """Occupy a place for the duration of the block.

        :param client: identifies the client, for example its address.
        :param seconds: maximum waiting time.
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
        """Admit waiting requests while places are free."""
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
