"""What several test modules share: where the real sources are, short ways to ask, and a running service."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyoxigraph as ox
import pytest
from flask import Flask

from smartregion.settings import Settings
from smartregion.web.app import create_app

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "data"
"""The living records, which stewards change; only tests of what must always hold look at them."""
DATA = ROOT / "tests" / "fixtures" / "records"
DATASETS = frozenset(
    re.findall(r"^<dataset/([a-z-]+)> a dcat:Dataset", (DATA / "catalogue.ttl").read_text(encoding="utf-8"), re.M)
)
"""Names of the datasets of the frozen records."""
"""Real records as they were in November 2026, which nobody changes, and an invented sketch: what tests count."""
BASE = "http://localhost:8000/"
EDITOR = ROOT / "smartregion" / "web" / "static" / "vendor" / "yasqe.js"
needs_editor = pytest.mark.skipif(not EDITOR.exists(), reason="The query editor is not built: make setup builds it.")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed.")


T = TypeVar("T")


def some(values: Iterable[T]) -> list[T]:
    """The values, of which there is at least one: what a loop asserts would hold of none."""
    found = list(values)
    assert found, "nothing to assert about"
    return found


def silent(phase: str, done: int, total: int) -> None:
    """No progress."""


def select(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    """Rows of a SELECT over the union of all graphs, as texts."""
    prefixes = {"sr": "https://w3id.org/smart-region/ns#", "schema": "https://schema.org/"}
    prefixes |= {"dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#"}
    prefixes |= {"skos": "http://www.w3.org/2004/02/skos/core#", "geo": "http://www.opengis.net/ont/geosparql#"}
    solutions = store.query(query, prefixes=prefixes, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    return [tuple("" if term is None else term.value for term in row) for row in solutions]  # type: ignore[union-attr]


class Service(NamedTuple):
    """A running service: its address, without a slash at the end, and the number of its first process."""

    address: str
    pid: int


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """The application within this process; at the end, its query processes are ended."""
    made = create_app(settings)
    try:
        yield made
    finally:
        site = made.extensions["smartregion"]
        site.public.close()
        site.private.close()
        made.extensions["smartregion.checking"].checker.close()


@contextlib.contextmanager
def served(var: Path, log: Path | None = None, **settings: object) -> Iterator[Service]:
    """The service as an operator starts it, on the loopback interface; ended at the end.

    :param log: takes what it writes to standard error.
    :param settings: by name, see ``docs/settings.md``; one server process on a free port unless they say otherwise.
    """
    given = {"var": var, "host": "127.0.0.1", "port": free_port(), "workers": 1, **settings}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SMARTREGION_")}
    environment |= {f"SMARTREGION_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "smartregion", "serve"]
    with (
        (log or Path(os.devnull)).open("w") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Ready: ")
            yield Service(f"http://127.0.0.1:{given['port']}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
