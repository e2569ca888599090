"""Maps and charts: numbers are those of the queries, pictures are clean; and the start page counts right."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from typing import Any

import pyoxigraph as ox
import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import application, select

from publish.releases.release import Release, Releases
from smartregion.settings import Settings

NAMES = [
    "funding-per-head",
    "funding-by-year",
    "funding-by-programme",
    "funding-by-field",
    "fields-by-district",
    "projects-by-status",
    "funding-by-district",
    "projects-by-year",
]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def app(releases: Releases) -> Iterator[Flask]:
    with application(Settings(var=releases.root)) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def documents(release: Release) -> dict[str, dict[str, Any]]:
    raw = json.loads(release.file("figures.json")[0].read_text(encoding="utf-8"))
    return {figure["name"]: figure for figure in raw["figures"]}


def table(text: str) -> tuple[list[str], set[tuple[str | float, ...]]]:
    """Header and rows, with numbers as numbers."""
    header, *rows = csv.reader(io.StringIO(text))
    return header, {tuple(round(float(cell), 2) if number(cell) else cell for cell in row) for row in rows}


def number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


def test_all_figures_are_there(documents: dict[str, dict[str, Any]]) -> None:
    assert list(documents) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_query_of_a_figure_gives_its_table(
    client: FlaskClient, documents: dict[str, dict[str, Any]], name: str
) -> None:
    """Asked from the public endpoint, as the link on the page does."""
    answer = client.get("/sparql", query_string={"query": documents[name]["query"], "format": "csv"})
    assert answer.status_code == 200, answer.text
    given = client.get(f"/figures/{name}.csv")
    assert given.mimetype == "text/csv"
    assert table(answer.text) == table(given.text)
    assert len(table(given.text)[1]) >= 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_a_picture_is_clean_and_says_what_it_shows(
    client: FlaskClient, documents: dict[str, dict[str, Any]], name: str, language: str
) -> None:
    answer = client.get(f"/figures/{name}.svg", headers={"Accept-Language": language})
    assert (answer.mimetype, answer.headers["Content-Language"]) == ("image/svg+xml", language)
    picture = ET.fromstring(answer.data)
    assert picture.tag == f"{SVG}svg"
    assert picture.get("role") == "img"
    title = picture.find(f"{SVG}title")
    assert title is not None
    assert title.text == documents[name]["title"][language]
    assert picture.get("aria-labelledby") == title.get("id")
    for element in picture.iter():
        assert element.tag.removeprefix(SVG) in {"svg", "title", "g", "path", "rect", "text"}
        assert not {"style", "href", "onload"} & set(element.attrib)
    assert all(text.get("fill") for text in picture.iter(f"{SVG}text")), "readable without a style sheet"


def test_the_map_is_darker_where_there_is_more(client: FlaskClient, documents: dict[str, dict[str, Any]]) -> None:
    picture = ET.fromstring(client.get("/figures/funding-per-head.svg").data)
    areas = [path for path in picture.iter(f"{SVG}path") if "area" in str(path.get("class"))]
    assert len(areas) == 27
    shade = {str(path[0].text).partition(":")[0]: int(str(path.get("class"))[-1]) for path in areas}
    rows = [
        (row["things"][0]["names"]["de"], float(row["values"][-1])) for row in documents["funding-per-head"]["rows"]
    ]
    assert len(rows) > 20
    assert [value for _, value in rows] == sorted((value for _, value in rows), reverse=True)
    shades = [shade[name] for name, _ in rows]
    assert shades == sorted(shades, reverse=True)
    assert shades[0] == 5
    assert {shade[name] for name in shade.keys() - dict(rows).keys()} == {0}


@pytest.mark.parametrize(("language", "heading"), [("de", "Karten und Zahlen"), ("en", "Maps and figures")])
def test_the_page_has_each_picture_with_table_query_and_downloads(
    client: FlaskClient, language: str, heading: str
) -> None:
    text = client.get(f"/figures?lang={language}", headers={"Accept": "text/html"}).text
    assert f"<h1>{heading}</h1>" in text
    for name in NAMES:
        part = re.search(rf'<section id="{name}".*?</section>', text, re.S)
        assert part
        assert "<svg" in part[0]
        assert "<table>" in part[0]
        assert "SELECT" in part[0]
        for link in re.findall(r'href="(/(?:figures|sparql)[^"]*)"', part[0]):
            assert client.get(unescape(link)).status_code == 200
    assert " style=" not in text


def test_an_unknown_picture_is_not_found(client: FlaskClient) -> None:
    assert client.get("/figures/nothing.svg").status_code == 404
    assert client.get("/figures/nothing.csv").status_code == 404


# Start page


def test_the_start_page_counts_as_queries_do(client: FlaskClient, store: ox.Store) -> None:
    def one(query: str) -> int:
        return round(float(select(store, query)[0][0]))

    projects = one("SELECT (COUNT(?p) AS ?n) { ?p a sr:Project }")
    part = one("SELECT (COUNT(DISTINCT ?m) AS ?n) { ?p sr:lead|sr:partner ?m . ?m a sr:Municipality }")
    total = one('SELECT (SUM(?a) AS ?n) { ?g schema:amount ?a ; schema:currency "EUR" }')
    programmes = one("SELECT (COUNT(?p) AS ?n) { ?p a sr:FundingProgramme }")
    text = client.get("/?lang=de", headers={"Accept": "text/html"}).text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"<strong>{projects}</strong> Projekte" in text
    assert f"<strong>{part}</strong> von 421 Gemeinden dabei" in text
    assert f"<strong>{total:,} €</strong>".replace(",", ".") in text
    assert f"<strong>{programmes}</strong> Programme" in text


def test_the_four_doors_are_open(client: FlaskClient) -> None:
    for language in ("de", "en"):
        text = client.get(f"/?lang={language}", headers={"Accept": "text/html"}).text
        doors = re.search(r'<ul class="tiles doors">(.*?)</ul>', text, re.S)
        assert doors
        links = re.findall(r'href="([^"]+)"', doors[1])
        assert [link.partition("?")[0] for link in links] == ["/search", "/sparql", "/downloads", "/validate"]
        for link in links:
            assert client.get(unescape(link), headers={"Accept": "text/html"}).status_code == 200
        form = re.search(r'<form action="(/search)" method="get" role="search"', text)
        assert form


def test_the_map_of_the_start_page_leads_to_who_leads_projects(client: FlaskClient, store: ox.Store) -> None:
    text = client.get("/?lang=de", headers={"Accept": "text/html"}).text
    points = re.search(r'<g class="points">(.*?)</g>', text, re.S)
    assert points
    leads = select(store, "SELECT DISTINCT ?l { ?p a sr:Project ; sr:lead ?l . ?l geo:hasGeometry ?g }")
    assert points[1].count("<circle") == len(leads) > 40
    assert 'aria-label="Darmstadt: 3 Projekte"' in points[1]


def test_best_and_latest_come_first(client: FlaskClient, store: ox.Store) -> None:
    best = select(
        store,
        """
SELECT ?title { ?g schema:amount ?a ; schema:fundedItem ?p . ?p dct:title ?title FILTER(LANG(?title) = "de")
  FILTER NOT EXISTS { ?g schema:fundedItem ?other FILTER(?other != ?p) } } ORDER BY DESC(?a) LIMIT 2""",
    )
    text = unescape(client.get("/?lang=de", headers={"Accept": "text/html"}).text)
    shown = text[text.index("Am höchsten gefördert") :]
    places = [shown.index(title) for (title,) in best]
    assert places == sorted(places)
    assert re.search(r"August 2025", text[text.index("Zuletzt bewilligt") : text.index("Am höchsten gefördert")])
