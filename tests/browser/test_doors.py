"""The four doors of the start page in a real browser, for somebody who knows nothing; all in under three clicks."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pyoxigraph as ox
import pytest
from playwright.sync_api import Browser, Page, expect
from support import BASE, DATA, needs_editor, select, served, silent

from publish.builder import build
from publish.releases.release import Releases

FILES = Path(__file__).parent.parent / "fixtures" / "submissions"
PREFIX = f"{BASE}id/"


@pytest.fixture(params=["de", "en"])
def start(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The start page in a language; at the end, nothing may have been complained of or asked of another host."""
    complaints: list[str] = []
    context = browser.new_context(locale=request.param, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(address) else complaints.append(asked.url))
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def is_german(page: Page) -> bool:
    return page.locator("html").get_attribute("lang") == "de"


def named(page: Page, german: str, english: str) -> str:
    return german if is_german(page) else english


def main(page: Page, german: str, english: str) -> None:
    """Click on the first link of this name in the main part of the page."""
    page.get_by_role("main").get_by_role("link", name=named(page, german, english)).first.click()


def test_all_smart_mobility_projects_in_the_district_giessen(start: Page, store: ox.Store) -> None:
    rows = select(
        store,
        """SELECT DISTINCT ?project WHERE {
          ?project a sr:Project ; sr:lead|sr:partner ?who ;
            dct:subject <https://w3id.org/smart-region/scheme/field-of-action#smart-mobility> .
          { ?who a sr:District } UNION { ?who sr:district ?district }
          FILTER(COALESCE(?district, ?who) = <http://localhost:8000/id/district/06531>) }""",
    )
    start.locator("#q").fill("smart mobility landkreis gießen")
    start.keyboard.press("Enter")
    expect(start.locator("#results")).to_be_visible()
    links = start.locator("#view a[href*='/doc/project/']").all()
    found = {(link.get_attribute("href") or "").partition("?")[0].rpartition("/")[2] for link in links}
    assert rows
    assert found >= {iri.removeprefix(f"{PREFIX}project/") for (iri,) in rows}


def test_how_much_homberg_was_granted(start: Page, store: ox.Store) -> None:
    sums = select(
        store,
        """SELECT (SUM(?amount) AS ?sum) WHERE {
          ?grant a sr:Grant ; schema:amount ?amount ; sr:recipient ?who .
          ?who skos:prefLabel "Homberg (Efze)"@de }""",
    )
    start.locator("#q").fill("Homberg Efze")
    start.keyboard.press("Enter")
    main(start, "Homberg (Efze)", "Homberg (Efze)")
    amount = f"{int(float(sums[0][0])):,}"
    shown = f"{amount.replace(',', '.')}\u00a0€" if is_german(start) else f"€{amount}"
    expect(start.locator("main .facts")).to_contain_text(shown)


def test_the_address_of_the_feed(start: Page, address: str) -> None:
    main(start, "Herunterladen und abholen", "Download and harvest")
    start.get_by_role("contentinfo").get_by_role("link", name=named(start, "Für Portale", "For portals")).click()
    expect(start.get_by_role("main")).to_contain_text(f"{BASE}catalog")
    answer = start.request.get(f"{address}/catalog", headers={"Accept": "text/turtle"})
    assert (answer.status, "dcat:Catalog" in answer.text()) == (200, True)


def test_a_csv_file_of_all_grants(start: Page, store: ox.Store) -> None:
    main(start, "Herunterladen und abholen", "Download and harvest")
    with start.expect_download() as download:
        start.get_by_role("main").locator("a[href$='/dump/grants.csv']").first.click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert [(str(len(rows) - 1),)] == select(store, "SELECT (COUNT(*) AS ?n) WHERE { ?grant a sr:Grant }")


@needs_editor
def test_a_query_from_an_example_to_its_answer(start: Page) -> None:
    main(start, "Abfragen", "Queries")
    start.get_by_role("button", name=named(start, "In den Editor", "To the editor")).first.click()
    start.get_by_role("button", name=named(start, "Ausführen", "Run")).click()
    expect(start.locator("main table tbody tr").first).to_be_visible()


def test_a_file_from_the_door_to_its_findings(start: Page) -> None:
    main(start, "Prüfen und einreichen", "Check and submit")
    start.set_input_files("#file", FILES / "amounts.csv")
    start.locator("main form").last.locator("button").click()
    expect(start.locator(".verdict.bad")).to_be_visible(timeout=60_000)


def test_why_a_record_was_withheld(tmp_path: Path, executor: Executor, browser: Browser) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    table = data / "projects.csv"
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    header = next(csv.reader([rows[0]]))
    first = next(csv.reader([rows[1]]))
    first[header.index("Federführung")] = "Nirgendwo"
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(first)
    table.write_text("".join([rows[0], line.getvalue(), *rows[2:]]), encoding="utf-8")
    releases = Releases(tmp_path / "var")
    build(data, BASE, releases, executor, silent)
    with served(releases.root) as service:
        page = browser.new_page(locale="de")
        page.goto(f"{service.address}/doc/project/{first[header.index('Kennung')]}")
        page.get_by_role("main").get_by_role("link").first.click()
        said = page.get_by_role("main").inner_text()
        assert "Nirgendwo" in said
        assert "Federführung" in said
        assert "projects.csv" in said
        page.goto(service.address)
        page.get_by_role("contentinfo").get_by_role("link", name="Zustand und Qualität").click()
        expect(page.get_by_role("main")).to_contain_text("Nirgendwo")
        page.close()
