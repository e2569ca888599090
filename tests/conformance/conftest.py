"""The outside judges: official shapes and code lists, read from the acceptance folder beside the repository.

They are not part of the repository, since some may not be redistributed. SMARTREGION_ACCEPTANCE says where they are, by
default in ``../shared/acceptance``; where they are missing, the tests that need them are skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyshacl
import pytest
from rdflib import OWL, SH, Graph, URIRef
from support import BASE, DATA, silent

from publish.builder import build
from publish.releases.release import Release, Releases

REPOSITORY = Path(__file__).parents[2]

PROFILES = {
    "DCAT-AP 3.0.1": ["dcat-ap/3.0.1/dcat-ap-SHACL.ttl"],
    "DCAT-AP.de 3.0": [
        "dcat-ap/3.0.0/dcat-ap-SHACL.ttl",
        "dcat-ap-de/v3.0/dcat-ap-SHACL-DE.ttl",
        "dcat-ap-de/v3.0/dcat-ap-de-deprecated.ttl",
        "dcat-ap-de/v3.0/dcat-ap-spec-german-additions.ttl",
        "dcat-ap-de/v3.0/dcat-ap-de-controlledvocabularies.ttl",
    ],
    "DCAT-AP 3.0.1 code lists": ["dcat-ap/3.0.1/html-shacl/mdr-vocabularies.shape.ttl"],
    "DCAT-AP 3.0.1 recommendations": ["dcat-ap/3.0.1/html-shacl/shapes_recommended.ttl"],
    "DCAT-AP.de 2.0": [
        "dcat-ap-de/v2.0/dcat-ap_2.1.1_shacl_shapes.ttl",
        "dcat-ap-de/v2.0/dcat-ap-spec-german-messages.ttl",
        "dcat-ap-de/v2.0/dcat-ap-spec-german-additions.ttl",
        "dcat-ap-de/v2.0/dcat-ap-de-deprecated.ttl",
        "dcat-ap-de/v2.0/dcat-ap-konventionen.ttl",
    ],
    "GovData": ["dcat-ap-de/govdata-mqa/db-shapes.ttl"],
}


class Result(NamedTuple):
    """One validation result, as far as it can be compared."""

    severity: str
    focus: str
    path: str
    message: str


Judge = Callable[[str, Graph], list[Result]]


@pytest.fixture(scope="session")
def acceptance() -> Path:
    """The folder of official shapes, code lists and sample feeds."""
    folder = Path(os.environ.get("SMARTREGION_ACCEPTANCE", REPOSITORY.parent / "shared" / "acceptance"))
    if not folder.is_dir():
        pytest.skip(f"There are no official shapes in {folder}; SMARTREGION_ACCEPTANCE says where they are.")
    return folder


@pytest.fixture(scope="session")
def judge(acceptance: Path) -> Judge:
    """Validates a feed against one of PROFILES: results about nodes of the feed, sorted."""
    code_lists = Graph()
    for path in [*(acceptance / "dcat-ap" / "vocab").iterdir(), *(acceptance / "dcat-ap-de" / "vocab").iterdir()]:
        code_lists.parse(path, format="turtle" if path.suffix == ".ttl" else "xml")

    @cache
    def shapes(profile: str) -> Graph:
        graph = Graph()
        for name in PROFILES[profile]:
            graph.parse(acceptance / name, format="turtle")
        # DCAT-AP 3.0.1 was published with property shapes that have no path, and pySHACL refuses to run with them.
        for link in [link for link in graph.triples((None, SH.property, None)) if not graph.value(link[2], SH.path)]:
            graph.remove(link)
        graph.remove((None, OWL.imports, None))
        return graph

    def validate(profile: str, feed: Graph) -> list[Result]:
        _, report, _ = pyshacl.validate(feed + code_lists, shacl_graph=shapes(profile), inference="none")
        assert isinstance(report, Graph)
        nodes = feed.all_nodes()
        found = []
        # Not those of nested shapes, which pySHACL hangs below the result that they explain.
        for result in report.objects(None, SH.result):
            focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
            if focus in nodes:
                severity = str(report.value(result, SH.resultSeverity)).rpartition("#")[2]
                found.append(Result(severity, str(focus), str(path), str(report.value(result, SH.resultMessage))))
        return sorted(found)

    return validate


@pytest.fixture(scope="session")
def published_catalogue(release: Release) -> Graph:
    """The catalogue of the release of the real records, all on one page."""
    return Graph().parse(release.file("feed/dcat-ap-de-3.0/1.ttl")[0])


@pytest.fixture(scope="session")
def renderings(
    release: Release, tmp_path_factory: pytest.TempPathFactory, executor: Executor
) -> Mapping[str, list[Graph]]:
    """By token of the profile: the page with all datasets, then each page with one, some in a second version."""
    folder = tmp_path_factory.mktemp("single")
    data = Path(shutil.copytree(DATA, folder / "data"))
    build(data, BASE, Releases(folder), executor, silent)
    table = data / "events.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("Sommertour", "Sommerreise"), encoding="utf-8")
    single = build(data, BASE, Releases(folder), executor, silent, 1).release
    return {
        token: [
            Graph().parse(found.file(f"feed/{token}/{number}.nt")[0], format="nt")
            for found in (release, single)
            for number in range(1, found.manifest.feed.pages + 1)
        ]
        for token in release.manifest.feed.profiles
    }


@pytest.fixture(scope="session")
def node() -> Callable[[str], URIRef]:
    """IRI of a node of the published catalogue."""
    return lambda name: URIRef(BASE + name)
