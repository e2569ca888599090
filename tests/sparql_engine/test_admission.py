"""Whose turn it is: bounded, fair between clients, and nobody is forgotten."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sparql_engine import EngineBusy
from sparql_engine.admission import Admission

pytestmark = pytest.mark.slow


class Visitor(threading.Thread):
    """Stays inside until it is told to leave."""

    def __init__(self, admission: Admission, client: str, log: list[str], seconds: float = 10) -> None:
        super().__init__()
        self._admission, self._client, self._log, self._seconds = admission, client, log, seconds
        self.entered, self.leave = threading.Event(), threading.Event()
        self.refused = False
        self.start()

    def run(self) -> None:
        try:
            with self._admission.place(self._client, self._seconds):
                self._log.append(self._client)
                self.entered.set()
                self.leave.wait(10)
        except EngineBusy:
            self.refused = True


Come = Callable[..., Visitor]


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def come(log: list[str]) -> Iterator[Come]:
    """Lets a visitor come and waits until it is inside, in the queue or refused."""
    visitors: list[Visitor] = []

    def begin(admission: Admission, client: str, seconds: float = 10) -> Visitor:
        before = admission.waiting
        visitor = Visitor(admission, client, log, seconds)
        visitors.append(visitor)
        for _ in range(1000):
            if visitor.entered.is_set() or not visitor.is_alive() or admission.waiting != before:
                break
            time.sleep(0.001)
        return visitor

    yield begin
    for visitor in visitors:
        visitor.leave.set()
    for visitor in visitors:
        visitor.join()


def test_a_waiting_client_is_admitted_when_a_place_is_free(come: Come) -> None:
    admission = Admission(1, 1, 1)
    first, second = come(admission, "a"), come(admission, "b")
    assert (admission.inside, admission.waiting) == (1, 1)
    assert come(admission, "c").refused
    first.leave.set()
    assert second.entered.wait(5)
    second.leave.set()
    second.join()
    assert (admission.inside, admission.waiting) == (0, 0)


def test_a_client_leaves_the_last_place_to_others(come: Come) -> None:
    admission = Admission(2, 5, 1)
    come(admission, "greedy")
    assert not come(admission, "greedy").entered.is_set()
    assert come(admission, "other").entered.is_set()


def test_clients_take_turns(come: Come, log: list[str]) -> None:
    admission = Admission(1, 10, 1)
    visitors = [come(admission, client) for client in "aaaabbc"]
    left: set[Visitor] = set()
    while len(left) < len(visitors):
        for visitor in visitors:
            if visitor.entered.is_set() and visitor not in left:
                left.add(visitor)
                visitor.leave.set()
        time.sleep(0.001)
    assert "".join(log) == "aabcaba"


def test_a_full_queue_has_room_for_a_client_with_less(come: Come) -> None:
    admission = Admission(1, 3, 1)
    come(admission, "greedy")
    waiting = [come(admission, "greedy") for _ in range(3)]
    other = come(admission, "other")
    waiting[-1].join(5)
    assert [visitor.refused for visitor in waiting] == [False, False, True]
    assert not other.refused
    assert admission.waiting == 3
    assert come(admission, "greedy").refused


def test_a_wait_has_an_end(come: Come) -> None:
    admission = Admission(1, 3, 1)
    come(admission, "a")
    late = come(admission, "b", 0.05)
    late.join(5)
    assert late.refused
    assert admission.waiting == 0


def test_an_error_inside_gives_the_place_back() -> None:
    admission = Admission(1, 0, 1)
    for _ in range(2):
        with contextlib.suppress(ValueError), admission.place("a", 1):
            raise ValueError
    assert admission.inside == 0


def test_nobody_is_lost_under_load() -> None:
    """Twelve threads of four clients come and go: nobody is inside who may not be, and at the end nobody at all."""
    admission = Admission(3, 100, 2)
    inside: list[str] = []
    most: list[int] = []
    done: list[int] = []

    def run(client: str) -> None:
        for _ in range(200):
            with admission.place(client, 30):
                inside.append(client)
                most.append(len(inside))
                assert inside.count(client) <= 2
                inside.remove(client)
        done.append(1)

    threads = [threading.Thread(target=run, args=[client]) for client in "abcd" * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(threads)
    assert max(most) <= 3
    assert (admission.inside, admission.waiting) == (0, 0)
