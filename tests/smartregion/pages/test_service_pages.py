"""Pages about the service itself: what they say is compared with what is there."""

from __future__ import annotations

import csv
import hashlib
import html
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from support import BASE, DATA, application, served, silent

from publish.builder import build
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

pytestmark = pytest.mark.slow

BROWSER = {"Accept": "text/html"}
KEY = "region-digitaler-knuell"


@pytest.fixture(scope="module")
def client(releases: Releases) -> Iterator[FlaskClient]:
    with application(Settings(var=releases.root)) as app:
        yield app.test_client()


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Iterator[str]:
    """A service whose projects have one with a lead that nobody knows."""
    directory = tmp_path_factory.mktemp("broken")
    data = directory / "data"
    shutil.copytree(DATA, data)
    with (data / "projects.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    (row,) = [row for row in rows if KEY in row]
    row[rows[0].index("Federführung")] = "Atlantis"
    with (data / "projects.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    found = Releases(directory / "var")
    build(data, BASE, found, executor, silent, shrink_percent=100)
    with served(found.root) as service:
        yield service.address


def shown(client: FlaskClient, path: str) -> str:
    response = client.get(path, headers=BROWSER)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    return response.text


# Downloads


def test_every_dump_is_listed_with_the_size_and_hash_that_it_has(client: FlaskClient, release: Release) -> None:
    page = shown(client, "/downloads")
    listed = dict(
        re.findall(r'<a href="/([^"]+)" type="[^"]+">[^<]*</a>.*?<code class="hash">([0-9a-f]{64})', page, re.S)
    )
    dumps = {name for name in release.manifest.files if name.startswith("dump/")}
    assert len(dumps) > 80
    assert dumps <= set(listed)
    for name, digest in listed.items():
        answer = client.get(f"/{name}")
        assert answer.status_code == 200, name
        assert hashlib.sha256(answer.data).hexdigest() == digest, name


def test_every_dataset_has_its_licence(client: FlaskClient, release: Release) -> None:
    page = shown(client, "/downloads")
    paged = [name for name in release.manifest.datasets if f"dump/{name}.ttl" in release.manifest.files]
    assert page.count("Lizenz:") == len(paged)
    assert "Datenlizenz Deutschland – Zero – Version 2.0" in page


def test_kept_releases_are_listed_also_those_of_another_version_of_the_software(
    release: Release, tmp_path: Path
) -> None:
    var = tmp_path / "var"
    shutil.copytree(release.path.parent.parent, var, symlinks=True)
    (var / "releases" / "0123456789abcdef").mkdir()
    (var / "releases" / "0123456789abcdef" / "manifest.json").write_text("{}")
    with application(Settings(var=var)) as app:
        page = shown(app.test_client(), "/downloads")
    kept = page[page.index('id="kept"') :]
    assert f"<code>{release.id}</code> <strong>aktuell</strong>" in kept
    assert re.search(r"<code>0123456789abcdef</code>.*von einer anderen Fassung", kept)


# Harvesters


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_address_for_harvesters_answers(client: FlaskClient, language: str) -> None:
    page = shown(client, f"/harvesters?lang={language}")
    links = {html.unescape(link) for link in re.findall(r'<a href="(/[^"]*)"', page[page.index("<main") :])}
    assert {"/catalog.ttl", "/catalog.rdf?profile=dcat-ap-de-2.0", "/dump/catalog.ttl"} <= links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_the_page_counts_datasets_and_pages_of_the_feed(client: FlaskClient) -> None:
    catalogue = client.get("/catalog.nt").text
    datasets = set(re.findall(r"catalog> <http://www.w3.org/ns/dcat#dataset> <([^>]*)>", catalogue))
    assert f"{len(datasets)} Datensätze, 1 Seite" in shown(client, "/harvesters")


# Status


def test_why_a_record_is_withheld_is_two_clicks_away(broken: str) -> None:
    page = requests.get(f"{broken}/doc/project/{KEY}", headers=BROWSER, timeout=30)
    assert page.status_code == 404
    link = re.search(r'<a href="(/status\?record=[^"]*)"', page.text)
    assert link
    address, _, anchor = html.unescape(link[1]).partition("#")
    assert anchor == f"project/{KEY}"
    status = requests.get(broken + address, headers=BROWSER, timeout=30).text
    section = status[status.index(f'<section id="{anchor}"') :]
    section = section[: section.index("</section>")]
    for expected in ("projects.csv", "Zeile", "Spalte", "Atlantis", "Federführung", 'lang="en"'):
        assert expected in section
    assert re.search(r'href="/findings#[a-z-]+"', section)
    assert '<a href="/source/projects.csv' in section
    whole = requests.get(f"{broken}/status", headers=BROWSER, timeout=30).text
    assert f'id="project/{KEY}"' in whole


def test_the_status_is_of_this_moment_and_never_kept(broken: str) -> None:
    for language in ("de", "en"):
        response = requests.get(f"{broken}/status?lang={language}", headers=BROWSER, timeout=30)
        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers
    health = requests.get(f"{broken}/healthz", timeout=30).json()
    assert health["release"] in response.text
    assert f"0 of {health['workers']} are computing, 0 queries wait" in response.text


def test_findings_are_counted_by_dataset(client: FlaskClient) -> None:
    findings = client.get("/quality.json").get_json()["findings"]
    grants = [found for found in findings if found["source"] == "grants.csv"]
    page = shown(client, "/status")
    group = page[page.index('id="findings-grants"') :]
    group = group[: group.index("</details>")]
    assert group.count("<li class=") == len(grants) > 5
    for severity, label in (("warning", "Warnungen"), ("info", "Hinweise")):
        assert f"{label} {sum(found['severity'] == severity for found in grants)}" in group


def test_the_score_is_that_of_the_outside_view(client: FlaskClient) -> None:
    """``tests/harvest_check/test_harvest_own_feed.py`` gets the same by asking every address."""
    assert "405 von 405 Punkten im Mittel, 19 von 19 Datensätzen haben alle." in shown(client, "/status")


# Legal texts


@pytest.mark.parametrize("name", ["imprint", "privacy", "accessibility"])
def test_without_a_text_the_page_says_so_and_what_belongs_there(client: FlaskClient, name: str) -> None:
    page = shown(client, f"/legal/{name}")
    assert "hat hier noch keinen Text hinterlegt" in page
    assert "<li>" in page[page.index('class="missing"') :]


def test_the_operators_text_is_shown_and_html_in_it_is_not_executed(releases: Releases, tmp_path: Path) -> None:
    (tmp_path / "imprint.de.md").write_text(
        "# Herausgeber\n\nGeschäftsstelle **Beispiel**, [Post](mailto:a@example.org)\n\n"
        "<script>alert(1)</script>\n\n[klick](javascript:alert(1))\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        encoding="utf-8",
    )
    with application(Settings(var=releases.root, legal=tmp_path)) as app:
        client = app.test_client()
        german, english = (shown(client, f"/legal/imprint?lang={language}") for language in ("de", "en"))
        privacy = shown(client, "/legal/privacy")
    assert "<h2>Herausgeber</h2>" in german
    assert "<strong>Beispiel</strong>" in german
    assert "<td>1</td>" in german
    assert "<script>alert" not in german
    assert 'href="javascript' not in german
    assert "noch keinen Text" not in german
    # There is no English one: the German stands in for it and says so.
    assert '<div class="prose" lang="de">' in english
    assert "noch keinen Text" in privacy


def test_the_privacy_page_says_whether_queries_are_logged_with_their_text(releases: Releases) -> None:
    for logged, expected in ((False, "steht in diesem Betrieb nicht im Protokoll"), (True, "ist eingeschaltet")):
        with application(Settings(var=releases.root, log_queries=logged)) as app:
            assert expected in shown(app.test_client(), "/legal/privacy")


def test_no_answer_sets_a_cookie(client: FlaskClient) -> None:
    for path in ("/", "/sparql", "/status", "/legal/privacy", "/search", "/validate", "/downloads"):
        assert "Set-Cookie" not in client.get(path, headers=BROWSER).headers
