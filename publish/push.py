"""Loads a release into any SPARQL 1.1 server by the Graph Store HTTP Protocol.

https://www.w3.org/TR/sparql11-http-rdf-update/: PUT (5.3) replaces a graph by its first chunk, POST (5.5) adds the
others. A graph is a set, so sending a chunk twice does no harm: an interrupted push continues with the first
unconfirmed chunk. Only one chunk is held in memory. ``docs/scale-out.md`` lists differences between servers.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import pyoxigraph as ox
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3 import Retry
from urllib3.exceptions import ReadTimeoutError, SSLError

from ingest import Progress
from publish.releases.release import Release

_ADVICE = {
    400: "It does not accept the request.",
    401: "User and password or token are missing or wrong.",
    403: "Who we say we are may not do this there.",
    404: "There is no such service at this address.",
    405: "Nothing can be written at this address.",
    413: "The chunk is too large for it: choose smaller chunks.",
    415: "It does not read N-Triples.",
    501: "It does not know this request: is this the address of its graph store?",
}
_RETRIED = frozenset({429, *range(500, 600)} - {501, 505})


class PushError(Exception):
    """A release could not be loaded; the message says what happened, where, and what to do."""


class Login(AuthBase):
    """User and password, sent as the server demands: Digest (RFC 7616) or Basic (RFC 7617)."""

    def __init__(self, user: str, password: str) -> None:
        self._basic = HTTPBasicAuth(user, password)
        self._digest = HTTPDigestAuth(user, password)
        self._chosen: HTTPBasicAuth | HTTPDigestAuth = self._digest

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request as the server demanded last."""
        request.hooks["response"].append(self._challenged)
        signed: requests.PreparedRequest = self._chosen(request)
        return signed

    def _challenged(self, answer: requests.Response, **kwargs: Any) -> requests.Response:
        asked = answer.headers.get("WWW-Authenticate", "").lower()
        if answer.status_code != 401 or self._chosen is self._basic or "basic" not in asked or "digest" in asked:
            return answer
        self._chosen = self._basic
        answer.close()
        again: requests.Response = answer.connection.send(self._basic(answer.request.copy()), **kwargs)
        return again


class Bearer(AuthBase):
    """A bearer token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True)
class Pushed:
    """Result of a push.

    :ivar release: identifier of the release.
    :ivar graphs: number of triples of each graph, as counted by the server.
    :ivar chunks: how many were sent.
    :ivar removed: deleted graphs, which are not in the release.
    """

    release: str
    graphs: dict[str, int]
    chunks: int
    removed: tuple[str, ...]


def push(
    release: Release,
    store_url: str,
    query_url: str,
    *,
    auth: AuthBase | None = None,
    chunk: int = 4 * 2**20,
    state: Path | None = None,
    retries: int = 7,
    timeout: float = 300.0,
    progress: Progress,
) -> Pushed:
    """Make a server hold exactly the graphs of a release among those that begin with ``{base}graph/``.

    :param store_url: address of the graph store; the graph is added as ``?graph=`` (indirect identification, 4.2).
    :param query_url: address for SPARQL queries to the same data.
    :param auth: :class:`Login`, :class:`Bearer` or another; used at both addresses.
    :param chunk: largest request, in bytes; a triple that is larger goes alone.
    :param state: file of the confirmed chunks, to continue an interrupted push; deleted at the end.
    :param retries: how often a request is sent again after a broken connection or status 429 or 5xx, waiting twice as
        long each time, or as long as the server asks, up to a minute.
    :param timeout: longest time between a request and its answer, in seconds.
    :param progress: called with ``push`` or ``check``, steps done and steps in all.
    :raises PushError: the server cannot be reached or refuses, or does not hold the right number of triples at the end.
    """
    for address in (store_url, query_url):
        _check_address(address)
    home = f"{release.manifest.base}graph/"
    graphs = list(_graphs(release))
    journal = _Journal(state, {"release": release.id, "target": store_url, "chunk": chunk})
    with _PushTarget(store_url, query_url, auth, retries, timeout) as server:
        # Report wrong addresses and passwords before any change: this graph never exists.
        server.query("ASK {}")
        server.delete(f"{home}-")
        sent = _load(server, graphs, chunk, journal, progress)
        counted, removed = _check(server, home, graphs, progress)
        if wrong := _wrong(graphs, counted):
            # A server that was killed may have lost confirmed chunks.
            journal.forget(wrong)
            sent += _load(server, graphs, chunk, journal, progress)
            counted, _ = _check(server, home, graphs, progress)
        if wrong := _wrong(graphs, counted):
            journal.forget(wrong)
            lines = [f"- {graph}: {found} of {expected}" for graph, (found, expected) in wrong.items()]
            problem = f"{query_url} counts other triples than were sent to {store_url}:"
            advice = "Do both addresses belong to the same data, and does nobody else write there? Then push again."
            raise PushError("\n".join([problem, *lines, advice]))
        journal.finish()
    return Pushed(release.id, counted, sent, removed)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PushError(f"This is not the address of a server: {address}. It begins with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise PushError(f"Give user and password of {parts.hostname} separately, not as part of the address.")


@dataclass(frozen=True)
class _Graph:
    """A named graph: its lines of N-Triples, and how many there are."""

    iri: str
    lines: Callable[[], Iterator[bytes]]
    triples: int


def _graphs(release: Release) -> Iterator[_Graph]:
    """All graphs of the release's store; the catalogue comes last, because it announces the others."""
    store = ox.Store.read_only(str(release.store))
    names = (str(graph.value) for graph in store.named_graphs())
    for iri in sorted(names, key=lambda iri: (iri.endswith("/catalog"), iri)):
        lines = _lines(release, store, iri)
        yield _Graph(iri, lines, sum(1 for _ in lines()))


def _lines(release: Release, store: ox.Store, iri: str) -> Callable[[], Iterator[bytes]]:
    """Read a graph from its file, because the store rewrites some values; from the store if it has no file."""
    name = iri.removeprefix(f"{release.manifest.base}graph/")
    for candidate in (f"dump/{name}.nt", f"{name}.nt"):
        if candidate in release.manifest.files:
            path, _ = release.file(candidate)
            return lambda: _file_lines(path)
    return lambda: _store_lines(store, iri)


def _file_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _store_lines(store: ox.Store, iri: str) -> Iterator[bytes]:
    for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(iri)):
        yield f"{quad.triple} .\n".encode()


def _chunks(lines: Iterable[bytes], size: int) -> Iterator[tuple[bytes, int]]:
    """Join lines to chunks of at most ``size`` bytes; return each with its number of lines."""
    piece: list[bytes] = []
    length = 0
    for line in lines:
        if piece and length + len(line) > size:
            yield b"".join(piece), len(piece)
            piece, length = [], 0
        piece.append(line)
        length += len(line)
    if piece:
        yield b"".join(piece), len(piece)


def _load(server: _PushTarget, graphs: list[_Graph], size: int, journal: _Journal, progress: Progress) -> int:
    """Send every chunk that the journal does not know; returns how many there were."""
    total = sum(graph.triples for graph in graphs)
    done = sent = 0
    for graph in graphs:
        for number, (content, triples) in enumerate(_chunks(graph.lines(), size)):
            if number >= journal.confirmed(graph.iri):
                server.write("POST" if number else "PUT", graph.iri, content)
                journal.confirm(graph.iri, number + 1)
                sent += 1
            done += triples
            progress("push", done, total)
    return sent


def _check(
    server: _PushTarget, home: str, graphs: list[_Graph], progress: Progress
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Delete graphs that are not in the release; return the number of triples of the others, and the deleted graphs."""
    progress("check", 0, 1)
    counted = server.counts(home)
    removed = tuple(sorted(counted.keys() - {graph.iri for graph in graphs}))
    for iri in removed:
        server.delete(iri)
        del counted[iri]
    progress("check", 1, 1)
    return counted, removed


def _wrong(graphs: list[_Graph], counted: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Triples found and expected of each graph where they differ."""
    found = {graph.iri: (counted.get(graph.iri, 0), graph.triples) for graph in graphs}
    return {iri: numbers for iri, numbers in found.items() if numbers[0] != numbers[1]}


class _Journal:
    """How many chunks of each graph the server has confirmed, kept in a file.

    :param path: the file; None to keep nothing.
    :param push: what is pushed, where and how; a file about anything else is ignored.
    """

    def __init__(self, path: Path | None, push: dict[str, Any]) -> None:
        self._path = path
        self._push = push
        kept: dict[str, Any] = {}
        # If the file is missing, or truncated by a power failure, everything is sent.
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = json.loads(path.read_text(encoding="utf-8")) if path else {}
        self._chunks: dict[str, int] = kept["chunks"] if kept.get("push") == push else {}

    def confirmed(self, graph: str) -> int:
        return self._chunks.get(graph, 0)

    def confirm(self, graph: str, chunks: int) -> None:
        self._chunks[graph] = chunks
        self._save()

    def forget(self, graphs: Iterable[str]) -> None:
        for graph in graphs:
            self._chunks.pop(graph, None)
        self._save()

    def finish(self) -> None:
        if self._path:
            self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        if self._path:
            fresh = self._path.with_name(self._path.name + ".new")
            fresh.write_text(json.dumps({"push": self._push, "chunks": self._chunks}, indent=1), encoding="utf-8")
            fresh.replace(self._path)


class _Patience(Retry):
    """Retries temporary errors, but not untrusted certificates or servers that do not answer."""

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        if isinstance(error := kwargs.get("error"), (SSLError, ReadTimeoutError)):
            raise error
        return super().increment(*args, **kwargs)


class _PushTarget:
    """A SPARQL 1.1 server: its graph store and its query service."""

    def __init__(self, store_url: str, query_url: str, auth: AuthBase | None, retries: int, timeout: float) -> None:
        self._store_url = store_url
        self._query_url = query_url
        self._timeout = timeout
        patience = _Patience(
            total=retries,
            allowed_methods=None,
            status_forcelist=_RETRIED,
            backoff_factor=0.5,
            backoff_max=60,
            retry_after_max=60,
            raise_on_status=False,
        )
        self._session = requests.Session()
        self._session.auth = auth
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._session.close()

    def write(self, method: str, graph: str, content: bytes) -> None:
        """PUT or POST N-Triples (Graph Store HTTP Protocol, 5.3 and 5.5)."""
        headers = {"Content-Type": "application/n-triples"}
        self._ask(method, self._store_url, params={"graph": graph}, data=content, headers=headers)

    def delete(self, graph: str) -> None:
        """DELETE a graph (5.4); it need not exist."""
        self._ask("DELETE", self._store_url, params={"graph": graph}, allowed=(404,))

    def counts(self, home: str) -> dict[str, int]:
        """Number of triples of every graph whose IRI begins with ``home``."""
        answer = self.query(
            "SELECT ?graph (COUNT(*) AS ?triples) WHERE { GRAPH ?graph { ?s ?p ?o } "
            f"FILTER(STRSTARTS(STR(?graph), {ox.Literal(home)})) }} GROUP BY ?graph"
        )
        rows = answer["results"]["bindings"]
        # A server may answer one row without a graph when there are none (SPARQL 1.1 Query, 11.2).
        return {row["graph"]["value"]: int(row["triples"]["value"]) for row in rows if "graph" in row}

    def query(self, text: str) -> Any:
        """The answer to a query (SPARQL 1.1 Protocol, 2.1.2) as JSON."""
        headers = {"Accept": "application/sparql-results+json"}
        answer = self._ask("POST", self._query_url, data={"query": text}, headers=headers)
        try:
            return answer.json()
        except requests.JSONDecodeError:
            message = f"{self._query_url} does not answer SPARQL queries with JSON. Is the address right?"
            raise PushError(message) from None

    def _ask(self, method: str, url: str, *, allowed: tuple[int, ...] = (), **request: Any) -> requests.Response:
        try:
            # Redirected, a PUT could become a GET.
            answer = self._session.request(method, url, timeout=self._timeout, allow_redirects=False, **request)
        except requests.exceptions.SSLError as error:
            reason = f"{_reason(error)} Name your own authority's certificate in REQUESTS_CA_BUNDLE."
            raise PushError(f"The certificate of {url} is not trusted: {reason}") from None
        except requests.Timeout:
            message = f"{url} does not answer {method} within {self._timeout:g} s. Is the address right?"
            raise PushError(f"{message} Smaller chunks need less time.") from None
        except requests.RequestException as error:
            raise PushError(f"{url} cannot be reached: {_reason(error)} Is it running?") from None
        if (answer.ok and not answer.is_redirect) or answer.status_code in allowed:
            return answer
        raise PushError(f"{url} answers {method} with status {answer.status_code}. {_advice(answer)}")


def _reason(error: requests.RequestException) -> str:
    """The innermost reason of an error, as a sentence."""
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)
    return f"{str(cause).rpartition(': ')[2].rstrip('.')}."


def _advice(answer: requests.Response) -> str:
    """The meaning of a refusal, and the beginning of the server's message."""
    if answer.is_redirect:
        return f"It points to {answer.headers['Location']}: use that address, if it is right."
    advice = _ADVICE.get(answer.status_code, "It may be too busy or out of order: try again later.")
    html = "html" in answer.headers.get("Content-Type", "")
    said = " ".join((re.sub(r"<[^>]*>", " ", answer.text) if html else answer.text).split())[:300]
    return f"{advice} It says: {said}" if said else advice
