"""What many tests need: frozen real sources, and one release built from them."""

from __future__ import annotations

import fcntl
import inspect
import multiprocessing
import os
import shutil
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from _pytest.assertion import util as assertion_util
from sources import EPOCH, few_records
from support import BASE, DATA, silent

from ingest.pipeline.existing_records import Standing, standing
from publish.builder import build
from publish.releases.release import Release, Releases


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
    """A directory with one release of the real records. The first process of a run builds it, each has its copy."""
    shared = _shared(tmp_path_factory)
    with (shared / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = Releases(shared / "built")
        if built.current_id() is None:
            build(DATA, BASE, built, executor, silent)
    return Releases(Path(shutil.copytree(built.root, tmp_path_factory.mktemp("release") / "var", symlinks=True)))


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of a run have."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory, thread: Executor) -> Path:
    """``data`` with few records and ``var`` with their release, of ``FIRST``; built once in a run, to be copied."""
    root = _shared(tmp_path_factory) / "few"
    with (root.parent / "few.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if Releases(root / "var").current_id() is None:
            patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
            build(few_records(root / "data"), BASE, Releases(root / "var"), thread, silent)
    return root


@pytest.fixture
def data(few: Path, tmp_path: Path) -> Path:
    """A copy of the few records, to be changed."""
    return Path(shutil.copytree(few / "data", tmp_path / "data"))


@pytest.fixture
def first(few: Path, tmp_path: Path) -> Releases:
    """A copy of the directory with the release of the few records."""
    return Releases(Path(shutil.copytree(few / "var", tmp_path / "var", symlinks=True)))


@pytest.fixture(scope="session")
def release(releases: Releases) -> Release:
    """The release of the real records."""
    return releases.open()


@pytest.fixture(scope="session")
def store(release: Release) -> ox.Store:
    """Its store."""
    return ox.Store.read_only(str(release.store))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first, so that no process is left alone with one at the end of a run."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


_ASSERTED = pytest.StashKey[bool]()


def pytest_assertion_pass(item: pytest.Item) -> None:
    """Note that a test came to an assertion; the first is enough, for pytest writes out what each of them compares."""
    item.stash[_ASSERTED] = True
    assertion_util._assertion_pass = None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that has assertions and came to none of them, such as in a loop over what is empty.

    One with parameters may have cases of which there is nothing to say.
    """
    result = yield
    asserts = "assert " in inspect.getsource(pyfuncitem.function) and not hasattr(pyfuncitem, "callspec")
    if asserts and not pyfuncitem.stash.get(_ASSERTED, False):
        pytest.fail("It asserted nothing: what it goes through is empty.", pytrace=False)
    return result
