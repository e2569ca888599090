"""Caches answers in memory as long as the release is the same (RFC 9111, a shared cache).

A release never changes, so nothing expires: the cache is emptied when another release becomes current.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from werkzeug.datastructures import Headers
from werkzeug.http import parse_etags

from sparql_endpoint import Observation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OBSERVATION: Final = "smartregion.observation"
"""Key of the WSGI environment under which the application stores the observation of a query."""

_LARGEST = 2**17
_OVERHEAD = 2000
"""Approximate size of an answer without its body, in bytes."""
_HEADERS = ("accept", "accept-encoding", "accept-language", "accept-profile")
_KEY = ("PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", *(f"HTTP_{name.upper().replace('-', '_')}" for name in _HEADERS))
_OTHER_CONDITIONS = (
    "HTTP_RANGE",
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_RANGE",
    "HTTP_IF_UNMODIFIED_SINCE",
)
_NOT_IN_304 = frozenset({"content-length", "content-type", "content-encoding", "content-language"})

_Key = tuple[str, ...]


@dataclass(frozen=True)
class _Answer:
    switch: Hashable
    headers: list[tuple[str, str]]
    headers_304: list[tuple[str, str]]
    tag: str
    body: bytes
    seen: Observation | None

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD


class WarmAnswers:
    """WSGI middleware that caches small answers with an ETag in memory and drops the least recently used ones first.

    :param app: makes the answers that are not cached.
    :param switch: identifies the last switch of release; called for every request, so it should be fast.
    :param megabytes: size of the cache, in MiB.
    :param record: called for queries answered here, with seconds and ``memory``.
    """

    def __init__(
        self,
        app: WSGIApplication,
        switch: Callable[[], Hashable],
        megabytes: int,
        record: Callable[[Observation, float, str], None],
    ) -> None:
        self._app = app
        self._switch = switch
        self._room = self._free = megabytes * 2**20
        self._record = record
        self._lock = threading.Lock()
        self._answers: OrderedDict[_Key, _Answer] = OrderedDict()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or pass the request on and cache the answer."""
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"} or any(name in environ for name in _OTHER_CONDITIONS):
            return self._app(environ, start_response)
        key = tuple(environ.get(name, "") for name in _KEY)
        switch = self._switch()
        answer = self._find(key, switch)
        if answer is None:
            if method == "HEAD" or "HTTP_IF_NONE_MATCH" in environ:
                return self._app(environ, start_response)
            return self._keep(key, switch, environ, start_response)
        known = _is_known(answer.tag, environ)
        if answer.seen is not None:
            outcome = "not-modified" if known else "answered"
            self._record(replace(answer.seen, outcome=outcome, kept=True), time.perf_counter() - started, "memory")
        if known:
            start_response("304 NOT MODIFIED", answer.headers_304)
            return []
        start_response("200 OK", answer.headers)
        return [] if method == "HEAD" else [answer.body]

    def _find(self, key: _Key, switch: Hashable) -> _Answer | None:
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                return None
            if answer.switch != switch:
                self._answers.clear()
                self._free = self._room
                return None
            self._answers.move_to_end(key)
            return answer

    def _keep(
        self, key: _Key, switch: Hashable, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            answered.append((status, headers))
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        parts = self._app(environ, note)
        status, given = answered[-1]
        headers = Headers(given)
        if not status.startswith("200") or not _may_be_kept(headers):
            return parts
        try:
            body = b"".join(parts)
        finally:
            # PEP 3333: a server calls close() on every iterable that has it.
            if close := getattr(parts, "close", None):
                close()
        short = [(name, value) for name, value in given if name.lower() not in _NOT_IN_304]
        answer = _Answer(switch, list(given), short, headers["ETag"], body, environ.get(OBSERVATION))
        # Otherwise the answer may come from either release.
        if self._switch() == switch:
            self._add(key, answer)
        return [body]

    def _add(self, key: _Key, answer: _Answer) -> None:
        with self._lock:
            former = self._answers.pop(key, None)
            self._answers[key] = answer
            self._free += (former.size if former else 0) - answer.size
            while self._free < 0:
                self._free += self._answers.popitem(last=False)[1].size


def _may_be_kept(headers: Headers) -> bool:
    """Whether an answer is small, has a validator, and depends only on parts of the key."""
    varies = {name.strip().lower() for value in headers.getlist("Vary") for name in value.split(",")}
    return (
        "ETag" in headers
        and "no-store" not in headers.get("Cache-Control", "")
        and "Set-Cookie" not in headers
        and int(headers.get("Content-Length", _LARGEST + 1)) <= _LARGEST
        and varies <= set(_HEADERS)
    )


def _is_known(tag: str, environ: WSGIEnvironment) -> bool:
    asked = environ.get("HTTP_IF_NONE_MATCH")
    return bool(asked) and parse_etags(asked).contains_raw(tag)
