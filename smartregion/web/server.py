"""Runs the application under Granian: several processes over one read-only release."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from smartregion.settings import Settings
from smartregion.web.app import wsgi
from smartregion.web.checking.uploads import LINKS, UPLOADS
from smartregion.web.http.incoming import QUERY_BODIES
from smartregion.web.http.outgoing import LONG_ANSWERS
from sparql_engine.lanes import SPARE

_POLL_SECONDS = 0.1
_STOP_SECONDS = 10
_PAGE_THREADS = 16
"""Threads in addition to those that queries, checks, bodies and long answers can occupy, for pages."""
_CONNECTIONS = 8192
"""Maximum number of open connections of a server process; an idle one needs little memory and no thread."""
_HEAD_SECONDS = 10
_MOST_ENDS, _ENDS_SECONDS = 10, 60.0
"""Number of ends of server processes, and seconds, after which restarting is considered useless."""


class ServerError(Exception):
    """The server cannot start, or has ended unexpectedly."""


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then end all processes.

    Call it from the main thread: it handles signals. Settings reach the server processes through the environment.

    :param on_ready: called with the address once ``/healthz`` answers 200, from another thread.
    :raises ServerError: the address is taken, or the server processes keep failing.
    """
    check_address(settings)
    os.environ.update(_environment(settings))
    prefix = urlsplit(settings.base).path.rstrip("/")
    # Read by prometheus_client in each server process.
    figures = tempfile.TemporaryDirectory(prefix="smartregion-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures.name
    _raise_open_files()
    server = _Server(
        "web:wsgi",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        # HTTP/2 without TLS lets one connection hold a hundred answers open; the proxy provides HTTP/2.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * _HEAD_SECONDS),
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        workers=settings.workers,
        blocking_threads=_threads(settings),
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        url_path_prefix=prefix or None,
        log_level=LogLevels.error,
    )
    stopped = threading.Event()
    path = f":{settings.port}{prefix}/"
    check, shown = f"http://{_near(settings.host)}{path}healthz", f"http://{_shown(settings.host)}{path}"

    def wait() -> None:
        while not stopped.wait(_POLL_SECONDS):
            if _is_healthy(check):
                on_ready(shown)
                return

    server.on_startup(threading.Thread(target=wait, daemon=True).start)
    try:
        server.serve(target_loader=_in_server_process, wrap_loader=False)
    finally:
        stopped.set()
        figures.cleanup()
    if server.failed:
        raise ServerError("The server processes keep ending; the log says why.")


class _Server(MPServer):
    """Restarts server processes however soon they end, unless they end too often."""

    failed = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ends: deque[float] = deque(maxlen=_MOST_ENDS)

    def _respawn_workers(self, workers: list[int], *arguments: Any, **options: Any) -> None:
        now = time.monotonic()
        self._ends.extend(now for _ in workers)
        if len(self._ends) == _MOST_ENDS and now - self._ends[0] < _ENDS_SECONDS:
            self.failed = True
            self.signal_handler_interrupt()  # type: ignore[no-untyped-call]
            return
        super()._respawn_workers(workers, *arguments, **options)
        # Granian stops all processes if one ends within 5.5 s of its start.
        self.respawned_wrks.clear()


def _in_server_process() -> Flask:
    """Run the application in a process that gets Ctrl+C only through the main process and ends with it.

    Granian does not survive two signals at once, and processes that outlive the main one would keep the port.
    """
    os.setpgid(0, 0)
    main = os.getppid()
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    if os.getppid() != main:
        os._exit(1)
    return wsgi()


def _raise_open_files() -> None:
    """Raise the limit of open files to the maximum of the system: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _threads(settings: Settings) -> int:
    """Number of threads: those that queries, checks and their bodies can occupy, and some for pages."""
    queries = settings.query_workers + SPARE + settings.query_queue + QUERY_BODIES
    checks = settings.check_workers + settings.check_queue + UPLOADS + LINKS
    return queries + checks + LONG_ANSWERS + _PAGE_THREADS


def _environment(settings: Settings) -> dict[str, str]:
    given = settings.model_dump(exclude_none=True)
    return {f"SMARTREGION_{name.upper()}": str(value) for name, value in given.items()}


def check_address(settings: Settings) -> None:
    """Check that the address is free; Granian would share the port with another program.

    :raises ServerError: it is not.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            advice = "Another one: --port NUMBER." if error.errno == errno.EADDRINUSE else ""
            message = f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. {advice}"
            raise ServerError(message.rstrip()) from None


def _near(host: str) -> str:
    """The host for requests from this machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"[{near}]" if ":" in near else near


def _shown(host: str) -> str:
    """The host for messages."""
    near = _near(host)
    return "localhost" if near in {"127.0.0.1", "[::1]"} else near


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except OSError:
        return False
