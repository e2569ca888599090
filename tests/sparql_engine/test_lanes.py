"""Short queries overtake long ones, whoever asks; processes, waiting and waits are bounded; nobody is forgotten."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from release_fixture import write_release
from support import Service, served

from publish.releases.release import Releases
from sparql_engine import EngineBusy
from sparql_engine.lanes import Interrupted, Lanes

pytestmark = pytest.mark.slow

ENDLESS = "SELECT (COUNT(*) AS ?n{}) {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }}"
QUICK = "ASK {{ ?s ?p {} }}"
_numbers = itertools.count()


class Work:
    """Goes on for so long or until it has to end; notes when."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun: list[float] = []

    def __call__(self, must_end: Callable[[], bool]) -> str:
        self.begun.append(time.monotonic())
        while time.monotonic() < self.begun[-1] + self.seconds:
            if must_end():
                raise Interrupted
            time.sleep(0.005)
        return "done"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as found:
        yield found


def test_a_short_query_does_not_wait_for_long_ones_of_its_own_client(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(2, 32)
    long = [pool.submit(lanes.run, "town", 30, Work(2)) for _ in range(5)]
    time.sleep(1.5)
    for _ in range(5):
        started = time.monotonic()
        assert lanes.run("town", 30, Work(0.01)) == "done"
        assert time.monotonic() - started < 1
    assert not all(future.done() for future in long)
    assert [future.result() for future in long] == ["done"] * 5
    assert (lanes.inside, lanes.waiting) == (0, 0)


def test_long_queries_go_on_while_nobody_waits(pool: ThreadPoolExecutor) -> None:
    """One client alone has all places, and nothing is begun twice."""
    lanes = Lanes(2, 32)
    works = [Work(0.8) for _ in range(3)]
    started = time.monotonic()
    for future in [pool.submit(lanes.run, "town", 30, work) for work in works]:
        assert future.result() == "done"
    assert time.monotonic() - started < 1.6
    assert [len(work.begun) for work in works] == [1, 1, 1]


def test_the_query_that_started_first_continues(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(1, 32)
    first, second = Work(1.5), Work(1.5)
    futures = [pool.submit(lanes.run, "town", 30, first)]
    time.sleep(0.1)
    futures.append(pool.submit(lanes.run, "town", 30, second))
    time.sleep(0.5)
    assert lanes.run("town", 30, Work(0)) == "done"
    assert [future.result() for future in futures] == ["done", "done"]
    assert (len(first.begun), len(second.begun)) == (1, 2)


def test_all_long_queries_of_a_client_never_hold_all_places_for_long_ones(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(2, 32)
    greedy = [pool.submit(lanes.run, "greedy", 30, Work(1)) for _ in range(6)]
    time.sleep(0.8)
    other = Work(1)
    started = time.monotonic()
    assert lanes.run("other", 30, other) == "done"
    assert time.monotonic() - started < 2
    assert len(other.begun) == 1
    assert [future.result() for future in greedy] == ["done"] * 6


def test_a_full_queue_has_room_for_short_queries_and_for_clients_with_less(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(1, 4)
    greedy = [pool.submit(lanes.run, "greedy", 30, Work(1)) for _ in range(6)]
    time.sleep(0.9)
    assert lanes.run("greedy", 30, Work(0)) == "done"
    assert lanes.run("other", 30, Work(0)) == "done"
    outcomes = Counter("busy" if isinstance(future.exception(), EngineBusy) else future.result() for future in greedy)
    assert outcomes["done"] >= 4
    assert outcomes.total() == 6


def test_too_many_short_queries_are_refused(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(1, 2)
    futures = [pool.submit(lanes.run, "a", 30, Work(0.15)) for _ in range(12)]
    assert any(isinstance(future.exception(), EngineBusy) for future in futures)
    assert any(future.exception() is None for future in futures)


def test_a_wait_has_an_end(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(1, 8)
    held = [pool.submit(lanes.run, client, 30, Work(1.5)) for client in "ab"]
    time.sleep(0.05)
    with pytest.raises(EngineBusy):
        lanes.run("c", 0.1, Work(0))
    assert [future.result() for future in held] == ["done", "done"]
    assert lanes.waiting == 0


def test_nobody_is_lost_under_load(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(2, 100)
    inside, most = [0], [0]
    lock = threading.Lock()

    def counted(work: Work) -> Callable[[Callable[[], bool]], str]:
        def run(must_end: Callable[[], bool]) -> str:
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            try:
                return work(must_end)
            finally:
                with lock:
                    inside[0] -= 1

        return run

    futures = [
        pool.submit(lanes.run, "abcd"[n % 4], 60, counted(Work(0.3 if n % 7 == 0 else 0.002))) for n in range(90)
    ]
    assert [future.result() for future in futures] == ["done"] * 90
    assert most[0] == 3
    assert (lanes.inside, lanes.waiting, lanes._turns) == (0, 0, {})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One server process with the usual two query processes, behind a proxy that names the clients."""
    var = tmp_path_factory.mktemp("lanes")
    write_release(Releases(var), "one", bulk=3000)
    with served(var, proxies=1, query_seconds=8) as found:
        yield found


def ask(service: Service, query: str, client: str) -> tuple[int, float]:
    """Status and seconds of a query that nobody has asked before."""
    text = query.format(next(_numbers))
    started = time.monotonic()
    answer = requests.get(
        f"{service.address}/sparql", params={"query": text}, headers={"X-Forwarded-For": client}, timeout=60
    )
    return answer.status_code, time.monotonic() - started


def query_processes(service: Service) -> int:
    """Processes that answer queries now; without the first ones of their programs, which fork them."""
    parents: dict[int, int] = {}
    programs: set[int] = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(re.findall(r"^PPid:\t(\d+)$", status.read_text(), re.M)[0])
            if b"sparql_engine.worker" in status.with_name("cmdline").read_bytes():
                programs.add(int(status.parent.name))

    def descends(pid: int) -> bool:
        return pid == service.pid or (pid in parents and descends(parents[pid]))

    return sum(parents[pid] in programs and descends(pid) for pid in programs)


@pytest.mark.parametrize("endless", [2, 20])
def test_endless_queries_of_an_address_keep_nobody_waiting(service: Service, endless: int) -> None:
    """Not even a colleague behind the same address; and they cost no more processes than there may be."""
    with ThreadPoolExecutor(endless) as pool:
        attack = [pool.submit(ask, service, ENDLESS, "192.0.2.1") for _ in range(endless)]
        time.sleep(2)
        most = 0
        for client in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.1"):
            status, seconds = ask(service, QUICK, client)
            assert status == 200
            assert seconds < 1.5
            most = max(most, query_processes(service))
        statuses = {future.result()[0] for future in attack}
    if Path("/proc/self/status").exists():
        # Three for the endpoint, at most two for pages.
        assert 3 <= most <= 5
    assert statuses <= {503, 504}
    assert 504 in statuses


def test_a_query_that_had_to_begin_anew_is_answered_all_the_same(service: Service) -> None:
    """Of queries that take a second or so, all are answered, though others overtake them."""
    some = "{{{{ SELECT * {{{{ ?{0} ?p{0} ?o{0} }}}} LIMIT 1200 }}}}"
    slow = "SELECT (COUNT(*) AS ?n{}) {{ " + some.format("a") + some.format("b") + " FILTER(STR(?oa) > STR(?ob)) }}"
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(ask, service, slow, "192.0.2.1") for _ in range(5)]
        while not all(future.done() for future in futures):
            assert ask(service, QUICK, "192.0.2.1")[0] == 200
    assert {future.result()[0] for future in futures} == {200}
