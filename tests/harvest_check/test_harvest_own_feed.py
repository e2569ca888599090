"""Our own service before our own outside view: every point, no broken address, no fault."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from support import DATA, free_port, served, silent

from harvest_check.check import Check, Options, check
from publish.builder import build
from publish.releases.release import Releases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Iterator[Check]:
    """What harvest-check says of the real records, built for the address where they are served."""
    var, port = Path(tmp_path_factory.mktemp("var")), free_port()
    base = f"http://127.0.0.1:{port}/"
    build(DATA, base, Releases(var), executor, silent, page_size=5)
    with served(var, port=port, base=base):
        yield check(f"{base}catalog", Options(), silent)


def test_all_pages_are_walked(found: Check) -> None:
    assert len(found.pages) == -(-found.datasets // 5) > 2


def test_every_dataset_has_all_points(found: Check) -> None:
    assert len(found.scores) == found.datasets > 10
    assert {score.points for score in found.scores} == {405}


def test_no_address_is_broken(found: Check) -> None:
    assert found.broken == []
    assert found.asked > 50


def test_every_dump_is_read_and_counted(found: Check) -> None:
    assert len(found.dumps) > 50
    assert [dump.address for dump in found.dumps if dump.triples is None and dump.rows is None] == []


def test_there_is_no_fault(found: Check) -> None:
    assert [finding for finding in found.findings if finding.severity != "info"] == []
    assert len(found.endpoints) == 1
