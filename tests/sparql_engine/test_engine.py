"""Both engines give the same answers; the embedded one survives whatever a query does to its worker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from release_fixture import BASE, write_release

from publish.releases.release import Release, Releases
from sparql_engine import (
    GRAPH_TYPES,
    TABLE_TYPES,
    Dataset,
    Engine,
    EngineBusy,
    EngineFailed,
    Limits,
    QueryError,
    QueryRejected,
    QueryTimeout,
    QueryTooLarge,
    Result,
    ResultTooLarge,
)
from sparql_engine.embedded import EmbeddedEngine
from sparql_engine.processes import Snapshot
from sparql_engine.remote import RemoteEngine

pytestmark = pytest.mark.slow

PREFIXES = """PREFIX sr: <https://w3id.org/smart-region/ns#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
PRODUCT = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = f"SELECT (COUNT(*) AS ?n) {PRODUCT}"
SLACK = 2.0


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    found = Releases(tmp_path_factory.mktemp("var"))
    write_release(found, "first", bulk=3000)
    return found


@pytest.fixture(scope="module")
def release(releases: Releases) -> Release:
    return releases.open()


def embedded(current: Callable[[], Snapshot], **limits: Any) -> EmbeddedEngine:
    return EmbeddedEngine(current, Limits(**{"seconds": 10, **limits}), {"sr": "https://w3id.org/smart-region/ns#"})


@pytest.fixture(params=["disk", "memory"])
def start(request: pytest.FixtureRequest, release: Release) -> Iterator[Callable[..., EmbeddedEngine]]:
    """Starts engines over the release, on disk and in memory, with the limits given, and ends them."""
    started: list[EmbeddedEngine] = []
    snapshot = Snapshot(release.id, release.store, in_memory=request.param == "memory")

    def begin(**limits: Any) -> EmbeddedEngine:
        started.append(embedded(lambda: snapshot, **limits))
        return started[-1]

    yield begin
    for engine in started:
        engine.close()


@pytest.fixture(scope="module")
def server(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A SPARQL server over a copy of the release: the native Oxigraph server."""
    binary = shutil.which("oxigraph", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert binary, "the Oxigraph server is not installed: pip install oxigraph (it is in the extra `test`)"
    copy = tmp_path_factory.mktemp("server") / "store"
    shutil.copytree(release.store, copy)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [binary, "serve-read-only", "--location", str(copy), "--bind", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/query?query=ASK%7B%7D")
        yield f"http://127.0.0.1:{port}/query"
    finally:
        process.kill()
        process.wait()


def wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="module", params=["disk", "memory", "remote"])
def engine(request: pytest.FixtureRequest, release: Release) -> Iterator[Engine]:
    """Each engine over the same data."""
    limits = Limits(seconds=10, result_megabytes=1)
    if request.param != "remote":
        snapshot = Snapshot(release.id, release.store, in_memory=request.param == "memory")
        made: Engine = EmbeddedEngine(lambda: snapshot, limits)
    else:
        names = ("municipalities", "former-municipalities", "projects", "vocabulary", "catalog", "void", "bulk")
        graphs = [f"{BASE}graph/{name}" for name in names]
        made = RemoteEngine(request.getfixturevalue("server"), limits, lambda: release.id, lambda: graphs)
    yield made
    made.close()


def ask(engine: Engine, text: str, media_type: str | None = None, **options: Any) -> Result:
    query = engine.prepare(text)
    return engine.query(query, media_type or (TABLE_TYPES if query.gives_table else GRAPH_TYPES)[0], **options)


def rows(engine: Engine, text: str, **options: Any) -> list[tuple[str, ...]]:
    answer = json.loads(ask(engine, PREFIXES + text, **options).read())
    names = answer["head"]["vars"]
    return [tuple(row[name]["value"] for name in names if name in row) for row in answer["results"]["bindings"]]


def test_the_default_graph_is_the_union_of_all(engine: Engine) -> None:
    found = rows(engine, "SELECT ?name { ?m a sr:Municipality ; skos:prefLabel ?name } ORDER BY ?name")
    assert found == [("Darmstadt",), ("Hanau",)]
    graphs = rows(engine, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert (f"{BASE}graph/municipalities",) in graphs


def test_a_named_graph_can_be_chosen_by_from_and_by_the_protocol(engine: Engine) -> None:
    count = "SELECT (COUNT(*) AS ?n) {} WHERE {{ ?s a ?class }}"
    projects, towns = f"{BASE}graph/projects", f"{BASE}graph/municipalities"
    assert rows(engine, count.format(f"FROM <{projects}>")) == [("1",)]
    assert rows(engine, count.format(f"FROM NAMED <{projects}>")) == [("0",)]
    assert rows(engine, count.format(""), dataset=Dataset(default=(projects,))) == [("1",)]
    assert rows(engine, count.format(""), dataset=Dataset(default=(projects, towns))) == [("4",)]
    assert rows(engine, count.format(f"FROM <{towns}>"), dataset=Dataset(default=(projects,))) == [("1",)]
    named = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    assert rows(engine, named, dataset=Dataset(named=(towns,))) == [(towns,)]
    assert rows(engine, count.format(""), dataset=Dataset(named=(towns,))) == [("0",)]


def test_a_dataset_must_consist_of_iris() -> None:
    with pytest.raises(QueryRejected, match="not an IRI"):
        Dataset(default=("no iri",))


def test_values_are_bound_not_pasted(engine: Engine) -> None:
    text = "SELECT ?m ?name { ?m skos:prefLabel ?name }"
    hanau = ox.NamedNode(f"{BASE}id/municipality/06415000")
    assert rows(engine, text, bindings={"m": hanau}) == [(hanau.value, "Hanau")]
    evil = ox.Literal('Hanau" } UNION { ?m ?p ?name } #', language="de")
    assert rows(engine, text, bindings={"name": evil}) == []
    graph = ask(engine, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", bindings={"s": hanau}).read().decode()
    assert "06415000" in graph
    assert "06411000" not in graph


def test_relative_iris_are_resolved_against_the_base(engine: Engine) -> None:
    found = rows(engine, "SELECT ?name { <id/municipality/06415000> skos:prefLabel ?name }", base=BASE)
    assert found == [("Hanau",)]


@pytest.mark.parametrize("media_type", TABLE_TYPES)
def test_every_table_format(engine: Engine, media_type: str) -> None:
    with ask(engine, "SELECT (1 AS ?x) {}", media_type) as result:
        assert (result.media_type, result.version) == (media_type, "first")
        body = result.read()
    assert len(body) == result.size
    parsed = ox.QueryResultsFormat.from_media_type(media_type)
    assert parsed is not None
    if media_type != "text/csv":  # pyoxigraph does not read it
        solutions = ox.parse_query_results(body, parsed)
        assert isinstance(solutions, ox.QuerySolutions)
        assert [row["x"].value for row in solutions] == ["1"]
    else:
        assert body == b"x\r\n1\r\n"


@pytest.mark.parametrize("media_type", GRAPH_TYPES)
def test_every_graph_format(engine: Engine, media_type: str) -> None:
    body = ask(engine, "CONSTRUCT { <urn:a> <urn:b> 1 } WHERE {}", media_type).read()
    parsed = ox.RdfFormat.from_media_type(media_type)
    assert parsed is not None
    triples = [quad.triple for quad in ox.parse(body, format=parsed)]
    assert triples == [ox.Triple(ox.NamedNode("urn:a"), ox.NamedNode("urn:b"), ox.Literal(1))]


def test_syntax_errors_are_the_query_s_fault(engine: Engine) -> None:
    with pytest.raises(QueryRejected) as caught:
        ask(engine, "SELECT * { ?s ?p }")
    assert caught.value.kind == "query-syntax"


def test_an_answer_that_is_too_large_is_refused_whole(engine: Engine) -> None:
    with pytest.raises(ResultTooLarge) as caught:
        ask(engine, "SELECT * { ?a <http://example.org/p> ?b . ?c <http://example.org/p> ?d }")
    assert (caught.value.limit, caught.value.value) == ("result_megabytes", 1)
    assert ask(engine, "ASK {}").read()


def test_a_server_that_does_not_answer_is_reported() -> None:
    engine = RemoteEngine("http://127.0.0.1:9/query", Limits(), lambda: "1", tuple)
    with pytest.raises(EngineFailed):
        ask(engine, "ASK {}")


def test_the_remote_engine_has_a_time_limit(server: str) -> None:
    engine = RemoteEngine(server, Limits(seconds=1), lambda: "1", tuple)
    with pytest.raises(QueryTimeout):
        ask(engine, ENDLESS, dataset=Dataset((f"{BASE}graph/bulk",)))


def test_prefixes_make_turtle_readable(start: Callable[..., EmbeddedEngine]) -> None:
    body = ask(start(), "CONSTRUCT WHERE { ?s <https://w3id.org/smart-region/ns#ags> ?o }").read()
    assert b"sr:ags" in body


def test_a_long_answer_comes_as_a_file(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start()
    with ask(engine, "SELECT * { { ?s ?p ?o } UNION { ?s ?p ?o } UNION { ?s ?p ?o } UNION { ?s ?p ?o } }") as result:
        assert not isinstance(result.body, bytes)
        assert result.size > 2**20
        body = result.read()
    assert len(body) == result.size
    assert len(json.loads(body)["results"]["bindings"]) > 10_000


def test_time_is_limited_and_the_next_query_is_answered(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(seconds=1, workers=1)
    ask(engine, "ASK {}")
    started = time.monotonic()
    with pytest.raises(QueryTimeout) as caught:
        ask(engine, ENDLESS)
    assert time.monotonic() - started < 1 + SLACK
    assert (caught.value.limit, caught.value.value) == ("seconds", 1)
    assert ask(engine, "ASK {}").read() == b'{"head":{},"boolean":true}'


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * {PRODUCT} ORDER BY ?a",
        f"SELECT (COUNT(DISTINCT *) AS ?n) {PRODUCT}",
        f"SELECT (CONCAT(STR(?a), STR(?d), STR(?g)) AS ?x) {PRODUCT} ORDER BY ?x",
    ],
)
def test_memory_is_limited_and_the_worker_replaced(start: Callable[..., EmbeddedEngine], text: str) -> None:
    engine = start(seconds=60, megabytes=256, workers=1)
    with pytest.raises(QueryTooLarge) as caught:
        ask(engine, text)
    assert (caught.value.limit, caught.value.value) == ("megabytes", 256)
    assert ask(engine, "ASK {}").read() == b'{"head":{},"boolean":true}'


def test_long_chains_do_not_end_a_worker(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(workers=1)
    ask(engine, "ASK {}")
    before = worker_pids(engine)
    for chain in ("||".join(["?a"] * 5000), "+".join(["1"] * 5000), "!" * 60 + "true"):
        ask(engine, f"ASK {{ FILTER({chain}) }}")
    ask(engine, "ASK {" + "UNION".join(["{}"] * 8000) + "}")
    assert worker_pids(engine) == before


def test_a_worker_that_dies_is_replaced(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(workers=1)
    ask(engine, "ASK {}")
    (pid,) = worker_pids(engine)
    os.kill(pid, signal.SIGKILL)
    while engine._pools[False]._idle[0].alive():
        time.sleep(0.01)
    assert ask(engine, "ASK {}").read()
    assert worker_pids(engine) != [pid]


def test_the_program_that_forks_is_replaced(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(workers=1)
    ask(engine, "ASK {}")
    origin = engine._pools[False]._origin._process
    origin.kill()
    while engine._pools[False].alive():
        time.sleep(0.01)
    assert ask(engine, "ASK {}").read()
    assert engine.health().alive


def test_a_worker_killed_under_a_query_is_no_hang(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(workers=1)
    ask(engine, "ASK {}")
    threading.Timer(0.5, lambda: os.kill(worker_pids(engine)[0], signal.SIGKILL)).start()
    with pytest.raises(QueryTooLarge):
        ask(engine, ENDLESS)


def test_the_queue_is_bounded(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(seconds=2, workers=1, queue=1)
    ask(engine, "ASK {}")
    outcomes: list[str] = []

    def run() -> None:
        try:
            ask(engine, ENDLESS)
        except QueryError as error:
            outcomes.append(error.kind)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "engine-busy" in outcomes
    assert "query-timeout" in outcomes
    assert ask(engine, "ASK {}").read()


def test_busy_says_so_at_once(start: Callable[..., EmbeddedEngine]) -> None:
    engine = start(seconds=3, workers=1, queue=0)
    ask(engine, "ASK {}")

    def occupy() -> None:
        with pytest.raises(QueryTimeout):
            ask(engine, ENDLESS)

    # One more than long queries may have, for short ones.
    threads = [threading.Thread(target=occupy) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    started = time.monotonic()
    with pytest.raises(EngineBusy):
        ask(engine, "ASK {}")
    assert time.monotonic() - started < 1
    for thread in threads:
        thread.join()


def test_workers_have_no_network(start: Callable[..., EmbeddedEngine], caplog: pytest.LogCaptureFixture) -> None:
    """In another network namespace than ours, or it is said in the log that the kernel does not permit it."""
    engine = start(workers=1)
    ask(engine, "ASK {}")
    (pid,) = worker_pids(engine)
    separate = Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    assert separate == ("cannot leave the network" not in caplog.text)


def test_a_service_call_reaches_nothing(start: Callable[..., EmbeddedEngine]) -> None:
    """Even past the guard: the engine is handed a query that was never checked."""
    engine = start(workers=1)
    ask(engine, "ASK {}")
    (pid,) = worker_pids(engine)
    if Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        pytest.skip("the kernel does not permit network namespaces here")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        query = engine.prepare("SELECT * { ?s ?p ?o }")
        object.__setattr__(query, "text", f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}")
        with pytest.raises(EngineFailed):
            engine.query(query, TABLE_TYPES[0])
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_store_that_cannot_be_opened_is_reported(tmp_path: Path, in_memory: bool) -> None:
    engine = embedded(lambda: Snapshot("none", tmp_path / "missing", in_memory), workers=1)
    with pytest.raises(EngineFailed):
        ask(engine, "ASK {}")
    engine.close()


def test_workers_end_with_the_process_that_started_them(release: Release) -> None:
    code = f"""
import sys, os, signal
from pathlib import Path
from sparql_engine import Limits, TABLE_TYPES
from sparql_engine.embedded import EmbeddedEngine
from sparql_engine.processes import Snapshot
engine = EmbeddedEngine(lambda: Snapshot("1", Path({str(release.store)!r})), Limits(workers=2))
engine.query(engine.prepare("ASK {{}}"), TABLE_TYPES[0])
pool = engine._pools[False]
print(pool._origin._process.pid, *[worker._pid for worker in pool._idle], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).resolve().parents[2]
    output = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True).stdout
    pids = [int(word) for word in output.split()]
    assert len(pids) == 2
    for _ in range(100):
        if not any(is_running(pid) for pid in pids):
            return
        time.sleep(0.05)
    raise AssertionError("a worker survived")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def worker_pids(engine: EmbeddedEngine) -> list[int]:
    engine.health()
    origin = engine._pools[False]._origin._process.pid
    children = Path(f"/proc/{origin}/task/{origin}/children").read_text().split()
    return [pid for pid in map(int, children) if is_running(pid)]


def test_a_switch_of_release_loses_no_query_and_mixes_no_answer(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for number in range(4):
        write_release(releases, f"r{number}", population=number)
    current = {"id": "r0"}

    def snapshot() -> Snapshot:
        release = releases.directory / current["id"]
        return Snapshot(release.name, release / "store")

    engine = embedded(snapshot, workers=2, queue=16)
    text = f"{PREFIXES} SELECT ?n ?k {{ <{BASE}id/municipality/06415000> sr:population ?n ; sr:ags ?k }}"
    seen: set[str] = set()
    problems: list[object] = []
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            try:
                result = ask(engine, text)
                answer = json.loads(result.read())["results"]["bindings"][0]["n"]["value"]
                seen.add(result.version)
                if f"r{answer}" != result.version:
                    problems.append((answer, result.version))
            except QueryError as error:
                problems.append(error)

    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    pids: set[int] = set()
    for step in range(12):
        time.sleep(0.2)
        pids |= set(worker_pids(engine))
        current["id"] = f"r{step % 4}"
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    now = set(worker_pids(engine))
    engine.close()
    assert not problems
    assert seen == {"r0", "r1", "r2", "r3"}
    assert not any(is_running(pid) for pid in pids | now)
