"""What many tests need: the real sources, and one release built from them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

from publish.builder import build
from publish.release import Release, Releases

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
BASE = "http://localhost:8000/"


def silent(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    """Two processes that validate."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Releases:
    """A directory with one release of the real records."""
    found = Releases(tmp_path_factory.mktemp("var"))
    build(DATA, BASE, found, executor, silent)
    return found


@pytest.fixture(scope="session")
def release(releases: Releases) -> Release:
    """The release of the real records."""
    return releases.open()


@pytest.fixture(scope="session")
def store(release: Release) -> ox.Store:
    """Its store."""
    return ox.Store.read_only(str(release.store))


def select(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    """Rows of a SELECT over the union of all graphs, as texts."""
    prefixes = {"sr": "https://w3id.org/smart-region/ns#", "schema": "https://schema.org/"}
    prefixes |= {"dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#"}
    prefixes |= {"skos": "http://www.w3.org/2004/02/skos/core#", "geo": "http://www.opengis.net/ont/geosparql#"}
    solutions = store.query(query, prefixes=prefixes, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    return [tuple("" if term is None else term.value for term in row) for row in solutions]  # type: ignore[union-attr]
