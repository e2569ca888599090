"""Servers that drip: a request ends when its time is up, whatever part of the answer does not come to its end."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from release_fixture import write_release
from support import application

from harvest_check.http import client as harvest_client
from harvest_check.http.client import Client, HttpLimits
from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.checking import uploads

pytestmark = pytest.mark.slow

Script = Callable[[socket.socket], None]
SECONDS = 1.0
LATE = 2.0
"""Seconds after which a request has certainly not kept its limit; some for a busy machine."""


@contextlib.contextmanager
def listening(script: Script) -> Iterator[int]:
    """A server that does this with every connection; its port."""
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            script(connection)

    def accept() -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def dripping(beginning: bytes, drop: bytes, pause: float = 0.1) -> Script:
    """Reads the request, answers with the beginning, then with a drop at a time for twenty seconds."""

    def script(connection: socket.socket) -> None:
        connection.recv(2**16)
        connection.sendall(beginning)
        for _ in range(int(20 / pause)):
            time.sleep(pause)
            connection.sendall(drop)

    return script


def silent(connection: socket.socket) -> None:
    connection.recv(2**16)
    time.sleep(20)


def redirecting(connection: socket.socket) -> None:
    """Each step takes less than the limit, all together take more."""
    connection.recv(2**16)
    time.sleep(0.4)
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n"
SCRIPTS: dict[str, Script] = {
    "silence": silent,
    "status line": dripping(b"HTTP/1.1 2", b"0"),
    "a header": dripping(OK + b"X: ", b"x"),
    "many headers": dripping(OK, b"X: y\r\n"),
    "interim answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a length": dripping(OK + b"Content-Length: 1000\r\n\r\n", b"x"),
    "body without a length": dripping(OK + b"\r\n", b"x"),
    "size of a chunk": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x"),
    "chunks": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailers": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "redirects": redirecting,
    "a handshake": dripping(b"\x16\x03\x03\x3f\xff\x02", b"\x00"),
}


@pytest.mark.parametrize(
    ("name", "method", "scheme"),
    [
        *((name, "get", "http") for name in SCRIPTS if name != "a handshake"),
        *((name, "head", "http") for name in ("silence", "a header", "many headers", "interim answers", "redirects")),
        *((name, "post", "http") for name in ("silence", "a header", "chunks", "body without a length")),
        *((name, "get", "https") for name in ("silence", "a handshake")),
    ],
)
def test_a_request_has_so_much_time_in_all(name: str, method: str, scheme: str) -> None:
    """By https, these servers never come to the end of a handshake."""
    with (
        listening(SCRIPTS[name]) as port,
        Client(f"{scheme}://127.0.0.1:{port}/", HttpLimits(seconds=SECONDS)) as client,
    ):
        address = f"{scheme}://127.0.0.1:{port}/"
        started = time.monotonic()
        answer = client.post(address, b"x", {}) if method == "post" else getattr(client, method)(address)
        assert time.monotonic() - started < LATE
    assert answer.trouble in ("limit", "unreachable")
    assert answer.late
    assert answer.body is None


@pytest.mark.parametrize("name", ["a header", "body without a length", "body of a length"])
def test_what_drips_through_tls_has_so_much_time(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("There is no openssl here.")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            SCRIPTS[name](secure)

    with listening(script) as port, Client("https://127.0.0.1/", HttpLimits(seconds=SECONDS)) as client:
        started = time.monotonic()
        answer = client.get(f"https://127.0.0.1:{port}/")
        assert time.monotonic() - started < LATE
    assert answer.late


def test_a_request_after_a_late_one_has_its_own_time() -> None:
    with (
        listening(SCRIPTS["a header"]) as slow,
        listening(dripping(OK + b"Content-Length: 2\r\n\r\nok", b"")) as quick,
        Client("http://127.0.0.1/", HttpLimits(seconds=SECONDS)) as client,
    ):
        assert client.get(f"http://127.0.0.1:{slow}/").late
        answer = client.get(f"http://127.0.0.1:{quick}/")
    assert (answer.ok, answer.late, answer.size) == (True, False, 2)


def test_the_look_up_of_a_name_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        time.sleep(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Client("", HttpLimits(seconds=SECONDS)) as client:
        started = time.monotonic()
        answer = client.get("http://slow.example/")
        assert time.monotonic() - started < LATE
    assert (answer.trouble, answer.late) == ("unreachable", True)


@pytest.fixture
def app(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application, for which the loopback interface is the public network and two seconds are long."""
    var = tmp_path_factory.mktemp("slow")
    write_release(Releases(var), "one")
    monkeypatch.setattr(harvest_client, "is_public", lambda address: True)
    monkeypatch.setattr(uploads, "_LINK_SECONDS", 2.0)
    with application(Settings(var=var)) as found:
        yield found


def follow(app: Flask, address: str, port: int) -> int:
    form = {"link": f"http://127.0.0.1:{port}/"}
    return app.test_client().post("/validate", data=form, environ_base={"REMOTE_ADDR": address}).status_code


def test_slow_links_keep_no_files_away(app: Flask) -> None:
    """Of many addresses, three links each, to a server that drips, again and again: files are checked all the while."""
    statuses: list[int] = []
    ended = threading.Event()

    def attack(address: str, port: int) -> None:
        while not ended.is_set():
            form = {"link": f"http://127.0.0.1:{port}/"}
            statuses.append(
                app.test_client().post("/validate", data=form, environ_base={"REMOTE_ADDR": address}).status_code
            )
            time.sleep(0.05)

    with listening(SCRIPTS["a header"]) as port:
        attackers = [threading.Thread(target=attack, args=[f"192.0.2.{n % 5}", port]) for n in range(15)]
        for attacker in attackers:
            attacker.start()
        try:
            time.sleep(0.5)
            for _ in range(5):
                started = time.monotonic()
                honest = app.test_client().post(
                    "/validate", data={"table": "ags;name\n06415000;Hanau"}, environ_base={"REMOTE_ADDR": "192.0.2.99"}
                )
                assert honest.status_code == 200, f"{time.monotonic() - started:.1f} s"
                own = app.test_client().post(
                    "/validate", data={"table": "ags;name\n06415000;Hanau"}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
                )
                assert own.status_code == 200
        finally:
            ended.set()
            for attacker in attackers:
                attacker.join()
    assert set(statuses) == {422, 503}


def test_the_links_of_one_address_leave_room_for_those_of_others(app: Flask) -> None:
    with (
        listening(SCRIPTS["a header"]) as slow,
        listening(dripping(OK + b"Content-Length: 3\r\n\r\na;b", b"")) as quick,
    ):
        greedy = [threading.Thread(target=follow, args=[app, "192.0.2.1", slow]) for _ in range(12)]
        for each in greedy:
            each.start()
        time.sleep(0.5)
        assert follow(app, "192.0.2.1", quick) == 503
        assert follow(app, "192.0.2.2", quick) == 200
        for each in greedy:
            each.join()


def test_a_link_that_takes_too_long_is_told_so(app: Flask) -> None:
    with listening(SCRIPTS["body of a length"]) as port:
        form = {"link": f"http://127.0.0.1:{port}/"}
        page = app.test_client().post("/validate", data=form)
    assert page.status_code == 422
    assert "war nach 2 s noch nicht da" in page.text
