"""Answers queries from any SPARQL 1.1 server over HTTP, with the same limits and errors as the embedded engine.

The time limit applies between two pieces of the answer and in total, so a server that stalls at the very end may take
up to twice the limit. The server itself limits memory.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import IO, NoReturn
from urllib.error import HTTPError, URLError

from SPARQLWrapper import POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException

from sparql_engine import NO_DATASET, Bindings, Dataset, Health, Limits, Query, Result
from sparql_engine.admission import Admission
from sparql_engine.errors import EngineBusy, EngineFailed, QueryRejected, QueryTimeout, ResultTooLarge
from sparql_engine.guard import prepare, refuse_native
from sparql_engine.rows import count_rows

_INLINE = 2**20
_CHUNK = 2**16


class RemoteEngine:
    """Queries a SPARQL 1.1 server (SPARQL 1.1 Protocol, 2.1); safe to use from many threads.

    :param endpoint: its query address.
    :param limits: of every query; ``megabytes`` cannot be enforced from here.
    :param version: identifies the data of the server, such as the loaded release.
    :param graphs: the published graphs; without a choice by the client, their union is the default graph.
    """

    def __init__(
        self,
        endpoint: str,
        limits: Limits,
        version: Callable[[], str],
        graphs: Callable[[], Iterable[str]],
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._version = version
        self._graphs = graphs
        self._admission = Admission(limits.workers, limits.queue, max(1, limits.workers - 1))

    def version(self) -> str:
        """The configured version of the server's data."""
        return self._version()

    def prepare(self, text: str) -> Query:
        """See :meth:`sparql_engine.Engine.prepare`; functions of servers are refused, since some fetch addresses."""
        query = prepare(text, length=self._limits.length, depth=self._limits.depth, services=self._limits.services)
        refuse_native(query)
        return query

    def query(
        self,
        query: Query,
        media_type: str,
        *,
        dataset: Dataset = NO_DATASET,
        bindings: Bindings | None = None,
        base: str | None = None,
        client: str = "",
    ) -> Result:
        """See :meth:`sparql_engine.Engine.query`; refusals of the server become the nearest error."""
        version = self._version()
        wrapper = SPARQLWrapper(self._endpoint)
        wrapper.setMethod(POST)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(math.ceil(self._limits.seconds))
        wrapper.addCustomHttpHeader("Accept", media_type)
        # setQuery detects the form with regular expressions that take minutes for some texts; it is known here.
        wrapper.queryType = query.form.upper()
        prologue = f"BASE <{base}> " if base else ""
        wrapper.queryString = prologue + query.text + _values(bindings or {})
        if not dataset and not query.names_dataset:
            graphs = tuple(self._graphs())
            dataset = Dataset(graphs, graphs)
        for parameter, iris in (("default-graph-uri", dataset.default), ("named-graph-uri", dataset.named)):
            for iri in iris:
                wrapper.addParameter(parameter, iri)
        with self._admission.place(client, self._limits.seconds), self._errors():
            deadline = time.monotonic() + self._limits.seconds
            with wrapper.query().response as response:
                found = response.headers.get_content_type()
                if found != media_type:
                    raise EngineFailed(f"The server was asked for {media_type} and answered with {found}.")
                body, size = self._read(response, deadline)
                most = response.headers.get("X-SPARQL-MaxRows")
        rows = _rows(query, media_type, body, size)
        if most is not None and rows is not None and rows >= int(most):
            # Virtuoso truncates answers with status 200.
            body.close()
            raise ResultTooLarge(f"The server gives {most} rows at most.", limit="rows", value=int(most))
        return Result(media_type, version, size, body, rows)

    def health(self) -> Health:
        """Only a query shows the state of the server; here it counts as alive."""
        busy, waiting = self._admission.inside, self._admission.waiting
        return Health(self._version(), alive=True, workers=self._limits.workers, busy=busy, waiting=waiting)

    def close(self) -> None:
        """Nothing to close: no connection stays open."""

    def _read(self, response: HTTPResponse, deadline: float) -> tuple[IO[bytes], int]:
        size, limit = 0, self._limits.result_megabytes
        body = tempfile.SpooledTemporaryFile(_INLINE)  # noqa: SIM115 - the reader closes it
        try:
            while chunk := response.read1(_CHUNK):
                size += len(chunk)
                if size > limit * 2**20:
                    message = f"The answer is larger than {limit} MiB."
                    raise ResultTooLarge(message, limit="result_megabytes", value=limit)
                if time.monotonic() > deadline:
                    self._raise_timeout()
                body.write(chunk)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body, size

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Convert errors of the client library to those of this package."""
        try:
            yield
        except QueryBadFormed as error:
            raise QueryRejected(str(error)) from None
        except HTTPError as error:
            with error:
                if error.code in {429, 503}:
                    raise EngineBusy("The SPARQL server is busy.") from None
                if error.code in {408, 504}:
                    self._raise_timeout()
                raise EngineFailed(f"The SPARQL server answers with status {error.code}.") from None
        except (SPARQLWrapperException, HTTPException) as error:
            raise EngineFailed(f"The SPARQL server failed: {type(error).__name__}.") from None
        except (URLError, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, TimeoutError):
                self._raise_timeout()
            raise EngineFailed(f"The SPARQL server cannot be reached: {reason}.") from None

    def _raise_timeout(self) -> NoReturn:
        seconds = self._limits.seconds
        message = f"The query takes longer than {seconds:g} s."
        raise QueryTimeout(message, limit="seconds", value=seconds) from None


def _rows(query: Query, media_type: str, body: IO[bytes], size: int) -> int | None:
    """The rows of a table; a graph would have to be parsed."""
    if not query.gives_table:
        return None
    if query.form == "ask":
        return 1
    if size <= _INLINE:
        content = body.read()
        body.seek(0)
        return count_rows(media_type, content)
    with mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return count_rows(media_type, mapped)


def _values(bindings: Bindings) -> str:
    """The bindings as a VALUES clause at the end of a query, which joins them to its pattern (section 10.2)."""
    if not bindings:
        return ""
    names = " ".join(f"?{name}" for name in bindings)
    values = " ".join(str(term) for term in bindings.values())
    return f"\nVALUES ({names}) {{ ({values}) }}"
