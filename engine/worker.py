"""The program that answers queries, started by :mod:`engine.embedded`.

Its first process answers none itself. It leaves the network, reads the store into memory if it is to, and forks a query
process whenever it is asked to: that takes milliseconds, and what is in memory is there once for all of them. Its
socket takes two messages: 0 and another socket, to fork a process that serves this one; a process id, to end that
process and tell its exit status.

A query process takes one job after the other and answers each with a line of JSON (status, detail, worn, rows) and, for
an answer, its bytes or an open file with them. A query that goes over its time or memory ends the process; the
exit status tells which it was.
"""

from __future__ import annotations

import ctypes
import gc
import io
import itertools
import json
import mmap
import operator
import os
import resource
import signal
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import IO, Any, NoReturn
from xml.parsers import expat

import pyoxigraph as ox

from engine.rows import count_rows

STACK = 64 * 2**20
"""Parser and optimiser recurse: 8,000 chained operators need more than the usual 8 MiB."""

INLINE = 2**20
"""Bytes of an answer that are kept in memory; a longer one goes to a file."""

_QUICK_SECONDS = 0.005
_XML = frozenset({"application/sparql-results+xml", "application/rdf+xml"})


class _ResultTooLargeError(Exception):
    """The answer grew over its limit."""


class _Sink(io.BytesIO):
    """Takes the answer: in memory while it is short, in a nameless file from then on."""

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
        """The answer is complete."""
        if self.file is not None:
            self.file.flush()

    def table_rows(self, media_type: str) -> int:
        """Rows of the table that was written."""
        if self.file is None:
            return count_rows(media_type, self.getvalue())
        with mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ) as content:
            return count_rows(media_type, content)


class _XmlSink(_Sink):
    """Refuses what XML cannot hold, such as U+0001 or a predicate without a local name.

    Oxigraph writes such things as they are, and a carriage return, too, which XML parsers read as a line feed.
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


def _leave_network() -> bool:
    """Move to a network namespace without interfaces; says whether the kernel permits it."""
    if sys.platform != "linux":
        return False
    network, user = 0x40000000, 0x10000000
    unshare = ctypes.CDLL(None).unshare
    # A user namespace takes root's rights over the files of others, so it is the second choice.
    return any(unshare(flags) == 0 for flags in (network, network | user))


def _use_one_heap() -> None:
    """Have glibc reserve no heap for each thread: 64 MiB of address space that the memory limit would not count."""
    if sys.platform == "linux":
        arena_max = -8
        ctypes.CDLL(None).mallopt(arena_max, 1)


def _address_space() -> int:
    """Bytes of address space in use; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


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
    """Write the answer; gives its number of rows or triples."""
    if job["default_graphs"] or job["named_graphs"]:
        dataset: dict[str, Any] = {
            "default_graph": [ox.NamedNode(iri) for iri in job["default_graphs"]],
            "named_graphs": [ox.NamedNode(iri) for iri in job["named_graphs"]],
        }
    else:
        # The union would win over FROM.
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
        # Oxigraph's evaluation errors: what the query asks for does not exist, such as a function. The store is fine.
        return "syntax", str(error), 0
    except (OSError, ValueError, TypeError) as error:
        return "failed", f"{type(error).__name__}: {error}", 0
    return ("bytes" if sink.file is None else "file"), "", rows


def _serve(connection: Connection, start: dict[str, Any], store: ox.Store) -> None:
    idle = _address_space()
    # The stack of this thread is reserved already, and is a part of what a query may use.
    limit = idle - STACK + start["bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        job = connection.recv()
        sink = (_XmlSink if job["media_type"] in _XML else _Sink)(job["result_bytes"])
        signal.setitimer(signal.ITIMER_REAL, job["seconds"])
        status, detail, rows = _answer(store, job, start["prefixes"], sink)
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        # Memory that stays behind would be counted against the next query. What was quick cannot have taken much.
        worn = job["seconds"] - left > _QUICK_SECONDS and _address_space() - idle > start["bytes"] // 4
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


def _end(pid: int) -> int:
    """Kill a query process that has not ended already; its exit status, negative for a signal."""
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Serve the socket whose descriptor is the first argument until its other end is closed."""
    control = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    start = control.recv()
    isolated = not start["network"] and _leave_network()
    _use_one_heap()
    store = None
    try:
        if start["in_memory"]:
            store = _in_memory(start["path"])
    except OSError as error:
        control.send(["failed", str(error), isolated])
        return
    gc.freeze()
    control.send(["ready", "", isolated])
    children: set[int] = set()
    while True:
        try:
            order = control.recv()
        except EOFError:
            for pid in children:
                _end(pid)
            return
        if order:
            children.remove(order)
            control.send(_end(order))
            continue
        descriptor = recv_handle(control)
        pid = os.fork()
        if not pid:
            control.close()
            _query_process(Connection(descriptor), start, store)
        os.close(descriptor)
        children.add(pid)
        control.send(pid)


if __name__ == "__main__":
    main()
