"""The W3C's tests of the SPARQL 1.1 Protocol and of service descriptions, over HTTP against a running service.

The service holds the data that the manifest names, beside our own records. It is read-only, so the tests of updates
are not passed but refused, each one, and nothing that they would have written can be found afterwards.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
import requests
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node
from support import free_port, served, some

from publish.releases.manifest import measure
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
FORMATS = "http://www.w3.org/ns/formats/"
PROBLEM = "https://w3id.org/smart-region/problem#"

TABULAR = {"application/sparql-results+xml", "application/sparql-results+json", "text/csv", "text/tab-separated-values"}
EXPECTED = {
    "tabular": TABULAR,
    "boolean": {"application/sparql-results+xml", "application/sparql-results+json"},
    "RDF": {"application/rdf+xml", "text/turtle", "application/n-triples"},
}

QUERIES = (
    "query_post_form",
    "query_dataset_default_graphs_get",
    "query_dataset_default_graphs_post",
    "query_dataset_named_graphs_post",
    "query_dataset_named_graphs_get",
    "query_dataset_full",
    "query_multiple_dataset",
    "query_get",
    "query_content_type_select",
    "query_content_type_ask",
    "query_content_type_describe",
    "query_content_type_construct",
    "query_post_direct",
    "bad_query_method",
    "bad_multiple_queries",
    "bad_query_wrong_media_type",
    "bad_query_missing_form_type",
    "bad_query_missing_direct_type",
    "bad_query_non_utf8",
    "bad_query_syntax",
)
UPDATES = {
    "update_dataset_default_graph": "update-refused",
    "update_dataset_default_graphs": "update-refused",
    "update_dataset_named_graphs": "update-refused",
    "update_dataset_full": "update-refused",
    "update_post_form": "update-refused",
    "update_post_direct": "update-refused",
    "update_base_uri": "update-refused",
    "bad_update_get": "update-refused",
    "bad_multiple_updates": "update-refused",
    "bad_update_wrong_media_type": "body-unsupported",
    "bad_update_missing_form_type": "body-unsupported",
    "bad_update_non_utf8": "not-utf-8",
    "bad_update_syntax": "update-refused",
    "bad_update_dataset_conflict": "update-refused",
}
"""What each test of the manifest that needs a writable service is refused for."""
DESCRIPTIONS = ("has-endpoint-triple", "returns-rdf", "conforms-to-schema")


class Request(NamedTuple):
    """One request of a test, and what the W3C expects of a service that can all."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    classes: set[int]
    boolean: bool | None
    kind: str | None

    def send(self, endpoint: str) -> requests.Response:
        query = urlsplit(self.path).query
        address = f"{endpoint}?{query}" if query else endpoint
        return requests.request(self.method, address, data=self.body, headers=self.headers, timeout=30)


class Manifest:
    """A manifest of the W3C: its tests by name, in order."""

    def __init__(self, path: Path) -> None:
        self._graph = Graph().parse(path, format="turtle")
        (entries,) = self._graph.objects(None, MF.entries)
        self.tests = {str(test).rpartition("#")[2]: test for test in Collection(self._graph, entries)}

    def data(self) -> dict[str, Path]:
        """Files with the data that the tests need, by name of the graph."""
        return {
            str(self._graph.value(node, RDFS.label)): Path(urlsplit(str(file)).path)
            for node, file in self._graph.subject_objects(UT.graph)
        }

    def requests(self, name: str) -> list[Request]:
        """The requests of a test."""
        action = self._graph.value(self.tests[name], MF.action)
        (listed,) = self._graph.objects(action, HT.requests)
        return [self._request(node) for node in Collection(self._graph, listed)]

    def _request(self, node: Node) -> Request:
        graph = self._graph
        fields = graph.value(node, HT.headers)
        headers = {
            str(graph.value(field, HT.fieldName)): str(graph.value(field, HT.fieldValue))
            for field in (Collection(graph, fields) if fields else ())
        }
        content = graph.value(node, HT.body)
        body = None
        if content is not None:
            body = str(graph.value(content, CNT.chars)).encode(str(graph.value(content, CNT.characterEncoding)))
        response = graph.value(node, HT.resp)
        boolean, kind = graph.value(response, MF.expectedBoolean), graph.value(response, MF.expectedFormat)
        return Request(
            method=str(graph.value(node, HT.methodName)),
            path=str(graph.value(node, HT.absolutePath)),
            headers=headers,
            body=body,
            classes={int(str(status)[-3]) for status in graph.objects(response, MF.expectedStatus)},
            boolean=boolean.toPython() if isinstance(boolean, Literal) else None,
            kind=str(kind) if kind is not None else None,
        )


def manifest(acceptance: Path, name: str) -> Manifest:
    path = acceptance / "w3c" / name / "manifest.ttl"
    if not path.is_file():
        pytest.skip(f"There are no tests of the W3C in {path.parent}.")
    return Manifest(path)


@pytest.fixture(scope="module")
def protocol(acceptance: Path) -> Manifest:
    """The W3C's tests of the protocol."""
    return manifest(acceptance, "sparql11-protocol")


@pytest.fixture(scope="module")
def endpoint(protocol: Manifest, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the endpoint of a service whose release holds the data of the W3C beside our records."""
    port = free_port()
    data = protocol.data()
    assert len(data) == 3
    releases = Releases(tmp_path_factory.mktemp("w3c"))
    with releases.writing() as scratch:
        shutil.copytree(release.path, scratch, dirs_exist_ok=True)
        store = ox.Store(scratch / "store")
        for name, path in data.items():
            store.load(path=path, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(name))
        store.flush()
        del store
        # The base is where it is served, so that the description can name the very address that is asked.
        written = {path.name: measure(path) for path in (scratch / "store").iterdir()}
        base = f"http://127.0.0.1:{port}/"
        manifest = dataclasses.replace(release.manifest, id="w3c", base=base, store=written)
        releases.admit(scratch, manifest)
    releases.activate("w3c")
    with served(releases.root, port=port) as service:
        yield f"{service.address}/sparql"


def media_type(response: requests.Response) -> str:
    return response.headers["Content-Type"].partition(";")[0]


def truth(response: requests.Response) -> bool:
    if media_type(response) == "application/sparql-results+json":
        return bool(response.json()["boolean"])
    return "<boolean>true</boolean>" in response.text


def test_every_test_of_the_manifest_is_run(protocol: Manifest, acceptance: Path) -> None:
    assert set(protocol.tests) == set(QUERIES) | set(UPDATES)
    assert set(manifest(acceptance, "sparql11-service-description").tests) == set(DESCRIPTIONS)


@pytest.mark.parametrize("name", QUERIES)
def test_protocol_of_queries(protocol: Manifest, endpoint: str, name: str) -> None:
    """As the manifest expects: class of status, kind of media type, truth value."""
    for request in some(protocol.requests(name)):
        response = request.send(endpoint)
        assert response.status_code // 100 in request.classes, response.text
        if request.kind is not None:
            assert media_type(response) in EXPECTED[request.kind]
        if request.boolean is not None:
            assert truth(response) is request.boolean
        if response.status_code >= 400:
            assert media_type(response) == "application/problem+json"


@pytest.mark.parametrize("name", UPDATES)
def test_protocol_of_updates_is_refused(protocol: Manifest, endpoint: str, name: str) -> None:
    """Every update is refused with a reason; a test that looks for what was written finds nothing."""
    updates = 0
    for request in protocol.requests(name):
        response = request.send(endpoint)
        if request.boolean is not None:
            assert (response.status_code, truth(response)) == (200, not request.boolean)
            continue
        updates += 1
        kind = UPDATES[name]
        assert response.status_code == {"body-unsupported": 415}.get(kind, 400)
        assert media_type(response) == "application/problem+json"
        assert response.json()["type"] == PROBLEM + kind
    assert updates == 1
    everything = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } FILTER(STRSTARTS(STR(?g), 'http://kasei.us/')) }"
    response = requests.get(endpoint, params={"query": everything}, headers={"Accept": "text/csv"}, timeout=30)
    assert response.text.split() == ["n", "3"]


# Service Description


@pytest.fixture(scope="module")
def description(acceptance: Path, endpoint: str) -> Graph:
    """What the endpoint says about itself."""
    manifest(acceptance, "sparql11-service-description")
    response = requests.get(endpoint, headers={"Accept": "text/turtle"}, timeout=30)
    return Graph().parse(data=response.content, format="turtle")


@pytest.mark.parametrize("kind", ["text/turtle", "application/rdf+xml", "application/n-triples", None])
def test_description_returns_rdf(description: Graph, endpoint: str, kind: str | None) -> None:
    """:returns-rdf - GET on endpoint returns RDF."""
    response = requests.get(endpoint, headers={"Accept": kind} if kind else {}, timeout=30)
    assert response.status_code == 200
    assert media_type(response) == (kind or "text/turtle")
    graph = Graph().parse(data=response.content, format=media_type(response))
    assert set(graph) == set(description)


def test_description_has_endpoint_triple(description: Graph, endpoint: str) -> None:
    """:has-endpoint-triple - the description contains a matching sd:endpoint triple."""
    (service,) = description.subjects(SD.endpoint, URIRef(endpoint))
    assert (service, RDF.type, SD.Service) in description


PROPERTIES: dict[URIRef, tuple[URIRef, URIRef | None]] = {
    SD.endpoint: (SD.Service, None),
    SD.feature: (SD.Service, SD.Feature),
    SD.defaultEntailmentRegime: (SD.Service, SD.EntailmentRegime),
    SD.entailmentRegime: (SD.NamedGraph, SD.EntailmentRegime),
    SD.defaultSupportedEntailmentProfile: (SD.Service, SD.EntailmentProfile),
    SD.supportedEntailmentProfile: (SD.NamedGraph, SD.EntailmentProfile),
    SD.extensionFunction: (SD.Service, SD.Function),
    SD.extensionAggregate: (SD.Service, SD.Aggregate),
    SD.languageExtension: (SD.Service, SD.Feature),
    SD.supportedLanguage: (SD.Service, SD.Language),
    SD.propertyFeature: (SD.Service, SD.Feature),
    SD.defaultDataset: (SD.Service, SD.Dataset),
    SD.availableGraphs: (SD.Service, SD.GraphCollection),
    SD.resultFormat: (SD.Service, URIRef(f"{FORMATS}Format")),
    SD.inputFormat: (SD.Service, URIRef(f"{FORMATS}Format")),
    SD.defaultGraph: (SD.Dataset, SD.Graph),
    SD.namedGraph: (SD.GraphCollection, SD.NamedGraph),
    SD.name: (SD.NamedGraph, None),
    SD.graph: (SD.NamedGraph, SD.Graph),
}
"""Domain and range of every property of the vocabulary (section 3.2)."""
ABOVE = {
    SD.Dataset: SD.GraphCollection,
    SD.Language: SD.Feature,
    SD.Function: SD.Feature,
    SD.Aggregate: SD.Feature,
    SD.EntailmentRegime: SD.Feature,
    SD.EntailmentProfile: SD.Feature,
}
"""Superclasses (section 3.3)."""
INSTANCES = {
    SD.SPARQL10Query: SD.Language,
    SD.SPARQL11Query: SD.Language,
    SD.SPARQL11Update: SD.Language,
    SD.DereferencesURIs: SD.Feature,
    SD.UnionDefaultGraph: SD.Feature,
    SD.RequiresDataset: SD.Feature,
    SD.EmptyGraphs: SD.Feature,
    SD.BasicFederatedQuery: SD.Feature,
}
"""What the vocabulary itself has an IRI for (section 3.4)."""
CLASSES = {SD.Service, SD.Graph, SD.NamedGraph, SD.GraphCollection, SD.Feature, *ABOVE}


def may_be(description: Graph, node: Node, wanted: URIRef) -> bool:
    """Whether a node is said to be of a class, or may be inferred to be, as nothing else is said of it (RDFS)."""
    said = {kind for kind in description.objects(node, RDF.type) if str(kind).startswith(str(SD))}
    if node in INSTANCES:
        said.add(INSTANCES[URIRef(str(node))])
    if str(node).startswith(FORMATS):
        said.add(URIRef(f"{FORMATS}Format"))
    said |= {ABOVE[URIRef(str(kind))] for kind in said if kind in ABOVE}
    return not said or wanted in said


def test_description_conforms_to_schema(description: Graph) -> None:
    """:conforms-to-schema - known terms only, domains and ranges, and what section 3 says must be there."""
    for subject, predicate, value in description:
        if str(predicate).startswith(str(SD)):
            domain, range_ = PROPERTIES[URIRef(str(predicate))]
            assert may_be(description, subject, domain), (subject, predicate)
            assert isinstance(value, URIRef), (subject, predicate, value)
            assert range_ is None or may_be(description, value, range_), (subject, predicate, value)
        if predicate == RDF.type and str(value).startswith(str(SD)):
            assert value in CLASSES
    (service,) = description.subjects(RDF.type, SD.Service)
    assert service in set(description.subjects(SD.defaultDataset))
    assert len(set(description.objects(service, SD.endpoint))) == 1
    for dataset in description.subjects(RDF.type, SD.Dataset):
        assert len(set(description.objects(dataset, SD.defaultGraph))) == 1
    for graph in description.objects(None, SD.namedGraph):
        assert len(set(description.objects(graph, SD.name))) == 1
