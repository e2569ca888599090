"""Answers SPARQL queries within limits: the only interface to the graph.

:class:`sparql_engine.embedded.EmbeddedEngine` answers from an Oxigraph store in worker processes,
:class:`sparql_engine.remote.RemoteEngine` from any SPARQL 1.1 server. Neither imports anything of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Protocol, Self

from pyoxigraph import Literal, NamedNode

from sparql_engine.errors import (
    EngineBusy,
    EngineFailed,
    QueryError,
    QueryRejected,
    QueryTimeout,
    QueryTooDeep,
    QueryTooLarge,
    QueryTooLong,
    ResultTooLarge,
    ServiceRefused,
    UnfitForFormat,
    UpdateRefused,
)
from sparql_engine.guard import Query

__all__ = [
    "GRAPH_TYPES",
    "NO_DATASET",
    "TABLE_TYPES",
    "Bindings",
    "Dataset",
    "Engine",
    "EngineBusy",
    "EngineFailed",
    "Health",
    "Limits",
    "Query",
    "QueryError",
    "QueryRejected",
    "QueryTimeout",
    "QueryTooDeep",
    "QueryTooLarge",
    "QueryTooLong",
    "Result",
    "ResultTooLarge",
    "ServiceRefused",
    "UnfitForFormat",
    "UpdateRefused",
]

TABLE_TYPES = (
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
)
"""Media types of the answer to SELECT and ASK, the default first."""

GRAPH_TYPES = (
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
    "application/trig",
    "application/n-quads",
)
"""Media types of the answer to CONSTRUCT and DESCRIBE, the default first."""

Bindings = Mapping[str, NamedNode | Literal]
"""Values for variables of a query, by name; a SELECT must project these variables."""


@dataclass(frozen=True)
class Limits:
    """Limits of one query, and of the number of running and waiting queries.

    :param seconds: wall clock.
    :param megabytes: memory that the query may take, in MiB.
    :param result_megabytes: size of the serialised answer, in MiB.
    :param length: characters of the query text.
    :param depth: nesting of brackets in the query text.
    :param workers: queries that run at a time.
    :param queue: queries that may wait for a worker.
    :param services: addresses that SERVICE may name.
    """

    seconds: float = 20.0
    megabytes: int = 2048
    result_megabytes: int = 64
    length: int = 100_000
    depth: int = 64
    workers: int = 2
    queue: int = 32
    services: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dataset:
    """An RDF dataset chosen by the client (SPARQL 1.1 Protocol, 2.1.4): IRIs of its default and named graphs.

    Without any, the default graph is the union of all published graphs.

    :raises QueryRejected: one of them is not an IRI.
    """

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for iri in (*self.default, *self.named):
            try:
                NamedNode(iri)
            except ValueError:
                raise QueryRejected(f"This is not an IRI of a graph: {iri}") from None

    def __bool__(self) -> bool:
        return bool(self.default or self.named)


NO_DATASET = Dataset()
"""No dataset: the client chose none."""


@dataclass
class Result:
    """A complete answer; use it as a context manager or :meth:`read` it, so that a spooled file is closed.

    :param media_type: one of :data:`TABLE_TYPES` or :data:`GRAPH_TYPES`.
    :param version: the version of the data of the answer.
    :param size: bytes of the body.
    :param body: the bytes, or for a long answer an open file at its start.
    :param rows: solutions or triples; 1 for ASK; None if unknown.
    :param kept: whether it comes from a cache.
    """

    media_type: str
    version: str
    size: int
    body: bytes | IO[bytes]
    rows: int | None
    kept: bool = False

    def read(self) -> bytes:
        """All bytes of the body; closes a spooled file."""
        if isinstance(self.body, bytes):
            return self.body
        with self.body as file:
            return file.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if not isinstance(self.body, bytes):
            self.body.close()


@dataclass(frozen=True)
class Health:
    """The state of an engine.

    :ivar version: version of its data.
    :ivar alive: whether it can answer.
    :ivar workers: queries that may run at a time.
    :ivar busy: queries that run now.
    :ivar waiting: queries that wait now.
    """

    version: str
    alive: bool
    workers: int
    busy: int
    waiting: int


class Engine(Protocol):
    """Answers queries over the current version of the data."""

    def version(self) -> str:
        """Identifier of the current version of the data."""
        ...

    def prepare(self, text: str) -> Query:
        """Check a query text before parsing.

        :raises QueryTooLong: it has too many characters.
        :raises QueryTooDeep: its brackets are nested too deeply.
        :raises ServiceRefused: it names a server that is not allowed.
        :raises UpdateRefused: it is an update.
        :raises QueryRejected: it has none of the four query forms or is invalid.
        """
        ...

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
        """Answer a prepared query completely, or raise.

        :param query: from :meth:`prepare`.
        :param media_type: one of :data:`TABLE_TYPES` for SELECT and ASK, of :data:`GRAPH_TYPES` otherwise.
        :param dataset: the graphs to query; they replace FROM in the query (SPARQL 1.1 Protocol, 2.1.4).
        :param bindings: values of variables; they are passed as values, never inserted into the text.
        :param base: base IRI of relative IRIs in the query (SPARQL 1.1 Query, 4.1.1.2).
        :param client: identifies the client, for example its address; workers are shared between clients.
        :raises QueryRejected: the query has a syntax error.
        :raises QueryTimeout: it took too long.
        :raises QueryTooLarge: it needed too much memory.
        :raises ResultTooLarge: its answer has too many bytes.
        :raises UnfitForFormat: its answer cannot be written in this media type.
        :raises EngineBusy: too many queries wait already.
        :raises EngineFailed: the engine failed; the query is not the cause.
        """
        ...

    def health(self) -> Health:
        """The state of the engine, without running a query."""
        ...

    def close(self) -> None:
        """End all workers; no query may follow."""
        ...
