"""Releases to measure on, and the engines that serve them: each over HTTP, each with the same triples."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

from benchmarks.generate import ROOT, copy_with_projects
from benchmarks.query_mix import BASE
from publish.builder import build
from publish.push import Login, push
from publish.releases.release import Release, Releases

_START_SECONDS = 1800
_STOP_SECONDS = 20
_VIRTUOSO = """
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = temp.db
TransactionFile = temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
NumberOfBuffers = 170000
MaxDirtyBuffers = 130000
ThreadsPerQuery = {cores}
[HTTPServer]
ServerPort = 127.0.0.1:{web}
ServerThreads = 20
[SPARQL]
ResultSetMaxRows = 10000000
MaxConstructTriples = 10000000
"""


def release(root: Path, projects: int) -> Release:
    """A release with generated projects; one that is there already is used again.

    :param root: directory for sources and releases of this size.
    """
    data = root / "data"
    if not data.exists():
        copy_with_projects(data, projects)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as executor:
        return build(data, BASE, Releases(root / "var"), executor, lambda phase, done, total: None).release


class Server:
    """An engine that is running.

    :ivar name: as on the command line.
    :ivar port: on 127.0.0.1.
    :ivar path: of the query service.
    """

    def __init__(self, name: str, port: int, path: str) -> None:
        self.name = name
        self.port = port
        self.path = path

    def target(self, query: str) -> str:
        """Path and parameters of the request for a query."""
        return f"{self.path}?{urlencode({'query': query})}"


@contextlib.contextmanager
def oxigraph(found: Release, directory: Path, seconds: float) -> Iterator[Server]:
    """The ``oxigraph`` server, over the very store of the release."""
    server = Server("oxigraph", _free_port(), "/query")
    command = [
        _program("oxigraph") or "oxigraph",
        "serve-read-only",
        "--union-default-graph",
        "--location",
        str(found.store),
    ]
    with _running([*command, "--bind", f"127.0.0.1:{server.port}"], server, directory):
        yield server


@contextlib.contextmanager
def ours(
    found: Release, directory: Path, seconds: float, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    """The service as ``smartregion serve`` starts it, with nothing kept from an earlier run.

    Only its time limit is higher, so that a slow answer is measured and not refused.

    :param settings: further ones, by name of the environment variable.
    """
    server = Server("ours", _free_port(), "/sparql")
    var = directory / "var"
    var.mkdir()
    (var / "releases").symlink_to(found.path.parent)
    Releases(var).activate(found.id)
    command = [sys.executable, "-m", "smartregion", "serve", "--var", str(var), "--port", str(server.port)]
    environment = {"SMARTREGION_QUERY_SECONDS": str(seconds), "PYTHONPATH": str(ROOT), **settings}
    with _running(command, server, directory, environment):
        yield server


@contextlib.contextmanager
def rdflib(found: Release, directory: Path, seconds: float) -> Iterator[Server]:
    """Rdflib in memory, all graphs in one, see :mod:`benchmarks.rdflib_server`."""
    server = Server("rdflib", _free_port(), "/")
    files = [
        str(found.file(name)[0]) for name in ("dump/all.nt", "dump/catalog.nt", "history.nt", "summary.nt", "void.nt")
    ]
    command = [sys.executable, "-m", "benchmarks.rdflib_server", str(server.port), str(seconds), *files]
    with _running(command, server, directory, {"PYTHONPATH": str(ROOT)}):
        yield server


@contextlib.contextmanager
def virtuoso(found: Release, directory: Path, seconds: float) -> Iterator[Server]:
    """Virtuoso 7 with up to 1.4 GB of buffers, filled by ``publish.push``."""
    server = Server("virtuoso", _free_port(), "/sparql")
    config = _VIRTUOSO.format(sql=_free_port(), web=server.port, cores=os.cpu_count())
    (directory / "virtuoso.ini").write_text(config)
    with _running(["virtuoso-t", "+configfile", "virtuoso.ini", "+foreground"], server, directory):
        address = f"http://127.0.0.1:{server.port}"
        push(
            found,
            f"{address}/sparql-graph-crud-auth",
            f"{address}/sparql",
            auth=Login("dba", "dba"),
            progress=lambda phase, done, total: None,
        )
        yield server


Start = Callable[[Release, Path, float], contextlib.AbstractContextManager[Server]]
ENGINES: dict[str, Start] = {"oxigraph": oxigraph, "ours": ours, "rdflib": rdflib, "virtuoso": virtuoso}
"""How to start each engine: over a release, with a directory of its own, answering or giving up within seconds."""

_PROGRAMS = {"oxigraph": "oxigraph", "virtuoso": "virtuoso-t"}
"""What engines need that is no part of this project."""


def present() -> list[str]:
    """The engines that can be started here; those that cannot are told on standard error."""
    missing = [name for name, program in _PROGRAMS.items() if _program(program) is None]
    for name in missing:
        print(f"{name} is left out: there is no {_PROGRAMS[name]}.", file=sys.stderr)
    return [name for name in ENGINES if name not in missing]


def _program(name: str) -> str | None:
    """A program beside this Python, or anywhere."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@contextlib.contextmanager
def started(names: list[str], found: Release, seconds: float) -> Iterator[list[Server]]:
    """Start engines over a release, all at the same time; end them afterwards."""
    with contextlib.ExitStack() as stack:
        servers = []
        for name in names:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{name}-")))
            servers.append(stack.enter_context(ENGINES[name](found, directory, seconds)))
        yield servers


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(
    command: list[str], server: Server, directory: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a program from when it answers a query until the end of the block."""
    log = directory / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
    try:
        _await(server, process, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    address = f"http://127.0.0.1:{server.port}{server.target('ASK {}')}"
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{server.name} does not answer: {log.read_text()[-2000:]}")
