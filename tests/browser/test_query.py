"""The query page in a real browser: editor, completion, views of the answer, and what it must not do."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from support import needs_editor

pytestmark = needs_editor
AXE = Path(__file__).parent / "judges" / "node_modules" / "axe-core" / "axe.min.js"
COUNTS = """PREFIX sr: <https://w3id.org/smart-region/ns#>
SELECT ?class (COUNT(?s) AS ?count) WHERE { ?s a ?class } GROUP BY ?class ORDER BY DESC(?count)"""


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page; at the end, nothing was said on the console, no other host was asked, and nothing is stored."""
    said: list[str] = []
    context = browser.new_context(locale="de-DE", viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else said.append(asked.url))
    opened.goto(f"{address}/sparql")
    opened.wait_for_selector(".CodeMirror")
    yield opened
    kept = opened.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert context.cookies() == []
    context.close()
    assert kept == [0, 0, ""]
    assert said == []


def write(page: Page, query: str) -> None:
    """Type a query into the empty editor."""
    page.click(".CodeMirror")
    page.keyboard.press("Control+A")
    page.keyboard.type(query)


def put(page: Page, query: str) -> None:
    """Paste a query into the empty editor."""
    page.click(".CodeMirror")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(query)


def complete(page: Page) -> None:
    """Take the first hint; a list that is about to be drawn anew swallows the key, so wait until it is."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.keyboard.press("Enter")


def run(page: Page) -> None:
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#answer > *")


def view(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_names_are_completed_in_german_and_prefixes_declared(page: Page) -> None:
    write(page, "SELECT * { ?x a sr:gemein")
    expect(page.locator(".CodeMirror-hint").first).to_contain_text("sr:Municipality")
    expect(page.locator(".CodeMirror-hint").first).to_contain_text("Gemeinde")
    complete(page)
    page.keyboard.type(" ; sr:einwohn")
    expect(page.locator(".CodeMirror-hint").first).to_contain_text("sr:population")
    complete(page)
    page.keyboard.type(" ?n }")
    query = page.input_value("#query")
    assert query == (
        "PREFIX sr: <https://w3id.org/smart-region/ns#>\nSELECT * { ?x a sr:Municipality ; sr:population ?n }"
    )
    run(page)
    expect(page.locator("#query-status")).to_contain_text("421 Zeilen")


def test_a_concept_is_found_by_its_name(page: Page) -> None:
    write(page, "SELECT * { ?x ?p Verwaltungsdigi")
    page.keyboard.press("Control+Space")
    page.locator(".CodeMirror-hint").first.click()
    assert "<https://w3id.org/smart-region/scheme/field-of-action#administration>" in page.input_value("#query")


def test_errors_are_said_in_words_while_typing(page: Page) -> None:
    put(page, "SELECT * WHERE { ?s ?p ?o } }")
    expect(page.locator("#query-problem")).to_contain_text("Zeile 1")
    expect(page.locator(".wrong")).to_be_visible()
    put(page, "SELECT * WHERE { ?s nope:p ?o }")
    expect(page.locator("#query-problem")).to_have_text("Zeile 1: Das Präfix nope: ist nicht erklärt.")
    put(page, "SELECT * WHERE { ?s ?p ?o } LIMIT 1")
    expect(page.locator("#query-problem")).to_be_empty()


def test_the_answer_as_table_is_sorted_filtered_and_paged(page: Page) -> None:
    put(page, "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\nPREFIX sr: <https://w3id.org/smart-region/ns#>\n"
              "SELECT ?name ?n { ?m a sr:Municipality ; skos:prefLabel ?name ; sr:population ?n }")  # fmt: skip
    run(page)
    rows = page.locator("#answer tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="n", exact=True).click()
    page.get_by_role("button", name="n", exact=True).click()
    expect(rows.first).to_contain_text("Frankfurt am Main")
    expect(page.locator("#answer th[aria-sort=descending]")).to_have_text("n")
    expect(page.locator(".pager")).to_contain_text("Zeilen 1 bis 50 von 421")
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator(".pager")).to_contain_text("Zeilen 51 bis 100 von 421")
    page.get_by_label("Zeilen mit dem Text").fill("homberg")
    expect(rows).to_have_count(2)


def test_links_lead_to_pages_of_this_service_whatever_its_base(page: Page, address: str) -> None:
    page.locator("[id='01-highest-grant-sums'] button").click()
    page.locator("#answer tbody a").first.click()
    page.wait_for_url(f"{address}/doc/municipality/*")
    expect(page.locator("h1")).to_have_text("Kassel")
    page.goto(f"{address}/sparql")


def test_points_are_on_the_map_and_numbers_in_the_chart(page: Page) -> None:
    page.locator("[id='10-map-of-projects'] button").click()
    page.wait_for_selector(".views")
    view(page, "Karte")
    expect(page.locator("#answer svg.map .dot")).to_have_count(46)
    assert page.locator("#answer svg.map path.area").count() > 20
    inside = page.evaluate(
        """[...document.querySelectorAll("#answer svg.map .dot")].every((dot) =>
          [...document.querySelectorAll("#answer svg.map path.area")].some((area) =>
            area.isPointInFill(new DOMPoint(dot.cx.baseVal.value, dot.cy.baseVal.value))))"""
    )
    assert inside
    view(page, "Diagramm")
    assert page.locator("#answer svg.bars rect").count() == 40


def test_bars_are_as_long_as_their_numbers(page: Page) -> None:
    put(page, "SELECT * { VALUES (?name ?n) { ('a' 10) ('b' 5) ('c' -5) } }")
    run(page)
    view(page, "Diagramm")
    widths = page.eval_on_selector_all("#answer .bars rect", "bars => bars.map((bar) => bar.width.baseVal.value)")
    assert widths[0] == pytest.approx(2 * widths[1]) == pytest.approx(2 * widths[2])


def test_a_graph_is_shown_as_statements_and_as_turtle(page: Page) -> None:
    put(page, 'CONSTRUCT { <http://example.org/s> a skos:Concept ; <http://example.org/p> "é \\"x\\""@de } {}')
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n")
    run(page)
    expect(page.locator("#query-status")).to_contain_text("2 Aussagen")
    expect(page.locator("#answer tbody")).to_contain_text('é "x"')
    view(page, "Rohtext")
    expect(page.locator("#answer pre")).to_contain_text("a skos:Concept")
    declared = re.findall(r"@prefix (\w+):", page.locator("#answer pre").inner_text())
    assert declared == ["skos"]


def test_a_yes_or_no_question_gets_a_word(page: Page) -> None:
    put(page, "ASK { ?s ?p ?o }")
    run(page)
    expect(page.locator("#answer")).to_have_text("Ja")


def test_an_error_of_the_service_is_shown_with_its_advice(page: Page, browser: Browser, address: str) -> None:
    context = browser.new_context(locale="de-DE")
    other = context.new_page()
    # Chromium itself writes refused requests to the console, so this page is not watched.
    other.goto(f"{address}/sparql#query={quote('SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }')}")
    expect(other.get_by_role("alert")).to_contain_text("SERVICE darf nur ausdrücklich erlaubte Server nennen")
    context.close()


def test_what_a_query_makes_up_is_not_executed(page: Page) -> None:
    put(
        page,
        """SELECT * { VALUES (?a ?b) {
  ("<img src=x onerror=alert(1)>" <javascript:alert(1)>)
  ("</script><script>alert(1)</script>" <data:text/html,x>) } }""",
    )
    run(page)
    expect(page.locator("#answer tbody tr")).to_have_count(2)
    assert page.locator("#answer tbody a, #answer img, #answer script").count() == 0


def test_a_shared_link_asks_at_once_and_says_nothing_to_the_server_before(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("about:blank")
    page.goto(f"{address}/sparql#query={quote(COUNTS)}")
    page.wait_for_selector("#answer table")
    assert asked[0] == f"{address}/sparql"
    assert page.input_value("#query") == COUNTS
    page.locator("#take-along summary").click()
    expect(page.locator("#take-along code")).to_have_text(page.url)


def test_code_to_copy_follows_the_query(page: Page) -> None:
    page.locator("#take-along summary").click()
    page.select_option("#snippet", "curl")
    put(page, "ASK { <http://example.org/it's> ?p ?o }")
    page.keyboard.press("End")
    expect(page.locator("#take-along code")).to_contain_text("it'\\''s")


def test_the_answer_is_downloaded_in_the_chosen_format(page: Page) -> None:
    put(page, COUNTS)
    page.select_option("#format", "csv")
    # Browsers show CSV or keep it, as they like; this is what the button asks for.
    with page.expect_response(lambda response: "/sparql?" in response.url) as answer:
        try:
            with page.expect_download(timeout=5000) as download:
                page.click("#download")
            text = download.value.path().read_text(encoding="utf-8")
        except TimeoutError:
            text = page.locator("body").inner_text()
    assert answer.value.headers["content-type"].startswith("text/csv")
    assert next(csv.reader(io.StringIO(text))) == ["class", "count"]


def test_examples_are_found_by_word_and_topic(page: Page) -> None:
    page.get_by_label("Suchen", exact=True).fill("parken")
    shown = page.locator("#examples li[data-example]:visible")
    expect(shown.nth(5)).to_have_count(0)
    assert shown.count() >= 1
    page.get_by_label("Suchen", exact=True).fill("")
    page.get_by_label("Thema", exact=True).select_option("Karte")
    visible = page.locator("#examples li[data-example]:visible")
    assert 1 <= visible.count() < 10


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make test installs it.")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_of_an_answer_is_accessible(page: Page, scheme: Literal["light", "dark"]) -> None:
    """The page as it is at first is judged with all others, in ``test_pages.py``."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; null")

    def faults() -> list[str]:
        results = page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })")
        return [f"{fault['id']}: {node['target']}" for fault in results["violations"] for node in fault["nodes"]]

    page.locator("[id='10-map-of-projects'] button").click()
    page.locator("#take-along summary").click()
    for name in ("Tabelle", "Karte", "Diagramm", "Rohtext"):
        view(page, name)
        assert faults() == [], name
    write(page, "SELECT * { ?x a sr:pro")
    page.wait_for_selector(".CodeMirror-hint")
    assert faults() == [], "completion"
    page.keyboard.press("Escape")
    page.keyboard.type("ject } }")
    assert faults() == [], "error"


def test_the_editor_can_be_left_with_the_tab_key(page: Page) -> None:
    """WCAG 2.1.2: no keyboard trap."""
    page.click(".CodeMirror")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run"


def test_without_the_bundle_the_text_field_works_and_answers_come_to_the_page(page: Page, address: str) -> None:
    page.route("**/static/vendor/**", lambda route: route.abort())
    context = page.context.browser.new_context()  # type: ignore[union-attr]
    other = context.new_page()
    other.route("**/static/vendor/**", lambda route: route.abort())
    other.goto(f"{address}/sparql")
    other.fill("#query", "SELECT (1 AS ?one) {}")
    other.click("#run")
    expect(other.locator("#answer tbody")).to_contain_text("1")
    context.close()
    page.unroute("**/static/vendor/**")
