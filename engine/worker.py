"""The process that answers queries, one at a time: started by :mod:`engine.embedded` as a program of its own.

It is run by its path and imports nothing of the project, so it is ready within 0.1 s. It talks through one socket. The
first message in says what to open; this process answers whether it could. Then it takes one job after the other and
answers each with a header in JSON (status, detail, worn) and, for an answer, its bytes or an open file with them.
A query that goes over its time or memory ends this process; the exit status tells which it was.
"""

from __future__ import annotations

import ctypes
import io
import json
import resource
import signal
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

STACK = 64 * 2**20
"""Parser and optimiser recurse: 8,000 chained operators need more than the usual 8 MiB."""

INLINE = 2**20
"""Bytes of an answer that are kept in memory; a longer one goes to a file."""


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

    def flush(self) -> None:
        if self.file is not None:
            self.file.flush()


def _leave_network() -> bool:
    """Move to a network namespace without interfaces; says whether the kernel permits it."""
    if sys.platform != "linux":
        return False
    network, user = 0x40000000, 0x10000000
    unshare = ctypes.CDLL(None).unshare
    # A user namespace takes root's rights over the files of others, so it is the second choice.
    return any(unshare(flags) == 0 for flags in (network, network | user))


def _address_space() -> int:
    """Bytes of address space in use; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


def _run(store: ox.Store, job: dict[str, Any], prefixes: dict[str, str], sink: _Sink) -> None:
    if job["default_graphs"] or job["named_graphs"]:
        dataset: dict[str, Any] = {
            "default_graph": [ox.NamedNode(iri) for iri in job["default_graphs"]],
            "named_graphs": [ox.NamedNode(iri) for iri in job["named_graphs"]],
        }
    else:
        # The union would win over FROM.
        dataset = {"use_default_graph_as_union": not job["names_dataset"]}
    bindings = {ox.Variable(name): term for name, term in job["bindings"].items()}
    result = store.query(job["text"], base_iri=job["base"], substitutions=bindings, **dataset)
    if isinstance(result, ox.QueryTriples):
        ox.serialize(result, sink, ox.RdfFormat.from_media_type(job["media_type"]), prefixes=prefixes)
    else:
        result.serialize(sink, ox.QueryResultsFormat.from_media_type(job["media_type"]))
    sink.flush()


def _answer(store: ox.Store, job: dict[str, Any], prefixes: dict[str, str], sink: _Sink) -> tuple[str, str]:
    try:
        _run(store, job, prefixes, sink)
    except SyntaxError as error:
        return "syntax", str(error.msg)
    except _ResultTooLargeError:
        return "result", ""
    except MemoryError:
        return "memory", ""
    except RuntimeError as error:
        # Oxigraph's evaluation errors: what the query asks for does not exist, such as a function. The store is fine.
        return "syntax", str(error)
    except (OSError, ValueError, TypeError) as error:
        return "failed", f"{type(error).__name__}: {error}"
    return ("bytes" if sink.file is None else "file"), ""


def _serve(connection: Connection, start: dict[str, Any], isolated: bool) -> None:
    try:
        store = ox.Store.read_only(start["path"])
    except OSError as error:
        connection.send_bytes(json.dumps(["failed", str(error), isolated]).encode())
        return
    idle = _address_space()
    limit = idle + start["bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    connection.send_bytes(json.dumps(["ready", "", isolated]).encode())
    while True:
        job = connection.recv()
        sink = _Sink(job["result_bytes"])
        signal.setitimer(signal.ITIMER_REAL, job["seconds"])
        status, detail = _answer(store, job, start["prefixes"], sink)
        signal.setitimer(signal.ITIMER_REAL, 0)
        # Memory that stays behind would be counted against the next query.
        worn = _address_space() - idle > start["bytes"] // 4
        connection.send_bytes(json.dumps([status, detail, worn]).encode())
        if status == "bytes":
            connection.send_bytes(sink.getvalue())
        elif sink.file is not None:
            with sink.file as file:
                if status == "file":
                    send_handle(connection, file.fileno(), 0)


def main() -> None:
    """Serve the socket whose descriptor is the first argument until its other end is closed."""
    connection = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    start = connection.recv()
    isolated = _leave_network()
    threading.stack_size(STACK)

    def serve() -> None:
        try:
            _serve(connection, start, isolated)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
