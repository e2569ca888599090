"""The running service against the SPARQL 1.1 specifications, over HTTP: each test names the clause that it covers.

Protocol: https://www.w3.org/TR/sparql11-protocol/; Results: .../sparql11-results-json/, .../rdf-sparql-XMLres/ and
.../sparql11-results-csv-tsv/; Service Description: .../sparql11-service-description/.
"""

from __future__ import annotations

import contextlib
import csv
import io
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import requests
from release_fixture import BASE, write_release
from support import served, some

from publish.releases.release import Releases

PROBLEM = "https://w3id.org/smart-region/problem#"
JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
CSV, TSV = "text/csv", "text/tab-separated-values"
TABLES = (JSON, XML, CSV, TSV)
GRAPHS = (
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
    "application/trig",
    "application/n-quads",
)
FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
SD = "http://www.w3.org/ns/sparql-service-description#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SPARQL = "{http://www.w3.org/2005/sparql-results#}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

PROJECTS, MUNICIPALITIES = f"{BASE}graph/projects", f"{BASE}graph/municipalities"
PROJECT = f"{BASE}id/project/winterdienst"
COUNT = "SELECT (COUNT(*) AS ?n) {dataset} {{ ?s ?p ?o }}"
NAMES = "SELECT DISTINCT ?g {dataset} {{ GRAPH ?g {{ ?s ?p ?o }} }} ORDER BY ?g"
TERMS = """SELECT ?iri ?plain ?tagged ?typed ?number ?unbound ?node {
  BIND(<http://example.org/ä> AS ?iri) BIND("a,\\"b\\"\\t\\nÄ\\\\" AS ?plain) BIND("Straße"@de AS ?tagged)
  BIND("2026-01-31"^^<http://www.w3.org/2001/XMLSchema#date> AS ?typed) BIND(42 AS ?number) BIND(BNODE() AS ?node) }"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the endpoint of a service with a small release."""
    var = tmp_path_factory.mktemp("clauses")
    write_release(Releases(var), "clauses", bulk=20_000)
    with served(var, query_seconds=10, result_megabytes=8) as service:
        yield f"{service.address}/sparql"


def get(
    endpoint: str,
    query: str,
    accept: str | None = None,
    parameters: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    wanted = {} if accept is None else {"Accept": accept}
    return requests.get(
        endpoint, params=[("query", query), *parameters], headers={**wanted, **(headers or {})}, timeout=30
    )


def ask(endpoint: str, form: str, query: str, dataset: Iterable[tuple[str, str]] = ()) -> requests.Response:
    """Send a query in one of the three forms of 2.1.1 to 2.1.3."""
    if form == "get":
        return get(endpoint, query, JSON, dataset)
    headers = {"Accept": JSON, "Content-Type": FORM if form == "form" else QUERY}
    if form == "form":
        body = urlencode([*dataset, ("query", query)])
        return requests.post(endpoint, body, headers=headers, timeout=30)
    return requests.post(endpoint, query.encode(), params=list(dataset), headers=headers, timeout=30)


def bindings(response: requests.Response) -> list[dict[str, dict[str, str]]]:
    assert response.status_code == 200, response.text
    return list(response.json()["results"]["bindings"])


def values(response: requests.Response) -> list[str]:
    """The one value of each row."""
    return [cell["value"] for row in bindings(response) for cell in row.values()]


def media_type(response: requests.Response) -> str:
    return response.headers["Content-Type"].partition(";")[0]


def triples(response: requests.Response) -> set[str]:
    syntax = ox.RdfFormat.from_media_type(media_type(response))
    assert syntax is not None, response.headers["Content-Type"]
    return {str(quad.triple) for quad in ox.parse(response.content, format=syntax)}


def refused(response: requests.Response, status: int, kind: str) -> dict[str, Any]:
    """A refusal has a status of HTTP and says in a form for programs what is wrong (RFC 9457)."""
    assert (response.status_code, media_type(response)) == (status, "application/problem+json"), response.text
    document: dict[str, Any] = response.json()
    assert (document["type"], document["status"]) == (PROBLEM + kind, status)
    assert document["title"]
    assert document["detail"]
    return document


# SPARQL 1.1 Protocol 2.1: the query operation

FORMS = pytest.mark.parametrize("form", ["get", "form", "direct"])


def test_query_by_get(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.1: percent-encoded parameters, in any order; a plus sign is a space in them."""
    query = 'SELECT ("a+b & ä" AS ?x) {}'
    for encode in (quote, quote_plus):
        text = f"default-graph-uri={encode(PROJECTS)}&query={encode(query)}"
        for parameters in (text, "&".join(reversed(text.split("&")))):
            assert values(requests.get(f"{endpoint}?{parameters}", timeout=30)) == ["a+b & ä"]


def test_query_by_url_encoded_post(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.2: the same parameters in the body, with the media type of forms."""
    query = 'SELECT ("a+b & ä" AS ?x) {}'
    for encode in (quote, quote_plus):
        for suffix in ("", "; charset=UTF-8"):
            body = f"default-graph-uri={encode(PROJECTS)}&query={encode(query)}"
            headers = {"Content-Type": FORM + suffix}
            assert values(requests.post(endpoint, body, headers=headers, timeout=30)) == ["a+b & ä"]


def test_query_by_direct_post(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.3: the unencoded query is the body, the dataset stands in the address."""
    query = f'SELECT (CONCAT("a+b & ä", STR(COUNT(*))) AS ?x) {{ <{PROJECT}> ?p ?o }}'
    headers = {"Content-Type": QUERY}
    parameters = {"default-graph-uri": MUNICIPALITIES}
    response = requests.post(endpoint, query.encode(), params=parameters, headers=headers, timeout=30)
    assert values(response) == ["a+b & ä0"]


def test_utf_8_is_the_only_charset_of_a_direct_post(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.3."""
    for charset, encoding in (("utf-8", "utf-8"), ("UTF8", "utf-8"), ("utf-16", "utf-16"), ("iso-8859-1", "latin-1")):
        headers = {"Content-Type": f"{QUERY}; charset={charset}"}
        body = 'SELECT ("ä" AS ?x) {}'.encode(encoding)
        response = requests.post(endpoint, body, headers=headers, timeout=30)
        assert response.status_code == (200 if encoding == "utf-8" else 400)
        if encoding == "utf-8":
            assert values(response) == ["ä"]
        else:
            refused(response, 400, "not-utf-8")
    response = requests.post(endpoint, b'SELECT ("\xe4" AS ?x) {}', headers={"Content-Type": QUERY}, timeout=30)
    refused(response, 400, "not-utf-8")


@FORMS
def test_queries_are_in_any_script(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 3.1.13: SELECT with internationalization."""
    assert values(ask(endpoint, form, 'SELECT ("漢字 и ελ 😀" AS ?食べる) {}')) == ["漢字 и ελ 😀"]


@pytest.mark.parametrize("form", ["form", "direct"])
def test_a_long_query_fits_into_a_post(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 3.1.11 and 3.1.12: the longest query that is allowed, in the characters that take most."""
    query = "ASK {} #"
    response = ask(endpoint, form, query + "😀" * (100_000 - len(query)))
    assert response.json()["boolean"] is True


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_only_get_and_post_query(endpoint: str, method: str) -> None:
    """SPARQL 1.1 Protocol 2.1: MUST be GET or POST; RFC 9110, 15.5.6: Allow names the methods."""
    response = requests.request(method, endpoint, params={"query": "ASK {}"}, timeout=30)
    refused(response, 405, "method-not-allowed")
    assert {"GET", "HEAD", "OPTIONS", "POST"} == set(response.headers["Allow"].split(", "))


def test_more_than_one_query_is_refused(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1: exactly one query string; also when both are the same, or one is in the address."""
    two = [("query", "ASK {}"), ("query", "ASK {}")]
    refused(requests.get(endpoint, params=two, timeout=30), 400, "query-repeated")
    refused(requests.post(endpoint, data=two, timeout=30), 400, "query-repeated")
    refused(requests.post(endpoint, data=two[:1], params=two[1:], timeout=30), 400, "query-repeated")


def test_a_post_without_a_query_is_refused(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1: exactly one query string; 2.1.7: an empty one is not in the grammar."""
    refused(requests.post(endpoint, data={"default-graph-uri": PROJECTS}, timeout=30), 400, "query-missing")
    refused(requests.post(endpoint, b"", headers={"Content-Type": FORM}, timeout=30), 400, "query-missing")
    refused(requests.post(endpoint, b"", headers={"Content-Type": QUERY}, timeout=30), 400, "query-syntax")
    refused(requests.get(endpoint, params={"query": ""}, timeout=30), 400, "query-syntax")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", "nonsense", None]
)
def test_other_media_types_of_a_body_are_refused(endpoint: str, kind: str | None) -> None:
    """SPARQL 1.1 Protocol 2.1: one of two media types; RFC 9110, 15.5.16: 415, also without any."""
    headers = {"Content-Type": kind} if kind else {}
    document = refused(requests.post(endpoint, b"ASK {}", headers=headers, timeout=30), 415, "body-unsupported")
    assert QUERY in document["detail"]
    assert FORM in document["detail"]


@FORMS
def test_unknown_parameters_are_tolerated(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1: clients that send more, such as a time limit, are answered all the same."""
    more = [("timeout", "10"), ("debug", "on"), ("output", "json"), ("x", ""), ("x", "ä")]
    assert ask(endpoint, form, "ASK {}", more).json() == {"head": {}, "boolean": True}


# SPARQL 1.1 Protocol 2.1.4: specifying an RDF dataset


@FORMS
def test_the_default_graph_of_the_protocol_wins_over_from(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4: the service must execute the query using the dataset of the request."""
    query = COUNT.format(dataset=f"FROM <{PROJECTS}>")
    alone = values(ask(endpoint, form, COUNT.format(dataset=f"FROM <{MUNICIPALITIES}>")))
    assert values(ask(endpoint, form, query)) != alone
    assert values(ask(endpoint, form, query, [("default-graph-uri", MUNICIPALITIES)])) == alone


@FORMS
def test_the_named_graphs_of_the_protocol_win_over_from_named(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4: also where the query names other named graphs, or only a default graph."""
    for clause in (f"FROM NAMED <{PROJECTS}>", f"FROM <{PROJECTS}>", ""):
        query = NAMES.format(dataset=clause)
        assert values(ask(endpoint, form, query, [("named-graph-uri", MUNICIPALITIES)])) == [MUNICIPALITIES]


@FORMS
def test_several_default_graphs_are_merged(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4, with SPARQL 1.1 Query 13.2.1: the default graph is the merge of all that are named."""
    both = [("default-graph-uri", PROJECTS), ("default-graph-uri", MUNICIPALITIES)]
    single = [int(values(ask(endpoint, form, COUNT.format(dataset=""), [graph]))[0]) for graph in both]
    assert values(ask(endpoint, form, COUNT.format(dataset=""), both)) == [str(sum(single))]
    clauses = f"FROM <{PROJECTS}> FROM <{MUNICIPALITIES}>"
    assert values(ask(endpoint, form, COUNT.format(dataset=clauses))) == [str(sum(single))]


@FORMS
def test_several_named_graphs_stay_apart(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4, with SPARQL 1.1 Query 13.2.2."""
    both = [("named-graph-uri", PROJECTS), ("named-graph-uri", MUNICIPALITIES)]
    assert values(ask(endpoint, form, NAMES.format(dataset=""), both)) == [MUNICIPALITIES, PROJECTS]
    clauses = f"FROM NAMED <{PROJECTS}> FROM NAMED <{MUNICIPALITIES}>"
    assert values(ask(endpoint, form, NAMES.format(dataset=clauses))) == [MUNICIPALITIES, PROJECTS]


@FORMS
def test_what_a_chosen_dataset_does_not_name_is_empty(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4, with SPARQL 1.1 Query 13.2: no default graph besides named ones, and the reverse."""
    assert values(ask(endpoint, form, COUNT.format(dataset=""), [("named-graph-uri", PROJECTS)])) == ["0"]
    assert values(ask(endpoint, form, NAMES.format(dataset=""), [("default-graph-uri", PROJECTS)])) == []
    assert values(ask(endpoint, form, COUNT.format(dataset=f"FROM NAMED <{PROJECTS}>"))) == ["0"]
    assert values(ask(endpoint, form, NAMES.format(dataset=f"FROM <{PROJECTS}>"))) == []


@FORMS
def test_a_dataset_has_a_default_graph_and_named_graphs(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4 and 3.1.6: SELECT with complex RDF dataset."""
    dataset = [("default-graph-uri", PROJECTS), ("named-graph-uri", MUNICIPALITIES)]
    query = f"ASK {{ <{PROJECT}> ?p ?m GRAPH ?g {{ ?m ?q ?name }} FILTER(?g = <{MUNICIPALITIES}>) }}"
    assert ask(endpoint, form, query, dataset).json()["boolean"] is True
    assert ask(endpoint, form, query, dataset[::-1]).json()["boolean"] is True
    assert ask(endpoint, form, query, [(dataset[0][0], MUNICIPALITIES), dataset[1]]).json()["boolean"] is False


@FORMS
def test_without_a_dataset_the_published_graphs_are_queried(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4: an implementation-defined default; here the union of the named graphs."""
    assert values(ask(endpoint, form, f"SELECT DISTINCT ?t {{ <{PROJECT}> a ?t }}"))
    assert {PROJECTS, MUNICIPALITIES} <= set(values(ask(endpoint, form, NAMES.format(dataset=""))))


@FORMS
def test_an_unknown_graph_is_empty_and_not_fetched(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4, with SPARQL 1.1 Service Description 3.4.4: names of graphs are not dereferenced."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        graph = f"http://127.0.0.1:{listener.getsockname()[1]}/data.ttl"
        assert values(ask(endpoint, form, COUNT.format(dataset=""), [("default-graph-uri", graph)])) == ["0"]
        assert values(ask(endpoint, form, COUNT.format(dataset=f"FROM <{graph}>"))) == ["0"]
        assert values(ask(endpoint, form, NAMES.format(dataset=""), [("named-graph-uri", graph)])) == []
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("value", ["", "relative", "http://example.org/a b", "_:b", "<urn:x>"])
def test_the_name_of_a_graph_is_an_iri(endpoint: str, parameter: str, value: str) -> None:
    """SPARQL 1.1 Protocol 2.1.4: default and named graph URIs."""
    refused(get(endpoint, "ASK {}", None, [(parameter, value)]), 400, "graph-not-iri")


# SPARQL 1.1 Protocol 2.1.5: accepted response formats


@pytest.mark.parametrize(
    ("accept", "table", "graph"),
    [
        (None, JSON, GRAPHS[0]),
        ("*/*", JSON, GRAPHS[0]),
        ("application/*", JSON, GRAPHS[1]),
        ("text/*", CSV, GRAPHS[0]),
        (f"{CSV};q=0.4, {XML};q=0.5, application/rdf+xml;q=0.2, application/ld+json;q=0.3", XML, GRAPHS[3]),
        (f"{JSON};q=0, {GRAPHS[0]};q=0, */*;q=0.1", XML, GRAPHS[1]),
        (f"*/*;q=0.9, {TSV};q=1.0, {GRAPHS[4]}", TSV, GRAPHS[4]),
        ("TEXT/CSV ; Q=0.8 , Text/Turtle", CSV, GRAPHS[0]),
        ("text/csv;header=present, text/turtle; charset=utf-8", CSV, GRAPHS[0]),
        ("application/xhtml+xml, text/tab-separated-values;q=0.001, application/n-quads;q=0.001", TSV, GRAPHS[5]),
        ("application/json", JSON, GRAPHS[3]),
    ],
)
def test_the_format_is_negotiated(endpoint: str, accept: str | None, table: str, graph: str) -> None:
    """SPARQL 1.1 Protocol 2.1.5, with RFC 9110, 12.5.1: wildcards, weights, exclusions, parameters."""
    with requests.Session() as session:
        session.headers.pop("Accept")
        headers = {} if accept is None else {"Accept": accept}
        for query, expected in (("SELECT (1 AS ?x) {}", table), ("CONSTRUCT WHERE { ?s a ?t }", graph)):
            response = session.get(endpoint, params={"query": query}, headers=headers, timeout=30)
            assert (response.status_code, media_type(response)) == (200, expected)
            assert "Accept" in response.headers["Vary"]


def test_what_is_not_offered_is_not_acceptable(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.5, with RFC 9110, 15.5.7: 406 says what is offered; the form of the query decides."""
    for query, offered, others in (("ASK {}", TABLES, GRAPHS), ("DESCRIBE <urn:x>", GRAPHS, TABLES)):
        for accept in ("image/png", "*/*;q=0", ", ".join(others)):
            document = refused(get(endpoint, query, accept), 406, "not-acceptable")
            for kind in some(offered):
                assert kind in document["detail"]


def test_format_is_a_short_way_to_choose(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.5: for clients that cannot set headers; where it fits the query, it wins over Accept."""
    for name, table, graph in (
        ("json", JSON, "application/ld+json"),
        ("xml", XML, "application/rdf+xml"),
        ("csv", CSV, None),
        ("ttl", None, "text/turtle"),
        (TSV, TSV, None),
    ):
        for query, expected in (("ASK {}", table), ("CONSTRUCT {} WHERE {}", graph)):
            response = get(endpoint, query, f"{JSON}, text/turtle", [("format", name)])
            accepted = JSON if query == "ASK {}" else "text/turtle"
            assert (response.status_code, media_type(response)) == (200, expected or accepted)


# SPARQL 1.1 Protocol 2.1.6: success responses


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("query", ["SELECT ?p { ?s ?p ?o } LIMIT 3", "ASK { ?s ?p ?o }", "ASK { <urn:x> ?p ?o }"])
def test_select_and_ask_give_result_documents(endpoint: str, kind: str, query: str) -> None:
    """SPARQL 1.1 Protocol 2.1.6: for SELECT and ASK in the media type of the format; whole, with its length."""
    response = get(endpoint, query, kind, headers={"Accept-Encoding": "identity"})
    assert (response.status_code, media_type(response)) == (200, kind)
    assert int(response.headers["Content-Length"]) == len(response.content)
    response.content.decode("utf-8")


@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("query", [f"CONSTRUCT WHERE {{ <{PROJECT}> ?p ?o }}", f"DESCRIBE <{PROJECT}>"])
def test_construct_and_describe_give_the_same_graph_in_every_format(endpoint: str, kind: str, query: str) -> None:
    """SPARQL 1.1 Protocol 2.1.6: for CONSTRUCT and DESCRIBE an RDF graph, in the media type of the format."""
    response = get(endpoint, query, kind)
    assert (response.status_code, media_type(response)) == (200, kind)
    expected = triples(get(endpoint, query, "application/n-triples"))
    assert triples(response) == expected
    assert any(f"<{PROJECT}>" in triple for triple in expected)


def test_an_empty_graph_is_an_answer(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.6: also where nothing is found, in every format."""
    for kind in some(GRAPHS):
        for query in ("DESCRIBE <urn:nothing>", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(false) }"):
            response = get(endpoint, query, kind)
            assert (response.status_code, triples(response)) == (200, set())


def test_a_long_answer_is_complete(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.6: status 200 is only for a whole document; here one of several megabytes."""
    response = get(endpoint, "SELECT * { ?s <http://example.org/p> ?o }", headers={"Accept-Encoding": "identity"})
    assert int(response.headers["Content-Length"]) == len(response.content) > 2**20
    assert len(bindings(response)) == 20_000


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ('SELECT ("a\\u0001b" AS ?x) {}', XML),
        ('CONSTRUCT { <urn:s> <urn:p> "a\\u0001b" } WHERE {}', "application/rdf+xml"),
        ("CONSTRUCT { <urn:s> <http://example.org/1> 2 } WHERE {}", "application/rdf+xml"),
        ("CONSTRUCT { <urn:s> <http://example.org/> 2 } WHERE {}", "application/rdf+xml"),
    ],
)
def test_what_xml_cannot_hold_is_not_a_success(endpoint: str, query: str, kind: str) -> None:
    """SPARQL 1.1 Protocol 2.1.6: a success has a document of its format; these results have none in XML."""
    response = get(endpoint, query, kind)
    assert (response.status_code, media_type(response)) == (406, "application/problem+json")
    assert response.json()["type"] == f"{PROBLEM}format-unfit"
    assert get(endpoint, query).status_code == 200, "another format can"


# SPARQL 1.1 Protocol 2.1.7: failure responses


@FORMS
@pytest.mark.parametrize(
    "query", ["hello", "SELECT", "SELECT * {", "ASK { ?s ?p }", "ASK {} ASK {}", "ASK { ?s ?p 'x }", "ASK { x:y ?p 1 }"]
)
def test_what_is_not_in_the_grammar_is_400(endpoint: str, form: str, query: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7 and 3.1.9: SELECT with malformed query fault."""
    document = refused(ask(endpoint, form, query), 400, "query-syntax")
    assert document["instance"] == "/sparql"


def test_a_failure_is_said_in_the_language_and_form_of_the_client(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7: content negotiation for failures, human-readable or machine-processable."""
    german, english = (
        refused(get(endpoint, "SELECT", JSON, headers={"Accept-Language": language}), 400, "query-syntax")
        for language in ("de", "en-GB, de;q=0.5")
    )
    assert german["title"] != english["title"]
    page = get(endpoint, "SELECT", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert (page.status_code, media_type(page)) == (400, "text/html")
    assert german["title"] in page.text


@FORMS
def test_a_query_may_be_refused(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7, 3.1.10 and 4.1: a costly or unsafe query is refused with a status of its own."""
    refused(ask(endpoint, form, "ASK { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), 403, "service-refused")
    refused(ask(endpoint, form, "ASK " + "{" * 100 + "}" * 100), 400, "query-too-deep")
    document = refused(ask(endpoint, form, "SELECT * { ?a ?b ?c . ?d ?e ?f }"), 422, "result-too-large")
    assert (document["limit"], document["value"]) == ("result_megabytes", 8)


def test_a_query_that_is_too_long_is_413(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7, with RFC 9110, 15.5.14; one that no address can hold is refused as well."""
    for form in ("form", "direct"):
        document = refused(ask(endpoint, form, "ASK {} #" + "x" * 100_000), 413, "query-too-long")
        assert (document["limit"], document["value"]) == ("length", 100_000)
    assert ask(endpoint, "get", "ASK {} #" + "x" * 1_000_000).status_code in {413, 414, 431}


def test_a_body_in_pieces_is_read_or_refused(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7, with RFC 9112, 7.1: chunked bodies; one without end is not read to its end."""
    headers = {"Content-Type": QUERY}
    response = requests.post(endpoint, iter([b"AS", b"K {", b"}"]), headers=headers, timeout=30)
    assert response.json()["boolean"] is True
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while sent < 2**30:
            sent += 2**16
            yield b"#" * 2**16

    with contextlib.suppress(requests.ConnectionError):  # it may close before the client stops
        refused(requests.post(endpoint, pieces(), headers=headers, timeout=30), 413, "query-too-long")
    assert sent < 100 * 2**20


def test_an_unknown_function_is_the_fault_of_the_query(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2.1.7, with SPARQL 1.1 Query 17.6: asking again later, as 500 says here, cannot help."""
    for query in ("SELECT (<urn:unknown>(1) AS ?x) {}", "ASK { ?s ?p ?o FILTER(<urn:unknown>(?o)) }"):
        response = get(endpoint, query)
        assert response.status_code // 100 in {2, 4}


# SPARQL 1.1 Protocol 2.2: the update operation, which is not implemented (4.1)


@pytest.mark.parametrize("update", ["INSERT DATA { <urn:a> <urn:b> 1 }", "CLEAR ALL", "LOAD <http://127.0.0.1:9/>"])
def test_updates_are_refused(endpoint: str, update: str) -> None:
    """SPARQL 1.1 Protocol 2.2.1, 2.2.2 and 4.1: a service may choose not to implement them; it says so."""
    before = values(get(endpoint, COUNT.format(dataset=""), JSON))
    refused(requests.post(endpoint, data={"update": update}, timeout=30), 400, "update-refused")
    response = requests.post(endpoint, update, headers={"Content-Type": UPDATE}, timeout=30)
    refused(response, 400, "update-refused")
    using = {"using-graph-uri": PROJECTS}
    refused(requests.post(endpoint, data={"update": update}, params=using, timeout=30), 400, "update-refused")
    refused(requests.get(endpoint, params={"update": update}, timeout=30), 400, "update-refused")
    refused(requests.post(endpoint, data={"update": update, "query": "ASK {}"}, timeout=30), 400, "update-refused")
    for form in ("get", "form", "direct"):
        refused(ask(endpoint, form, update), 400, "update-refused")
    assert values(get(endpoint, COUNT.format(dataset=""), JSON)) == before


# SPARQL 1.1 Protocol 2.3: determining the base IRI


@FORMS
def test_relative_iris_have_a_base(endpoint: str, form: str) -> None:
    """SPARQL 1.1 Protocol 2.3: the service defines one, here its endpoint; BASE in the query wins."""
    assert values(ask(endpoint, form, "SELECT (STR(<>) AS ?x) {}")) == [f"{BASE}sparql"]
    assert values(ask(endpoint, form, "SELECT (STR(<id/x>) AS ?x) {}")) == [f"{BASE}id/x"]
    assert values(ask(endpoint, form, "BASE <http://example.org/a/> SELECT (STR(<b>) AS ?x) {}")) == [
        "http://example.org/a/b"
    ]


# SPARQL 1.1 Protocol 2: all HTTP requirements for requests and responses must be followed


def test_head_has_the_headers_of_get(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2, with RFC 9110, 9.3.2: also of the description and of failures."""
    for parameters in ({"query": "SELECT * { ?s ?p ?o } LIMIT 9"}, {}, {"query": "SELECT"}):
        headers = {"Accept-Encoding": "identity"}
        full = requests.get(endpoint, params=parameters, headers=headers, timeout=30)
        head = requests.head(endpoint, params=parameters, headers=headers, timeout=30)
        assert (head.status_code, head.content) == (full.status_code, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Vary", "Cache-Control", "Access-Control-Allow-Origin"):
            assert head.headers.get(name) == full.headers.get(name), name


def test_options_names_the_methods(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2, with RFC 9110, 9.3.7."""
    response = requests.options(endpoint, timeout=30)
    assert response.status_code in {200, 204}
    assert {"GET", "HEAD", "OPTIONS", "POST"} == set(response.headers["Allow"].split(", "))


def test_pages_of_other_sites_may_query(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2, with the CORS protocol (Fetch standard, 3.2): preflight, answers and failures."""
    origin = {"Origin": "https://yasgui.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, accept"}
    preflight = requests.options(endpoint, headers=origin | asked, timeout=30)
    assert preflight.ok
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "accept"} <= set(allowed)
    for query, status in (("ASK {}", 200), ("SELECT", 400), ("ASK " + "{" * 99, 400)):
        response = get(endpoint, query, headers=origin)
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_an_unchanged_answer_is_not_sent_again(endpoint: str) -> None:
    """SPARQL 1.1 Protocol 2 and 2.1.6 (3XX), with RFC 9110, 13.1.2; another format or dataset is another answer."""
    query = "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 9"
    tag = get(endpoint, query, JSON).headers["ETag"]
    again = get(endpoint, query, JSON, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    head = requests.head(endpoint, params={"query": query}, headers={"Accept": JSON, "If-None-Match": tag}, timeout=30)
    assert head.status_code == 304
    assert get(endpoint, query, CSV, headers={"If-None-Match": tag}).status_code == 200
    dataset = [("default-graph-uri", PROJECTS)]
    assert get(endpoint, query, JSON, dataset, headers={"If-None-Match": tag}).status_code == 200
    assert get(endpoint, query, JSON, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_answers_are_compressed_for_who_can_read_that(endpoint: str, coding: str) -> None:
    """SPARQL 1.1 Protocol 2, with RFC 9110, 12.5.3: the same answer in every content coding."""
    response = get(
        endpoint, "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 99", JSON, headers={"Accept-Encoding": coding}
    )
    assert response.headers.get("Content-Encoding", "identity") == coding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert len(bindings(response)) == 99


# SPARQL 1.1 Query Results JSON Format


def test_json_has_a_head_and_results(endpoint: str) -> None:
    """SPARQL 1.1 Query Results JSON 2, 3.1.1 and 6: variables in the order of SELECT, without question mark."""
    response = get(endpoint, "SELECT ?b ?a (1 AS ?c) { ?a a ?b } LIMIT 1", JSON)
    assert media_type(response) == JSON
    document = response.json()
    assert document["head"]["vars"] == ["b", "a", "c"]
    assert set(document) == {"head", "results"}


def test_json_has_an_object_per_solution(endpoint: str) -> None:
    """SPARQL 1.1 Query Results JSON 3.2.1: in the order of the query, without unbound variables; or an empty array."""
    query = "SELECT ?x ?y { VALUES (?x ?y) { (3 UNDEF) (1 9) (2 UNDEF) } } ORDER BY ?x"
    rows = bindings(get(endpoint, query, JSON))
    assert [(row["x"]["value"], "y" in row) for row in rows] == [("1", True), ("2", False), ("3", False)]
    assert bindings(get(endpoint, "SELECT * { ?s <urn:none> ?o }", JSON)) == []


def test_json_encodes_terms(endpoint: str) -> None:
    """SPARQL 1.1 Query Results JSON 3.2.2."""
    ((row),) = bindings(get(endpoint, TERMS, JSON))
    assert row.pop("node")["type"] == "bnode"
    assert row == {
        "iri": {"type": "uri", "value": "http://example.org/ä"},
        "plain": {"type": "literal", "value": 'a,"b"\t\nÄ\\'},
        "tagged": {"type": "literal", "value": "Straße", "xml:lang": "de"},
        "typed": {"type": "literal", "value": "2026-01-31", "datatype": f"{XSD}date"},
        "number": {"type": "literal", "value": "42", "datatype": f"{XSD}integer"},
    }


def test_json_labels_of_blank_nodes_hold_within_an_answer(endpoint: str) -> None:
    """SPARQL 1.1 Query Results JSON 3.2.2: the same label is the same node."""
    query = "SELECT ?n ?m ?o { BIND(BNODE() AS ?n) BIND(?n AS ?m) BIND(BNODE() AS ?o) }"
    ((row),) = bindings(get(endpoint, query, JSON))
    assert row["n"] == row["m"] != row["o"]


def test_json_of_ask(endpoint: str) -> None:
    """SPARQL 1.1 Query Results JSON 4.1 and 4.2."""
    for query, expected in (("ASK {}", True), ("ASK { FILTER(false) }", False)):
        document = get(endpoint, query, JSON).json()
        assert document["boolean"] is expected
        assert set(document) == {"head", "boolean"}
        assert "vars" not in document["head"]


# SPARQL Query Results XML Format (Second Edition)


def xml(response: requests.Response) -> ElementTree.Element:
    assert (response.status_code, media_type(response)) == (200, XML)
    return ElementTree.fromstring(response.content)


def test_xml_has_a_head_and_results(endpoint: str) -> None:
    """SPARQL Query Results XML 2.1, 2.2 and 5: both, in this order; variables in the order of SELECT."""
    for query, count in (("SELECT ?b ?a { ?a a ?b } LIMIT 1", 1), ("SELECT ?b ?a { ?a <urn:none> ?b }", 0)):
        root = xml(get(endpoint, query, XML))
        assert root.tag == f"{SPARQL}sparql"
        assert [child.tag for child in root] == [f"{SPARQL}head", f"{SPARQL}results"]
        assert [variable.get("name") for variable in root[0].findall(f"{SPARQL}variable")] == ["b", "a"]
        assert len(root[1].findall(f"{SPARQL}result")) == count


def test_xml_encodes_terms(endpoint: str) -> None:
    """SPARQL Query Results XML 2.3.1; an unbound variable has no binding element."""
    (result,) = xml(get(endpoint, TERMS, XML)).iter(f"{SPARQL}result")
    found = {binding.get("name"): binding[0] for binding in result}
    cells = {name: (cell.tag.removeprefix(SPARQL), cell.text, cell.attrib) for name, cell in found.items()}
    assert cells.pop("node")[0] == "bnode"
    assert cells == {
        "iri": ("uri", "http://example.org/ä", {}),
        "plain": ("literal", 'a,"b"\t\nÄ\\', {}),
        "tagged": ("literal", "Straße", {XML_LANG: "de"}),
        "typed": ("literal", "2026-01-31", {"datatype": f"{XSD}date"}),
        "number": ("literal", "42", {"datatype": f"{XSD}integer"}),
    }


def test_xml_escapes_markup(endpoint: str) -> None:
    """SPARQL Query Results XML 2.3.1: any literal, any name."""
    text = "</literal>&amp;<![CDATA[ ]]> \"'"
    (cell,) = xml(get(endpoint, f"SELECT ({ox.Literal(text)} AS ?x) {{}}", XML)).iter(f"{SPARQL}literal")
    assert cell.text == text


def test_xml_keeps_carriage_returns(endpoint: str) -> None:
    """SPARQL Query Results XML 2.3.1, with XML 1.0, 2.11: they must be written as references."""
    (cell,) = xml(get(endpoint, 'SELECT ("a\\r\\nb" AS ?x) {}', XML)).iter(f"{SPARQL}literal")
    assert cell.text == "a\r\nb"


def test_xml_of_ask(endpoint: str) -> None:
    """SPARQL Query Results XML 2.2 and 2.3.2: no variables in the head."""
    for query, expected in (("ASK {}", "true"), ("ASK { FILTER(false) }", "false")):
        root = xml(get(endpoint, query, XML))
        assert [child.tag for child in root] == [f"{SPARQL}head", f"{SPARQL}boolean"]
        assert (len(root[0]), root[1].text) == (0, expected)


# SPARQL 1.1 Query Results CSV and TSV Formats


def test_csv_and_tsv_say_their_charset_and_end_lines_their_way(endpoint: str) -> None:
    """SPARQL 1.1 Query Results CSV and TSV 2: charset should be given; CRLF in CSV, LF in TSV."""
    query = 'SELECT ?x ?y { VALUES (?x ?y) { ("ä" UNDEF) ("b" "c") } } ORDER BY ?y'
    for kind, body in ((CSV, "x,y\r\nä,\r\nb,c\r\n"), (TSV, '?x\t?y\n"ä"\t\n"b"\t"c"\n')):
        response = get(endpoint, query, kind)
        assert response.headers["Content-Type"].lower().replace(" ", "") == f"{kind};charset=utf-8"
        assert response.content.decode("utf-8") == body


def test_csv_has_a_header_and_a_field_for_each_variable(endpoint: str) -> None:
    """SPARQL 1.1 Query Results CSV and TSV 3.1: a header row without question marks, also of no rows."""
    text = get(endpoint, TERMS, CSV).content.decode()
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == ["iri", "plain", "tagged", "typed", "number", "unbound", "node"]
    assert len(row) == len(header)
    assert get(endpoint, "SELECT ?a ?b { ?a <urn:none> ?b }", CSV).content == b"a,b\r\n"


def test_csv_has_plain_values(endpoint: str) -> None:
    """SPARQL 1.1 Query Results CSV and TSV 3.2: values without kind or type, quoted as in RFC 4180."""
    _, row = csv.reader(io.StringIO(get(endpoint, TERMS, CSV).content.decode(), newline=""))
    assert row[:6] == ["http://example.org/ä", 'a,"b"\t\nÄ\\', "Straße", "2026-01-31", "42", ""]
    assert row[6].startswith("_:")
    text = get(endpoint, r'SELECT ("a\"b" AS ?x) ("c\rd" AS ?y) ("e f" AS ?z) {}', CSV).content
    assert text == b'x,y,z\r\n"a""b","c\rd",e f\r\n'


def test_tsv_has_a_header_and_a_field_for_each_variable(endpoint: str) -> None:
    """SPARQL 1.1 Query Results CSV and TSV 4.1: a header with question marks; an unbound variable is empty."""
    header, row, end = get(endpoint, TERMS, TSV).content.decode().split("\n")
    assert header.split("\t") == ["?iri", "?plain", "?tagged", "?typed", "?number", "?unbound", "?node"]
    assert row.split("\t")[5] == end == ""
    assert get(endpoint, "SELECT ?a ?b { ?a <urn:none> ?b }", TSV).content == b"?a\t?b\n"


def test_tsv_has_terms_in_the_syntax_of_turtle(endpoint: str) -> None:
    """SPARQL 1.1 Query Results CSV and TSV 4 and 4.2: tab and newline escaped, numbers short, no long quotes."""
    _, row, _ = get(endpoint, TERMS, TSV).content.decode().split("\n")
    iri, plain, tagged, typed, number, _, node = row.split("\t")
    assert (iri, tagged, number) == ("<http://example.org/ä>", '"Straße"@de', "42")
    assert plain == r'"a,\"b\"\t\nÄ\\"'
    assert typed == f'"2026-01-31"^^<{XSD}date>'
    assert node.startswith("_:")
    assert get(endpoint, r'SELECT ("a\rb" AS ?x) {}', TSV).content == b'?x\n"a\\rb"\n'


# SPARQL 1.1 Service Description


@pytest.fixture(scope="module")
def description(endpoint: str) -> set[ox.Triple]:
    """The triples of the service description."""
    response = requests.get(endpoint, headers={"Accept": "text/turtle"}, timeout=30)
    return {quad.triple for quad in ox.parse(response.content, format=ox.RdfFormat.TURTLE)}


def objects(description: set[ox.Triple], name: str, subject: str | None = None) -> set[str]:
    found = {triple for triple in description if triple.predicate.value == SD + name}
    return {
        triple.object.value
        for triple in found
        if isinstance(triple.object, ox.NamedNode) and (subject is None or str(triple.subject) == f"<{subject}>")
    }


@pytest.mark.parametrize("accept", [None, "*/*", *GRAPHS])
def test_the_endpoint_describes_itself(endpoint: str, description: set[ox.Triple], accept: str | None) -> None:
    """SPARQL 1.1 Service Description 2: by GET without parameters, in RDF, with content negotiation."""
    response = requests.get(endpoint, headers={"Accept": accept} if accept else {}, timeout=30)
    assert response.status_code == 200
    assert media_type(response) == (accept if accept in GRAPHS else "text/turtle")
    assert triples(response) == {str(triple) for triple in description}


def test_the_description_is_for_programs_the_form_for_people(endpoint: str) -> None:
    """SPARQL 1.1 Service Description 2: RDF unless the client wants HTML more."""
    for accept, kind in (("text/html, */*;q=0.8", "text/html"), ("text/html;q=0.5, application/rdf+xml", GRAPHS[2])):
        response = requests.get(endpoint, headers={"Accept": accept}, timeout=30)
        assert (response.status_code, media_type(response)) == (200, kind)


def test_the_description_names_the_endpoint(description: set[ox.Triple]) -> None:
    """SPARQL 1.1 Service Description 3.2.1 and 3.3.1: of one service."""
    assert objects(description, "endpoint") == {f"{BASE}sparql"}
    services = {triple.subject for triple in description if triple.object == ox.NamedNode(f"{SD}Service")}
    assert len(services) == 1


def test_the_description_names_the_language(endpoint: str, description: set[ox.Triple]) -> None:
    """SPARQL 1.1 Service Description 3.2.10, 3.4.2 and 3.4.3: queries, no updates, no others."""
    assert objects(description, "supportedLanguage") == {f"{SD}SPARQL11Query"}


def test_the_features_hold(endpoint: str, description: set[ox.Triple]) -> None:
    """SPARQL 1.1 Service Description 3.2.2, 3.4.4 to 3.4.8: the union of all graphs, no others fetched, no SERVICE."""
    assert objects(description, "feature") == {f"{SD}UnionDefaultGraph"}
    union = "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } }"
    assert values(get(endpoint, COUNT.format(dataset=""), JSON)) == values(get(endpoint, union, JSON))


def test_every_result_format_is_served(endpoint: str, description: set[ox.Triple]) -> None:
    """SPARQL 1.1 Service Description 3.2.14: and every format that is served is listed."""
    formats = {
        "SPARQL_Results_JSON": JSON,
        "SPARQL_Results_XML": XML,
        "SPARQL_Results_CSV": CSV,
        "SPARQL_Results_TSV": TSV,
        "Turtle": "text/turtle",
        "N-Triples": "application/n-triples",
        "RDF_XML": "application/rdf+xml",
        "JSON-LD": "application/ld+json",
        "TriG": "application/trig",
        "N-Quads": "application/n-quads",
    }
    assert objects(description, "resultFormat") == {f"http://www.w3.org/ns/formats/{name}" for name in formats}
    for kind in formats.values():
        assert media_type(get(endpoint, "ASK {}" if kind in TABLES else "CONSTRUCT WHERE { ?s a ?t }", kind)) == kind


def test_the_described_dataset_is_the_one_that_is_queried(endpoint: str, description: set[ox.Triple]) -> None:
    """SPARQL 1.1 Service Description 3.2.12 and 3.2.16 to 3.2.18: every name of a graph is good for FROM."""
    (dataset,) = objects(description, "defaultDataset")
    assert len(objects(description, "defaultGraph", dataset)) == 1
    graphs = objects(description, "namedGraph", dataset)
    assert graphs
    for graph in graphs:
        (name,) = objects(description, "name", graph)
        assert int(values(get(endpoint, COUNT.format(dataset=f"FROM <{name}>"), JSON))[0]) > 0
