"""What is asked for in an unusual way: older media types, formats that there are not, nearly right addresses."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
from support import served, some

from publish.releases.release import Releases
from smartregion.web.http.negotiation import FORMATS

RECORD = "/doc/municipality/06415000"
DOCUMENTS = [RECORD, "/ontology", "/catalog", "/dataset/municipalities", "/scheme/field-of-action", "/void", "/sparql"]
GRAPHS = ("ttl", "nt", "rdf", "jsonld", "trig", "nq")


class Answer(NamedTuple):
    status: int
    media_type: str
    location: str
    body: bytes
    etag: str


@pytest.fixture(scope="module")
def address(releases: Releases) -> Iterator[str]:
    with served(releases.root) as service:
        yield service.address


def ask(address: str, path: str, accept: str = "*/*", method: str = "GET", body: bytes | None = None) -> Answer:
    """What the service says, without following it."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    headers = {"Accept": accept} | ({"Content-Type": "application/sparql-query"} if body else {})
    connection.request(method, path, body, headers)
    found = connection.getresponse()
    content = found.read()
    connection.close()
    media_type = found.headers.get("Content-Type", "").partition(";")[0]
    return Answer(found.status, media_type, found.headers.get("Location", ""), content, found.headers.get("ETag", ""))


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    ("suffix", "name"),
    [(suffix, name) for suffix in GRAPHS for name in (FORMATS[suffix].media_type, *FORMATS[suffix].aliases)],
)
def test_a_graph_by_every_name_of_every_syntax(address: str, path: str, suffix: str, name: str) -> None:
    answer = ask(address, path, name)
    assert answer.status == 200
    if path == RECORD and name == "application/json":
        assert answer.media_type == "application/json"
    else:
        assert answer.media_type == FORMATS[suffix].media_type
    syntax = ox.RdfFormat.from_media_type(FORMATS[FORMATS[suffix].subset or suffix].media_type)
    assert len(list(ox.parse(answer.body, format=syntax, base_iri=address))) > 10


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != "/sparql"])
@pytest.mark.parametrize("suffix", GRAPHS)
def test_a_graph_by_suffix_is_that_by_name(address: str, path: str, suffix: str) -> None:
    by_suffix = ask(address, f"{path}.{suffix}", "text/html")
    assert (by_suffix.status, by_suffix.media_type) == (200, FORMATS[suffix].media_type)
    assert by_suffix.body == ask(address, path, FORMATS[suffix].media_type).body


@pytest.mark.parametrize("path", ["/ontology", "/dump/projects"])
def test_the_same_bytes_as_another_format_have_another_validator(address: str, path: str) -> None:
    answers = [ask(address, path, FORMATS[suffix].media_type) for suffix in ("ttl", "trig")]
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.etag for answer in answers}) == 2


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    "accept", ["image/png", "application/rdf+json", "x", "text/turtle;q=0", "*/*;q=0", "text/html;q=zwei"]
)
def test_documents_ignore_an_unsupported_accept_header(address: str, path: str, accept: str) -> None:
    """RFC 9110, 12.5.1."""
    answer = ask(address, path, accept)
    assert (answer.status, answer.media_type) == (200, "text/turtle")


@pytest.mark.parametrize("accept", ["text/html", "text/html, */*;q=.1", "text/*;q=.1, text/html"])
def test_who_asks_for_a_page_gets_it(address: str, accept: str) -> None:
    for path in some(DOCUMENTS):
        assert ask(address, path, accept).media_type == "text/html", path


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00%2B02:00", "2026-01-01T00:00+0200", "2026-01-01T00:00:00.5+02",
     "2026-01-01+00:00:00+02:00", "2026-01-01%2000:00:00+02:00", "2025-12-31T22:00:00Z", "2025-12-31T22:00:00",
     "2025-12-31+22:00", "2025-12-31 22:00:00".replace(" ", "%20")],
)  # fmt: skip
def test_a_plus_sign_in_a_moment_may_stand_as_it_is(address: str, moment: str) -> None:
    """After decoding it is a space: of an offset it was a plus sign, between day and time it is one."""
    answer = ask(address, f"/navigator/projects.json?modified_since={moment}")
    assert answer.status == 200
    assert answer.body == ask(address, "/navigator/projects.json?modified_since=2025-12-31T22:00:00Z").body


@pytest.mark.parametrize(
    "moment", ["2026-01-01+02:00:00+", "+", "2026-01-01T00:00:00++02:00", "2026-01-01T00:00:00+99:00"]
)
def test_what_is_no_moment_is_refused(address: str, moment: str) -> None:
    answer = ask(address, f"/navigator/projects.json?modified_since={moment}")
    assert (answer.status, answer.media_type) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("asked", "usual"),
    [
        ("/id/municipality/06415000/", "/id/municipality/06415000"),
        ("/dataset/grants/", "/dataset/grants"),
        ("/dataset/grants/?profile=dcat-ap-de-2.0&x=%2F%2Fy", "/dataset/grants?profile=dcat-ap-de-2.0&x=%2F%2Fy"),
        ("/dataset/grants.TTL", "/dataset/grants.ttl"),
        ("/dump/grants.Nt.GZ", "/dump/grants.nt.gz"),
        ("/catalog/", "/catalog"),
        ("/catalog.JsonLD/", "/catalog.jsonld"),
        ("/ontology//", "/ontology"),
        ("/navigator/projects.XLSX", "/navigator/projects.xlsx"),
        ("/templates/Project.XLSX", "/templates/Project.xlsx"),
        ("/search/?q=parken", "/search?q=parken"),
        ("/static/entity.CSS", "/static/entity.css"),
        ("/doc/municipality/06415000.TTL", "/doc/municipality/06415000.ttl"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_nearly_right_address_leads_to_the_right_one(address: str, asked: str, usual: str, method: str) -> None:
    answer = ask(address, asked, method=method)
    assert (answer.status, answer.location) == (308, usual)
    assert ask(address, usual).status < 400


def test_a_query_that_is_posted_to_a_nearly_right_address_is_sent_on(address: str) -> None:
    answer = ask(address, "/sparql/", method="POST", body=b"ASK {}")
    assert (answer.status, answer.location) == (308, "/sparql")


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/%2Fevil.example/", "/\\evil.example/", "///evil.example/a.TTL", "/%09//evil.example/"]
)
def test_a_redirect_never_leads_elsewhere(address: str, path: str) -> None:
    answer = ask(address, path)
    assert answer.status == 308
    assert answer.location[0] == "/"
    assert answer.location[1] not in "/\\"
    assert urlsplit(answer.location).netloc == ""
