"""Schedules queries: short ones overtake long ones, also of the same client (decision 41).

A query that runs longer than a time slice is long. It continues while no query waits for its process. Otherwise it
continues only as one of the limited number of long queries of its client and of all clients; else it is ended, waits
behind the short ones, and starts again. One process more than long queries may use is reserved for short ones.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from sparql_engine.errors import EngineBusy

SPARE: Final = 1
"""Number of processes that long queries never use."""

LOOK: Final = 0.02
"""Seconds between two checks of waiting and running queries."""

_SLICE: Final = 0.2
"""Time slice in seconds: longer queries are long, if others wait."""

_SHORTEST_SLICE: Final = 0.05
"""The same if many queries wait, so that each gets its slice soon."""

Result = TypeVar("Result")


class Interrupted(Exception):
    """The work was ended in favour of another query."""


@dataclass(eq=False)
class _LaneTicket:
    """A query that waits, and then runs.

    :ivar again: whether it is known to be long, because it was interrupted before.
    :ivar held: whether it is one of the long queries that are not interrupted.
    :ivar started: when it began to run; None while it waits.
    :ivar told: whether it has to leave its process or the queue.
    """

    client: str
    again: bool = False
    held: bool = False
    started: float | None = None
    told: bool = False


class Lanes:
    """Shares processes between clients and between short and long queries; safe to use from many threads.

    :param workers: maximum number of running long queries; one client has at most all but one of these, at least one.
    :param queue: maximum number of waiting queries.
    """

    def __init__(self, workers: int, queue: int) -> None:
        self.places = workers + SPARE
        self._long = workers
        self._share = max(1, workers - 1)
        self._queue = queue
        self._changed = threading.Condition()
        self._inside: list[_LaneTicket] = []
        self._waiting: list[_LaneTicket] = []
        self._turns: dict[str, int] = {}
        self._turn = 0

    @property
    def inside(self) -> int:
        """Number of running queries."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """Number of waiting queries."""
        return len(self._waiting)

    def run(self, client: str, seconds: float, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """Do the work when its turn comes, and repeat it if it was interrupted.

        :param client: identifies the client, for example its address.
        :param seconds: maximum time until its last turn.
        :param work: gets a fast function that tells whether it must end at once by raising Interrupted.
        :raises EngineBusy: too many wait already, or the wait was too long.
        """
        end = time.monotonic() + seconds
        ticket = _LaneTicket(client)
        while True:
            self._enter(ticket, end)
            try:
                return work(partial(getattr, ticket, "told"))
            except Interrupted:
                pass
            finally:
                self._leave(ticket)
            ticket = _LaneTicket(client, again=True)

    def _enter(self, ticket: _LaneTicket, end: float) -> None:
        with self._changed:
            if self._waiting or len(self._inside) >= self.places:
                self._make_room(ticket)
            self._waiting.append(ticket)
            self._call()
            try:
                while ticket.started is None:
                    if ticket.told:
                        raise self._full()
                    if (left := end - time.monotonic()) <= 0:
                        raise EngineBusy("No query process became free in time.")
                    self._tell()
                    self._changed.wait(min(left, LOOK))
            finally:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    self._forget(ticket.client)

    def _leave(self, ticket: _LaneTicket) -> None:
        with self._changed:
            self._inside.remove(ticket)
            self._forget(ticket.client)
            self._call()

    def _call(self) -> None:
        """Start waiting queries while processes are free: short ones first, then clients with the fewest running."""
        while len(self._inside) < self.places:
            inside = Counter(ticket.client for ticket in self._inside)
            waiting = [ticket for ticket in self._waiting if not ticket.again]
            if not waiting:
                is_free = len(self._inside) < self.places - SPARE
                waiting = [ticket for ticket in self._waiting if is_free or self._may_be_held(ticket.client)]
            if not waiting:
                break
            chosen = min(waiting, key=lambda one: (inside[one.client], self._turns.get(one.client, 0)))
            chosen.held = chosen.again and self._may_be_held(chosen.client)
            self._waiting.remove(chosen)
            self._inside.append(chosen)
            self._turn += 1
            self._turns[chosen.client] = self._turn
            chosen.started = time.monotonic()
        self._changed.notify_all()

    def _tell(self) -> None:
        """Interrupt a long query for each waiting short one, unless it may continue as one of the long ones."""
        short = sum(not ticket.again for ticket in self._waiting)
        wanted = short - sum(ticket.told for ticket in self._inside) - (self.places - len(self._inside))
        before = time.monotonic() - max(_SHORTEST_SLICE, _SLICE / max(1, short / self.places))
        inside = Counter(ticket.client for ticket in self._inside)
        surplus = []
        for ticket in self._inside:
            if wanted > 0 and not ticket.held and not ticket.told and (ticket.started or 0) < before:
                ticket.held = self._may_be_held(ticket.client)
                if not ticket.held:
                    surplus.append(ticket)
        # The latest lose the least work.
        surplus.sort(key=lambda ticket: (inside[ticket.client], ticket.started), reverse=True)
        for ticket in surplus[: max(wanted, 0)]:
            ticket.told = True

    def _may_be_held(self, client: str) -> bool:
        held = Counter(ticket.client for ticket in self._inside if ticket.held)
        return held.total() < self._long and held[client] < self._share

    def _make_room(self, ticket: _LaneTicket) -> None:
        """If the queue is full, drop the latest query of the client with most waiting, long ones before short ones."""
        standing = [other for other in self._waiting if not other.told]
        if len(standing) < self._queue:
            return
        if overtaken := [] if ticket.again else [other for other in standing if other.again]:
            standing = overtaken
        waiting = Counter(other.client for other in standing)
        greedy = max(waiting, key=waiting.__getitem__, default=ticket.client)
        if not overtaken and waiting[greedy] <= waiting[ticket.client] + 1:
            raise self._full()
        next(other for other in reversed(standing) if other.client == greedy).told = True
        self._changed.notify_all()

    def _forget(self, client: str) -> None:
        if not any(ticket.client == client for ticket in (*self._inside, *self._waiting)):
            self._turns.pop(client, None)

    def _full(self) -> EngineBusy:
        return EngineBusy(f"{self._queue} queries are waiting already.", limit="queue", value=self._queue)
