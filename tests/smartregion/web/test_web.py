"""The pages and documents of a release: over HTTP by a real server where it matters, else through Flask's client."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pyoxigraph as ox
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from release_fixture import BASE, SOURCE, write_release
from support import free_port

from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.app import create_app
from smartregion.web.server import ServerError, serve

ROOT = Path(__file__).resolve().parents[3]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HANAU = "/doc/municipality/06415000"
ALTERNATE = "alternate http://www.w3.org/ns/dx/conneg/altr#hasRepresentation"
RDF = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
}
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def make(var: Path) -> Flask:
    return create_app(Settings(var=var, query_seconds=5))


def close(app: Flask) -> None:
    app.extensions["smartregion"].public.close()
    app.extensions["smartregion"].private.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    var = tmp_path_factory.mktemp("var")
    write_release(Releases(var), "first")
    made = make(var)
    yield made
    close(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def triples(content: bytes, media_type: str) -> set[str]:
    base = f"{BASE}id/" if "json" in media_type else None
    quads = ox.parse(content, format=ox.RdfFormat.from_media_type(media_type), base_iri=base)
    return {str(quad.triple) for quad in quads}


# Files


@pytest.mark.parametrize("family", ["void", "ontology", "shapes", "scheme/municipality-type", "dump/projects"])
@pytest.mark.parametrize(("suffix", "media_type"), RDF.items())
def test_a_graph_in_every_syntax_by_suffix_and_by_accept(
    client: FlaskClient, family: str, suffix: str, media_type: str
) -> None:
    by_suffix = client.get(f"/{family}.{suffix}")
    by_accept = client.get(f"/{family}", headers={"Accept": media_type})
    assert (by_suffix.status_code, by_suffix.mimetype) == (200, media_type)
    assert (by_accept.status_code, by_accept.mimetype) == (200, media_type)
    assert by_accept.headers["Content-Location"] == f"/{family}.{suffix}"
    assert "Accept" in by_accept.vary
    assert by_suffix.data == by_accept.data
    assert triples(by_suffix.data, media_type) == triples(client.get(f"/{family}.nt").data, RDF["nt"])


@pytest.mark.parametrize("path", ["/catalog", "/void", "/.well-known/void", "/ontology", "/dump/projects", HANAU])
@pytest.mark.parametrize("accept", [None, "*/*", "", "text/turtle;q=0.9, */*;q=0.1"])
def test_harvesters_get_turtle_without_asking(client: FlaskClient, path: str, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for method in ("GET", "HEAD"):
        response = client.open(path, method=method, headers=headers)
        assert (response.status_code, response.mimetype) == (200, "text/turtle")
        assert int(response.headers["Content-Length"]) > 0
        assert (response.data == b"") == (method == "HEAD")


def test_a_file_has_the_validator_of_its_content(app: Flask, client: FlaskClient) -> None:
    """RFC 9110, 8.8.3.3: the gzip representation has its own."""
    described = app.extensions["smartregion"].current().release.manifest.files["dump/projects.csv"]
    plain = client.get("/dump/projects.csv")
    packed = client.get("/dump/projects.csv", headers={"Accept-Encoding": "br;q=0.5, gzip"})
    assert plain.headers["ETag"] == f'"{described.sha256}"'
    assert packed.headers["ETag"] == f'"{described.packed["gzip"].sha256}"'
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in plain.vary
    assert plain.headers["Last-Modified"] == "Fri, 02 Jan 2026 00:00:00 GMT"
    for first, encoding in ((plain, "identity"), (packed, "gzip")):
        headers = {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
        again = client.get("/dump/projects.csv", headers=headers)
        assert (again.status_code, again.data) == (304, b"")
    other = client.get("/dump/projects.csv", headers={"If-None-Match": packed.headers["ETag"]})
    assert other.status_code == 200
    unwanted = client.get("/dump/projects.csv", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in unwanted.headers


def test_dates_alone_never_say_not_modified(client: FlaskClient) -> None:
    """Two releases of one day have the same date."""
    response = client.get("/catalog", headers={"If-Modified-Since": "Fri, 02 Jan 2026 00:00:00 GMT"})
    assert response.status_code == 200


def test_a_part_of_a_dump(client: FlaskClient) -> None:
    response = client.get("/dump/projects.nt", headers={"Range": "bytes=0-9"})
    assert (response.status_code, len(response.data)) == (206, 10)
    beyond = client.get("/dump/projects.nt", headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.mimetype) == (416, "application/problem+json")


def test_sources_are_sent_as_they_were_read(client: FlaskClient) -> None:
    response = client.get("/source/municipalities.csv")
    assert (response.data, response.headers["Content-Type"]) == (SOURCE, "text/csv")


def test_single_files(client: FlaskClient) -> None:
    context = client.get("/context.jsonld")
    assert (context.status_code, context.mimetype) == (200, "application/ld+json")
    assert "@context" in json.loads(context.data)
    assert client.get("/quality.json").get_json()["findings"] == []


@pytest.mark.parametrize(
    "path",
    [
        *["/nothing", "/catalog.xyz", "/catalog.csv", "/dump/nothing.ttl", "/dump/nothing", "/scheme/nothing"],
        *["/dump/..%2f..%2fmanifest.json", "/source/..%2flabels.json", "/source/%2e%2e/labels.json", "/labels.json"],
        *["/dataset/nothing", "/doc/project/nothing", "/id/project/nothing", "/doc/project/a%20b", "/id/a%3Eb/c"],
        *["/doc/project/winterdienst.csv", "/source/municipalities.csv.gz", "/manifest.json", "/graph/nothing"],
    ],
)
@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str, accept: str) -> None:
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == 404
    assert response.mimetype == ("text/html" if accept == BROWSER else "application/problem+json")


def test_graphs_lead_to_their_triples(client: FlaskClient) -> None:
    for graph, target in {
        "projects": "/dump/projects",
        "catalog": "/dump/catalog",
        "history": "/history",
        "void": "/void",
        "vocabulary": "/ontology",
    }.items():
        response = client.get(f"/graph/{graph}")
        assert (response.status_code, response.headers["Location"]) == (303, target)
        assert client.get(target).status_code == 200


def test_browsers_get_the_page_of_a_dataset_instead_of_its_dump(client: FlaskClient) -> None:
    response = client.get("/dump/projects", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["Location"]) == (303, "/dataset/projects")
    assert "Accept" in response.headers["Vary"].split(", ")


# Datasets


@pytest.mark.parametrize(("suffix", "media_type"), RDF.items())
def test_a_dataset_is_its_part_of_the_catalogue(client: FlaskClient, suffix: str, media_type: str) -> None:
    response = client.get(f"/dataset/municipalities.{suffix}")
    assert (response.status_code, response.mimetype) == (200, media_type)
    found = "\n".join(triples(response.data, media_type))
    assert f"<{BASE}dataset/municipalities#ttl>" in found
    assert "municipalities-old" not in found


def test_the_page_of_a_dataset_lists_downloads_and_records(client: FlaskClient) -> None:
    page = client.get("/dataset/municipalities", headers={"Accept": BROWSER}).text
    for expected in ("Alle Gemeinden.", "/dump/municipalities.rdf", HANAU, "Darmstadt", "2 Einträge"):
        assert expected in page


# Records


def test_a_thing_leads_to_its_document(client: FlaskClient) -> None:
    response = client.get("/id/municipality/06415000")
    assert (response.status_code, response.headers["Location"]) == (303, HANAU)
    assert client.head("/id/municipality/06415000").status_code == 303


def test_a_former_key_leads_to_its_successor_and_keeps_its_document(client: FlaskClient) -> None:
    response = client.get("/id/municipality/06435014")
    assert (response.status_code, response.headers["Location"]) == (301, "/id/municipality/06415000")
    document = client.get("/doc/municipality/06435014.nt")
    assert document.status_code == 200
    assert b"isReplacedBy" in document.data
    assert "06435014" in client.get("/doc/municipality/06435014", headers={"Accept": BROWSER}).text


@pytest.mark.parametrize("place", ["id", "doc"])
@pytest.mark.parametrize(("suffix", "media_type"), [*RDF.items(), ("json", "application/json")])
def test_a_deleted_record_is_gone_and_says_what_it_was(
    client: FlaskClient, place: str, suffix: str, media_type: str
) -> None:
    """RFC 9110, 15.5.11."""
    gone = client.get(f"/{place}/project/sommerdienst", headers={"Accept": media_type})
    assert (gone.status_code, gone.mimetype) == (410, media_type)
    found = "\n".join(triples(gone.data, "application/ld+json" if suffix == "json" else media_type))
    for expected in ("activitystreams#Tombstone", "Smarter Sommerdienst", "2026-01-02T08:00:00Z", "isReplacedBy"):
        assert expected in found
    head = client.head(f"/{place}/project/sommerdienst", headers={"Accept": media_type})
    assert (head.status_code, head.data) == (410, b"")
    assert client.get(f"/doc/project/sommerdienst.{suffix}").data == gone.data


def test_a_deleted_record_has_a_page_that_leads_on(client: FlaskClient) -> None:
    for path in ("/id/project/sommerdienst", "/doc/project/sommerdienst", "/doc/project/sommerdienst.html"):
        page = client.get(path, headers={"Accept": BROWSER})
        assert (page.status_code, page.mimetype) == (410, "text/html")
        for expected in (
            "Smarter Sommerdienst",
            "Gelöscht: Projekt",
            "wurde gelöscht",
            "2. Januar 2026",
            'href="/doc/project/winterdienst"',
        ):
            assert expected in page.text
    english = client.get("/doc/project/sommerdienst?lang=en", headers={"Accept": BROWSER}).text
    Page(english).check("en")
    assert "Smart summer service" in english


def test_no_condition_makes_a_deleted_record_not_modified(client: FlaskClient) -> None:
    """RFC 9110, 13.2.1: a condition is ignored where the answer without it is an error."""
    gone = client.get("/doc/project/sommerdienst")
    assert "ETag" not in gone.headers
    assert client.get("/doc/project/sommerdienst", headers={"If-None-Match": "*"}).status_code == 410


@pytest.mark.parametrize("path", ["/id/project/zurueckgehalten", "/doc/project/zurueckgehalten"])
def test_a_withheld_record_is_not_found_and_says_why(client: FlaskClient, path: str) -> None:
    withheld = client.get(path)
    assert (withheld.status_code, withheld.mimetype) == (404, "application/problem+json")
    assert withheld.get_json()["type"].endswith("#record-withheld")
    page = client.get(path, headers={"Accept": BROWSER})
    assert "zurückgehalten" in page.text
    why = withheld.get_json()["see"]
    assert f'href="{why}"' in page.text
    address, _, anchor = why.partition("#")
    explained = client.get(address).text
    assert f'id="{anchor}"' in explained
    for expected in ("„Atlantis“ ist nicht bekannt.", "“Atlantis” is unknown.", "projects.csv", "Zeile 7", "Spalte C"):
        assert expected in explained


@pytest.mark.parametrize(("suffix", "media_type"), [*RDF.items(), ("json", "application/json")])
def test_a_record_in_every_syntax(client: FlaskClient, suffix: str, media_type: str) -> None:
    """Its own triples, those of its parts, what refers to it and how that is called."""
    response = client.get(f"{HANAU}.{suffix}")
    assert (response.status_code, response.mimetype) == (200, media_type)
    found = triples(response.data, "application/ld+json" if suffix == "json" else media_type)
    assert found == triples(client.get(f"{HANAU}.nt").data, RDF["nt"])
    text = "\n".join(found)
    iri = f"{BASE}id/municipality/06415000"
    assert f"<{iri}#geometry> <http://www.opengis.net/ont/geosparql#asWKT>" in text
    assert f"<{BASE}id/project/winterdienst> <https://w3id.org/smart-region/ns#lead> <{iri}>" in text
    assert '"Smart winter service"@en' in text
    assert '"kreisfreie Stadt"@de' in text
    assert "Darmstadt" not in text


def test_the_page_of_a_record(client: FlaskClient) -> None:
    page = client.get(HANAU, headers={"Accept": BROWSER}).text
    for expected in (
        "<h1>Hanau</h1>",
        "97.956",
        "76,28",
        "31. Dezember 2024",
        "Gemeindeart",
        '<a href="/scheme/municipality-type#independent-city">kreisfreie Stadt</a>',
        '<section id="geometry">',
        '<a href="/doc/project/winterdienst">Smarter Winterdienst</a>',
        '<a href="/source/municipalities.csv#row=2">',
        f'href="{HANAU}.jsonld"',
    ):
        assert expected in page
    english = client.get(f"{HANAU}?lang=en", headers={"Accept": BROWSER}).text
    for expected in ('<html lang="en">', "97,956", "December 31, 2024", "independent city", "Smart winter service"):
        assert expected in english


def test_values_cannot_become_markup_or_scripts(client: FlaskClient) -> None:
    darmstadt = client.get("/doc/municipality/06411000", headers={"Accept": BROWSER}).text
    assert "<script>alert" not in darmstadt
    assert darmstadt.count("</script>") == 1, "the JSON-LD, whose values cannot end it"
    page = client.get(HANAU, headers={"Accept": BROWSER}).text
    assert "javascript:alert(1)" in page
    assert 'href="javascript:' not in page


def test_a_partial_date_keeps_its_precision(client: FlaskClient) -> None:
    page = client.get("/doc/project/winterdienst", headers={"Accept": BROWSER})
    assert "September 2024" in page.text
    assert 'lang="en"' in page.text


def test_a_record_is_not_sent_again_and_depends_on_representation_and_language(client: FlaskClient) -> None:
    german = client.get(HANAU, headers={"Accept": BROWSER})
    english = client.get(HANAU, headers={"Accept": BROWSER, "Accept-Language": "en"})
    turtle = client.get(HANAU)
    assert len({response.headers["ETag"] for response in (german, english, turtle)}) == 3
    assert {"Accept", "Accept-Language"} <= set(german.vary)
    for first, headers in ((german, {"Accept": BROWSER}), (turtle, {})):
        again = client.get(HANAU, headers={**headers, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


def test_formats_are_linked(client: FlaskClient) -> None:
    """RFC 8288."""
    response = client.get(HANAU)
    assert response.headers["Content-Location"] == f"{HANAU}.ttl"
    assert f'<{HANAU}.html>; rel="{ALTERNATE}"; type="text/html"' in response.headers.getlist("Link")


def test_pages_are_compressed(client: FlaskClient) -> None:
    response = client.get(HANAU, headers={"Accept": BROWSER, "Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert b"Hanau" in gzip.decompress(response.data)


# Pages


class Page(HTMLParser):
    """What must hold of every page, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        target = attributes.get("href" if tag in {"a", "link"} else "src")
        if target and not (tag == "link" and "hreflang" in attributes):
            self.links.append(target)

    def check(self, language: str) -> None:
        names = [tag for tag, _ in self.tags]
        assert ("html", {"lang": language}) in self.tags
        assert names.count("h1") == names.count("main") == 1
        assert names.index("title") < names.index("body"), "further ones are those of pictures"
        headings = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
        assert headings[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(headings)), headings
        assert not {"iframe", "style"} & set(names)
        assert all("alt" in attributes for tag, attributes in self.tags if tag == "img")
        sources = [attributes.get("src") for tag, attributes in self.tags if tag in {"img", "script"}]
        # A data block is not executed (HTML, 4.12.1).
        data = {"application/ld+json", "application/json"}
        is_data = [attributes.get("type") in data for tag, attributes in self.tags if tag == "script"]
        assert all((source or "").startswith("/static/") for source in sources if source is not None)
        assert sources.count(None) == sum(is_data)
        assert not any(name.startswith("on") or name == "style" for _, attributes in self.tags for name in attributes)
        assert ("a", {"class": "skip", "href": "#content"}) in self.tags
        identifiers = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(identifiers) == len(set(identifiers))
        labelled = {attributes.get("for") for tag, attributes in self.tags if tag == "label"}
        inputs = [attributes for tag, attributes in self.tags if tag in {"textarea", "select", "input"}]
        fields = {attributes.get("id") for attributes in inputs if attributes.get("type") != "hidden"}
        assert fields == labelled


def test_the_start_page_counts_what_the_release_holds(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept": BROWSER}).text
    assert "<strong>1</strong> Projekt<" in page
    assert "von 1 Gemeinden dabei" in page
    assert '<a href="/doc/project/winterdienst">Smarter Winterdienst</a>' in page
    assert "2. Januar 2026" in page


@pytest.mark.parametrize(
    ("path", "accept_language", "language"),
    [
        ("/", None, "de"),
        ("/", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("/", "fr, de-AT;q=0.7, en;q=0.5", "de"),
        ("/", "fr", "de"),
        ("/?lang=en", "de", "en"),
        ("/?lang=xx", "en", "en"),
    ],
)
def test_the_language_of_a_page(client: FlaskClient, path: str, accept_language: str | None, language: str) -> None:
    headers = {"Accept": BROWSER} | ({"Accept-Language": accept_language} if accept_language else {})
    response = client.get(path, headers=headers)
    assert f'<html lang="{language}">' in response.text
    assert response.headers["Content-Language"] == language


@pytest.mark.parametrize(
    "path", ["/", HANAU, "/catalog", "/dump/projects.csv", "/nothing", "/static/site.css", "/healthz"]
)
def test_every_answer_is_guarded_and_open_to_other_sites(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": BROWSER})
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers


def test_an_unforeseen_error_is_a_problem_without_details(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(app.extensions["smartregion"].private, "query", fail)
    response = app.test_client().get(f"{HANAU}?never=asked")
    assert (response.status_code, response.mimetype) == (500, "application/problem+json")
    assert "secret" not in response.text


def test_a_forwarded_prefix_is_never_believed(tmp_path: Path) -> None:
    write_release(Releases(tmp_path), "first")
    headers = {"X-Forwarded-Prefix": "/daten"}
    for proxies in (0, 1):
        app = create_app(Settings(var=tmp_path, proxies=proxies))
        assert app.test_client().get("/id/municipality/06415000", headers=headers).headers["Location"] == HANAU
        close(app)


# Releases


def test_without_a_release_everything_says_so_and_the_first_one_is_taken_up(tmp_path: Path) -> None:
    app = make(tmp_path / "var")
    client = app.test_client()
    for path in ("/", "/catalog", HANAU, "/sparql?query=ASK%7B%7D", "/healthz"):
        response = client.get(path)
        assert response.status_code == 503, path
    assert client.get("/catalog").get_json()["type"].endswith("#no-release")
    assert str(tmp_path) not in client.get("/catalog").text + client.get("/healthz").text
    write_release(Releases(tmp_path / "var"), "first")
    for path in ("/", "/catalog", HANAU, "/sparql?query=ASK%7B%7D", "/healthz"):
        assert client.get(path).status_code == 200, path
    close(app)


def test_health_tells_release_and_workers(app: Flask, client: FlaskClient) -> None:
    response = client.get("/healthz")
    state = {"live": True, "ready": True, "release": "first", "store": "open", "workers": 2, "busy": 0, "waiting": 0}
    assert response.get_json() == state
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get("/healthz/live").get_json() == {"live": True}


def test_health_fails_with_the_store(tmp_path: Path) -> None:
    release = write_release(Releases(tmp_path), "first")
    for path in release.store.iterdir():
        path.unlink()
    app = make(tmp_path)
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.get_json()["ready"]) == (503, False)
    assert response.get_json()["reason"] == "release-damaged"
    assert response.get_json()["detail"].startswith("store/")
    assert app.test_client().get("/healthz/live").status_code == 200
    close(app)


@pytest.mark.slow
def test_a_new_release_changes_validators_only_of_what_changed(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    write_release(releases, "first", population=1)
    app = make(tmp_path)
    client = app.test_client()
    before = {path: client.get(path).headers["ETag"] for path in (HANAU, "/dump/municipalities.ttl", "/ontology.ttl")}
    query = {"query": "SELECT ?n { ?s <https://w3id.org/smart-region/ns#population> ?n } ORDER BY ?n"}
    answer = client.get("/sparql", query_string=query)
    write_release(releases, "second", population=2)
    after = {path: client.get(path).headers["ETag"] for path in before}
    assert after["/ontology.ttl"] == before["/ontology.ttl"]
    assert after[HANAU] != before[HANAU]
    assert after["/dump/municipalities.ttl"] != before["/dump/municipalities.ttl"]
    again = client.get("/sparql", query_string=query, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 200
    assert '"value":"2"' in again.text
    close(app)


# A real server


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("served")
    for number in range(3):
        write_release(Releases(found), f"r{number}", population=number, bulk=3000)
    return found


@pytest.fixture(scope="module")
def server(var: Path) -> Iterator[str]:
    process, address = launch(var, query_workers=1, query_seconds=2, result_megabytes=8)
    yield address
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def launch(var: Path, **settings: object) -> tuple[subprocess.Popen[str], str]:
    """Start the server in a process of its own; returns when it says that it is ready."""
    port = free_port()
    code = (
        "from smartregion.settings import Settings\n"
        "from smartregion.web.server import serve\n"
        f"serve(Settings(var={str(var)!r}, port={port}, **{settings!r}), lambda url: print(url, flush=True))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"http://localhost:{port}/\n"
    return process, f"http://127.0.0.1:{port}"


def test_served_files(server: str) -> None:
    head = requests.head(f"{server}/catalog", timeout=10)
    full = requests.get(f"{server}/catalog", headers={"Accept-Encoding": "identity"}, timeout=10)
    assert head.status_code == full.status_code == 200
    assert full.headers["Content-Type"] == "text/turtle; charset=utf-8"
    assert int(full.headers["Content-Length"]) == len(full.content)
    packed = requests.get(f"{server}/catalog", headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == full.content
    headers = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert requests.get(f"{server}/catalog", headers=headers, timeout=10).status_code == 304


def test_served_records(server: str) -> None:
    response = requests.get(f"{server}/id/municipality/06415000", headers={"Accept": "text/turtle"}, timeout=10)
    assert [step.status_code for step in response.history] == [303]
    assert response.headers["Content-Type"].startswith("text/turtle")
    moved = requests.get(f"{server}/id/municipality/06435014", headers={"Accept": BROWSER}, timeout=10)
    assert [step.status_code for step in moved.history] == [301, 303]
    assert "<h1>Hanau</h1>" in moved.text


def test_served_queries(server: str) -> None:
    query = "SELECT * { ?s ?p ?o } LIMIT 3"
    for response in (
        requests.get(f"{server}/sparql", params={"query": query}, timeout=10),
        requests.post(f"{server}/sparql", data={"query": query}, timeout=10),
        requests.post(f"{server}/sparql", query, headers={"Content-Type": "application/sparql-query"}, timeout=10),
    ):
        assert len(response.json()["results"]["bindings"]) == 3
    head = requests.head(f"{server}/sparql", params={"query": query}, timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    query = "SELECT * { { ?s ?p ?o } UNION { ?s ?p ?o } UNION { ?s ?p ?o } }"
    long = requests.get(f"{server}/sparql", params={"query": query}, timeout=10)
    assert int(long.headers["Content-Length"]) > 2**20
    assert len(long.json()["results"]["bindings"]) > 6000


@pytest.mark.slow
def test_pages_and_files_are_answered_while_hostile_queries_wait(server: str) -> None:
    def attack() -> None:
        requests.get(f"{server}/sparql", params={"query": ENDLESS}, timeout=60)

    threads = [threading.Thread(target=attack) for _ in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    try:
        for _ in range(20):
            for path in ("/", HANAU, "/catalog", "/id/municipality/06415000", "/healthz"):
                assert requests.get(server + path, timeout=10).status_code == 200, path
    finally:
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_releases_switch_under_load_without_a_lost_or_mixed_answer(server: str, var: Path) -> None:
    stop = threading.Event()
    wrong: list[str] = []
    tags: dict[str, set[str]] = {}
    query = f"SELECT ?n {{ <{BASE}id/municipality/06415000> <https://w3id.org/smart-region/ns#population> ?n }}"

    def loop(path: str, pattern: str, parameters: dict[str, str]) -> None:
        with requests.Session() as session:
            while not stop.is_set():
                response = session.get(server + path, params=parameters, timeout=20)
                found = re.search(pattern, response.text)
                if response.status_code != 200 or not found:
                    wrong.append(f"{path}: {response.status_code} {response.text[:200]}")
                else:
                    tags.setdefault(response.headers["ETag"], set()).add(found[1])

    paths = [
        ("/sparql", r'"value":"(\d)"', {"query": query}),
        (f"{HANAU}.nt", r'ns#population> "(\d)"', {}),
        ("/dump/municipalities.nt", r'06415000> <[^>]*#population> "(\d)"', {}),
    ]
    threads = [threading.Thread(target=loop, args=arguments) for arguments in paths]
    for thread in threads:
        thread.start()
    for number in range(10):
        time.sleep(0.3)
        Releases(var).activate(f"r{number % 3}")
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(tags) >= 3 * len(paths) - 1
    assert all(len(answers) == 1 for answers in tags.values()), "one validator, two contents"


def test_the_server_ends_with_all_its_processes(var: Path) -> None:
    process, address = launch(var, workers=2)
    for _ in range(8):
        requests.get(f"{address}/healthz", timeout=10)
    children = descendants(process.pid)
    assert len(children) >= 4
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def test_a_port_that_is_taken_is_an_error(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=str(port)):
            serve(Settings(var=var, port=port), on_ready=print)


def test_a_base_with_a_path_is_served_below_it(var: Path) -> None:
    port = free_port()
    code = (
        "from smartregion.settings import Settings\n"
        "from smartregion.web.server import serve\n"
        f"settings = Settings(var={str(var)!r}, port={port}, workers=1, base='http://localhost:{port}/daten/')\n"
        "serve(settings, lambda url: print(url, flush=True))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"http://localhost:{port}/daten/\n"
        page = requests.get(f"http://127.0.0.1:{port}/daten/", headers={"Accept": BROWSER}, timeout=10)
        assert page.status_code == 200
        links = [link for link in Page(page.text).links if link.startswith("/")]
        assert links
        assert all(urlsplit(link).path.startswith("/daten/") for link in links)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


# What all pages share


@pytest.mark.parametrize("code", ["de", "en"])
def test_each_language_has_an_address_of_its_own_that_keeps_the_other_parameters(
    code: str, client: FlaskClient
) -> None:
    answer = client.get("/sparql?a=1&lang=de&b=%C3%A4%26", headers={"Accept": "text/html"})
    page = answer.get_data(as_text=True)
    other = {"de": "en", "en": "de"}[code]
    address = f"/sparql?a=1&amp;b=%C3%A4%26&amp;lang={code}"
    assert f'<link rel="alternate" hreflang="{code}" href="{address}">' in page
    assert 'hreflang="x-default" href="/sparql?a=1&amp;b=%C3%A4%26"' in page
    answer = client.get(f"/?lang={code}", headers={"Accept": "text/html", "Accept-Language": other})
    assert answer.headers["Content-Language"] == code


def test_style_sheets_are_kept_for_good_at_the_address_of_their_content_and_no_other(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert found is not None
    assert "immutable" in client.get(found[1]).headers["Cache-Control"]
    for other in ("/static/site.css", "/static/site.css?v=0", "/static/site.css?v="):
        assert client.get(other).headers["Cache-Control"] == "no-cache"
    assert "immutable" not in client.get("/static/nothing.css?v=0").headers.get("Cache-Control", "")


@pytest.mark.parametrize(("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
@pytest.mark.parametrize("name", ["site.css", "query/main.js", "icon.svg"])
def test_style_sheets_and_scripts_come_compressed(
    client: FlaskClient, name: str, coding: str, unpack: Callable[[bytes], bytes]
) -> None:
    plain = client.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
    packed = client.get(f"/static/{name}", headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert unpack(packed.data) == plain.data == (ROOT / "smartregion" / "web" / "static" / name).read_bytes()
    assert len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    known = {"Accept-Encoding": coding, "If-None-Match": packed.headers["ETag"]}
    assert client.get(f"/static/{name}", headers=known).status_code == 304
    assert client.head(f"/static/{name}", headers={"Accept-Encoding": coding}).data == b""
