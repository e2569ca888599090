"""The program that answers queries, started by :mod:`sparql_engine.embedded`.

Its first process (see :mod:`sparql_engine.forking`) leaves the network, reads the store into memory if configured, and
forks a query process on request: this takes milliseconds, and all of them share memory.

A query process runs one job after the other and answers each with a line of JSON (status, detail, worn, rows) and, for
an answer, its bytes or an open file with them. A query that exceeds its time or memory ends the process; the exit
status tells which limit.
"""

from __future__ import annotations

import io
import itertools
import json
import mmap
import operator
import os
import signal
import tempfile
import threading
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import IO, Any, NoReturn
from xml.parsers import expat

import pyoxigraph as ox

from sparql_engine import forking
from sparql_engine.rows import count_rows

STACK = 64 * 2**20
"""Stack size: parser and optimiser recurse, and 8,000 chained operators need more than the usual 8 MiB."""

INLINE = 2**20
"""Maximum bytes of an answer in memory; a longer one is written to a file."""

_QUICK_SECONDS = 0.005
_XML = frozenset({"application/sparql-results+xml", "application/rdf+xml"})


class _ResultTooLargeError(Exception):
    """The answer exceeds its limit."""


class _Sink(io.BytesIO):
    """Collects the answer: a short one in memory, a long one in an unnamed file."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.file: IO[bytes] | None = None
        self._size = 0
        self._limit = limit

    def write(self, data: Any) -> int:
        self._size += len(data)
        if self._size > self._limit:
            raise _ResultTooLargeError
        if self.file is None and self._size > INLINE:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - the reader closes it
            self.file.write(self.getvalue())
        return super().write(data) if self.file is None else self.file.write(data)

    def finish(self) -> None:
        """Finish the answer."""
        if self.file is not None:
            self.file.flush()

    def table_rows(self, media_type: str) -> int:
        """Number of rows of the written table."""
        if self.file is None:
            return count_rows(media_type, self.getvalue())
        with mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ) as content:
            return count_rows(media_type, content)


class _XmlSink(_Sink):
    """Refuses what XML cannot express, such as U+0001 or a predicate without a local name.

    Oxigraph writes these unchanged, and also a carriage return, which XML parsers read as a line feed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._parser = expat.ParserCreate(namespace_separator=" ")

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._parser.Parse(data)
        super().write(data.replace(b"\r", b"&#13;"))
        return len(data)

    def finish(self) -> None:
        self._parser.Parse(b"", True)
        super().finish()


def _in_memory(path: str) -> ox.Store:
    """A copy of a store in memory.

    Another process reads the store on disk: it has threads, and a process with threads must not fork.
    """
    reading, writing = os.pipe()
    reader = os.fork()
    if not reader:
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as pipe:
                ox.Store.read_only(path).dump(pipe, ox.RdfFormat.N_QUADS)
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(writing)
    store = ox.Store()
    with os.fdopen(reading, "rb") as pipe:
        store.bulk_load(pipe, ox.RdfFormat.N_QUADS)
    if os.waitpid(reader, 0)[1]:
        raise OSError(f"{path} cannot be read.")
    return store


def _run(store: ox.Store, job: dict[str, Any], prefixes: dict[str, str], sink: _Sink) -> int:
    """Write the answer; return its number of rows or triples."""
    if job["default_graphs"] or job["named_graphs"]:
        dataset: dict[str, Any] = {
            "default_graph": [ox.NamedNode(iri) for iri in job["default_graphs"]],
            "named_graphs": [ox.NamedNode(iri) for iri in job["named_graphs"]],
        }
    else:
        # The union would take precedence over FROM.
        dataset = {"use_default_graph_as_union": not job["names_dataset"]}
    bindings = {ox.Variable(name): term for name, term in job["bindings"].items()}
    media_type = job["media_type"]
    result = store.query(job["text"], base_iri=job["base"], substitutions=bindings, **dataset)
    if isinstance(result, ox.QueryTriples):
        counter = itertools.count()
        triples = map(operator.itemgetter(0), zip(result, counter, strict=False))
        ox.serialize(triples, sink, ox.RdfFormat.from_media_type(media_type), prefixes=prefixes)
        sink.finish()
        return next(counter)
    result.serialize(sink, ox.QueryResultsFormat.from_media_type(media_type))
    sink.finish()
    return 1 if isinstance(result, ox.QueryBoolean) else sink.table_rows(media_type)


def _answer(store: ox.Store, job: dict[str, Any], prefixes: dict[str, str], sink: _Sink) -> tuple[str, str, int]:
    try:
        rows = _run(store, job, prefixes, sink)
    except SyntaxError as error:
        return "syntax", str(error.msg), 0
    except _ResultTooLargeError:
        return "result", "", 0
    except expat.ExpatError as error:
        return "unfit", str(error), 0
    except MemoryError:
        return "memory", "", 0
    except RuntimeError as error:
        # Oxigraph's evaluation errors: for example, a function does not exist. The store is not the cause.
        return "syntax", str(error), 0
    except (OSError, ValueError, TypeError) as error:
        return "failed", f"{type(error).__name__}: {error}", 0
    return ("bytes" if sink.file is None else "file"), "", rows


def _serve(connection: Connection, start: dict[str, Any], store: ox.Store) -> None:
    # The stack of this thread is reserved already, and counts as memory of the query.
    idle = forking.limit_memory(start["bytes"] - STACK)
    while True:
        job = connection.recv()
        sink = (_XmlSink if job["media_type"] in _XML else _Sink)(job["result_bytes"])
        signal.setitimer(signal.ITIMER_REAL, job["seconds"])
        status, detail, rows = _answer(store, job, start["prefixes"], sink)
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        # Memory that is not released would count against the next query. A fast query cannot have used much.
        worn = job["seconds"] - left > _QUICK_SECONDS and forking.address_space() - idle > start["bytes"] // 4
        header = json.dumps([status, detail, worn, rows]).encode()
        connection.send_bytes(header + b"\n" + sink.getvalue() if status == "bytes" else header)
        if sink.file is not None:
            with sink.file as file:
                if status == "file":
                    send_handle(connection, file.fileno(), 0)


def _query_process(connection: Connection, start: dict[str, Any], store: ox.Store | None) -> NoReturn:
    """Serve until the other end of the socket is closed."""
    threading.stack_size(STACK)

    def serve() -> None:
        try:
            _serve(connection, start, store or ox.Store.read_only(start["path"]))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            connection.close()
        except OSError as error:
            connection.send_bytes(json.dumps(["failed", str(error), True, 0]).encode())

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    os._exit(0)


def main() -> None:
    """Answer queries until the other end of the socket that :func:`sparql_engine.forking.begin` gives is closed."""
    control, start, isolated = forking.begin()
    store = None
    try:
        if start["in_memory"]:
            store = _in_memory(start["path"])
    except OSError as error:
        control.send(["failed", str(error), isolated])
        return
    forking.serve(control, lambda connection: _query_process(connection, start, store), isolated=isolated)


if __name__ == "__main__":
    main()
