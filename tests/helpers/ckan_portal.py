"""A CKAN portal of our own that harvests: CKAN, ckanext-dcat and ckanext-harvest from PyPI, on PostgreSQL and Redis.

Real: all of CKAN, its database and queue, the harvester's gather, fetch and import stages, the RDF parser with the
profile ``euro_dcat_ap_3``. Not real: Solr, which no package registry of ours has. An index that takes everything and
finds nothing answers in its place; CKAN then reads datasets from its database.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

PACKAGES = [
    "ckan[requirements]==2.12.*",
    "ckanext-dcat==2.4.*",
    "ckanext-harvest==1.6.*",
    "factory-boy",
    "pytest",
    "setuptools<81",
]
PROFILE = "euro_dcat_ap_3"
HERE = Path(__file__).parent


class Index(http.server.ThreadingHTTPServer):
    """In Solr's place: takes every document, finds none."""

    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        """Solr's update, select, ping and schema."""

        schema: bytes

        def do_GET(self) -> None:
            if "/schema" in self.path or "/admin/file" in self.path:
                self._send("application/xml", self.schema)
            else:
                found: dict[str, Any] = {"numFound": 0, "start": 0, "docs": []}
                answer = {"responseHeader": {"status": 0}, "response": found, "facet_counts": {"facet_fields": {}}}
                self._send("application/json", json.dumps(answer).encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def _send(self, media_type: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""


@dataclass(frozen=True)
class Portal:
    """The portal, driven by its own command line."""

    environment: Path
    config: Path

    def ckan(self, *arguments: str) -> str:
        """Run a command of CKAN and return what it prints."""
        return self._run(str(self.environment / "bin" / "ckan"), "-c", str(self.config), *arguments)

    def add_source(self, address: str) -> None:
        """Register a feed, to be harvested by the generic DCAT RDF harvester."""
        self._drive("add", address)

    def harvest(self) -> None:
        """Gather, fetch and import once, in one process and without waiting for the queue."""
        self._drive("harvest")

    def state(self) -> dict[str, Any]:
        """What the database holds: datasets by GUID; jobs with their errors and, by GUID, what became of each."""
        state: dict[str, Any] = json.loads(self._drive("state").splitlines()[-1])
        return state

    def _drive(self, *arguments: str) -> str:
        return self._run(
            str(self.environment / "bin" / "python"), str(HERE / "ckan_drive.py"), str(self.config), *arguments
        )

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout


def environment() -> Path:
    """A virtual environment with CKAN; made once, which takes minutes.

    ``SMARTREGION_CKAN_ENV`` says where it is, by default ``.ckan`` in the repository.
    """
    place = Path(os.environ.get("SMARTREGION_CKAN_ENV", ROOT / ".ckan"))
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        python = shutil.which("python3.11") or shutil.which("python3.10") or sys.executable
        for command in ([python, "-m", "venv", str(place)], [str(place / "bin" / "pip"), "install", "-q", *PACKAGES]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
            if done.returncode:
                pytest.skip(f"CKAN cannot be installed here: {done.stderr[-500:]}")
        (place / "ready").touch()
    return place


@contextmanager
def running(directory: Path) -> Iterator[Portal]:
    """A portal with an empty database, its services on loopback addresses, until the block ends."""
    place = environment()
    with ExitStack() as stack:
        database = stack.enter_context(_postgres(directory))
        redis = stack.enter_context(_redis(directory))
        index = stack.enter_context(_index(place))
        portal = Portal(place, directory / "ckan.ini")
        portal_config = {
            "sqlalchemy.url": database,
            "ckan.redis.url": redis,
            "solr_url": index,
            "ckan.site_url": "http://portal.example.org",
            "ckan.site_id": "portal",
            "ckan.locale_default": "de",
            "ckan.plugins": "harvest dcat dcat_rdf_harvester",
            "ckan.storage_path": str(directory / "storage"),
            "ckanext.dcat.rdf.profiles": PROFILE,
            "ckan.harvest.mq.type": "redis",
            "ckan.auth.create_unowned_dataset": "true",
        }
        generate = [str(place / "bin" / "ckan"), "generate", "config", str(portal.config)]
        subprocess.run(generate, check=True, capture_output=True, timeout=120)
        lines = portal.config.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.partition("=")[0].strip() not in portal_config]
        start = kept.index("[app:main]") + 1
        kept[start:start] = [f"{name} = {value}" for name, value in portal_config.items()]
        portal.config.write_text("\n".join(kept), encoding="utf-8")
        portal.ckan("db", "init")
        portal.ckan("db", "upgrade", "-p", "harvest")
        portal.ckan("user", "add", "steward", "email=steward@example.org", "password=only-for-tests")
        portal.ckan("sysadmin", "add", "steward")
        yield portal


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str:
    found = shutil.which(name) or next(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    if found is None:
        pytest.skip(f"There is no {name}; on Debian: apt-get install postgresql redis-server")
    return found


@contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, command
                assert time.monotonic() < deadline, command
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _postgres(directory: Path) -> Iterator[str]:
    initdb, postgres, data, port = _program("initdb"), _program("postgres"), directory / "postgres", _free_port()
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data.mkdir()
    if user:
        shutil.chown(data, "postgres")
        for parent in (directory, *directory.parents):
            if parent.stat().st_uid == 0 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    subprocess.run(
        [*user, initdb, "-D", str(data), "-A", "trust", "-U", "portal", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    with _process([*user, postgres, "-D", str(data), "-p", str(port), *settings], port):
        yield f"postgresql://portal@127.0.0.1:{port}/postgres"


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    port = _free_port()
    server = [
        _program("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(directory),
    ]
    with _process(server, port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _index(place: Path) -> Iterator[str]:
    (schema,) = place.glob("lib/python*/site-packages/ckan/config/solr/schema.xml")

    class Handler(Index.Handler):
        pass

    Handler.schema = schema.read_bytes()
    server = Index(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/solr/ckan"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
