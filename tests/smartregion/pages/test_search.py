"""Find: what is found in the real records, in which order, and what the pages and files of it hold."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from release_fixture import write_release
from support import BASE, select, some
from test_web import BROWSER, close, make

from publish.releases.release import Release, ReleaseError, Releases
from publish.releases.search_words import fold
from smartregion.web.search import result_formats
from smartregion.web.search.query import FACETS
from smartregion.web.site.search_index import Index

PROJECTS = 68


@pytest.fixture(scope="module")
def client(releases: Releases) -> Iterator[FlaskClient]:
    app = make(releases.root)
    yield app.test_client()
    close(app)


@pytest.fixture(scope="module")
def index(release: Release) -> Index:
    return Index(release.search, release.manifest.search.records)


def titles(client: FlaskClient, **parameters: str | list[str]) -> list[str]:
    """German titles of what is found, in order."""
    response = client.get(f"/search.json?{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200
    return [record["title_de"] for record in response.get_json()["records"]]


def page(client: FlaskClient, address: str, language: str = "de") -> str:
    response = client.get(address, headers={"Accept": BROWSER, "Accept-Language": language})
    assert response.status_code == 200, response.headers.get("Location")
    return response.get_data(as_text=True)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.boxes: list[tuple[str, str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "input" and given.get("type") == "checkbox":
            self.boxes.append((str(given["name"]), str(given["value"]), "checked" in given))


def parsed(text: str) -> _Links:
    parser = _Links()
    parser.feed(text)
    return parser


# What is found


def test_a_beginning_of_a_word_finds_it(client: FlaskClient) -> None:
    assert "PauL – Parken und Leiten" in titles(client, q="Park")
    assert "Smarter Winterdienst" in titles(client, q="wint")


@pytest.mark.parametrize(("inside", "word"), [("dienst", "Winterdienst"), ("regenfrüh", "Starkregenfrühalarmsystem")])
def test_a_part_of_a_compound_finds_it(client: FlaskClient, inside: str, word: str) -> None:
    assert any(word in title for title in titles(client, q=inside))


@pytest.mark.parametrize(
    "spellings",
    [("Gießen", "Giessen", "GIESSEN", "gießen"), ("Förderung", "Foerderung", "Forderung"), ("Hünfeld", "Huenfeld")],
)
def test_umlauts_may_be_written_in_any_way(client: FlaskClient, spellings: tuple[str, ...]) -> None:
    found = [titles(client, q=spelling) for spelling in spellings]
    assert found[0]
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [("Giesen", "Gießen"), ("Kassle", "Kassel"), ("Wintrdienst", "Winterdienst"), ("Mobilty", "Mobility")],
)
def test_a_typing_error_finds_what_was_meant_and_says_so(client: FlaskClient, mistyped: str, meant: str) -> None:
    assert titles(client, q=mistyped) == titles(client, q=meant) != []
    text = page(client, f"/search?q={mistyped}")
    assert f"Kein Eintrag enthält „{mistyped}“; gesucht wurde <strong>{meant}</strong>" in text
    assert "gesucht wurde" not in page(client, f"/search?q={meant}")


@pytest.mark.parametrize(("bent", "found"), [("Projekts", "Projekt"), ("Städten", "Stadt"), ("Sensoren", "Sensorik")])
def test_other_forms_of_a_word_are_found(index: Index, bent: str, found: str) -> None:
    (term,) = index.hits(bent).terms
    assert term.covers(fold(found))


@pytest.mark.parametrize(
    ("english", "title"),
    [
        ("winter service", "Smarter Winterdienst"),
        ("digital administration", "Region Digitaler Knüll"),
        ("heavy rain", "Starkregenfrühalarmsystem Darmstadt"),
    ],
)
def test_german_records_are_found_in_english(client: FlaskClient, english: str, title: str) -> None:
    assert title in titles(client, q=english)


def test_names_of_what_a_project_is_linked_to_find_it(client: FlaskClient, store: ox.Store) -> None:
    found = titles(client, q="Smart Mobility Landkreis Gießen", type="project")
    expected = select(
        store,
        """SELECT DISTINCT ?title { ?project a sr:Project ; dct:title ?title ; sr:lead|sr:partner ?member ;
             dct:subject <https://w3id.org/smart-region/scheme/field-of-action#smart-mobility> .
           ?member sr:district? <http://localhost:8000/id/district/06531> FILTER(LANG(?title) = "de") }""",
    )
    assert expected
    assert {title for (title,) in expected} <= set(found)
    assert "HessenNext – Digitale Impulse für smarte Kommunen" in titles(client, q="Smart Parking Gießen")
    assert titles(client, q="Starke Heimat Winterdienst")[0] == "Smarter Winterdienst"
    assert titles(client, q="Modellprojekte Smart Cities Winterdienst") == []


def test_a_municipality_called_so_comes_first(client: FlaskClient, store: ox.Store) -> None:
    names = [name for (name,) in select(store, "SELECT ?n { ?m a sr:Municipality ; skos:prefLabel ?n }")]
    assert len(names) == 421
    twice = {"Homberg", "Rosenthal"}
    for name in names:
        first = client.get("/search.json", query_string={"q": name}).get_json()["records"][0]
        assert (first["type"], first["title_de"]) == ("municipality", name) or name in twice, (name, first["title_de"])
    assert titles(client, q="Homberg")[:2] == ["Homberg (Efze)", "Homberg (Ohm)"]
    assert titles(client, q="06531005") == ["Gießen"]


def test_projects_of_a_town_come_before_its_neighbours(client: FlaskClient) -> None:
    records = client.get("/search.json?q=Gießen").get_json()["records"]
    types = [record["type"] for record in records if "Gießen" not in record["title_de"]]
    assert types.count("project") >= 5
    assert max(n for n, kind in enumerate(types) if kind == "project") < types.index("municipality")


def test_a_word_in_the_title_counts_more_than_one_in_the_text(client: FlaskClient) -> None:
    found = titles(client, q="Datenplattform", type="project")
    in_title = ["Datenplattform" in title or "Datenplattform".lower() in title.lower() for title in found]
    assert in_title[0]
    assert True in in_title
    assert False in in_title
    assert in_title == sorted(in_title, reverse=True)


def test_every_record_but_what_is_told_of_money_is_found(client: FlaskClient, release: Release) -> None:
    """Grants, other stated amounts and statements are found by what they are about."""
    untold = {"grants", "stated-amounts", "statements"}
    datasets = [entry for name, entry in release.manifest.datasets.items() if entry.record_class and name not in untold]
    response = client.get("/search.json").get_json()
    assert response["found"] == sum(entry.records for entry in datasets) == len(response["records"])
    assert response["found"] == release.manifest.search.records


def test_each_record_is_found_by_each_of_its_titles(client: FlaskClient) -> None:
    for record in some(client.get("/search.json?type=project&type=offer&type=event").get_json()["records"]):
        for title in (record["title_de"], record["title_en"]):
            assert record["title_de"] in titles(client, q=title)[:3], title


# Filters, order, pages


def test_counts_of_filters_are_what_they_find(client: FlaskClient) -> None:
    for address in ("/search", "/search?type=project&field=smart-mobility", "/search?q=smart&district=06531"):
        text = page(client, address)
        given = parse_qsl(urlsplit(address).query)
        shown = dict(re.findall(r'name="(\w+=?[^"]*" value="[^"]+)".*?<span class="count">([\d.]+)</span>', text))
        assert len(shown) > 10
        for box, count in shown.items():
            facet, value = box.split('" value="')
            others = [(name, chosen) for name, chosen in given if name != facet]
            found = client.get(f"/search.json?{urlencode([*others, (facet, value)])}").get_json()["found"]
            assert str(found) == count, (address, facet, value)


def test_values_of_a_filter_add_up_and_filters_narrow_down(client: FlaskClient) -> None:
    mobility, energy = (set(titles(client, field=[value])) for value in ("smart-mobility", "smart-energy"))
    assert set(titles(client, field=["smart-mobility", "smart-energy"])) == mobility | energy
    assert set(titles(client, field=["smart-mobility"], status=["approved"])) < mobility


def test_filters_agree_with_the_graph(client: FlaskClient, store: ox.Store) -> None:
    rows = select(
        store,
        """SELECT ?title (SUM(?amount) AS ?sum) { ?grant schema:fundedItem ?project ; schema:amount ?amount .
           ?project dct:title ?title FILTER(LANG(?title) = "de")
           FILTER NOT EXISTS { ?grant schema:fundedItem ?other FILTER(?other != ?project) } } GROUP BY ?title""",
    )
    large = {title for title, total in rows if 500_000 <= float(total) < 1_000_000}
    assert large
    assert set(titles(client, amount="500000-1000000")) == large
    unknown = set(titles(client, amount="unknown"))
    assert unknown
    assert not unknown & {title for title, _ in rows}
    years = select(
        store,
        """SELECT ?title (MIN(SUBSTR(STR(?date), 1, 4)) AS ?year) { ?grant schema:fundedItem ?project ;
           sr:awardDate ?date . ?project dct:title ?title FILTER(LANG(?title) = "de") } GROUP BY ?title""",
    )
    assert {title for title, year in years if year == "2023"} == set(titles(client, type="project", year="2023"))
    programme = select(
        store,
        """SELECT DISTINCT ?title { ?grant schema:fundedItem ?project ;
           sr:programme <http://localhost:8000/id/programme/modellprojekte-smart-cities> .
           ?project dct:title ?title FILTER(LANG(?title) = "de") }""",
    )
    found = titles(client, type="project", programme="modellprojekte-smart-cities")
    assert sorted(found) == sorted(title for (title,) in programme)


def test_orders(client: FlaskClient) -> None:
    def records(order: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = client.get(f"/search.json?type=project&sort={order}").get_json()["records"]
        return found

    amounts = [float(str(record["amount"] or -1)) for record in records("amount")]
    assert amounts == sorted(amounts, reverse=True)
    years = [next(iter(record["year"]), "") for record in records("newest")]  # type: ignore[call-overload]
    assert years == sorted(years, reverse=True)
    names = [[fold(word) for word in re.findall(r"\w+", str(record["title_de"]))] for record in records("name")]
    assert names == sorted(names)


def test_pages_hold_everything_once(client: FlaskClient) -> None:
    found, number = [], 1
    while True:
        text = page(client, f"/search?type=project&page={number}" if number > 1 else "/search?type=project")
        found += re.findall(r'<h3><a href="([^"]+)"', text)
        if f'page={number + 1}"' not in text:
            break
        number += 1
    assert len(found) == len(set(found)) == PROJECTS
    response = client.get("/search?type=project&page=99", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["Location"]) == (303, f"/search?type=project&page={number}")


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("?q=&sort=relevance&page=1", "/search"),
        ("?field=smart-mobility&type=project&q=a", "/search?q=a&type=project&field=smart-mobility"),
        ("?year=2024&year=2023&year=2024", "/search?year=2023&year=2024"),
        ("?q=++two+++words%00%0a", "/search?q=two+words"),
        ("?q=a&utm_source=b", "/search?q=a"),
        ("?page=-1&sort=nonsense&lang=en", "/search?lang=en"),
        ("?page=%D9%A3", "/search"),
    ],
)
def test_each_view_has_one_address(client: FlaskClient, given: str, canonical: str) -> None:
    response = client.get(f"/search{given}", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["Location"]) == (303, canonical)
    page(client, canonical)


def test_all_links_of_a_view_are_canonical(client: FlaskClient) -> None:
    text = page(
        client, "/search?q=smart&type=municipality&type=project&field=society&at=municipality%2F06531005&lang=en"
    )
    links = [link for link in parsed(text).links if urlsplit(link).path == "/search"]
    assert len(links) > 5
    for link in links:
        assert "lang=" in link
        page(client, link)


def test_what_is_chosen_can_be_taken_away(client: FlaskClient) -> None:
    text = page(client, "/search?type=project&field=smart-mobility&district=06531")
    chips = re.findall(r'<li><a href="([^"]+)" rel="nofollow"><span class="hidden">Entfernen: </span>([^<]+) <', text)
    assert chips == [
        ("/search?field=smart-mobility&amp;district=06531", "Art: Projekt"),
        ("/search?type=project&amp;district=06531", "Handlungsfeld: Smart Mobility"),
        ("/search?type=project&amp;field=smart-mobility", "Kreis: Landkreis Gießen"),
    ]
    assert {(facet, value) for facet, value, checked in parsed(text).boxes if checked} == {
        ("type", "project"),
        ("field", "smart-mobility"),
        ("district", "06531"),
    }


def test_points_of_the_map_lead_to_what_is_there(client: FlaskClient) -> None:
    text = page(client, "/search?type=project")
    points = re.findall(r'<a href="(/search\?type=project&amp;at=[^"]+)" aria-label="([^"]+): (\d+) Treffer"', text)
    assert len(points) > 20
    for address, name, count in points[:5]:
        there = page(client, address.replace("&amp;", "&"))
        assert f'tabindex="-1">{count} Treffer</h2>' in there
        assert f"Ort: {name}" in there


def test_nothing_found_offers_ways_out(client: FlaskClient) -> None:
    text = page(client, "/search?q=Winterdienst&type=event&district=06531")
    ways = dict(re.findall(r'<li><a href="([^"]+)" rel="nofollow">[^<]+</a> \((\d+)\)', text))
    assert ways["/search?q=Winterdienst"] == "2"
    for address, count in ways.items():
        assert f'tabindex="-1">{count} Treffer' in page(client, address.replace("&amp;", "&"))
    text = page(client, "/search?q=Hanau+xyzzyxyzzy")
    assert "Kein Eintrag enthält „xyzzyxyzzy“" in text
    assert "nur „Hanau“" in text
    assert "ohne" not in re.findall(r"<ul aria-labelledby=\"ways\">.*?</ul>", text, re.S)[0]


def test_found_words_are_marked_and_texts_are_escaped(client: FlaskClient) -> None:
    assert "<mark>Winterdienst</mark>" in page(client, "/search?q=winter")
    text = page(client, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_pages_speak_both_languages(client: FlaskClient) -> None:
    german, english = page(client, "/search?q=Winterdienst"), page(client, "/search?q=Winterdienst", "en")
    assert ">Smarter <mark>Winterdienst</mark></a>" in german
    assert "2 Treffer für „Winterdienst“" in german
    assert ">Smart Winter Service</a>" in english
    assert "2 results for “Winterdienst”" in english
    assert 'name="lang"' not in english
    assert 'name="lang" value="en"' in page(client, "/search?q=Winterdienst&lang=en")


# Files


def test_csv_has_what_the_page_has(client: FlaskClient) -> None:
    text = client.get("/search.csv?q=Smarter+Winterdienst").get_data(as_text=True)
    row, *_ = csv.DictReader(io.StringIO(text))
    assert row["id"] == f"{BASE}id/project/smarter-winterdienst-hanau"
    assert row["status"] and row["field"]
    assert re.fullmatch(r"[^/]+", row["district"])


def test_rdf_has_what_the_graph_has(client: FlaskClient, store: ox.Store) -> None:
    for suffix, media_type in {
        "ttl": "text/turtle",
        "nt": "application/n-triples",
        "rdf": "application/rdf+xml",
    }.items():
        response = client.get(f"/search.{suffix}?q=parken")
        assert response.mimetype == media_type
        found = {quad.triple for quad in ox.parse(response.data, format=ox.RdfFormat.from_media_type(media_type))}
        records = client.get("/search.json?q=parken").get_json()["records"]
        expected = {
            quad.triple
            for record in records
            for quad in store.quads_for_pattern(ox.NamedNode(record["id"]), None, None, None)
        }
        assert expected <= found
        assert {str(triple.subject).strip("<>").partition("#")[0] for triple in found} == {r["id"] for r in records}
    document = client.get("/search.jsonld?q=parken").get_json()
    assert {node["id"] for node in document["@graph"]} >= {record["id"] for record in records}


def test_files_come_in_parts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(result_formats.LIMITS, "json", 50)
    found: list[str] = []
    address = "/search.json?type=project"
    while address:
        response = client.get(address)
        found += [record["id"] for record in response.get_json()["records"]]
        following = response.get_json()["next"]
        assert (following is None) == ("Link" not in response.headers)
        address = following.removeprefix(BASE.rstrip("/")) if following else ""
    assert len(found) == len(set(found)) == PROJECTS
    assert client.get("/search.json?type=project&page=3").status_code == 404


def test_accept_chooses_the_form(client: FlaskClient) -> None:
    for accept, media_type in {
        BROWSER: "text/html",
        "*/*": "application/json",
        "text/csv": "text/csv",
        "text/turtle": "text/turtle",
    }.items():
        response = client.get("/search?q=parken", headers={"Accept": accept})
        assert response.mimetype == media_type
        assert "Accept" in response.headers["Vary"]
    assert client.get("/search?q=a", headers={"Accept": "image/png"}).mimetype == "application/json"
    assert client.get("/search.html").status_code == 404
    assert client.get("/search.exe").status_code == 404


@pytest.mark.parametrize(
    "address", ["/search?q=parken", "/search.csv?q=parken", "/search/suggest?q=pa", "/opensearch.xml"]
)
def test_answers_have_validators(client: FlaskClient, address: str) -> None:
    first = client.get(address, headers={"Accept": BROWSER})
    again = client.get(address, headers={"Accept": BROWSER, "If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


# Suggestions, OpenSearch


def suggested(client: FlaskClient, text: str, language: str = "de") -> list[tuple[str, str, str]]:
    response = client.get("/search/suggest", query_string={"q": text, "lang": language})
    assert response.mimetype == "application/x-suggestions+json"
    asked, *columns = response.get_json()
    assert asked == text
    return list(zip(*columns, strict=True))


def test_suggestions(client: FlaskClient) -> None:
    assert suggested(client, "gies")[0][:2] == ("Gießen", "Gemeinde")
    assert ("Smart mobility", "Field of action", "/search?field=smart-mobility&lang=en") in suggested(
        client, "mobil", "en"
    )
    assert any("Winterdienst" in name for name, *_ in suggested(client, "winter"))
    assert suggested(client, "") == suggested(client, "..!") == []
    for text in ("g", "smart", "ki", "0"):
        found = suggested(client, text)
        assert len(found) <= 8
        for _, _, address in found:
            assert client.get(address, headers={"Accept": BROWSER}).status_code == 200, address


def test_browsers_learn_to_search_here(client: FlaskClient) -> None:
    assert '<link rel="search" type="application/opensearchdescription+xml"' in page(client, "/")
    response = client.get("/opensearch.xml")
    assert response.mimetype == "application/opensearchdescription+xml"
    root = ET.fromstring(response.data)
    space = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert len(root.findtext("o:ShortName", "", space)) <= 16
    for url in root.findall("o:Url", space):
        address = url.attrib["template"].replace("{searchTerms}", "hanau").removeprefix(BASE.rstrip("/"))
        found = client.get(address, headers={"Accept": BROWSER})
        assert (found.status_code, found.mimetype) == (200, url.attrib["type"])


# Hostile input


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ['"', "'", '" OR "1', "title : x", "{title} : x", "NEAR(a b)", "a*", "^a", "-a", "a AND", "(((((", "\x00", "*"]
    ),
    st.lists(st.sampled_from(["smart", "OR", "NOT", '"', "(", ")", "*", "park", "--", ";", "ß", "ﬃ", "İ"])).map(
        " ".join
    ),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE, facet=st.sampled_from([*FACETS, "at", "sort", "page"]), value=st.text(max_size=120))
def test_any_text_has_an_answer(client: FlaskClient, text: str, facet: str, value: str) -> None:
    parameters = urlencode({"q": text, facet: value}, errors="surrogatepass")
    for address in (f"/search?{parameters}", f"/search.json?{parameters}", f"/search/suggest?{parameters}"):
        response = client.get(address, headers={"Accept": BROWSER}, follow_redirects=True)
        assert response.status_code in (200, 404), address
        assert response.status_code == 200 or facet == "page"


@settings(max_examples=200, deadline=None)
@given(text=HOSTILE)
def test_texts_are_never_read_as_syntax(index: Index, text: str) -> None:
    for term in index.hits(text).terms:
        assert all(re.fullmatch(r"[^\W_]+\*?", word) for word in term.words)


def test_too_many_terms_and_too_much_text_are_cut(client: FlaskClient) -> None:
    many = " ".join(f"wort{number}" for number in range(10_000))
    for text in (many, "a" * 60_000, "ß" * 20_000, "( " * 20_000, "smart " * 9_000):
        response = client.get("/search", query_string={"q": text}, headers={"Accept": BROWSER})
        assert response.status_code == 303
        assert len(response.headers["Location"]) < 1500
        assert client.get(response.headers["Location"], headers={"Accept": BROWSER}).status_code == 200
    values = [("district", f"{number:05}") for number in range(3000)]
    assert client.get(f"/search.json?{urlencode(values)}").get_json()["found"] == 0


def test_folding_keeps_beginnings(index: Index) -> None:
    for (word,) in some(index.rows("SELECT spelling FROM word")):
        for end in range(1, len(word)):
            assert fold(word).startswith(fold(word[:end])) or "\u0300" <= word[end] <= "\u036f", word


# The index


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    found = [write_release(Releases(tmp_path / name), "first") for name in ("a", "b")]
    assert found[0].search.read_bytes() == found[1].search.read_bytes()
    assert found[0].manifest.search == found[1].manifest.search


def test_the_index_cannot_be_written_through_a_reader(release: Release) -> None:
    index = Index(release.search, release.manifest.search.records)
    for statement in ("DELETE FROM record", "CREATE TABLE x(y)", "INSERT INTO text(text) VALUES ('rebuild')"):
        with pytest.raises(sqlite3.OperationalError):
            index.rows(statement)
    assert not list(release.path.glob("search.sqlite-*"))


def test_threads_read_at_once(release: Release) -> None:
    index = Index(release.search, release.manifest.search.records)
    asked = ["park", "smart", "hessen", "gießen"] * 20
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: index.find(text, {}, "", "relevance").numbers.tolist(), asked))
    assert found == found[:4] * 20


def test_broad_searches_list_titles_first(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartregion.web.site.search_index._WEIGHED", 10)
    index = Index(release.search, release.manifest.search.records)
    weighed = Index(release.search, release.manifest.search.records)
    broad = index.hits("smart")
    monkeypatch.undo()
    assert sorted(broad.ranked.tolist()) == sorted(weighed.hits("smart").ranked.tolist())
    first = [row["title_de"] for row in index.records(broad.ranked[:10])]
    assert len(first) == 10
    assert all("smart" in title.lower() for title in first)


def test_a_release_without_an_index_is_refused(tmp_path: Path) -> None:
    release = write_release(Releases(tmp_path), "first")
    manifest = json.loads((release.path / "manifest.json").read_text(encoding="utf-8"))
    del manifest["search"], manifest["checksum"]
    (release.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ReleaseError, match="another version"):
        Releases(tmp_path).open("first")


def test_formulas_in_csv_are_texts(tmp_path: Path) -> None:
    write_release(Releases(tmp_path), "first")
    app = make(tmp_path)
    try:
        text = app.test_client().get("/search.csv?q=parken").get_data(as_text=True)
        (row,) = csv.DictReader(io.StringIO(text))
        assert row["title_de"] == "'=Parken(1+1)"
        assert "zurueckgehalten" not in app.test_client().get("/search.csv").get_data(as_text=True)
    finally:
        close(app)


def test_below_a_path_the_next_file_is_at_the_base(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(result_formats.LIMITS, "json", 50)
    response = client.get("/search.json?type=project", environ_overrides={"SCRIPT_NAME": "/below"})
    assert response.get_json()["next"] == f"{BASE}search.json?type=project&page=2"
    assert response.headers["Link"] == '</below/search.json?type=project&page=2>; rel="next"'
