"""A time limit for a whole request: name, connection, headers, redirects and body, however slowly data arrive.

Timeouts of sockets apply to one operation each, so a server that sends a byte now and then never exceeds them. A
separate thread closes the sockets of a request when its time is up, which ends all waiting.
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
"""Seconds between two attempts: a socket that was just being opened is closed by the next one."""

_LEAST: Final = 0.01
"""Minimum timeout in seconds, because 0 means no limit for sockets."""


class Deadline:
    """The time limit of the consecutive requests of one thread.

    :ivar passed: whether the latest request exceeded its time.
    """

    def __init__(self) -> None:
        self.passed = False
        self._end = 0.0
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Close the sockets of this thread if the block takes longer."""
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
        """Remaining seconds, always above 0."""
        return max(self._end - time.monotonic(), _LEAST)

    def holds(self, opened: socket.socket) -> socket.socket:
        """Add a socket that the deadline closes."""
        self._sockets.add(opened)
        return opened

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, in the order of preference.

        :raises TimeoutError: the look-up takes too long; it cannot be cancelled and continues in the background.
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
                # Not the method of a TLS socket, which first removes the session that another thread is reading from.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
