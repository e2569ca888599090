"""Outgoing answers: short ones go to the server as a whole, long ones occupy one of a few places until they are read.

An answer that is sent in pieces occupies a thread until the client has read it. Without a limit, some hundred clients
that do not read would occupy all threads.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from smartregion.web.http import problems
from smartregion.web.http.incoming import client_of
from smartregion.web.http.language import gettext
from smartregion.web.http.problems import Problem
from sparql_engine.admission import Admission
from sparql_engine.errors import EngineBusy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONG_ANSWERS: Final = 32
"""Number of answers that one server process sends in pieces at the same time."""

_OF_A_CLIENT: Final = 6
_WHOLE: Final = 2**18
"""Maximum bytes of a short answer; the server holds them in memory while a client does not read."""


class Outgoing:
    """WSGI middleware that limits the number of long answers in transfer.

    :param inner: answers requests.
    :param app: shows refused requests as problems.
    """

    def __init__(self, inner: WSGIApplication, app: Flask) -> None:
        self._inner = inner
        self._app = app
        self._places = Admission(LONG_ANSWERS, 0, _OF_A_CLIENT)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            head[:] = [(status, headers)]
            return _refuse_writing

        body = self._inner(environ, start)
        pieces = iter(body)
        with contextlib.ExitStack() as stack:
            if close := getattr(body, "close", None):
                stack.callback(close)
            beginning, ended = _read(pieces, _WHOLE)
            if not ended:
                try:
                    stack.enter_context(self._places.place(client_of(environ.get("REMOTE_ADDR", "")), 0))
                except EngineBusy:
                    return self._refusal(environ, start_response)
            start_response(*head[0])
            return [beginning] if ended else _Long(beginning, pieces, stack.pop_all())

    def _refusal(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._app.request_context(environ):
            advice = gettext("Bitte warten, bis andere Downloads fertig sind, und dann noch einmal versuchen.")
            answer = problems.known(Problem("answers-busy", 503, advice, limit="answers", value=_OF_A_CLIENT))
            return self._app.process_response(answer)(environ, start_response)


class _Long:
    """A long answer, which releases its place when the server closes it."""

    def __init__(self, beginning: bytes, rest: Iterator[bytes], release: contextlib.ExitStack) -> None:
        self._pieces = _chain(beginning, rest)
        self._release = release

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._release.close()


def _chain(beginning: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Join pieces to the size of the first, except the last: each piece costs a change of threads."""
    while beginning:
        yield beginning
        beginning, _ = _read(rest, _WHOLE)


def _read(pieces: Iterator[bytes], most: int) -> tuple[bytes, bool]:
    """Read up to a number of bytes; return them and whether the answer is complete."""
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= most:
            return b"".join(found), False
    return b"".join(found), True


def _refuse_writing(_: bytes) -> object:
    raise NotImplementedError("The application returns its answer, it does not write it.")
