"""What a mayor asks: who did this, whom to call, what it cost, what others say, what followed, what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import application

from publish.releases.release import Releases
from smartregion.settings import Settings


@pytest.fixture(scope="module")
def app(releases: Releases) -> Iterator[Flask]:
    with application(Settings(var=releases.root)) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def page(client: FlaskClient, address: str, language: str = "de") -> str:
    answer = client.get(f"{address}?lang={language}", headers={"Accept": "text/html"})
    assert answer.status_code == 200, address
    return unescape(answer.get_data(as_text=True))


def section(text: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}">.*?</section>', text, re.S)
    assert found, anchor
    return found[0]


def test_a_project_says_who_to_call(client: FlaskClient) -> None:
    shown = section(page(client, "/doc/project/frankenberg-smart-vernetzt-nachhaltig"), "contacts")
    assert "Wen fragen?" in shown
    assert 'href="/doc/municipality/06635011?lang=de"' in shown
    assert 'href="https://frankenberg.de/"' in shown
    assert 'href="mailto:starkeheimat@digitales.hessen.de"' in shown
    assert '<a href="tel:+49-611-32114411">+49 611 32114411</a>' in shown
    assert 'href="/doc/offer/digitalisierungsberatung?lang=de"' in shown
    assert ">ekom21</a>" in shown


def test_a_project_says_what_it_may_cost_and_who_did_the_like(client: FlaskClient) -> None:
    shown = section(page(client, "/doc/project/frankenberg-smart-vernetzt-nachhaltig", "en"), "contacts")
    assert re.search(
        r'theme\?lang=en#parking">Parking</a></dt><dd>€[\d,]+ to €[\d,]+, €[\d,]+ in the middle \(\d+ grants', shown
    )
    similar = re.findall(r'<li><a href="/doc/project/([^"?]+)[^>]*>', shown)
    assert similar[0] == "laendliche-staerke-durch-smarte-innovation", "it shares most themes"
    assert 1 < len(similar) == len(set(similar)) <= 6
    assert "frankenberg-smart-vernetzt-nachhaltig" not in similar
    assert not re.search(r"(\b[\w ]+\b) · \1<", shown)


def test_only_projects_have_guidance(client: FlaskClient) -> None:
    for address in ("/doc/municipality/06635011", "/doc/programme/starke-heimat-smarte-kommunen"):
        assert 'id="contacts"' not in page(client, address), address


def test_a_second_figure_stands_beside_the_amount_and_is_not_counted(client: FlaskClient) -> None:
    for address in ("/doc/project/digitale-aktenfuehrung-greifenstein", "/doc/municipality/06532010"):
        grants = section(page(client, address), "grants")
        assert "83.500 Euro im Text der Quelle</a> (vermutlich: Ungeklärter Widerspruch)" in grants, address
        assert "nicht mitgezählt" in grants
        assert re.search(r"Summe der bekannten Beträge.*83\.250", grants, re.S)
    assert "Other figure:" in page(client, "/doc/project/digitale-aktenfuehrung-greifenstein", "en")
    own = page(client, "/doc/stated-amount/greifenstein-text")
    assert "83.500" in own and "Ungeklärter Widerspruch" in own


def test_what_followed_from_a_project(client: FlaskClient) -> None:
    earlier = section(page(client, "/doc/project/digital-und-smart-den-limes-ueberwinden"), "list-project")
    assert "/doc/project/digitale-stadt-und-infrastruktur" in earlier
    assert "Fortsetzung von" in earlier


def test_a_sketch_has_a_page_with_the_advice_that_it_came_from(client: FlaskClient) -> None:
    text = page(client, "/doc/use-case-sketch/beispiel-bodenfeuchte")
    assert "/doc/offer/digitalisierungsberatung" in text
    assert "Gießen nach Bedarf." in text
    advice = section(page(client, "/doc/offer/digitalisierungsberatung"), "list-usecasesketch")
    assert "Beispiel: Bodenfeuchte messen" in advice


def test_an_office_has_a_contact_point(client: FlaskClient) -> None:
    text = page(client, "/doc/organisation/geschaeftsstelle-smarte-region-hessen")
    assert "+49 611 32114284" in text
    graph = client.get("/doc/organisation/geschaeftsstelle-smarte-region-hessen.nt").get_data(as_text=True)
    assert "#contact> <http://www.w3.org/2006/vcard/ns#hasTelephone> <tel:+49-611-32114284>" in graph
    assert "#contact> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://schema.org/ContactPoint>" in graph


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("smartes Parken", "paul-parken-und-leiten"),
        ("smart parking", "paul-parken-und-leiten"),
        ("Hochwasserwarnung", "starkregenfruehalarmsystem-landkreis-fulda"),
        ("flood warning", "starkregenfruehalarmsystem-landkreis-fulda"),
        ("digitale Bürgerbeteiligung", "digital-engagement-smart-connect"),
        ("LoRaWAN", "lorawan-funknetz-waldsolms"),
    ],
)
def test_the_search_knows_who_did_it(client: FlaskClient, words: str, found: str) -> None:
    answer = client.get("/search.json", query_string={"q": words, "type": "project"}).get_json()
    assert found in [record["id"].rpartition("/")[2] for record in answer["records"]]


def test_the_search_filters_by_theme(client: FlaskClient) -> None:
    answer = client.get("/search.json", query_string={"theme": "lorawan"}).get_json()
    keys = {record["id"].rpartition("/")[2] for record in answer["records"]}
    assert {"lorawan-funknetz-waldsolms", "kreuzung-frei"} <= keys
    assert "Thema" in page(client, "/search")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Was fehlt", "hier fehlen welche", "stimmt überein")),
        ("en", ("What is missing", "some are missing", "agrees")),
    ],
)
def test_the_status_says_what_is_missing(client: FlaskClient, language: str, words: tuple[str, ...]) -> None:
    text = page(client, "/status", language)
    assert all(word in text for word in words), words
    assert "/doc/statement/starke-heimat-2025-08" in text
    assert "Das vierte Projekt" in text
