"""Queries the SPARQL endpoints that a feed names, and compares their counts with VoID.

SPARQLWrapper makes the requests and reads the answers; they use the package's own client and its limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urldefrag
from urllib.request import Request

from rdflib import DCAT, DCTERMS, RDF, VOID, Graph, Literal, Namespace, URIRef
from rdflib.term import Node
from SPARQLWrapper import JSON, POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from harvest_check.findings import FeedFinding, found
from harvest_check.http.client import Answer, Client
from harvest_check.profiles import nodes

_SD: Final = Namespace("http://www.w3.org/ns/sparql-service-description#")
_PROTOCOL: Final = re.compile(r"https?://www\.w3\.org/TR/sparql1[12]-(protocol|query)/?")
_COUNT: Final = "SELECT (COUNT(*) AS ?n) { %s }"
_CLASSES: Final = "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { %s FILTER(isIRI(?c)) } GROUP BY ?c"
_IRI: Final = re.compile(r"[^\x00-\x20<>\"{}|^`\\]+")


class ServiceError(Exception):
    """The endpoint did not answer the query."""


def endpoints(graph: Graph, void: Graph) -> list[str]:
    """SPARQL endpoints that the feed, or its VoID description, names."""
    named = {
        str(address)
        for service in graph.subjects(RDF.type, DCAT.DataService)
        if any(_PROTOCOL.fullmatch(str(standard)) for standard in graph.objects(service, DCTERMS.conformsTo))
        for address in graph.objects(service, DCAT.endpointURL)
    }
    named |= {str(address) for address in void.objects(None, VOID.sparqlEndpoint)}
    return sorted({urldefrag(address).url for address in named})


def judge(client: Client, endpoint: str, void: Graph) -> Iterator[FeedFinding]:
    """Check that an endpoint answers and counts like VoID (VoID, section 4.6; SPARQL 1.1 Service Description)."""
    try:
        _ask(client, endpoint, _COUNT % "?s ?p ?o")
        for graph, described in _described(void, endpoint):
            yield from _compare(client, endpoint, graph, described, void)
    except ServiceError as error:
        query, detail = error.args
        yield found("sparql-failed", address=endpoint, query=query, detail=detail)


def _described(void: Graph, endpoint: str) -> Iterator[tuple[str | None, Node]]:
    """Named graphs, and None for the default graph, with the node that states their statistics."""
    here = set(void.subjects(VOID.sparqlEndpoint, URIRef(endpoint)))
    mapped = set()
    for service_dataset in nodes(void, _SD.Dataset):
        for described in void.objects(service_dataset, _SD.defaultGraph):
            if described in here:
                mapped.add(described)
                yield None, described
        for named in sorted(set(void.objects(service_dataset, _SD.namedGraph)), key=str):
            name, described_graph = void.value(named, _SD.name), void.value(named, _SD.graph)
            if name is not None and described_graph in here and _IRI.fullmatch(str(name)):
                mapped.add(described_graph)
                yield str(name), described_graph
    whole = [node for node in here if not any(void.subjects(VOID.subset, node))]
    if not mapped and len(whole) == 1:
        yield None, whole[0]


def _compare(client: Client, endpoint: str, graph: str | None, described: Node, void: Graph) -> Iterator[FeedFinding]:
    stated = void.value(described, VOID.triples)
    if isinstance(stated, Literal) and isinstance(stated.value, int):
        counted = int(_ask(client, endpoint, _COUNT % _within(graph, "?s ?p ?o"))[0]["n"]["value"])
        if counted != stated.value:
            yield _differs(endpoint, graph, described, ("Tripel", "triples"), stated.value, counted)
    classes = {str(void.value(part, VOID["class"])): part for part in void.objects(described, VOID.classPartition)}
    if classes:
        rows = _ask(client, endpoint, _CLASSES % _within(graph, "?s a ?c"))
        counts = {row["c"]["value"]: int(row["n"]["value"]) for row in rows}
        for name, part in sorted(classes.items()):
            entities = void.value(part, VOID.entities)
            if isinstance(entities, Literal) and entities.value != counts.get(name, 0):
                what = (f"Dinge der Klasse {name}", f"things of class {name}")
                yield _differs(endpoint, graph, part, what, entities.value, counts.get(name, 0))


def _within(graph: str | None, pattern: str) -> str:
    return pattern if graph is None else f"GRAPH <{graph}> {{ {pattern} }}"


def _differs(
    endpoint: str, graph: str | None, described: Node, what: tuple[str, str], stated: int, counted: int
) -> FeedFinding:
    return found(
        "sparql-count",
        subject=described,
        address=endpoint,
        prop="void:triples" if what[1] == "triples" else "void:entities",
        what=what[0],
        what_en=what[1],
        stated=stated,
        found=counted,
        graph=graph or "DEFAULT",
    )


def _ask(client: Client, endpoint: str, query: str) -> list[dict[str, dict[str, str]]]:
    """Rows of a SELECT query.

    :raises ServiceError: the query and why there is no answer.
    """
    wrapper = _Wrapper(endpoint, client)
    wrapper.setMethod(POST)
    wrapper.setReturnFormat(JSON)
    wrapper.setOnlyConneg(True)
    # setQuery detects the form with regular expressions that take minutes for some texts; it is known here.
    wrapper.queryType, wrapper.queryString = "SELECT", query
    try:
        document: Any = wrapper.query().convert()
        rows: list[dict[str, dict[str, str]]] = document["results"]["bindings"]
        if not rows or not all(row["n"]["value"].isdecimal() for row in rows):
            raise ServiceError(query, "no number in the answer")
    except ConnectionError as error:
        raise ServiceError(query, str(error)) from None
    except (SPARQLWrapperException, LookupError, TypeError, AttributeError, ValueError) as error:
        raise ServiceError(query, f"no SPARQL results in JSON ({type(error).__name__})") from None
    return rows


class _Response:
    """An answer with the interface that SPARQLWrapper reads."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.headers: Mapping[str, str] = answer.headers

    def read(self) -> bytes:
        return self._answer.body.read_bytes() if self._answer.body is not None else b""

    def info(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}


class _Wrapper(SPARQLWrapper):
    """SPARQLWrapper whose requests go through a :class:`Client`."""

    def __init__(self, endpoint: str, client: Client) -> None:
        super().__init__(endpoint)
        self._client = client

    def _query(self) -> tuple[Any, str]:
        request: Request = self._createRequest()
        data = request.data if isinstance(request.data, bytes) else b""
        answer = self._client.post(request.full_url, data, dict(request.header_items()))
        if not answer.ok:
            raise ConnectionError(answer.outcome)
        if answer.media_type not in {"application/sparql-results+json", "application/json"}:
            raise ConnectionError(f"Content-Type {answer.media_type or '–'}")
        return _Response(answer), self.returnFormat
