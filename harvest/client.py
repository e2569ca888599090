"""HTTP as a harvester does it, with limits: what a feed names is not to be trusted.

Only http and https; no credentials, cookies or scripts; bodies go to disk, up to a size and a time; at most a few
redirects. A host that the operator did not name may not be in a private network: its addresses are looked at before a
connection is opened, and the connection goes to one of these, whatever the name resolves to later.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError

from harvest.public_addresses import is_public

_CHUNK: Final = 2**16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
AGENT: Final = "smartregion-harvest-check/1"


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    :ivar seconds: from the request to the last byte of its answer.
    :ivar megabytes: of one body, in MiB, counted after decompression.
    :ivar redirects: that are followed.
    """

    seconds: float = 60.0
    megabytes: int = 512
    redirects: int = 5


@dataclass(frozen=True)
class Answer:
    """What an address answered, or why it did not.

    :ivar status: of the last answer; None without one.
    :ivar final: where redirects led to; the address itself without any.
    :ivar trouble: ``unreachable``, ``private``, ``scheme``, ``incomplete`` or ``limit``; None when all went well.
    :ivar detail: the trouble in words.
    :ivar body: file with the decoded body of a GET; it lies in the client's directory.
    """

    address: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: str | None = None
    detail: str = ""
    body: Path | None = None
    size: int = 0
    final: str = ""

    @property
    def ok(self) -> bool:
        """A complete answer with a status of success."""
        return self.trouble is None and self.status is not None and 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Of Content-Type, without parameters, in lower case; empty when not given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def outcome(self) -> str:
        """Status or trouble, for a sentence."""
        return self.detail or f"Status {self.status}"


class _Private(Exception):
    """The connection leads into a private network."""


class Client:
    """Fetches addresses; safe to use from many threads, each with a session of its own. Use as a context manager.

    :param home: address that the operator named, whose host may be private; "" for none.
    :param agent: what the client calls itself.
    """

    def __init__(self, home: str, limits: Limits, agent: str = AGENT) -> None:
        self.limits = limits
        self._agent = agent
        self._trusted = urlsplit(home).hostname
        self._local = threading.local()
        self._directory = tempfile.TemporaryDirectory(prefix="harvest-check-")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.cleanup()

    def head(self, address: str, headers: Mapping[str, str] | None = None) -> Answer:
        """HEAD, with redirects followed."""
        return self._fetch("HEAD", address, headers)

    def get(self, address: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, with redirects followed and the body in a file."""
        return self._fetch("GET", address, headers)

    def post(self, address: str, data: bytes, headers: Mapping[str, str]) -> Answer:
        """POST, which no redirect turns into something else."""
        return self._fetch("POST", address, headers, data)

    def _fetch(self, method: str, address: str, headers: Mapping[str, str] | None, data: bytes | None = None) -> Answer:
        deadline = time.monotonic() + self.limits.seconds
        current = address
        for _ in range(self.limits.redirects + 1):
            if urlsplit(current).scheme not in {"http", "https"}:
                return Answer(address, trouble="scheme", detail=current)
            try:
                response = self._session().request(
                    method,
                    current,
                    headers={"Accept": "*/*", "User-Agent": self._agent, **(headers or {})},
                    data=data,
                    allow_redirects=False,
                    stream=True,
                    timeout=max(deadline - time.monotonic(), 0.1),
                )
            except (requests.RequestException, HTTPError, _Private, UnicodeError, ValueError) as error:
                return _failed(address, error)
            with response:
                location = response.headers.get("Location")
                if response.status_code in _REDIRECTS and location and method != "POST":
                    current = urljoin(current, location)
                    continue
                return replace(self._read(address, response, deadline, method), final=current)
        return Answer(address, trouble="unreachable", detail=f"> {self.limits.redirects} redirects")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.auth = _anonymous
            session.cookies.set_policy(_NoCookies())
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(self._trusted))
        return session

    def _read(self, address: str, response: requests.Response, deadline: float, method: str) -> Answer:
        status, headers = response.status_code, CaseInsensitiveDict(response.headers)
        if method == "HEAD":
            return Answer(address, status, headers)
        size = 0
        with tempfile.NamedTemporaryFile(dir=self._directory.name, delete=False) as file:
            answer = Answer(address, status, headers, body=Path(file.name))
            try:
                # What has arrived, and no waiting for more: a server that drips must not get past the deadline.
                while chunk := response.raw.read1(_CHUNK, decode_content=True):
                    size += len(chunk)
                    if size > self.limits.megabytes * 2**20:
                        return _cut(answer, "limit", f"> {self.limits.megabytes} MiB")
                    if time.monotonic() > deadline:
                        return _cut(answer, "limit", f"> {self.limits.seconds:g} s")
                    file.write(chunk)
            except (IncompleteRead, ProtocolError) as error:
                return _cut(answer, "incomplete", f"{size} Bytes, {_reason(error)}")
            except (HTTPError, OSError) as error:
                return _cut(answer, "limit" if "timed out" in str(error) else "incomplete", _reason(error))
        return Answer(address, status, headers, body=answer.body, size=size)


def _cut(answer: Answer, trouble: str, detail: str) -> Answer:
    if answer.body is not None:
        answer.body.unlink(missing_ok=True)
    return Answer(answer.address, answer.status, answer.headers, trouble=trouble, detail=detail)


def _failed(address: str, error: Exception) -> Answer:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    private = next((cause for cause in causes if isinstance(cause, _Private)), None)
    if private is not None:
        return Answer(address, trouble="private", detail=str(private))
    if isinstance(error, requests.Timeout):
        return Answer(address, trouble="unreachable", detail="Timeout")
    return Answer(address, trouble="unreachable", detail=_reason(causes[-1]))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _anonymous(request: Any) -> Any:
    """No credentials, also none that a .netrc file would offer."""
    return request


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: object, request: object) -> bool:
        return False


class _Adapter(HTTPAdapter):
    """Opens connections that look at where they lead."""

    def __init__(self, trusted: str | None) -> None:
        self._trusted = trusted
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        trusted = self._trusted

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, super()._new_conn, trusted)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, super()._new_conn, trusted)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _connected(connection: HTTPConnection, connect: Callable[[], socket.socket], trusted: str | None) -> socket.socket:
    """Connect to an address that the host has, after looking at all of them: no packet goes into a private network."""
    host = connection.host
    if host.strip("[]").lower() == (trusted or "").lower():
        return connect()
    try:
        found = socket.getaddrinfo(host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, f"{host}: {error}") from error
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    for address in addresses:
        if not is_public(address):
            raise _Private(f"{host} = {address}")
    try:
        return _first(connection, connect, addresses)
    finally:
        connection.host = host


def _first(connection: HTTPConnection, connect: Callable[[], socket.socket], addresses: list[str]) -> socket.socket:
    """The first connection that can be opened, to one of these addresses and no other."""
    for address in addresses[:-1]:
        connection.host = address
        with contextlib.suppress(HTTPError):
            return connect()
    connection.host = addresses[-1]
    return connect()
