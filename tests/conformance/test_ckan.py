"""A real CKAN portal harvests our feed, twice, and sees what changed in between; see docs/harvesters.md.

Installing CKAN takes minutes, so these tests run only when asked for: ``SMARTREGION_CKAN=1`` or ``pytest -m ckan``.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ckan_portal
import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph, Literal, URIRef
from support import DATA, ROOT, free_port, served, some

from harvest_check.http.client import Client, HttpLimits
from harvest_check.pages import walk

pytestmark = pytest.mark.ckan

PAGES = 3


@dataclass(frozen=True)
class Harvested:
    """What the feed was, and what the portal then held, each time."""

    feeds: list[Graph]
    pages: list[int]
    states: list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def wanted(request: pytest.FixtureRequest) -> None:
    """Only when asked for."""
    chosen = "ckan" in str(request.config.getoption("-m")) and "not ckan" not in str(request.config.getoption("-m"))
    if not chosen and not os.environ.get("SMARTREGION_CKAN"):
        pytest.skip("Installs CKAN; SMARTREGION_CKAN=1 or -m ckan asks for it.")


@pytest.fixture(scope="module")
def harvested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harvested]:
    """Two harvests of the running service, between which the title of one project changes."""
    directory = tmp_path_factory.mktemp("ckan")
    data, var, port = Path(shutil.copytree(DATA, directory / "data")), directory / "var", free_port()
    base = f"http://127.0.0.1:{port}/"
    result = Harvested([], [], [])
    _build(data, var, base)
    with ckan_portal.running(directory) as portal, served(var, port=port, base=base):
        portal.add_source(f"{base}catalog")
        for _ in range(2):
            with Client(base, HttpLimits()) as client:
                found = walk(client, f"{base}catalog")
            assert found.findings == []
            feed = Graph()
            for page in found.pages:
                feed += page.graph
            portal.harvest()
            result.feeds.append(feed)
            result.pages.append(len(found.pages))
            result.states.append(portal.state())
            _change_one_project(data)
            _build(data, var, base)
    yield result


def _build(data: Path, var: Path, base: str) -> None:
    datasets = set(Graph().parse(DATA / "catalogue.ttl", publicID=base).subjects(RDF.type, DCAT.Dataset))
    environment = {**os.environ, "SMARTREGION_PAGE_SIZE": str(-(-len(datasets) // PAGES))}
    command = [sys.executable, "-m", "smartregion", "build", "--data", str(data), "--var", str(var), "--base", base]
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr


def _change_one_project(data: Path) -> None:
    table = data / "projects.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("Beschreibung (deutsch)")] += " Geändert zwischen zwei Läufen."
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _datasets(feed: Graph) -> set[str]:
    return {str(dataset) for dataset in feed.subjects(RDF.type, DCAT.Dataset)}


def test_every_dataset_is_found_and_none_is_skipped(harvested: Harvested) -> None:
    assert harvested.pages == [PAGES, PAGES]
    for feed, state in zip(harvested.feeds, harvested.states, strict=True):
        assert len(_datasets(feed)) > 10
        assert set(state["datasets"]) == _datasets(feed)
    for job, status in zip(harvested.states[-1]["jobs"], ("added", "updated"), strict=True):
        assert job["gather_errors"] == job["object_errors"] == []
        assert job["reports"] == dict.fromkeys(_datasets(harvested.feeds[0]), status)


def test_titles_licences_and_resources_are_as_intended(harvested: Harvested) -> None:
    feed, datasets = harvested.feeds[0], harvested.states[0]["datasets"]
    for guid, dataset in some(datasets.items()):
        node = URIRef(guid)
        assert dataset["title"] in _german(feed, node, DCTERMS.title)
        assert dataset["notes"] in _german(feed, node, DCTERMS.description)
        assert dataset["extras"]["identifier"] == str(feed.value(node, DCTERMS.identifier))
        resources = {resource["uri"]: resource for resource in dataset["resources"]}
        assert resources.keys() == {str(distribution) for distribution in feed.objects(node, DCAT.distribution)}
        for uri, resource in resources.items():
            distribution = URIRef(uri)
            # The address of the licence, not a label.
            assert resource["license"] == str(feed.value(distribution, DCTERMS.license))
            assert resource["download_url"] == resource["url"] == str(feed.value(distribution, DCAT.downloadURL))
            assert resource["mimetype"] == str(feed.value(distribution, DCAT.mediaType))
            assert str(resource["size"]) == str(feed.value(distribution, DCAT.byteSize))
            assert len(resource["hash"]) == 64


def _german(feed: Graph, node: URIRef, predicate: URIRef) -> list[str]:
    texts = [text for text in feed.objects(node, predicate) if isinstance(text, Literal)]
    return [str(text) for text in texts if text.language == "de"]


def test_the_second_run_sees_what_changed_and_nothing_else(harvested: Harvested) -> None:
    """CKAN changes ``metadata_modified`` of a dataset when, and only when, something in it has changed."""
    before, after = (state["datasets"] for state in harvested.states)
    changed = {
        guid.rpartition("/")[2]
        for guid in after
        if after[guid]["metadata_modified"] != before[guid]["metadata_modified"]
    }
    assert changed == {"projects", "all"}
