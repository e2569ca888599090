"""Pages of records of the real release: what they show, that it is in their RDF, and that they say where it is from."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from html import unescape
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyld import jsonld
from support import BASE, DATA, application, select, silent

import ontology
from ingest import record_types
from publish.builder import build
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

pytestmark = pytest.mark.slow

BROWSER = {"Accept": "text/html"}
HOMBERG = "municipality/06634009"


@pytest.fixture(scope="module")
def app(releases: Releases) -> Iterator[Flask]:
    with application(Settings(var=releases.root)) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def page(client: FlaskClient, iri: str, language: str = "de") -> str:
    response = client.get(f"/doc/{iri}?lang={language}", headers=BROWSER)
    assert response.status_code == 200, iri
    return unescape(response.text)


def triples(client: FlaskClient, iri: str) -> set[ox.Triple]:
    content = client.get(f"/doc/{iri}.nt").data
    return {quad.triple for quad in ox.parse(content, format=ox.RdfFormat.N_TRIPLES)}


def section(text: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}">(.*?)</section>', text, re.S)
    assert found, anchor
    return found[1]


# Sums


def test_how_much_homberg_was_granted_is_on_its_page(client: FlaskClient) -> None:
    """The sum, and each grant that it is made of (issue 6)."""
    for language, amount in (("de", "1.700.000\N{NO-BREAK SPACE}€"), ("en", "€1,700,000")):
        text = page(client, HOMBERG, language).replace("1.700.000 €", amount)
        assert f"<strong>{amount}</strong>" in text
        assert f"{amount}</td>" in section(text, "grants")
        assert 'href="/doc/grant/region-digitaler-knuell' in section(text, "grants")
        assert 'href="/doc/project/region-digitaler-knuell' in text


def test_a_joint_sum_is_told_and_not_added(client: FlaskClient) -> None:
    """Decision 7: Hanau has 729,611 euros of its own and a share of 1,550,000 that nobody knows."""
    text = section(page(client, "municipality/06415000"), "grants").replace("\N{NO-BREAK SPACE}", " ")
    assert "<strong>729.611 €</strong>" in text
    assert text.count("Teil einer gemeinsamen Summe von 1.550.000 €") == 2
    assert "Bei einer dieser Zuwendungen ist der Betrag nicht bekannt" in text


def test_sums_are_those_that_a_query_gives(store: ox.Store) -> None:
    """Each grant once, whether it goes to a district or to one of its municipalities."""
    counted = select(
        store,
        """
SELECT ?unit (COUNT(?grant) AS ?grants) (SUM(COALESCE(?amount, 0)) AS ?total) WHERE {
  { SELECT DISTINCT ?grant ?unit { ?grant sr:recipient/sr:district? ?unit } }
  OPTIONAL { ?grant schema:amount ?amount ; schema:currency "EUR" }
} GROUP BY ?unit""",
    )
    stated = select(
        store,
        """
SELECT ?unit ?grants (COALESCE(?sum, 0) AS ?total) WHERE {
  ?unit sr:grantCount ?grants OPTIONAL { ?unit sr:grantedSum ?sum } FILTER EXISTS { ?unit sr:district|^sr:district ?x }
}""",
    )
    expected = {unit: (int(grants), float(total)) for unit, grants, total in counted if "/organisation/" not in unit}
    assert len(expected) > 50
    assert {unit: (int(grants), float(total)) for unit, grants, total in stated} == expected


def test_projects_are_counted_once_for_a_district(store: ox.Store) -> None:
    counted = select(
        store,
        """
SELECT ?d (COUNT(DISTINCT ?p) AS ?n) { ?p sr:lead|sr:partner ?m . ?m sr:district? ?d . ?d a sr:District }
GROUP BY ?d""",
    )
    stated = select(store, "SELECT ?d ?n { ?d a sr:District ; sr:projectCount ?n }")
    assert dict(stated) == dict(counted)
    assert len(counted) > 20


# What is around a record


def test_a_district_shows_its_municipalities_projects_and_grants(client: FlaskClient, store: ox.Store) -> None:
    text = page(client, "district/06531")
    towns = select(store, f"SELECT ?m {{ ?m sr:district <{BASE}id/district/06531> }}")
    assert len(towns) == 18
    listed = section(text, "list-municipality")
    for (town,) in towns:
        assert f'href="/doc/{town.removeprefix(f"{BASE}id/")}?lang=de"' in listed
    assert "HessenNext" in section(text, "list-project")
    assert "HessenNext" in section(text, "grants")
    assert '<path class="area marked"' in text
    assert "Alle in der Suche" not in text, "nothing is left out"


def test_of_many_grants_the_newest_are_shown_and_the_sum_is_that_of_all(client: FlaskClient) -> None:
    text = page(client, "programme/starke-heimat-smarte-kommunen").replace("\N{NO-BREAK SPACE}", " ")
    table = section(text, "grants")
    assert "Die neuesten 12 von 58 Zuwendungen" in table
    assert table.count('<th scope="row"><a') == 12
    assert "<strong>53.884.215 €</strong>" in table
    assert "/search?programme=starke-heimat-smarte-kommunen&type=project" in text


def test_similar_projects_nearby_come_with_their_distance(client: FlaskClient) -> None:
    text = section(page(client, "project/region-digitaler-knuell"), "nearby")
    far = [int(km) for km in re.findall(r"(\d+) km entfernt", text)]
    assert len(far) == 5
    assert far == sorted(far)
    assert "Neukirchen · 19 km entfernt" in text


def test_a_project_is_on_the_map_where_its_members_are(client: FlaskClient) -> None:
    text = page(client, "project/region-digitaler-knuell")
    points = re.search(r'<g class="points">(.*?)</g>', text, re.S)
    assert points
    assert set(re.findall(r'aria-label="([^"]+)"', points[1])) == {
        "Homberg (Efze)", "Frielendorf", "Knüllwald", "Schwarzenborn",
    }  # fmt: skip
    assert "Flächen schematisch" in text


# Not published


def test_the_address_of_a_withheld_record_says_in_words_why(tmp_path: Path, executor: Executor) -> None:
    """A reader finds out why a record was withheld (issue 6)."""
    data = Path(shutil.copytree(DATA, tmp_path / "data"))
    table = (data / "grants.csv").read_text(encoding="utf-8")
    (data / "grants.csv").write_text(table.replace(",1700000,EUR,ja", ",viel,EUR,ja"), encoding="utf-8")
    build(data, BASE, Releases(tmp_path / "var"), executor, silent)
    with application(Settings(var=tmp_path / "var")) as app:
        client = app.test_client()
        for language, why in (("de", "„viel“ ist keine Zahl"), ("en", "“viel” is not a number")):
            answer = client.get(f"/doc/grant/region-digitaler-knuell?lang={language}", headers=BROWSER)
            assert answer.status_code == 404
            text = unescape(answer.text)
            assert why in text
            assert "<q>viel</q>" in text
            assert re.search(r'<a href="/source/grants.csv#row=\d+">', text)
            meaning = re.search(r'href="(/findings[^"#]*)#([a-z-]+)"', text)
            assert meaning
            assert f'id="{meaning[2]}"' in client.get(meaning[1], headers=BROWSER).text
        problem = client.get("/doc/grant/region-digitaler-knuell.ttl").get_json()
        assert problem["findings"][0]["value"] == "viel"
        # What is left says nothing of the sum that is not there.
        assert "1.700.000" not in client.get(f"/doc/{HOMBERG}?lang=de", headers=BROWSER).text


# The whole


def every_type(store: ox.Store) -> Iterator[str]:
    for record_type in record_types().values():
        found = select(store, f"SELECT ?s {{ ?s a <{record_type.iri}> }} ORDER BY ?s LIMIT 1")
        yield from (row[0].removeprefix(f"{BASE}id/") for row in found)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_rdf_of_a_page_contains_what_the_page_shows(client: FlaskClient, store: ox.Store, language: str) -> None:
    """Every link to a record, every name of one and every value in a definition list (decision 28)."""
    seen = 0
    for iri in [*every_type(store), HOMBERG, "district/06531", "programme/starke-heimat-smarte-kommunen"]:
        text, known = page(client, iri, language), triples(client, iri)
        terms = {term.value for triple in known for term in (triple.subject, triple.object)}  # type: ignore[union-attr]
        main = text[text.index("<main") : text.index('<ul class="formats">')]
        for target in re.findall(r'<a href="/doc/([^"?#]+)', main):
            assert f"{BASE}id/{target}" in terms, (iri, target)
            seen += 1
        for name in re.findall(r'<a href="/doc/[^"]+">([^<]+)</a>', main):
            assert name in terms, (iri, name)
    assert seen > 100


def test_every_type_of_record_has_a_page_with_its_groups(client: FlaskClient, store: ox.Store) -> None:
    types = list(every_type(store))
    assert len(types) >= 13
    for iri in types:
        for language, origin in (("de", "Herkunft der Angaben"), ("en", "Where this comes from")):
            text = page(client, iri, language)
            assert f"<h2>{origin}</h2>" in text
            assert re.search(r"<h1>[^<]+</h1>", text)
            assert "sr:" not in re.sub(r"<script.*?</script>|<[^>]*>", "", text, flags=re.S), iri


def test_a_page_says_which_row_it_comes_from_and_since_when(client: FlaskClient) -> None:
    text = section(page(client, HOMBERG), "provenance")
    assert re.search(r'<a href="/source/municipalities.csv#row=\d+">Zeile \d+ der Tabelle municipalities.csv</a>', text)
    assert re.search(r"Veröffentlicht am \d+\. \w+ \d{4}, seitdem unverändert\.", text)


def test_a_page_says_how_to_cite_it(client: FlaskClient) -> None:
    text = section(page(client, HOMBERG), "cite")
    assert re.search(rf"Stand \d+\. \w+ \d{{4}}\. {re.escape(BASE)}id/{HOMBERG}", text)
    assert "@misc{municipality-06634009," in text
    assert f"  url = {{{BASE}id/{HOMBERG}}}" in text
    assert 'rel="license"' in text


def test_texts_of_others_are_marked_as_such(client: FlaskClient) -> None:
    assert re.search(r'<span lang="de">Laut Quelle', page(client, "grant/region-digitaler-knuell", "en"))


def test_the_embedded_json_ld_is_the_rdf_of_the_page(client: FlaskClient) -> None:
    """Read by another implementation, with the context that it names."""
    raw = client.get(f"/doc/{HOMBERG}", headers=BROWSER).text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', raw, re.S)
    assert block
    document = json.loads(block[1])
    assert document["@context"] == f"{BASE}context.jsonld"

    def load(url: str, options: object) -> dict[str, Any]:
        assert url == f"{BASE}context.jsonld"
        context = client.get("/context.jsonld").get_json(force=True)
        return {"contextUrl": None, "documentUrl": url, "document": context}

    quads = jsonld.to_rdf(document, {"format": "application/n-quads", "documentLoader": load})
    found = {quad.triple for quad in ox.parse(quads, format=ox.RdfFormat.N_QUADS)}
    assert {str(triple) for triple in found} == {str(triple) for triple in triples(client, HOMBERG)}


def test_the_release_knows_groups_and_references_from_the_shapes(release: Release) -> None:
    """So a new property, or a new reference, appears on the pages by itself."""
    labels = json.loads(release.file("labels.json")[0].read_text(encoding="utf-8"))
    properties = [kind.get("properties", {}) for kind in labels["classes"].values()]
    groups = {entry["group"] for part in properties for entry in part.values()}
    assert groups == set(labels["groups"])
    for group in labels["groups"].values():
        assert group["de"]
        assert group["en"]
    assert ontology.PREFIXES["sr"] + "lead" in labels["incoming"][ontology.PREFIXES["sr"] + "Municipality"]
