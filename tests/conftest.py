"""What many tests need: frozen real sources, and one release built from them."""

from __future__ import annotations

import inspect
import multiprocessing
from collections.abc import Generator, Iterator
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


_ASSERTED = pytest.StashKey[int]()


def pytest_assertion_pass(item: pytest.Item) -> None:
    """Count what a test asserts."""
    item.stash[_ASSERTED] = item.stash.get(_ASSERTED, 0) + 1


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that has assertions and came to none of them, such as in a loop over what is empty.

    One with parameters may have cases of which there is nothing to say.
    """
    result = yield
    asserts = "assert " in inspect.getsource(pyfuncitem.function) and not hasattr(pyfuncitem, "callspec")
    if asserts and not pyfuncitem.stash.get(_ASSERTED, 0):
        pytest.fail("It asserted nothing: what it goes through is empty.", pytrace=False)
    return result
