"""The endpoint against the SPARQL 1.1 Protocol: each test names the clause it covers."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
from flask import Flask
from flask.testing import FlaskClient
from release_fixture import BASE, write_release
from support import application, free_port
from werkzeug.test import TestResponse

from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.app import create_app
from sparql_engine import GRAPH_TYPES, TABLE_TYPES

NAMES = """PREFIX sr: <https://w3id.org/smart-region/ns#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?name { ?m a sr:Municipality ; skos:prefLabel ?name } ORDER BY ?name"""
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PROBLEM = "https://w3id.org/smart-region/problem#"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    var = tmp_path_factory.mktemp("var")
    write_release(Releases(var), "first", bulk=3000)
    settings = Settings(
        var=var, query_seconds=1, query_megabytes=512, result_megabytes=2, query_queue=2, cache_megabytes=0
    )
    with application(settings) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, query: str, accept: str | None = None, **parameters: str) -> TestResponse:
    headers = {} if accept is None else {"Accept": accept}
    return client.get("/sparql", query_string={"query": query, **parameters}, headers=headers)


def problem(response: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """The one shape of every refusal (RFC 9457)."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    document = response.get_json()
    assert document["type"] == PROBLEM + kind
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == "/sparql"
    return dict(document)


def names(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [row["name"]["value"] for row in json.loads(response.data)["results"]["bindings"]]


def test_query_by_get(client: FlaskClient) -> None:
    """2.1.1."""
    assert names(ask(client, NAMES)) == ["Darmstadt", "Hanau"]


def test_query_by_url_encoded_post(client: FlaskClient) -> None:
    """2.1.2."""
    assert names(client.post("/sparql", data={"query": NAMES})) == ["Darmstadt", "Hanau"]


@pytest.mark.parametrize("suffix", ["", "; charset=utf-8", ";charset=UTF-8"])
def test_query_by_post_directly(client: FlaskClient, suffix: str) -> None:
    """2.1.3."""
    response = client.post("/sparql", data=NAMES.encode(), content_type=f"application/sparql-query{suffix}")
    assert names(response) == ["Darmstadt", "Hanau"]


COUNT = "SELECT (COUNT(?s) AS ?name) {} {{ ?s a ?class }}"


@pytest.mark.parametrize("method", ["get", "form", "direct"])
def test_the_dataset_of_the_protocol_wins_over_from(client: FlaskClient, method: str) -> None:
    """2.1.4."""
    query = COUNT.format(f"FROM <{BASE}graph/municipalities>")
    graphs = (f"{BASE}graph/projects", f"{BASE}graph/former-municipalities")
    chosen = [("default-graph-uri", graph) for graph in graphs]
    if method == "get":
        response = client.get("/sparql?" + urlencode([("query", query), *chosen]))
    elif method == "form":
        body = urlencode([("query", query), *chosen])
        response = client.post("/sparql", data=body, content_type="application/x-www-form-urlencoded")
    else:
        response = client.post("/sparql?" + urlencode(chosen), data=query, content_type="application/sparql-query")
    assert names(response) == ["2"]


def test_named_graphs_of_the_protocol(client: FlaskClient) -> None:
    """2.1.4."""
    query = "SELECT DISTINCT ?name { GRAPH ?name { ?s ?p ?o } }"
    graph = f"{BASE}graph/projects"
    assert names(ask(client, query, **{"named-graph-uri": graph})) == [graph]


def test_from_is_respected_and_all_graphs_are_the_default(client: FlaskClient) -> None:
    assert names(ask(client, COUNT.format(f"FROM <{BASE}graph/projects>"))) == ["1"]
    assert int(names(ask(client, COUNT.format("")))[0]) > 4


def test_relative_iris_are_resolved_against_the_endpoint(client: FlaskClient) -> None:
    """SPARQL 1.1 Query, 4.1.1.2."""
    response = ask(client, "SELECT (STR(<x>) AS ?name) {}")
    assert names(response) == [f"{BASE}x"]


def test_unknown_parameters_are_tolerated(client: FlaskClient) -> None:
    assert ask(client, "ASK {}", unknown="x").get_json(force=True) == {"head": {}, "boolean": True}


@pytest.mark.parametrize("media_type", TABLE_TYPES)
@pytest.mark.parametrize("form", ["SELECT (1 AS ?x) {}", "ASK {}"])
def test_tables_by_accept(client: FlaskClient, media_type: str, form: str) -> None:
    """2.1.6."""
    response = ask(client, form, media_type)
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert "Accept" in response.vary


@pytest.mark.parametrize("media_type", GRAPH_TYPES)
@pytest.mark.parametrize("form", ["CONSTRUCT { <urn:a> <urn:b> 1 } {}", f"DESCRIBE <{BASE}id/project/winterdienst>"])
def test_graphs_by_accept(client: FlaskClient, media_type: str, form: str) -> None:
    """2.1.6."""
    response = ask(client, form, media_type)
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert list(ox.parse(response.data, format=ox.RdfFormat.from_media_type(media_type)))


@pytest.mark.parametrize(
    ("accept", "table", "graph"),
    [
        (None, TABLE_TYPES[0], GRAPH_TYPES[0]),
        ("*/*", TABLE_TYPES[0], GRAPH_TYPES[0]),
        (BROWSER, TABLE_TYPES[0], GRAPH_TYPES[0]),
        ("application/json", TABLE_TYPES[0], "application/ld+json"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.9, */*;q=0.1", TABLE_TYPES[1], GRAPH_TYPES[0]),
        ("text/*;q=0.5, application/n-triples;q=0.6", "text/csv", "application/n-triples"),
        ("text/turtle;charset=utf-8, text/csv;header=present", "text/csv", "text/turtle"),
        ("application/sparql-results+json;q=0, text/turtle;q=0, */*", TABLE_TYPES[1], GRAPH_TYPES[1]),
    ],
)
def test_quality_values_are_respected(client: FlaskClient, accept: str | None, table: str, graph: str) -> None:
    """RFC 9110, 12.5.1."""
    assert ask(client, "SELECT (1 AS ?x) {}", accept).mimetype == table
    assert ask(client, "CONSTRUCT WHERE { ?s ?p ?o }", accept).mimetype == graph


@pytest.mark.parametrize(
    ("short", "table", "graph"),
    [
        ("json", TABLE_TYPES[0], "application/ld+json"),
        ("xml", TABLE_TYPES[1], "application/rdf+xml"),
        ("csv", "text/csv", None),
        ("tsv", "text/tab-separated-values", None),
        ("turtle", None, "text/turtle"),
        ("nt", None, "application/n-triples"),
        ("application/trig", None, "application/trig"),
        ("nonsense", None, None),
    ],
)
@pytest.mark.parametrize("parameter", ["format", "output", "results"])
def test_a_format_that_fits_wins_over_accept(
    client: FlaskClient, parameter: str, short: str, table: str | None, graph: str | None
) -> None:
    """What is unknown or does not fit the form of the query counts for nothing."""
    accept = "text/tab-separated-values, application/n-quads"
    for form, expected in (("SELECT (1 AS ?x) {}", table), ("CONSTRUCT WHERE { ?s ?p ?o }", graph)):
        found = ask(client, form, accept, **{parameter: short}).mimetype
        assert found == expected or (expected is None and found in accept.split(", "))


def test_what_cannot_be_offered_is_not_acceptable(client: FlaskClient) -> None:
    document = problem(ask(client, "ASK {}", "image/png"), 406, "not-acceptable")
    assert "text/csv" in document["detail"]


def test_csv_has_the_values(client: FlaskClient) -> None:
    rows = list(csv.reader(io.StringIO(ask(client, NAMES, "text/csv").text)))
    assert rows == [["name"], ["Darmstadt"], ["Hanau"]]


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("SELECT * { ?s ?p }", 400, "query-syntax"),
        ("SELECT * { ?s ?p ?o } SELECT * { ?s ?p ?o }", 400, "query-syntax"),
        ("hello", 400, "query-syntax"),
        ("", 400, "query-syntax"),
        ("ASK { ?s ?p 'x }", 400, "query-syntax"),
        ("ASK {}\0", 400, "query-syntax"),
        ("ASK " + "{" * 3000 + "}" * 3000, 400, "query-too-deep"),
        ("ASK { FILTER(" + "!" * 3000 + "true) }", 400, "query-too-deep"),
        ("ASK { ?s " + "(" * 3000 + "<p>" + ")" * 3000 + " ?o }", 400, "query-too-deep"),
        ("ASK {} #" + "x" * 100_000, 413, "query-too-long"),
        ("ASK { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", 403, "service-refused"),
        ("ASK{SERVICE#\n<http://127.0.0.1/>{}}", 403, "service-refused"),
        ("INSERT DATA { <urn:a> <urn:b> 1 }", 400, "update-refused"),
        ("LOAD <http://127.0.0.1/>", 400, "update-refused"),
        (ENDLESS, 504, "query-timeout"),
        ("SELECT * { ?a ?b ?c . ?d ?e ?f }", 422, "result-too-large"),
    ],
)
def test_every_refusal_is_a_problem_with_a_stable_type(client: FlaskClient, query: str, status: int, kind: str) -> None:
    """2.1.7, RFC 9457; and the endpoint answers the next query."""
    response = client.post("/sparql", data=query.encode(), content_type="application/sparql-query")
    document = problem(response, status, kind)
    if kind in {"query-too-deep", "query-too-long", "query-timeout", "result-too-large"}:
        assert document["limit"]
        assert document["value"] > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert ask(client, "ASK {}").status_code == 200


def test_refusals_kill_no_worker(app: Flask, client: FlaskClient) -> None:
    ask(client, "ASK {}")
    engine = app.extensions["smartregion"].public
    pool = engine._pools[False]
    before = [worker._pid for worker in pool._idle]
    for query in ("ASK " + "{" * 3000, "SELECT * {", "ASK { SERVICE <x> {} }", "SELECT * { ?a ?b ?c . ?d ?e ?f }"):
        assert client.post("/sparql", data={"query": query}).status_code >= 400
    assert [worker._pid for worker in pool._idle] == before


def test_memory_is_limited(tmp_path: Any) -> None:
    write_release(Releases(tmp_path), "first", bulk=3000)
    app = create_app(Settings(var=tmp_path, query_seconds=60, query_megabytes=256))
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a"
    problem(ask(app.test_client(), query), 422, "query-too-large")
    assert ask(app.test_client(), "ASK {}").status_code == 200
    app.extensions["smartregion"].public.close()


def test_requests_that_the_protocol_does_not_know(client: FlaskClient) -> None:
    """2.1.7: not exactly one query, wrong media types, not UTF-8."""
    problem(client.get("/sparql?query=ASK%7B%7D&query=ASK%7B%7D"), 400, "query-repeated")
    problem(client.post("/sparql?query=ASK%7B%7D", data={"query": "ASK {}"}), 400, "query-repeated")
    problem(client.post("/sparql", data={"x": "y"}), 400, "query-missing")
    problem(client.post("/sparql", data="ASK {}", content_type="text/plain"), 415, "body-unsupported")
    problem(client.post("/sparql", data="ASK {}"), 415, "body-unsupported")
    problem(client.post("/sparql", data={"update": "DROP ALL"}), 400, "update-refused")
    problem(client.get("/sparql?update=DROP%20ALL"), 400, "update-refused")
    problem(client.post("/sparql", data="DROP ALL", content_type="application/sparql-update"), 400, "update-refused")
    problem(client.post("/sparql", data=b"\xff\xfe", content_type="application/sparql-query"), 400, "not-utf-8")
    problem(client.get("/sparql?query=ASK%7B%7D%23%FF"), 400, "not-utf-8")
    utf_16 = client.post("/sparql", data="ASK {}", content_type="application/sparql-query; charset=utf-16")
    problem(utf_16, 400, "not-utf-8")
    problem(client.get("/sparql?query=ASK%7B%7D" + "&x=y" * 1001), 400, "too-many-parameters")
    problem(ask(client, "ASK {}", **{"default-graph-uri": "no iri"}), 400, "graph-not-iri")
    twice = client.post("/sparql?query=ASK%7B%7D", data="ASK {}", content_type="application/sparql-query")
    problem(twice, 400, "query-repeated")


def test_a_huge_body_is_not_read(client: FlaskClient) -> None:
    for kind in ("application/sparql-query", "application/x-www-form-urlencoded"):
        problem(client.post("/sparql", data=b"q" * 10_000_000, content_type=kind), 413, "query-too-long")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(client: FlaskClient, method: str) -> None:
    response = client.open("/sparql", method=method, data="ASK {}", content_type="application/sparql-query")
    problem(response, 405, "method-not-allowed")
    assert {"GET", "HEAD", "OPTIONS", "POST"} == set(response.headers["Allow"].split(", "))


def test_problems_speak_english_to_who_wants_it_and_html_to_browsers(client: FlaskClient) -> None:
    german = problem(ask(client, "SELECT"), 400, "query-syntax")
    english = client.get("/sparql?query=SELECT", headers={"Accept-Language": "en-GB, de;q=0.5"}).get_json()
    assert german["title"] != english["title"] == "The query is not valid SPARQL"
    page = client.get("/sparql?query=SELECT", headers={"Accept": BROWSER})
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert german["title"] in page.text


def test_busy_means_ask_again_later(app: Flask, client: FlaskClient) -> None:
    lanes = app.extensions["smartregion"].public._lanes
    over = threading.Event()
    occupants = [
        threading.Thread(target=lanes.run, args=[f"client {number}", 1, lambda _: over.wait(30)])
        for number in range(lanes.places)
    ]
    for occupant in occupants:
        occupant.start()
    lanes._queue = 0
    try:
        response = ask(client, "ASK {} # when all are busy")
        problem(response, 503, "engine-busy")
        assert int(response.headers["Retry-After"]) > 0
        assert client.get("/doc/project/winterdienst?busy").status_code == 200, "pages have their own query process"
    finally:
        lanes._queue = 32
        over.set()
        for occupant in occupants:
            occupant.join()


def test_head_and_cors(client: FlaskClient) -> None:
    head = client.head("/sparql", query_string={"query": "ASK {}"}, headers={"Origin": "https://example.org"})
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
    assert head.headers["Access-Control-Allow-Origin"] == "*"
    preflight = client.options("/sparql", headers={"Origin": "https://x.org", "Access-Control-Request-Method": "POST"})
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    refusal = ask(client, "nonsense")
    assert refusal.headers["Access-Control-Allow-Origin"] == "*"


def test_an_unchanged_answer_is_not_sent_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110, 13.1.2: and the query is not even run."""
    first = ask(client, NAMES)
    tag = first.headers["ETag"]
    others = [
        ask(client, NAMES, "text/csv"),
        ask(client, NAMES + " "),
        ask(client, NAMES, **{"named-graph-uri": "urn:x"}),
    ]
    assert tag not in {response.headers["ETag"] for response in others}

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the query was run")

    monkeypatch.setattr(app.extensions["smartregion"].public, "query", fail)
    for value in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        again = client.get("/sparql", query_string={"query": NAMES}, headers={"If-None-Match": value})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("function", ["NOW()", "RAND()", "UUID()", "STRUUID()"])
def test_an_answer_that_is_never_the_same_is_not_kept(client: FlaskClient, function: str) -> None:
    response = ask(client, f"SELECT ({function} AS ?x) {{}}")
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_a_long_answer_is_complete(client: FlaskClient) -> None:
    query = "SELECT * { { ?s ?p ?o } UNION { ?s ?p ?o } UNION { ?s ?p ?o } }"
    response = ask(client, query)
    assert int(response.headers["Content-Length"]) == len(response.data) > 2**20
    assert len(json.loads(response.data)["results"]["bindings"]) > 9000


@pytest.mark.parametrize("media_type", [None, "*/*", *GRAPH_TYPES])
def test_the_service_describes_itself(client: FlaskClient, media_type: str | None) -> None:
    """SPARQL 1.1 Service Description, 2 and 3: RDF with an sd:endpoint triple, which names the dataset."""
    response = client.get("/sparql", headers={"Accept": media_type} if media_type else {})
    assert response.status_code == 200
    quads = ox.parse(response.data, format=ox.RdfFormat.from_media_type(response.mimetype or ""))
    said = {(str(quad.subject), quad.predicate.value.rpartition("#")[2], str(quad.object)) for quad in quads}
    service, dataset = f"<{BASE}sparql#service>", f"<{BASE}void#endpoint-dataset>"
    assert (service, "endpoint", f"<{BASE}sparql>") in said
    assert (service, "defaultDataset", dataset) in said
    assert (f"<{BASE}void#graph-projects>", "name", f"<{BASE}graph/projects>") in said
    again = client.get("/sparql", headers={"Accept": response.mimetype, "If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_people_get_a_form(client: FlaskClient) -> None:
    page = client.get("/sparql", headers={"Accept": BROWSER})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "<textarea" in page.text
    # Scripts are files of ours; what is within the page is data.
    for attributes in re.findall(r"<script([^>]*)>", page.text):
        assert ' src="/static/' in attributes or ' type="application/json"' in attributes
    english = client.get("/sparql?lang=en", headers={"Accept": BROWSER}).text
    assert ">Run</button>" in english


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[str]:
    """Another SPARQL server, with one triple."""
    store = ox.Store(str(tmp_path / "neighbour"))
    store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("from elsewhere")))
    store.flush()
    del store
    binary = shutil.which("oxigraph", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert binary, "the Oxigraph server is not installed: pip install oxigraph (it is in the extra `test`)"
    port = free_port()
    command = [binary, "serve-read-only", "--location", str(tmp_path / "neighbour"), "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("memory_triples", [0, 1_000_000])
def test_service_asks_an_allowed_server_and_no_other(tmp_path: Path, neighbour: str, memory_triples: int) -> None:
    write_release(Releases(tmp_path / "var"), "first")
    services = f"https://example.org/sparql {neighbour}"
    app = create_app(Settings(var=tmp_path / "var", services=services, memory_triples=memory_triples))
    client = app.test_client()
    query = "SELECT ?o (COUNT(?m) AS ?n) { ?m a sr:Municipality SERVICE <%s> { ?s ?p ?o } }"
    query = f"PREFIX sr: <https://w3id.org/smart-region/ns#> {query}"
    response = ask(client, (query % neighbour) + " GROUP BY ?o", "text/csv")
    assert response.text == "o,n\r\nfrom elsewhere,2\r\n"
    assert response.headers["Cache-Control"] == "no-store", "the other server may answer differently tomorrow"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        other = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        problem(ask(client, query % other), 403, "service-refused")
        both = f"SELECT * {{ SERVICE <{neighbour}> {{ ?s ?p ?o }} SERVICE <{other}> {{ ?a ?b ?c }} }}"
        problem(ask(client, both), 403, "service-refused")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert ask(client, "ASK {}").status_code == 200
    pools = app.extensions["smartregion"].public._engine._pools
    assert set(pools) == {False, True}, "queries without SERVICE have no network"
    app.extensions["smartregion"].public.close()
