"""Errors of queries. Each has a stable ``kind``, and the limit with its value if one was exceeded."""

from __future__ import annotations


class QueryError(Exception):
    """A query that is not answered.

    :param message: for people, in English.
    :param limit: name of the exceeded limit, if any.
    :param value: value of that limit.
    """

    kind: str

    def __init__(self, message: str, *, limit: str | None = None, value: float | None = None) -> None:
        super().__init__(message)
        self.limit = limit
        self.value = value


class QueryRejected(QueryError):
    """The text is not a SPARQL 1.1 query; the message is the parser's."""

    kind = "query-syntax"


class QueryTooLong(QueryError):
    """The text has too many characters."""

    kind = "query-too-long"


class QueryTooDeep(QueryError):
    """Brackets are nested too deeply."""

    kind = "query-too-deep"


class ServiceRefused(QueryError):
    """The query would make this service query another server."""

    kind = "service-refused"


class UpdateRefused(QueryError):
    """The text is a SPARQL Update; this service is read-only."""

    kind = "update-refused"


class QueryTimeout(QueryError):
    """The query took too long."""

    kind = "query-timeout"


class QueryTooLarge(QueryError):
    """The query needed too much memory."""

    kind = "query-too-large"


class ResultTooLarge(QueryError):
    """The answer has too many bytes."""

    kind = "result-too-large"


class UnfitForFormat(QueryError):
    """The format cannot express the answer, such as U+0001 in XML; another format can."""

    kind = "format-unfit"


class EngineBusy(QueryError):
    """Too many queries run and wait already; a later retry may succeed."""

    kind = "engine-busy"


class EngineFailed(QueryError):
    """The engine failed; the query is not the cause."""

    kind = "engine-failed"
