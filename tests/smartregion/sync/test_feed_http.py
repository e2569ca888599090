"""The feed over HTTP, as harvesters use it."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import brotli  # type: ignore[import-untyped]
import pytest
from flask import Flask
from flask.testing import FlaskClient
from rdflib import DCAT, DCTERMS, RDF, Graph, Namespace, URIRef
from support import BASE, DATA, DATASETS, application, silent

from publish.builder import build
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

pytestmark = pytest.mark.slow

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VERSION_3 = "https://www.dcat-ap.de/def/dcatde/3.0/spec/"
VERSION_2 = "https://www.dcat-ap.de/def/dcatde/2.0/spec/"
TOKEN_2 = "dcat-ap-de-2.0"
FORMATS = {
    "ttl": "text/turtle",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "nt": "application/n-triples",
}


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Release:
    """The real records, their datasets on three pages."""
    return build(
        DATA, BASE, Releases(tmp_path_factory.mktemp("paged")), executor, silent, -(-len(DATASETS) // 3)
    ).release


@pytest.fixture(scope="module")
def app(paged: Release) -> Iterator[Flask]:
    with application(Settings(var=paged.path.parent.parent, query_seconds=5)) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def path(address: object) -> str:
    parts = urlsplit(str(address))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def harvest(client: FlaskClient, start: str, accept: str = "*/*") -> list[Graph]:
    """Follow hydra:next as CKAN does: HEAD, then GET, the format of the first page for all of them."""
    pages: list[Graph] = []
    address, media_type = start, None
    while address:
        head = client.head(address, headers={"Accept": accept})
        response = client.get(address, headers={"Accept": accept})
        assert (head.status_code, response.status_code) == (200, 200), address
        assert head.headers["Content-Length"] == response.headers["Content-Length"]
        media_type = media_type or response.mimetype
        page = Graph().parse(data=response.data, format=media_type)
        pages.append(page)
        (view,) = page.subjects(RDF.type, HYDRA.PartialCollectionView)
        following = page.value(view, HYDRA.next)
        assert following is None or path(following).partition("?")[0] == start.partition("?")[0]
        address = path(following) if following else ""
    return pages


STARTS = [
    ("/catalog", "*/*", VERSION_3),
    ("/catalog", "application/rdf+xml", VERSION_3),
    *((f"/catalog.{suffix}", "*/*", VERSION_3) for suffix in FORMATS),
    (f"/catalog?profile={TOKEN_2}", "*/*", VERSION_2),
    (f"/catalog?profile={quote(VERSION_2, safe='')}", "application/n-triples", VERSION_2),
    (f"/catalog.rdf?profile={TOKEN_2}", "*/*", VERSION_2),
]


@pytest.mark.parametrize(("start", "accept", "profile"), STARTS)
def test_a_harvester_gets_all_datasets_once(
    client: FlaskClient, paged: Release, start: str, accept: str, profile: str
) -> None:
    pages = harvest(client, start, accept)
    assert len(pages) == 3
    found = [dataset for page in pages for dataset in page.subjects(RDF.type, DCAT.Dataset)]
    assert sorted(found) == sorted(URIRef(f"{BASE}dataset/{name}") for name in paged.manifest.datasets)
    for page in pages:
        assert page.value(URIRef(f"{BASE}catalog"), DCTERMS.conformsTo) == URIRef(profile)


@pytest.mark.parametrize("page", ["0", "4", "-1", "1.0", "x", "", "01", "9" * 30, "１"])
@pytest.mark.parametrize(("address", "profile"), [("/catalog", ""), ("/catalog.rdf", ""), ("/catalog.ttl", TOKEN_2)])
def test_a_page_that_there_is_not_is_not_found(client: FlaskClient, address: str, profile: str, page: str) -> None:
    query = {"page": page} | ({"profile": profile} if profile else {})
    response = client.get(address, query_string=query)
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert client.get("/catalog", query_string=query, headers={"Accept": BROWSER}).status_code == 404


def test_the_first_page_has_two_addresses(client: FlaskClient) -> None:
    assert client.get("/catalog").data == client.get("/catalog?page=1").data != client.get("/catalog?page=2").data


@pytest.mark.parametrize(("suffix", "media_type"), FORMATS.items())
def test_what_kind_of_file_it_is(client: FlaskClient, suffix: str, media_type: str) -> None:
    for response in (client.get(f"/catalog.{suffix}"), client.get("/dataset/projects", headers={"Accept": media_type})):
        charset = "" if suffix == "jsonld" else "; charset=utf-8"
        assert response.headers["Content-Type"] in (media_type + charset, media_type)
        assert response.data.decode("utf-8")
    disposition = client.get(f"/catalog.{suffix}?page=2").headers["Content-Disposition"]
    assert disposition == f"inline; filename=catalog-2.{suffix}"


# Profiles


@pytest.mark.parametrize(
    ("query", "header", "profile"),
    [
        ("", "", VERSION_3),
        ("", f"<{VERSION_2}>", VERSION_2),
        ("", TOKEN_2, VERSION_2),
        ("", f"<{VERSION_3}>;q=0.5, <{VERSION_2}>;q=0.9", VERSION_2),
        ("", f"<{VERSION_3}> ; q=0.9 , <{VERSION_2}>;q=0.5", VERSION_3),
        ("", f"<{VERSION_2}>;q=0", VERSION_3),
        ("", "<https://example.org/other>", VERSION_3),
        ("", "<;;,,q=", VERSION_3),
        (f"profile={TOKEN_2}", f"<{VERSION_3}>", VERSION_2),
        (f"profile={quote(f'<{VERSION_2}>', safe='')}", "", VERSION_2),
        (f"profile=other,{TOKEN_2}", "", VERSION_2),
    ],
)
@pytest.mark.parametrize("address", ["/catalog", "/dataset/projects"])
def test_which_profile_a_client_gets(client: FlaskClient, address: str, query: str, header: str, profile: str) -> None:
    """Content Negotiation by Profile: the address counts more than the header (section 6.4)."""
    response = client.get(address, query_string=query, headers={"Accept-Profile": header} if header else {})
    assert response.status_code == 200
    assert response.headers["Content-Profile"] == f"<{profile}>"
    assert f'<{profile}>; rel="profile"' in response.headers.getlist("Link")
    assert "Accept-Profile" in response.vary
    size = "decimal" if profile == VERSION_2 else "nonNegativeInteger"
    assert set(re.findall(r'byteSize "\d+"\^\^xsd:(\w+)|byteSize (\d+)\.', response.text)) == {(size, "")}


def test_a_profile_that_there_is_not_is_not_acceptable(client: FlaskClient) -> None:
    response = client.get("/catalog?profile=dcat-ap-it")
    assert response.status_code == 406
    assert TOKEN_2 in response.get_json()["detail"]


def links(client: FlaskClient, address: str) -> list[tuple[str, dict[str, str]]]:
    found = []
    for header in client.get(address).headers.getlist("Link"):
        target, _, attributes = header.partition(">")
        found.append((target[1:], dict(re.findall(r'(\w+)="([^"]*)"', attributes))))
    return found


@pytest.mark.parametrize(
    "address", ["/catalog", "/catalog.rdf?page=3", "/dataset/projects", f"/catalog.nt?profile={TOKEN_2}"]
)
def test_every_other_representation_is_linked_and_is_what_it_is_said_to_be(client: FlaskClient, address: str) -> None:
    found = links(client, address)
    alternates = [(target, what) for target, what in found if what["rel"].split()[0] in ("self", "alternate")]
    assert len(alternates) == 6
    for target, what in alternates:
        response = client.get(target)
        assert (response.status_code, response.mimetype) == (200, what.get("type", "text/turtle")), target
        assert response.headers.get("Content-Profile") == (f"<{what['profile']}>" if "profile" in what else None)
    assert {(what["token"], what["anchor"]) for _, what in found if what["rel"] == "type"} == {
        ("dcat-ap-de-3.0", VERSION_3),
        (TOKEN_2, VERSION_2),
    }
    (shapes,) = [target for target, what in found if what["rel"] == "describedby"]
    assert b"shacl#" in client.get(shapes).data


@pytest.mark.parametrize("address", ["/catalog", "/dataset/projects", "/catalog?page=3"])
@pytest.mark.parametrize("profile", [None, TOKEN_2])
@pytest.mark.parametrize(("suffix", "syntax"), FORMATS.items())
def test_an_alternate_in_json_ld_is_the_same_document(
    client: FlaskClient, address: str, profile: str | None, suffix: str, syntax: str
) -> None:
    """A client that wants JSON-LD follows such links (JSON-LD 1.1, 6.2), rdflib even from JSON-LD."""
    address += f"{'&' if '?' in address else '?'}profile={profile}" if profile else ""
    response = client.get(address, headers={"Accept": syntax})
    alternates = [link for link in response.headers.getlist("Link") if 'rel="alternate"' in link]
    links = [link for link in alternates if FORMATS["jsonld"] in link]
    assert len(links) == (suffix != "jsonld")
    own = Graph().parse(data=response.data, format=response.mimetype)
    assert response.headers["Content-Profile"] == f"<{VERSION_2 if profile else VERSION_3}>"
    for link in links:
        other = Graph().parse(data=client.get(link[1 : link.index(">")]).data, format="json-ld")
        assert len(other - own) == len(own - other) < len(own) / 2, "other links from page to page, if any"


def test_a_negotiated_answer_says_where_it_lies(client: FlaskClient) -> None:
    """A page of several has other links at the address with a suffix, so it is another representation."""
    for query in ("", f"?profile={TOKEN_2}"):
        response = client.get(f"/dataset/projects{query}", headers={"Accept": "application/rdf+xml"})
        assert response.headers["Content-Location"] == f"/dataset/projects.rdf{query}"
        assert client.get(response.headers["Content-Location"]).data == response.data
    for address in ("/dataset/projects.rdf", "/catalog"):
        assert "Content-Location" not in client.get(address).headers


def test_pages_are_linked_in_the_header_as_in_the_body(client: FlaskClient) -> None:
    for start in ("/catalog", f"/catalog.rdf?profile={TOKEN_2}"):
        response = client.get(start)
        page = Graph().parse(data=response.data, format=response.mimetype)
        (following,) = [target for target, what in links(client, start) if what["rel"] == "next"]
        assert [path(target) for target in page.objects(None, HYDRA.next)] == [following]


# Caching and encodings


@pytest.mark.parametrize(
    "address", ["/catalog", "/catalog.rdf?page=2", "/dataset/projects", "/dump/all.nq", "/shapes/catalogue"]
)
def test_every_encoding_is_the_same_and_has_a_validator_of_its_own(client: FlaskClient, address: str) -> None:
    plain = client.get(address)
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress}
    tags = {plain.headers["ETag"]}
    for coding, decompress in unpack.items():
        packed = client.get(address, headers={"Accept-Encoding": coding})
        assert packed.headers["Content-Encoding"] == coding
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
        assert decompress(packed.data) == plain.data
        tags.add(packed.headers["ETag"])
        headers = {"Accept-Encoding": coding, "If-None-Match": packed.headers["ETag"]}
        again = client.get(address, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == packed.headers["ETag"]
    assert len(tags) == 3
    assert client.get(address, headers={"Accept-Encoding": "gzip, deflate, br, zstd"}).content_encoding == "br"
    assert "Accept-Encoding" in plain.vary


def test_a_packed_dump_is_a_file(client: FlaskClient, paged: Release) -> None:
    described = paged.manifest.files["dump/projects.nt"].packed["gzip"]
    for coding in ("identity", "gzip", "br"):
        response = client.get("/dump/projects.nt.gz", headers={"Accept-Encoding": coding})
        assert (response.status_code, response.mimetype) == (200, "application/gzip")
        assert response.content_encoding is None
        assert len(response.data) == described.bytes
        assert gzip.decompress(response.data) == client.get("/dump/projects.nt").data
    for missing in ("/dump/nothing.nt.gz", "/dump/projects.gz", "/dump/.gz", "/dump/projects.nt.br"):
        assert client.get(missing).status_code == 404


def test_last_modified_is_when_the_bytes_changed(
    tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the release was built, nor when another part of it changed."""
    data, releases = tmp_path / "data", Releases(tmp_path / "var")
    data.mkdir()
    for file in DATA.iterdir():
        (data / file.name).write_bytes(file.read_bytes())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    build(data, BASE, releases, executor, silent, 1)
    table = data / "events.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("Sommertour", "Sommerreise"), encoding="utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1710000000")
    build(data, BASE, releases, executor, silent, 1)
    with application(Settings(var=releases.root)) as app:
        client = app.test_client()
        before, after = dt.date(2023, 11, 14), dt.date(2024, 3, 9)
        dates = {
            address: parsedate_to_datetime(client.head(address).headers["Last-Modified"]).date()
            for address in ("/dataset/projects", "/dataset/events", "/dump/projects.csv", "/dump/events.csv", "/shapes")
        }
        assert {address for address, date in dates.items() if date == after} == {"/dataset/events", "/dump/events.csv"}
        assert set(dates.values()) == {before, after}


def test_other_sites_may_ask_for_a_profile(client: FlaskClient) -> None:
    preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    response = client.options("/catalog", headers=preflight)
    assert "Accept-Profile" in response.headers["Access-Control-Allow-Headers"]
    exposed = client.get("/catalog").headers["Access-Control-Expose-Headers"]
    assert {"Content-Profile", "ETag", "Link"} <= set(exposed.split(", "))


# People


def test_the_page_for_people_lists_all_datasets_and_both_profiles(client: FlaskClient, paged: Release) -> None:
    page = client.get("/catalog", headers={"Accept": BROWSER}).text
    assert all(f"/dataset/{name}" in page for name in paged.manifest.datasets)
    assert f"/catalog.ttl?profile={TOKEN_2}" in page


def test_the_whole_catalogue_is_one_file(client: FlaskClient) -> None:
    assert client.get("/graph/catalog").headers["Location"] == "/dump/catalog"
    whole = Graph().parse(data=client.get("/dump/catalog").data, format="turtle")
    assert {str(name).rpartition("/")[2] for name in whole.subjects(RDF.type, DCAT.Dataset)} == DATASETS
    browser = client.get("/dump/catalog", headers={"Accept": BROWSER})
    assert (browser.status_code, browser.headers["Location"]) == (303, "/catalog")
