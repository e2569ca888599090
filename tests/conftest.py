"""What many tests need: frozen real sources, and one release built from them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pyoxigraph as ox
import pytest
from support import BASE, DATA, silent

from ingest.standing import Standing, standing
from publish.builder import build
from publish.release import Release, Releases


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    """Two processes that validate."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="session")
def thread() -> Iterator[Executor]:
    """One thread, which is quicker than processes for a few records."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="session")
def there() -> Standing:
    """The real records, which files that are sent may refer to."""
    return standing(DATA, BASE)


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
