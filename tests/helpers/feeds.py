"""A small feed without a fault, on a real HTTP server, that tests spoil in one place each."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
from rdflib import RDF, Graph, Literal, URIRef

from harvest_check.pages import HYDRA

_PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix dcatde: <http://dcat-ap.de/def/dcatde/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix void: <http://rdfs.org/ns/void#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix eu: <http://publications.europa.eu/resource/authority/> .
"""
_COMMON = """
<catalog> a dcat:Catalog ; dct:title "Katalog"@de ; dct:description "Ein Katalog."@de ;
  dct:publisher <catalog#publisher> ; dcat:dataset <dataset/{name}> .
<catalog#publisher> a foaf:Agent ; foaf:name "Amt"@de ; dct:type <http://purl.org/adms/publishertype/LocalAuthority> .
<catalog#contact> a vcard:Kind , vcard:Organization ; vcard:fn "Amt" ; vcard:hasEmail <mailto:amt@example.org> .
<http://publications.europa.eu/resource/authority/access-right/PUBLIC> a dct:RightsStatement .
<http://dcat-ap.de/def/licenses/dl-zero-de/2.0> a dct:LicenseDocument .
<http://dcat-ap.de/def/politicalGeocoding/stateKey/06> a dct:Location .
<http://publications.europa.eu/resource/authority/language/DEU> a dct:LinguisticSystem .
<http://spdx.org/rdf/terms#checksumAlgorithm_sha256> a spdx:ChecksumAlgorithm .
"""
_DATASET = """
<dataset/{name}> a dcat:Dataset ; dct:title "Daten {name}"@de , "Data {name}"@en ; dct:description "Viele Daten."@de ;
  dct:identifier "{name}" ; dct:publisher <catalog#publisher> ; dcat:contactPoint <catalog#contact> ;
  dcatde:contributorID <http://dcat-ap.de/def/contributors/hessen> ;
  dcat:keyword "Daten"@de ; dcat:theme <http://publications.europa.eu/resource/authority/data-theme/REGI> ;
  dct:spatial <http://dcat-ap.de/def/politicalGeocoding/stateKey/06> ; dct:temporal <dataset/{name}#period> ;
  dct:language <http://publications.europa.eu/resource/authority/language/DEU> ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;
  dcat:landingPage <page/{name}> ;
  dct:issued "2025-01-01"^^xsd:date ; dct:modified "2025-06-01"^^xsd:date .
<dataset/{name}#period> a dct:PeriodOfTime ; dcat:startDate "2020-01-01"^^xsd:date .
<page/{name}> a foaf:Document .
"""
_DISTRIBUTION = """
<dataset/{name}> dcat:distribution <dataset/{name}#{part}> .
<dataset/{name}#{part}> a dcat:Distribution ; dct:title "Daten {name}"@de ;
  dcat:accessURL <{path}> ; dcat:downloadURL <{path}> ; dct:rights <{path}#rights> ;
  dct:license <http://dcat-ap.de/def/licenses/dl-zero-de/2.0> ;
  dct:format <http://publications.europa.eu/resource/authority/file-type/{file_type}> ;
  dcat:mediaType <https://www.iana.org/assignments/media-types/{media_type}> ;
  dct:issued "2025-01-01"^^xsd:date ; dct:modified "2025-06-01"^^xsd:date ;
  dcat:byteSize "{size}"^^xsd:nonNegativeInteger ; spdx:checksum <{path}#checksum> .
<{path}#checksum> a spdx:Checksum ; spdx:algorithm <http://spdx.org/rdf/terms#checksumAlgorithm_sha256> ;
  spdx:checksumValue "{sha256}"^^xsd:hexBinary .
<{path}#rights> a dct:RightsStatement .
<http://publications.europa.eu/resource/authority/file-type/{file_type}> a dct:MediaTypeOrExtent .
<https://www.iana.org/assignments/media-types/{media_type}> a dct:MediaType .
"""
_COMPRESSED = """
<dataset/b#csv-gz> dcat:compressFormat <https://www.iana.org/assignments/media-types/application/gzip> .
<https://www.iana.org/assignments/media-types/application/gzip> a dct:MediaType .
"""
_SERVICE = """
<catalog> dcat:service <sparql#service> .
<sparql#service> a dcat:DataService ; dct:title "SPARQL"@de ; dct:publisher <catalog#publisher> ;
  dcat:endpointURL <sparql> ; dcat:endpointDescription <sparql> ; dcat:servesDataset <dataset/a> ;
  dct:conformsTo <https://www.w3.org/TR/sparql11-protocol/> .
<https://www.w3.org/TR/sparql11-protocol/> a dct:Standard .
"""
_VOID = """
<void#a> a void:Dataset ; void:sparqlEndpoint <sparql> ; void:triples 2 ;
  void:classPartition [ void:class <http://example.org/Thing> ; void:entities 1 ] .
<void#b> a void:Dataset ; void:triples 2 ; void:dataDump <dump/b.nt> , <dump/b.ttl> .
<void#service> a sd:Dataset ; sd:defaultGraph <void#a> ; sd:namedGraph <void#named> .
<void#named> sd:name <graph/a> ; sd:graph <void#a> .
"""
_TRIPLES = "<http://example.org/{0}> a <http://example.org/Thing> ; <http://example.org/p> 1 ."
_FORMATS = {
    "ttl": ("text/turtle", "RDF_TURTLE"),
    "nt": ("application/n-triples", "RDF_N_TRIPLES"),
    "csv": ("text/csv", "CSV"),
    "geojson": ("application/geo+json", "GEOJSON"),
    "csv.gz": ("text/csv", "CSV"),
}


@dataclass
class Resource:
    """What the server answers at one address.

    :ivar head: status of the answer to HEAD; the same as to GET when None.
    :ivar cut: bytes that are missing at the end of the body.
    :ivar etag: whether there is one, with 304 when it is asked for.
    :ivar hang_up: the connection is closed without an answer.
    :ivar fresh: makes the body anew for each request.
    :ivar drip: seconds between two bytes of the body.
    """

    content: bytes
    media_type: str
    status: int = 200
    head: int | None = None
    cut: int = 0
    etag: bool = True
    hang_up: bool = False
    location: str | None = None
    fresh: Callable[[], bytes] | None = None
    drip: float = 0


@dataclass
class Feed:
    """A feed of two pages with a dataset each, its files, a SPARQL endpoint and a VoID description.

    :ivar pages: the graphs of the pages, which tests may spoil before they are published.
    :ivar media_types: of the pages.
    :ivar files: what is at other paths; tests may spoil it, too.
    :ivar answer: of the endpoint to a query, as media type and content; a real engine answers when None.
    :ivar seen: headers of all requests.
    """

    base: str
    pages: list[Graph] = field(default_factory=list)
    media_types: list[str] = field(default_factory=lambda: ["text/turtle", "text/turtle"])
    files: dict[str, Resource] = field(default_factory=dict)
    void: Graph = field(default_factory=Graph)
    store: ox.Store = field(default_factory=ox.Store)
    answer: Resource | None = None
    seen: list[dict[str, str]] = field(default_factory=list)

    def node(self, path: str) -> URIRef:
        return URIRef(self.base + path)

    def parse(self, text: str, **values: object) -> Graph:
        return Graph().parse(data=_PREFIXES + text.format(**values), format="turtle", publicID=self.base)

    def add_file(self, page: int, name: str, suffix: str, content: bytes) -> None:
        """Put a file in place and describe it as it is."""
        media_type, file_type = _FORMATS[suffix]
        path = f"dump/{name}.{suffix}"
        served = "application/gzip" if suffix.endswith(".gz") else media_type
        self.files[path] = Resource(content, served)
        self.pages[page] += self.parse(
            _DISTRIBUTION,
            name=name,
            part=suffix.replace(".", "-"),
            path=path,
            media_type=media_type,
            file_type=file_type,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def change(self, page: int, subject: str, predicate: URIRef, *values: URIRef | Literal) -> None:
        """Replace all values of a property."""
        graph, node = self.pages[page], self.node(subject)
        graph.remove((node, predicate, None))
        for value in values:
            graph.add((node, predicate, value))

    def address(self, page: int) -> str:
        return f"{self.base}catalog" + (f"?page={page + 1}" if page else "")

    def resources(self) -> dict[str, Resource]:
        """What there is to fetch, by path and query."""
        found = dict(self.files)
        for number, (graph, media_type) in enumerate(zip(self.pages, self.media_types, strict=True)):
            path = self.address(number).removeprefix(self.base)
            found.setdefault(path, Resource(graph.serialize(format=media_type, encoding="utf-8"), media_type))
        found.setdefault(".well-known/void", Resource(self.void.serialize(encoding="utf-8"), "text/turtle"))
        return found


def sound(base: str) -> Feed:
    """A feed without a fault, with all points, at an address."""
    feed = Feed(base)
    for number, name in enumerate("ab"):
        feed.pages.append(feed.parse(_COMMON + _DATASET, name=name))
        view, collection = URIRef(feed.address(number)), feed.node("catalog")
        graph = feed.pages[number]
        graph.add((view, RDF.type, HYDRA.PartialCollectionView))
        graph.add((collection, HYDRA.view, view))
        graph.add((collection, HYDRA.totalItems, Literal(2)))
        if number == 0:
            graph.add((view, HYDRA.next, URIRef(feed.address(1))))
        triples = Graph().parse(data=_TRIPLES.format(name), format="turtle")
        feed.add_file(number, name, "ttl", triples.serialize(format="turtle", encoding="utf-8"))
        feed.add_file(number, name, "nt", triples.serialize(format="nt", encoding="utf-8"))
        feed.files[f"dataset/{name}"] = Resource(b"<p>Dataset</p>", "text/html")
        feed.files[f"page/{name}"] = Resource(b"<p>Page</p>", "text/html")
    feed.add_file(0, "a", "csv", b"key;name\n1;one\n2;two\n")
    feed.add_file(
        0, "a", "geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null}]}'
    )
    feed.add_file(1, "b", "csv.gz", gzip.compress(b"key,name\n1,one\n", mtime=0))
    feed.pages[1] += feed.parse(_COMPRESSED)
    feed.pages[0] += feed.parse(_SERVICE)
    feed.files["sparql"] = Resource(b"<urn:x> a <urn:Service> .", "text/turtle")
    feed.void = feed.parse(_VOID)
    home = ox.NamedNode(f"{base}graph/a")
    feed.store.extend(
        ox.Quad(quad.subject, quad.predicate, quad.object, home)
        for quad in ox.parse(_TRIPLES.format("a"), ox.RdfFormat.TURTLE)
    )
    return feed


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_POST(self) -> None:
        """The SPARQL endpoint."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        resource = self.server.feed.answer
        if resource is None:
            solutions = self.server.feed.store.query(parse_qs(asked)["query"][0], use_default_graph_as_union=True)
            assert isinstance(solutions, ox.QuerySolutions)
            content = solutions.serialize(format=ox.QueryResultsFormat.JSON)
            assert content is not None
            resource = Resource(content, "application/sparql-results+json")
        self._send(resource, resource.status, resource.content)

    def _answer(self, body: bool) -> None:
        self.server.feed.seen.append(dict(self.headers))
        resource = self.server.resources.get(self.path.removeprefix("/"))
        if resource is None:
            resource = Resource(b"not found", "text/plain", status=404)
        if resource.hang_up:
            self.close_connection = True
            return
        content = resource.fresh() if resource.fresh is not None else resource.content
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        status = resource.status if body or resource.head is None else resource.head
        if resource.etag and self.headers.get("If-None-Match") == etag:
            self._send(resource, 304, b"")
        else:
            self._send(resource, status, content, etag if resource.etag else None, body)

    def _send(
        self, resource: Resource, status: int, content: bytes, etag: str | None = None, body: bool = True
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", resource.media_type)
        self.send_header("Content-Length", str(len(content)))
        if etag is not None:
            self.send_header("ETag", etag)
        if resource.location is not None:
            self.send_header("Location", resource.location)
        self.end_headers()
        if body and resource.drip:
            for number in range(len(content)):
                self.wfile.write(content[number : number + 1])
                time.sleep(resource.drip)
        elif body:
            self.wfile.write(content[: len(content) - resource.cut])
            if resource.cut:
                self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    feed: Feed
    resources: dict[str, Resource]


@contextmanager
def serving(spoil: Callable[[Feed], None] = lambda feed: None) -> Iterator[Feed]:
    """A feed at a loopback address, spoilt before it is published."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.feed = sound(f"http://127.0.0.1:{server.server_address[1]}/")
    spoil(server.feed)
    server.resources = server.feed.resources()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.feed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def path_of(address: str) -> str:
    """Path and query without the first slash."""
    parts = urlsplit(address)
    return parts.path.removeprefix("/") + (f"?{parts.query}" if parts.query else "")
