"""Answers kept on disk: the same bytes without asking again, and never from another release."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from release_fixture import write_release

from publish.releases.release import Releases
from sparql_engine import NO_DATASET, Bindings, Dataset, Health, Limits, Query, QueryRejected, Result
from sparql_engine.cache import CachingEngine
from sparql_engine.embedded import EmbeddedEngine
from sparql_engine.processes import Snapshot

pytestmark = pytest.mark.slow

SELECT = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o"
JSON = "application/sparql-results+json"


class Counting:
    """An engine that counts what it is asked."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self.asked = 0

    def version(self) -> str:
        return self._engine.version()

    def prepare(self, text: str) -> Query:
        return self._engine.prepare(text)

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
        self.asked += 1
        return self._engine.query(query, media_type, dataset=dataset, bindings=bindings, base=base, client=client)

    def health(self) -> Health:
        return self._engine.health()

    def close(self) -> None:
        self._engine.close()


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    found = Releases(tmp_path / "var")
    write_release(found, "one", population=1)
    return found


@pytest.fixture
def inner(releases: Releases) -> Iterator[Counting]:
    def current() -> Snapshot:
        release = releases.open()
        return Snapshot(release.id, release.store)

    engine = Counting(EmbeddedEngine(current, Limits(workers=2), {}))
    yield engine
    engine.close()


@pytest.fixture
def engine(inner: Counting, tmp_path: Path) -> CachingEngine:
    return CachingEngine(inner, tmp_path / "cache", 8)


def ask(engine: CachingEngine, text: str = SELECT, media_type: str = JSON, dataset: Dataset = NO_DATASET) -> bytes:
    return engine.query(engine.prepare(text), media_type, dataset=dataset).read()


def test_a_repeated_query_is_answered_from_the_cache(engine: CachingEngine, inner: Counting) -> None:
    assert ask(engine) == ask(engine) == ask(engine, f"\n{SELECT}  ")
    assert inner.asked == 1


def test_different_queries_have_different_cache_entries(engine: CachingEngine, inner: Counting) -> None:
    graph = Dataset(default=("http://localhost:8000/graph/projects",))
    answers = [ask(engine), ask(engine, media_type="text/csv"), ask(engine, dataset=graph), ask(engine, SELECT + " #")]
    assert inner.asked == 4
    assert len(set(answers)) == 3


def test_a_volatile_query_is_always_asked(engine: CachingEngine, inner: Counting) -> None:
    text = "SELECT (UUID() AS ?u) {}"
    assert ask(engine, text) != ask(engine, text)
    assert inner.asked == 2


def test_an_error_is_not_kept(engine: CachingEngine, inner: Counting) -> None:
    for _ in range(2):
        with pytest.raises(QueryRejected):
            ask(engine, "SELECT ?s {")
    assert inner.asked == 2


def test_a_long_answer_comes_back_as_a_file(releases: Releases, engine: CachingEngine) -> None:
    write_release(releases, "bulky", bulk=20_000)
    first, second = ask(engine), ask(engine)
    assert len(first) > 2**20
    assert first == second


def test_room_is_made_for_new_answers(inner: Counting, tmp_path: Path) -> None:
    engine = CachingEngine(inner, tmp_path / "cache", 1)
    for number in range(200):
        ask(engine, f'SELECT ("{"x" * 20_000}{number}" AS ?x) {{}}')
    kept = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*.answer"))
    assert 0 < kept <= 2**20


def test_a_deleted_directory_is_made_again(engine: CachingEngine, tmp_path: Path) -> None:
    first = ask(engine)
    for path in (tmp_path / "cache").rglob("*.answer"):
        path.unlink()
    assert ask(engine) == first


def test_no_answer_outlives_its_release_under_load(releases: Releases, engine: CachingEngine) -> None:
    """While four clients ask in a loop, ten releases are activated: an answer is never older than its question."""
    query = "SELECT ?n { ?m <https://w3id.org/smart-region/ns#population> ?n }"
    latest = 1
    failures: list[str] = []
    stop = threading.Event()

    def client() -> None:
        while not stop.is_set():
            before = latest
            answer = int(ask(engine, query, "text/csv").split()[1])
            if answer < before:
                failures.append(f"{answer} after {before} was current")

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    for population in range(2, 12):
        write_release(releases, f"r{population}", population=population)
        latest = population
    stop.set()
    for thread in clients:
        thread.join()
    assert failures == []
    assert ask(engine, query, "text/csv").split()[1] == b"11"
