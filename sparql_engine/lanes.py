"""Which query runs: short ones overtake long ones, whoever asks, so that a long one is no reason for anybody to wait.

A query that runs for longer than a slice of time may go on while nobody waits for its process. When somebody does, it
keeps its process only as one of the few long ones that its client, and all clients together, may have; otherwise it is
ended, waits behind the short ones, and begins anew. One process more than long queries may have is there for short
ones.
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
"""Places that long queries never hold."""

LOOK: Final = 0.02
"""Seconds after which those who wait, and those who run, look again whether anything is to be done."""

_SLICE: Final = 0.2
"""Seconds after which a query is a long one, if somebody waits."""

_SHORTEST_SLICE: Final = 0.05
"""The same, if many wait: each of them is to get its slice soon."""

Result = TypeVar("Result")


class Interrupted(Exception):
    """The work was ended for another's sake."""


@dataclass(eq=False)
class _LaneTicket:
    """One who waits, and then runs.

    :ivar again: it is known to be long, since it had to end before.
    :ivar held: it is one of the long ones that nobody interrupts.
    :ivar started: when it began to run; None while it waits.
    :ivar told: whether it has to leave, its process or the queue.
    """

    client: str
    again: bool = False
    held: bool = False
    started: float | None = None
    told: bool = False


class Lanes:
    """Shares processes between clients and between short and long queries; safe to use from many threads.

    :param workers: long queries that may run at a time; one client has all but one of these, at least one.
    :param queue: how many may wait.
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
        """How many run."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def run(self, client: str, seconds: float, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """Do the work when its turn comes, and again from its beginning if it had to be interrupted.

        :param client: who asks, such as an address.
        :param seconds: in which its last turn must have come.
        :param work: is given a function that says, cheaply, whether it has to end at once by raising Interrupted.
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
        """Call in whoever's turn it is while there is room: short queries first, of clients those with the fewest."""
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
        """Have a long query leave for each short one that waits, unless it may go on as one of the long ones."""
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
        # The latest have the least to lose.
        surplus.sort(key=lambda ticket: (inside[ticket.client], ticket.started), reverse=True)
        for ticket in surplus[: max(wanted, 0)]:
            ticket.told = True

    def _may_be_held(self, client: str) -> bool:
        held = Counter(ticket.client for ticket in self._inside if ticket.held)
        return held.total() < self._long and held[client] < self._share

    def _make_room(self, ticket: _LaneTicket) -> None:
        """When the queue is full, the client with most waiting gives up its latest, long ones before short ones."""
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
