"""The processes of the server: who ends one, who holds one, and what becomes of the others."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from support import Service, served

from publish.releases.release import Releases

pytestmark = pytest.mark.slow


def parents() -> dict[int, int]:
    """The parent of each process that runs, by process id; what has ended and is not yet buried does not run."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(entry.name)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    known = parents()
    found = {pid}
    while more := {child for child, parent in known.items() if parent in found} - found:
        found |= more
    return found - {pid}


def children(pid: int) -> set[int]:
    return {child for child, parent in parents().items() if parent == pid}


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def healthy(service: Service) -> bool:
    try:
        return requests.get(f"{service.address}/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.mark.slow
def test_server_processes_that_are_killed_one_after_the_other_are_replaced(releases: Releases) -> None:
    with served(releases.root, workers=2) as service:
        for _ in range(4):
            before = children(service.pid)
            victim = min(before)
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda: len(children(service.pid) - {victim}) >= len(before))  # noqa: B023
        assert eventually(lambda: healthy(service))
        assert requests.get(f"{service.address}/catalog", timeout=10).status_code == 200


@pytest.mark.slow
def test_server_processes_that_end_again_and_again_end_the_server_with_a_message(
    releases: Releases, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with pytest.raises(AssertionError), served(releases.root, log, workers=1) as service:
        end = time.monotonic() + 60
        while time.monotonic() < end and Path(f"/proc/{service.pid}/fd").exists():
            for child in children(service.pid):
                os.kill(child, signal.SIGKILL)
            if service.pid not in parents():
                break
            time.sleep(0.05)
        assert service.pid in parents(), "ended"
    assert "keep ending" in log.read_text()


@pytest.mark.slow
def test_no_process_outlives_the_main_one_and_the_next_start_has_the_port(releases: Releases) -> None:
    with served(releases.root, workers=2) as service:
        # A query and a page, so that there are processes of every kind.
        for path in ("/sparql?query=ASK%7B%7D", "/doc/municipality/06411000.ttl"):
            assert requests.get(service.address + path, timeout=10).status_code == 200
        table = {"file": ("a.csv", b"Kennung;Titel (deutsch)\nx;Y\n")}
        assert requests.post(f"{service.address}/api/validate", files=table, timeout=60).status_code == 200
        there = descendants(service.pid)
        assert len(there) > 4
        os.kill(service.pid, signal.SIGKILL)
        assert eventually(lambda: not there & parents().keys())
    port = int(service.address.rpartition(":")[2])
    with served(releases.root, port=port) as again:
        assert healthy(again)


def slow_reader(port: int, source: str, path: str) -> socket.socket:
    """A client that asks and does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


@pytest.mark.slow
def test_readers_of_one_address_that_do_not_read_hold_no_others_up(releases: Releases) -> None:
    # Larger than what the kernel takes for a connection, so each would occupy a thread.
    large = "/sparql?" + urlencode({"query": "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 60000", "format": "csv"})
    with served(releases.root, workers=1) as service, requests.Session() as greedy:
        greedy.mount("http://", _From("127.0.0.66"))
        greedy.headers["Accept-Encoding"] = "identity"
        assert len(greedy.get(service.address + large, timeout=30).content) > 2**23
        port = int(service.address.rpartition(":")[2])
        readers = [slow_reader(port, "127.0.0.66", large) for _ in range(300)]
        try:
            assert eventually(lambda: greedy.get(service.address + large, timeout=30).status_code == 503)
            refused = greedy.get(service.address + large, timeout=30)
            assert refused.json()["type"].endswith("#answers-busy")
            assert "Retry-After" in refused.headers
            assert greedy.get(f"{service.address}/dump/states.csv", timeout=10).status_code == 200
            for path in ("/healthz/live", "/", "/dump/projects.csv", "/dump/all.nq", large):
                assert requests.get(service.address + path, timeout=10).status_code == 200, path
        finally:
            for reader in readers:
                reader.close()
        # Their places are free again when they are gone.
        assert eventually(lambda: greedy.get(service.address + large, timeout=30).status_code == 200)


class _From(requests.adapters.HTTPAdapter):
    """Requests from another address of this machine."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *arguments: object, **options: object) -> None:
        super().init_poolmanager(*arguments, source_address=(self._source, 0), **options)  # type: ignore[arg-type, no-untyped-call]


@pytest.mark.slow
def test_heads_that_never_end_hold_nobody_up(releases: Releases) -> None:
    with served(releases.root, workers=1) as service:
        port = int(service.address.rpartition(":")[2])
        halves = []
        try:
            for number in range(2000):
                half = socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.1.{number % 200 + 1}", 0))
                half.sendall(b"GET / HTTP/1.1\r\nHost: loc")
                halves.append(half)
            for _ in range(5):
                assert requests.get(f"{service.address}/healthz/live", timeout=5).status_code == 200
        finally:
            for half in halves:
                half.close()


def test_http_2_without_tls_is_not_spoken(releases: Releases) -> None:
    with (
        served(releases.root, workers=1) as service,
        socket.create_connection(("127.0.0.1", int(service.address.rpartition(":")[2])), timeout=10) as connection,
    ):
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        assert not connection.recv(9).startswith(b"\x00\x00"), "frames of HTTP/2 would begin with their length"
