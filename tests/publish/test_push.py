"""Pushing a release to real SPARQL servers: Oxigraph always, Virtuoso where ``virtuoso-t`` is installed."""

from __future__ import annotations

import base64
import http.server
import json
import logging
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph as ox
import pytest
import requests
from requests.auth import AuthBase
from support import BASE, free_port, select, silent

from publish.push import Bearer, Login, Pushed, PushError, push
from publish.releases.manifest import Feed, Manifest, ReleaseFile, SearchIndex
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

HOME = f"{BASE}graph/"
_VIRTUOSO = """
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = temp.db
TransactionFile = temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
[HTTPServer]
ServerPort = 127.0.0.1:{web}
ServerThreads = 4
"""


class Target:
    """A SPARQL server of its own on the loopback address; :meth:`kill` gives it no chance to put things in order."""

    auth: Callable[[], AuthBase | None]

    def __init__(self, directory: Path, command: list[str], port: int, store: str, query: str) -> None:
        self.store_url = f"http://127.0.0.1:{port}{store}"
        self.query_url = f"http://127.0.0.1:{port}{query}"
        self._address = ("127.0.0.1", port)
        self._directory = directory
        self._command = command

    def start(self) -> None:
        log = (self._directory / "output.log").open("ab")
        self._process = subprocess.Popen(self._command, cwd=self._directory, stdout=log, stderr=log)
        log.close()
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(self._address) == 0:
                    return
            assert self._process.poll() is None, (self._directory / "output.log").read_text()
            time.sleep(0.1)
        pytest.fail(f"{self._command[0]} does not listen.")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def count(self, graph: str) -> int:
        (row,) = self.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        return int(row[0])

    def rows(self, query: str) -> list[tuple[str, ...]]:
        headers = {"Accept": "application/sparql-results+json"}
        answer = requests.post(self.query_url, data={"query": query}, headers=headers, timeout=60)
        assert answer.ok, answer.text
        found = answer.json()
        return [tuple(row[name]["value"] for name in found["head"]["vars"]) for row in found["results"]["bindings"]]

    def put(self, graph: str, content: bytes = b"<urn:s> <urn:p> <urn:o> .\n") -> None:
        headers = {"Content-Type": "application/n-triples"}
        given = {"graph": graph}
        answer = requests.put(self.store_url, content, params=given, headers=headers, auth=self.auth(), timeout=60)
        assert answer.ok, answer.text


def oxigraph(directory: Path) -> Target:
    port = free_port()
    program = Path(sys.executable).with_name("oxigraph")
    command = [str(program), "serve", "--location", str(directory / "store"), "--bind", f"127.0.0.1:{port}"]
    target = Target(directory, command, port, "/store", "/query")
    target.auth = lambda: None
    return target


def virtuoso(directory: Path) -> Target:
    program = shutil.which("virtuoso-t")
    if program is None:
        pytest.skip("virtuoso-t is not installed (Debian: apt-get install virtuoso-opensource-7-bin)")
    port = free_port()
    (directory / "virtuoso.ini").write_text(_VIRTUOSO.format(sql=free_port(), web=port))
    command = [program, "+configfile", "virtuoso.ini", "+foreground"]
    target = Target(directory, command, port, "/sparql-graph-crud-auth", "/sparql")
    target.auth = lambda: Login("dba", "dba")
    return target


@pytest.fixture(scope="module", params=[oxigraph, pytest.param(virtuoso, marks=pytest.mark.virtuoso)])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One server after the other, each for all tests: a push leaves nothing of the one before."""
    found: Target = request.param(tmp_path_factory.mktemp("server"))
    found.start()
    yield found
    found.kill()


def pushed(release: Release, target: Target, state: Path | None = None, **given: object) -> Pushed:
    chosen = {"auth": target.auth(), "progress": silent, "retries": 2, "chunk": 2000, **given}
    return push(release, target.store_url, target.query_url, state=state, **chosen)  # type: ignore[arg-type]


def make(root: Path, release_id: str, graphs: dict[str, int]) -> Release:
    """A small release: graphs by name, with the number of their triples; those named ``file-*`` have a file, too."""
    releases = Releases(root)
    with releases.writing() as scratch:
        (scratch / "files" / "dump").mkdir(parents=True)
        store = ox.Store(str(scratch / "store"))
        files = {}
        for name, count in graphs.items():
            content = "".join(f'<{BASE}id/{name}/{n}> <urn:p> "Größe {n} \\u20AC \\"x\\""@de .\n' for n in range(count))
            store.load(content.encode(), format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(HOME + name))
            if name.startswith("file-"):
                (scratch / "files" / "dump" / f"{name}.nt").write_text(content)
                files[f"dump/{name}.nt"] = ReleaseFile(
                    "application/n-triples", len(content), "00", "2026-01-01", "2026-01-01"
                )
        store.flush()
        del store
        total = sum(graphs.values())
        feed = Feed({"p": "urn:p"}, "p", 1)
        dates = ("2026-01-01", "2026-01-01")
        found = Manifest(
            release_id, BASE, {}, {}, {}, total, *dates, feed, SearchIndex(0, 0, ""), "source", store={}, files=files
        )
        return releases.admit(scratch, found)


@pytest.fixture
def small(tmp_path: Path) -> Release:
    """Two graphs, about ten chunks of 2,000 bytes."""
    return make(tmp_path / "small", "small", {"file-a": 150, "b": 80})


def test_the_whole_release_arrives(release: Release, store: ox.Store, target: Target) -> None:
    steps: list[tuple[str, int, int]] = []
    outcome = pushed(release, target, progress=lambda *step: steps.append(step), chunk=100_000)
    local = {
        str(graph.value): sum(1 for _ in store.quads_for_pattern(None, None, None, graph))
        for graph in store.named_graphs()
    }
    assert outcome.graphs == local
    assert outcome.release == release.id
    assert {graph: target.count(graph) for graph in local} == local
    assert steps[-3:] == [("push", sum(local.values()), sum(local.values())), ("check", 0, 1), ("check", 1, 1)]
    assert outcome.chunks > len(local)


def test_a_query_gives_the_same_as_on_the_local_store(release: Release, store: ox.Store, target: Target) -> None:
    pushed(release, target, chunk=100_000)
    for pattern, result in (
        ("?grant sr:recipient ?who ; schema:amount ?amount", "?who (SUM(?amount) AS ?sum)"),
        ("?who a sr:Municipality ; skos:prefLabel ?name ; sr:district ?d", "?who (COUNT(?name) AS ?n)"),
    ):
        query = f"SELECT {result} WHERE {{ GRAPH ?g {{ {pattern} }} }} GROUP BY ?who"
        prefixes = "PREFIX sr: <https://w3id.org/smart-region/ns#> PREFIX schema: <https://schema.org/> "
        prefixes += "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
        local = select(store, query)
        assert len(local) > 20
        assert sorted(target.rows(prefixes + query)) == sorted(local)


def test_pushing_again_changes_nothing(small: Release, target: Target, tmp_path: Path) -> None:
    first = pushed(small, target, tmp_path / "state")
    again = pushed(small, target, tmp_path / "state")
    assert again.chunks == first.chunks
    assert again.removed == ()
    assert again.graphs == first.graphs == {f"{HOME}b": 80, f"{HOME}file-a": 150}
    literals = target.rows(f"SELECT ?o WHERE {{ GRAPH <{HOME}b> {{ ?s ?p ?o }} }}")
    assert sorted(literals) == sorted((f'Größe {n} € "x"',) for n in range(80))
    assert not (tmp_path / "state").exists()


def test_another_release_replaces_and_removes_graphs(small: Release, target: Target, tmp_path: Path) -> None:
    foreign = ["http://example.org/graph/x", f"{BASE}other/graph/"]
    for graph in (f"{HOME}old", *foreign):
        target.put(graph)
    outcome = pushed(small, target)
    assert f"{HOME}old" in outcome.removed
    later = make(tmp_path / "later", "later", {"file-a": 3, "c": 1})
    outcome = pushed(later, target)
    assert outcome.removed == (f"{HOME}b",)
    assert {name: target.count(HOME + name) for name in ("file-a", "b", "c", "old")} == {
        "file-a": 3,
        "b": 0,
        "c": 1,
        "old": 0,
    }
    assert [target.count(graph) for graph in foreign] == [1, 1]


def test_a_push_goes_on_after_the_server_was_killed(small: Release, target: Target, tmp_path: Path) -> None:
    whole = pushed(small, target).chunks
    state = tmp_path / "state"
    steps = 0

    def kill_at_the_fourth(phase: str, done: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if steps == 4:
            target.kill()

    with pytest.raises(PushError, match=r"cannot be reached: .*refused"):
        pushed(small, target, state, progress=kill_at_the_fourth, retries=1)
    assert sum(json.loads(state.read_text())["chunks"].values()) == 4
    target.start()
    outcome = pushed(small, target, state, retries=7)
    assert outcome.graphs == {f"{HOME}b": 80, f"{HOME}file-a": 150}
    assert outcome.chunks == whole - 4
    assert not state.exists()


def test_what_the_server_has_lost_is_sent_again(small: Release, target: Target, tmp_path: Path) -> None:
    state = tmp_path / "state"

    class Stop(Exception):
        pass

    def lose(phase: str, done: int, total: int) -> None:
        if done == total:
            target.put(f"{HOME}b")
            raise Stop

    with pytest.raises(Stop):
        pushed(small, target, state, progress=lose)
    outcome = pushed(small, target, state)
    assert outcome.graphs == {f"{HOME}b": 80, f"{HOME}file-a": 150}
    assert 0 < outcome.chunks < pushed(small, target).chunks


@pytest.mark.parametrize("kept", ["another release", "another target", "another chunk size", "half a file"])
def test_a_state_about_something_else_is_ignored(small: Release, target: Target, tmp_path: Path, kept: str) -> None:
    state = tmp_path / "state"
    about = {"release": small.id, "target": target.store_url, "chunk": 2000}
    about |= {"release": "x"} if kept == "another release" else {}
    about |= {"target": "http://x/"} if kept == "another target" else {}
    about |= {"chunk": 1} if kept == "another chunk size" else {}
    text = json.dumps({"push": about, "chunks": {f"{HOME}b": 99, f"{HOME}file-a": 99}})
    state.write_text(text[: len(text) // 2] if kept == "half a file" else text)
    whole = pushed(small, target).chunks
    assert pushed(small, target, state).chunks == whole


@pytest.mark.virtuoso
def test_virtuoso_refuses_a_wrong_password(small: Release, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = virtuoso(tmp_path)
    server.start()
    caplog.set_level(logging.DEBUG)
    try:
        with pytest.raises(PushError, match=r"401. User and password or token are missing or wrong") as error:
            pushed(small, server, auth=Login("dba", "geheim-123"))
        assert server.count(f"{HOME}b") == 0
    finally:
        server.kill()
    assert "geheim-123" not in caplog.text + str(error.value)


Request = http.server.BaseHTTPRequestHandler
Reply = tuple[int, dict[str, str]]
"""Status and headers; status 0 breaks the connection."""

Disturbance = Callable[["Front", Request], Reply | None]


class Front(http.server.ThreadingHTTPServer):
    """A small HTTP server in front of another: what ``disturb`` answers goes to the client, the rest is passed on."""

    daemon_threads = True

    def __init__(self, behind: Target, disturb: Disturbance) -> None:
        super().__init__(("127.0.0.1", 0), _FrontHandler)
        self.behind = behind
        self.disturb = disturb
        self.seen: list[tuple[str, str, bytes]] = []
        self.scheme = "http"

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"


class _FrontHandler(Request):
    protocol_version = "HTTP/1.1"
    server: Front

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, body))
        reply = self.server.disturb(self.server, self)
        content = b""
        if reply is None:
            to = self.server.behind.store_url if self.path.startswith("/store") else self.server.behind.query_url
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
            where = to + self.path[self.path.index("?") :] if "?" in self.path else to
            answer = requests.request(self.command, where, data=body, headers=headers, timeout=60)
            reply, content = (answer.status_code, {}), answer.content
        status, headers = reply
        if status:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        else:
            self.close_connection = True

    do_PUT = do_POST = do_DELETE = do_GET = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """An Oxigraph server to stand behind another."""
    found = oxigraph(tmp_path_factory.mktemp("plain"))
    found.start()
    yield found
    found.kill()


@contextmanager
def in_front(plain: Target, disturb: Disturbance) -> Iterator[Front]:
    with Front(plain, disturb) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            yield front
        finally:
            front.shutdown()
            thread.join()


def through(front: Front, release: Release, **given: object) -> Pushed:
    chosen = {"progress": silent, "retries": 2, "chunk": 2000, "timeout": 20, **given}
    return push(release, front.url("/store"), front.url("/query"), **chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [503, 500, 429, 0], ids=["503", "500", "429", "broken connection"])
def test_a_passing_failure_is_tried_again(small: Release, plain: Target, status: int) -> None:
    whole = pushed(small, plain).chunks

    def every_second(front: Front, _: Request) -> Reply | None:
        return (status, {}) if len(front.seen) % 2 else None

    with in_front(plain, every_second) as front:
        outcome = through(front, small)
    assert outcome.chunks == whole
    assert outcome.graphs == {f"{HOME}b": 80, f"{HOME}file-a": 150}
    assert len(front.seen) == 2 * (whole + 3)


def test_a_server_may_ask_for_time(small: Release, plain: Target) -> None:
    with in_front(plain, lambda front, _: (503, {"Retry-After": "1"}) if len(front.seen) == 3 else None) as front:
        started = time.monotonic()
        through(front, small)
        assert 1 < time.monotonic() - started < 10


def test_the_tries_are_bounded_and_what_the_server_says_is_passed_on(small: Release, plain: Target) -> None:
    with in_front(plain, lambda *_: (503, {})) as front, pytest.raises(PushError, match=r"503.*try again later"):
        through(front, small, retries=1)
    assert len(front.seen) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "may not do this"), (404, "no such service"), (405, "written"), (413, "smaller chunks"), (415, "N-Triples")],
)
def test_a_refusal_is_explained_and_not_tried_again(small: Release, plain: Target, status: int, words: str) -> None:
    def refuse(_: Front, request: Request) -> Reply | None:
        return (status, {}) if request.command == "PUT" else None

    with in_front(plain, refuse) as front, pytest.raises(PushError, match=f"{status}.*{words}"):
        through(front, small)
    assert [method for method, _, _ in front.seen] == ["POST", "DELETE", "PUT"]


@pytest.mark.parametrize("auth", [Login("ich", "geheim-123"), Bearer("geheim-123")], ids=["basic", "bearer"])
def test_credentials_are_given_and_not_logged(
    small: Release, plain: Target, auth: AuthBase, caplog: pytest.LogCaptureFixture
) -> None:
    right = {f"Basic {base64.b64encode(b'ich:geheim-123').decode()}", "Bearer geheim-123"}
    caplog.set_level(logging.DEBUG)

    def guard(_: Front, request: Request) -> Reply | None:
        allowed = request.headers.get("Authorization") in right
        return None if allowed else (401, {"WWW-Authenticate": 'Basic realm="x"'})

    with in_front(plain, guard) as front:
        outcome = through(front, small, auth=auth)
        # Only the first request is refused: what the server asked for is remembered.
        assert len(front.seen) == outcome.chunks + 3 + isinstance(auth, Login)
        for wrong in (Login("ich", "falsch-123"), Bearer("falsch-123"), None):
            with pytest.raises(PushError, match="password or token") as error:
                through(front, small, auth=wrong)
            assert "-123" not in str(error.value) + repr(wrong)
    assert "-123" not in caplog.text


def test_a_redirection_is_not_followed(small: Release, plain: Target) -> None:
    with (
        in_front(plain, lambda *_: (302, {"Location": "http://127.0.0.2/x"})) as front,
        pytest.raises(PushError, match=r"points to http://127\.0\.0\.2/x"),
    ):
        through(front, small, auth=Bearer("t"))
    assert len(front.seen) == 1


def test_a_silent_server_is_given_up(small: Release, plain: Target) -> None:
    with (
        in_front(plain, lambda *_: time.sleep(1)) as front,
        pytest.raises(PushError, match=r"does not answer POST within 0\.3 s"),
    ):
        through(front, small, timeout=0.3)
    assert len(front.seen) == 1


def test_a_page_is_not_mistaken_for_an_endpoint(small: Release, plain: Target) -> None:
    with in_front(plain, lambda *_: (200, {})) as front, pytest.raises(PushError, match="does not answer SPARQL"):
        through(front, small)


def test_too_few_triples_are_an_error(small: Release, plain: Target, tmp_path: Path) -> None:
    """A server that confirms chunks and drops them."""

    def drop(_: Front, request: Request) -> Reply | None:
        return (204, {}) if request.command == "POST" and "file-a" in request.path else None

    state = tmp_path / "state"
    with in_front(plain, drop) as front, pytest.raises(PushError, match=r"graph/file-a: \d+ of 150"):
        through(front, small, state=state)
    assert json.loads(state.read_text())["chunks"].keys() == {f"{HOME}b"}


def test_the_bytes_of_the_files_are_sent(release: Release, plain: Target) -> None:
    """Oxigraph's store makes integers of the catalogue's xsd:nonNegativeInteger; the target gets what is published."""
    with in_front(plain, lambda *_: None) as front:
        through(front, release, chunk=100_000)
    sent = b"".join(body for method, path, body in front.seen if path.endswith("graph%2Fcatalog"))
    assert sent == release.file("dump/catalog.nt")[0].read_bytes()
    assert b"XMLSchema#nonNegativeInteger" in sent
    graphs = [path for method, path, _ in front.seen if method == "PUT"]
    assert graphs[-1].endswith("catalog")
    assert max(len(body) for _, _, body in front.seen) <= 100_000


def test_an_unknown_certificate_is_refused(
    small: Release, plain: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with in_front(plain, lambda *_: None) as front:
        front.socket = context.wrap_socket(front.socket, server_side=True)
        front.scheme = "https"
        with pytest.raises(PushError, match=r"certificate .* is not trusted.*REQUESTS_CA_BUNDLE"):
            through(front, small)
        assert front.seen == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        assert through(front, small).graphs[f"{HOME}b"] == 80


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://example.org/store", "not the address of a server"),
        ("example.org/store", "not the address of a server"),
        ("http://user:geheim@example.org/store", "Give user and password of example.org separately"),
    ],
)
def test_an_address_is_checked_first(small: Release, address: str, words: str) -> None:
    with pytest.raises(PushError, match=words) as error:
        push(small, address, "http://127.0.0.1:1/query", progress=silent)
    assert "geheim" not in str(error.value)
