"""A time limit for a whole request: name, connection, headers, redirects and body, however slowly any of it drips.

Limits of sockets are for one operation each, and a byte now and then keeps all of them. So a thread of its own shuts
the sockets of a request when its time is up, which ends whatever is waited for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any, Final

_AGAIN: Final = 0.2
"""Seconds: a socket that was just being opened is found the next time."""

_LEAST: Final = 0.01
"""Seconds: no limit at all is what sockets take 0 for."""


class Deadline:
    """The time limit of the requests of one thread, which come one after the other.

    :ivar passed: whether the time of the latest request was up before it ended.
    """

    def __init__(self) -> None:
        self.passed = False
        self._end = 0.0
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shut the sockets of this thread when the block takes longer."""
        self._end = time.monotonic() + seconds
        self.passed = False
        done = threading.Event()
        guard = threading.Thread(target=self._guard, args=[seconds, done], daemon=True)
        guard.start()
        try:
            yield
        finally:
            done.set()
            guard.join()
            self.passed = time.monotonic() >= self._end

    def left(self) -> float:
        """Seconds that are left, a little more than none."""
        return max(self._end - time.monotonic(), _LEAST)

    def holds(self, opened: socket.socket) -> socket.socket:
        """A socket, which from now on the deadline shuts."""
        self._sockets.add(opened)
        return opened

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, in the order of preference.

        :raises TimeoutError: they are not found in time; the system's own look-up cannot be ended and goes on.
        :raises OSError: there are none.
        :raises UnicodeError: it is no name of a host.
        """
        answers: SimpleQueue[list[Any] | Exception] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=look_up, daemon=True).start()
        try:
            found = answers.get(timeout=self.left())
        except Empty:
            raise TimeoutError(f"{host} is not found in time") from None
        if isinstance(found, Exception):
            raise found
        return list(dict.fromkeys(str(place[0]) for *_, place in found))

    def _guard(self, seconds: float, done: threading.Event) -> None:
        while not done.wait(seconds):
            seconds = _AGAIN
            for opened in list(self._sockets):
                # Not the method of a TLS socket, which first takes its session away from who reads just now.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
