"""Fetching for others: nothing goes into a private network, not even the packet that opens a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from harvest_check.http import client as module
from harvest_check.http.client import Client, HttpLimits


class Handler(BaseHTTPRequestHandler):
    """Answers, redirects, and remembers what it was asked."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"]))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
        else:
            self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    class Own(Handler):
        asked: ClassVar[list[tuple[str, str]]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_not_even_connected_to(server: ThreadingHTTPServer, host: str) -> None:
    accepted: list[Any] = []
    server.verify_request = lambda request, address: bool(accepted.append(address)) or True  # type: ignore[method-assign]
    with Client("", HttpLimits(seconds=5)) as client:
        answer = client.get(f"http://{host}:{server.server_port}/")
    assert answer.trouble in ("private", "unreachable")
    assert accepted == []


def test_a_redirect_into_a_private_network_is_not_followed(server: ThreadingHTTPServer) -> None:
    inside = f"http://localhost:{server.server_port}/inside"
    with Client(f"http://127.0.0.1:{server.server_port}/", HttpLimits(seconds=5)) as client:
        answer = client.get(f"http://127.0.0.1:{server.server_port}/to/{inside}")
        assert answer.trouble == "private"
        assert client.get(f"http://127.0.0.1:{server.server_port}/to/file:///etc/passwd").trouble == "scheme"
    assert [path for path, _ in server.RequestHandlerClass.asked] == [f"/to/{inside}", "/to/file:///etc/passwd"]  # type: ignore[attr-defined]


def test_a_name_that_changes_its_address_is_held_to_the_one_that_was_looked_at(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second answer would lead elsewhere, where nobody listens."""
    real, answers = socket.getaddrinfo, iter(["127.0.0.1", "127.0.0.9"])

    def resolve(host: str, *rest: Any, **more: Any) -> Any:
        return real(next(answers) if host == "rebinding.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(module, "is_public", lambda address: address == "127.0.0.1")
    with Client("", HttpLimits(seconds=5)) as client:
        answer = client.get(f"http://rebinding.example:{server.server_port}/x")
    assert answer.ok
    assert server.RequestHandlerClass.asked == [("/x", f"rebinding.example:{server.server_port}")]  # type: ignore[attr-defined]
    assert list(answers) == ["127.0.0.9"]
