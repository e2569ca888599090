"""Runs the application under Granian: several processes over one read-only release."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from smartregion_settings import Settings
from sparql_endpoint import BODIES
from web import wsgi
from web.uploads import LINKS, UPLOADS

_POLL_SECONDS = 0.1
_STOP_SECONDS = 10
_PAGE_THREADS = 16
"""Threads beside those that queries, checks and their bodies can occupy: pages are answered while all these wait."""


class ServerError(Exception):
    """The server cannot be started, or has ended by itself."""


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
    server = Granian(
        "web:wsgi",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
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
        server.serve(target_loader=wsgi, wrap_loader=False)
    except SystemExit:
        raise ServerError("The server processes keep failing; the log says why.") from None
    finally:
        stopped.set()
        figures.cleanup()


def _threads(settings: Settings) -> int:
    """As many as queries, checks and what is read for them can occupy, and some for pages."""
    queries = settings.query_workers + settings.query_queue + BODIES
    checks = settings.check_workers + settings.check_queue + UPLOADS + LINKS
    return queries + checks + _PAGE_THREADS


def _environment(settings: Settings) -> dict[str, str]:
    given = settings.model_dump(exclude_none=True)
    return {f"SMARTREGION_{name.upper()}": str(value) for name, value in given.items()}


def check_address(settings: Settings) -> None:
    """Whether the address is free; Granian would share the port with whoever has it already.

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
    """The host to ask from this machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"[{near}]" if ":" in near else near


def _shown(host: str) -> str:
    """The host to tell people."""
    near = _near(host)
    return "localhost" if near in {"127.0.0.1", "[::1]"} else near


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except OSError:
        return False
