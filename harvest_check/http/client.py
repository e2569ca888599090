"""An HTTP client with limits, which behaves like a harvester; addresses in a feed are not trusted.

Only http and https; no credentials, cookies or scripts; bodies are written to disk, within limits of size and time; a
few redirects. A host that the operator did not name must not be in a private network: its addresses are checked before
a connection is opened, and the connection uses one of these, whatever the name resolves to later.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
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

from harvest_check.http.deadline import Deadline
from harvest_check.http.public_addresses import is_public

_CHUNK: Final = 2**16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
AGENT: Final = "smartregion-harvest-check/1"


@dataclass(frozen=True)
class HttpLimits:
    """Limits of one request.

    :ivar seconds: from resolving the name to the last byte of the answer, redirects included.
    :ivar megabytes: of one body, in MiB, counted after decompression.
    :ivar redirects: maximum number of redirects.
    """

    seconds: float = 60.0
    megabytes: int = 512
    redirects: int = 5


@dataclass(frozen=True)
class Answer:
    """The answer of an address, or the reason why there is none.

    :ivar status: of the last answer; None without one.
    :ivar final: the target of redirects; the address itself without any.
    :ivar trouble: ``unreachable``, ``private``, ``scheme``, ``incomplete`` or ``limit``; None if there was no error.
    :ivar detail: the trouble in words.
    :ivar late: whether the time limit was reached before it was complete.
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
    late: bool = False

    @property
    def ok(self) -> bool:
        """Whether the answer is complete and has a status of success."""
        return self.trouble is None and self.status is not None and 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The media type of Content-Type, without parameters, in lower case; empty if missing."""
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
    :param agent: value of ``User-Agent``.
    """

    def __init__(self, home: str, limits: HttpLimits, agent: str = AGENT) -> None:
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
        """POST; redirects keep the method."""
        return self._fetch("POST", address, headers, data)

    def _fetch(self, method: str, address: str, headers: Mapping[str, str] | None, data: bytes | None = None) -> Answer:
        deadline = self._deadline()
        with deadline.within(self.limits.seconds):
            answer = self._follow(method, address, headers, data, deadline)
        if deadline.passed:
            # A truncated body may look like a complete one.
            cut = _cut(answer, "limit" if answer.status else "unreachable", f"> {self.limits.seconds:g} s")
            return replace(cut, late=True)
        return answer

    def _follow(
        self, method: str, address: str, headers: Mapping[str, str] | None, data: bytes | None, deadline: Deadline
    ) -> Answer:
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
                    timeout=deadline.left(),
                )
            except (requests.RequestException, HTTPError, _Private, UnicodeError, ValueError) as error:
                return _failed(address, error)
            with response:
                location = response.headers.get("Location")
                if response.status_code in _REDIRECTS and location and method != "POST":
                    current = urljoin(current, location)
                    continue
                return replace(self._read(address, response, method), final=current)
        return Answer(address, trouble="unreachable", detail=f"> {self.limits.redirects} redirects")

    def _deadline(self) -> Deadline:
        deadline: Deadline | None = getattr(self._local, "deadline", None)
        if deadline is None:
            deadline = self._local.deadline = Deadline()
        return deadline

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.auth = _anonymous
            session.cookies.set_policy(_NoCookies())
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(self._trusted, self._deadline()))
        return session

    def _read(self, address: str, response: requests.Response, method: str) -> Answer:
        status, headers = response.status_code, CaseInsensitiveDict(response.headers)
        if method == "HEAD":
            return Answer(address, status, headers)
        size = 0
        with tempfile.NamedTemporaryFile(dir=self._directory.name, delete=False) as file:
            answer = Answer(address, status, headers, body=Path(file.name))
            try:
                # Return the received bytes without waiting for more.
                while chunk := response.raw.read1(_CHUNK, decode_content=True):
                    size += len(chunk)
                    if size > self.limits.megabytes * 2**20:
                        return _cut(answer, "limit", f"> {self.limits.megabytes} MiB")
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
        return Answer(address, trouble="unreachable", detail="Timeout", late=True)
    return Answer(address, trouble="unreachable", detail=_reason(causes[-1]))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _anonymous(request: Any) -> Any:
    """Add no credentials; as the ``auth`` of a session it keeps requests from reading .netrc."""
    return request


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: object, request: object) -> bool:
        return False


class _Adapter(HTTPAdapter):
    """Opens connections that check their target."""

    def __init__(self, trusted: str | None, deadline: Deadline) -> None:
        self._trusted = trusted
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        trusted, deadline = self._trusted, self._deadline

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, super()._new_conn, trusted, deadline)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                if isinstance(self.sock, socket.socket):
                    deadline.holds(self.sock)

            def _new_conn(self) -> socket.socket:
                return _connected(self, super()._new_conn, trusted, deadline)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _connected(
    connection: HTTPConnection, connect: Callable[[], socket.socket], trusted: str | None, deadline: Deadline
) -> socket.socket:
    """Check all addresses of the host and connect to one: no packet goes into a private network."""
    host = connection.host
    try:
        addresses = deadline.addresses(host.strip("[]"), connection.port)
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, f"{host}: {error}") from error
    if host.strip("[]").lower() != (trusted or "").lower():
        for address in addresses:
            if not is_public(address):
                raise _Private(f"{host} = {address}")
    try:
        opened = _first(connection, connect, addresses, deadline)
    finally:
        connection.host = host
    # Timeout of the whole TLS handshake.
    opened.settimeout(deadline.left())
    return deadline.holds(opened)


def _first(
    connection: HTTPConnection, connect: Callable[[], socket.socket], addresses: list[str], deadline: Deadline
) -> socket.socket:
    """Open the first possible connection to one of these addresses."""
    for address in addresses[:-1]:
        connection.host, connection.timeout = address, deadline.left()
        with contextlib.suppress(HTTPError):
            return connect()
    connection.host, connection.timeout = addresses[-1], deadline.left()
    return connect()
