"""Our outside view of feeds: quiet about a sound one, and one finding of the right kind for each fault."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from feeds import Feed, Resource, serving
from rdflib import DCAT, DCTERMS, FOAF, OWL, RDF, RDFS, VOID, XSD, BNode, Graph, Literal, URIRef
from support import silent

from harvest_check.check import Check, Options, check
from harvest_check.http.client import HttpLimits
from harvest_check.kinds import KINDS
from harvest_check.pages import HYDRA, MEGABYTES

pytestmark = pytest.mark.slow

A, B = "dataset/a", "dataset/b"
SPDX = "http://spdx.org/rdf/terms#"


def look(feed: Feed, **options: object) -> Check:
    return check(feed.address(0), Options(**options), silent)  # type: ignore[arg-type]


def codes(found: Check) -> list[str]:
    return sorted({finding.code for finding in found.findings})


def test_a_sound_feed_has_all_points_and_no_finding() -> None:
    with serving() as feed:
        found = look(feed)
    assert codes(found) == ["address-external"]
    assert found.elsewhere == 1  # the standard of the endpoint
    assert found.faultless
    assert found.broken == []
    assert [score.points for score in found.scores] == [405, 405]
    assert [score.rating for score in found.scores] == ["Excellent", "Excellent"]
    assert found.pages == [feed.address(0), feed.address(1)]
    assert found.endpoints == [f"{feed.base}sparql"]
    counts = {dump.address.removeprefix(feed.base): (dump.triples, dump.rows) for dump in found.dumps}
    assert counts == {
        "dump/a.ttl": (2, None),
        "dump/a.nt": (2, None),
        "dump/a.csv": (None, 2),
        "dump/a.geojson": (None, 1),
        "dump/b.ttl": (2, None),
        "dump/b.nt": (2, None),
        "dump/b.csv.gz": (None, 1),
    }


# Spoilt feeds: what is done to the sound one, and the one kind of finding that it must give


@dataclass(frozen=True)
class Fault:
    """A fault and how it is found.

    :ivar where: part of the page, subject, property or address of every finding.
    """

    name: str
    kind: str
    spoil: Callable[[Feed], None]
    where: str
    options: dict[str, object] = field(default_factory=dict)


def page(number: int, **changes: object) -> Callable[[Feed], None]:
    """Something else than the page is served in its place."""

    def spoil(feed: Feed) -> None:
        path = feed.address(number).removeprefix(feed.base)
        feed.files[path] = feed.resources()[path]
        for name, value in changes.items():
            setattr(feed.files[path], name, value)

    return spoil


def file(path: str, **changes: object) -> Callable[[Feed], None]:
    def spoil(feed: Feed) -> None:
        for name, value in changes.items():
            setattr(feed.files[path], name, value)

    return spoil


def value(number: int, subject: str, predicate: URIRef, *values: URIRef | Literal) -> Callable[[Feed], None]:
    return lambda feed: feed.change(number, subject, predicate, *values)


def address(number: int, subject: str, predicate: URIRef, path: str) -> Callable[[Feed], None]:
    return lambda feed: feed.change(number, subject, predicate, feed.node(path))


def both(*spoils: Callable[[Feed], None]) -> Callable[[Feed], None]:
    def spoil(feed: Feed) -> None:
        for one in spoils:
            one(feed)

    return spoil


def replaced(suffix: str, content: bytes, number: int = 0) -> Callable[[Feed], None]:
    """A file with another content, described as it is."""

    def spoil(feed: Feed) -> None:
        name = "ab"[number]
        node, path = f"dataset/{name}#{suffix.replace('.', '-')}", f"dump/{name}.{suffix}"
        for subject, predicate in ((node, DCAT.byteSize), (f"{path}#checksum", URIRef(SPDX + "checksumValue"))):
            feed.change(number, subject, predicate)
        feed.add_file(number, name, suffix, content)

    return spoil


def repeated_page(feed: Feed) -> None:
    resources = feed.resources()
    feed.files["catalog?page=2"] = resources["catalog"]


def remote_context(feed: Feed) -> None:
    document = json.loads(feed.pages[1].serialize(format="json-ld"))
    content = json.dumps({"@context": "https://example.org/context.jsonld", "@graph": document})
    feed.media_types = ["application/ld+json"] * 2
    feed.files["catalog?page=2"] = Resource(content.encode(), "application/ld+json")


def changing(feed: Feed) -> None:
    content = feed.resources()["catalog"].content.decode()
    days = itertools.count(10)
    feed.files["catalog"] = Resource(
        b"", "text/turtle", fresh=lambda: content.replace('"2025-06-01"', f'"2025-06-{next(days)}"').encode()
    )


def empty(feed: Feed) -> None:
    feed.pages = feed.pages[:1]
    feed.media_types = feed.media_types[:1]
    graph = feed.pages[0]
    keep = {feed.node("catalog"), feed.node("catalog#publisher")}
    for subject in set(graph.subjects()) - keep:
        graph.remove((subject, None, None))
    graph.remove((None, DCAT.dataset, None))
    graph.remove((None, DCAT.service, None))
    graph.remove((None, None, feed.node("catalog")))
    graph.remove((None, HYDRA.view, None))
    graph.remove((None, HYDRA.next, None))
    graph.remove((None, None, HYDRA.PartialCollectionView))
    feed.void = Graph()


def stub(feed: Feed) -> None:
    feed.pages[1].add((feed.node(A), RDF.type, DCAT.Dataset))


def repeated_dataset(feed: Feed) -> None:
    feed.pages[1] += feed.parse('<dataset/a> dct:title "Daten a"@de ; dct:description "Viele Daten."@de .')
    for predicate in (RDF.type, DCTERMS.publisher):
        for one in feed.pages[0].objects(feed.node(A), predicate):
            feed.pages[1].add((feed.node(A), predicate, one))


def nameless(feed: Feed) -> None:
    graph, node, blank = feed.pages[1], feed.node(B), BNode()
    for subject, predicate, one in [*graph.triples((node, None, None)), *graph.triples((None, None, node))]:
        graph.remove((subject, predicate, one))
        graph.add((blank if subject == node else subject, predicate, blank if one == node else one))


def second_publisher(feed: Feed) -> None:
    feed.pages[1] += feed.parse('<dataset/b> dct:publisher <x#y> . <x#y> a foaf:Agent ; foaf:name "Noch ein Amt"@de .')


def foreign_theme(feed: Feed) -> None:
    feed.pages[1] += feed.parse(
        '<dataset/b> dcat:theme <urn:theme> . <urn:theme> a skos:Concept ; skos:prefLabel "X"@de .'
    )


def other_licence(feed: Feed) -> None:
    licence = URIRef("http://dcat-ap.de/def/licenses/other-closed")
    feed.change(1, f"{B}#ttl", DCTERMS.license, licence)
    feed.pages[1].add((licence, RDF.type, DCTERMS.LicenseDocument))


def one_more_triple(feed: Feed) -> None:
    content = (
        feed.files["dump/a.nt"].content + b"<http://example.org/a> <http://example.org/p> <http://example.org/b> .\n"
    )
    replaced("nt", content)(feed)


def landing(target: str) -> Callable[[Feed], None]:
    def spoil(feed: Feed) -> None:
        node = URIRef(target.format(port=feed.base.rsplit(":")[-1].strip("/")))
        feed.change(1, B, DCAT.landingPage, node)
        feed.pages[1].add((node, RDF.type, FOAF.Document))

    return spoil


def void_triples(name: str, number: int) -> Callable[[Feed], None]:
    return lambda feed: feed.void.set((feed.node(f"void#{name}"), VOID.triples, Literal(number)))


def algorithm(feed: Feed) -> None:
    node = URIRef(SPDX + "checksumAlgorithm_blake3")
    feed.change(0, "dump/a.csv#checksum", URIRef(SPDX + "algorithm"), node)
    feed.pages[0].add((node, RDF.type, URIRef(SPDX + "ChecksumAlgorithm")))


def endpoint_answers(media_type: str, content: bytes, status: int) -> Callable[[Feed], None]:
    return lambda feed: setattr(feed, "answer", Resource(content, media_type, status))


FAULTS = [
    Fault("page 2 fails", "page-failed", page(1, status=500), "catalog?page=2"),
    Fault("page 2 is gone", "page-failed", page(1, status=404), "catalog?page=2"),
    Fault("page hangs up", "page-failed", page(1, hang_up=True), "catalog?page=2"),
    Fault("page refuses HEAD", "page-head", page(0, head=405), "catalog"),
    Fault("page is text/plain", "page-media-type", page(0, media_type="text/plain"), "catalog"),
    Fault("page is HTML by default", "page-media-type", page(0, media_type="text/html; charset=utf-8"), "catalog"),
    Fault(
        "page 2 has another syntax",
        "page-media-type-changed",
        lambda feed: setattr(feed, "media_types", ["text/turtle", "application/rdf+xml"]),
        "catalog?page=2",
    ),
    Fault("page is Latin-1", "page-encoding", page(0, content='<urn:x> <urn:p> "ä" .'.encode("latin-1")), "catalog"),
    Fault("page is too large", "page-too-large", page(1, content=b" " * (MEGABYTES * 2**20)), "catalog?page=2"),
    Fault("page is cut off", "page-unparsable", page(1, content=b"<urn:x> <urn:p> ["), "catalog?page=2"),
    Fault("page needs a context from elsewhere", "page-remote-context", remote_context, "catalog?page=2"),
    Fault("page 2 is page 1", "page-repeated", repeated_page, "catalog?page=2"),
    Fault(
        "paging goes in circles",
        "page-loop",
        lambda feed: feed.change(1, "catalog?page=2", HYDRA.next, URIRef(feed.address(0))),
        "catalog?page=2",
    ),
    Fault("more pages than wanted", "page-limit", lambda feed: None, "catalog?page=2", {"most_pages": 1}),
    Fault("dates of now", "page-changes", changing, "catalog"),
    Fault("no ETag", "page-not-conditional", both(page(0, etag=False), page(1, etag=False)), "catalog"),
    Fault("totalItems is a string", "hydra-total", value(1, "catalog", HYDRA.totalItems, Literal("2")), "page=2"),
    Fault("totalItems is missing", "hydra-total", value(1, "catalog", HYDRA.totalItems), "page=2"),
    Fault(
        "totalItems is wrong",
        "hydra-total-differs",
        both(*(value(n, "catalog", HYDRA.totalItems, Literal(7)) for n in (0, 1))),
        "catalog",
    ),
    Fault(
        "next page has another path",
        "hydra-next",
        both(
            lambda feed: feed.files.update({"feed/2": feed.resources()["catalog?page=2"]}),
            address(0, "catalog", HYDRA.next, "feed/2"),
        ),
        "catalog",
    ),
    Fault("empty catalogue", "empty-catalogue", empty, "catalog"),
    Fault("stub of a dataset", "dataset-stub", stub, A),
    Fault("dataset on two pages", "dataset-repeated", repeated_dataset, A),
    Fault("dataset is a blank node", "dataset-without-iri", nameless, ""),
    Fault("dataset is not listed", "dataset-unlisted", value(1, "catalog", DCAT.dataset), B),
    Fault("dataset has no distribution", "dataset-without-distribution", value(1, B, DCAT.distribution), B),
    Fault("two datasets, one identifier", "duplicate-identifier", value(1, B, DCTERMS.identifier, Literal("a")), A),
    Fault("dataset leads to the catalogue", "links-to-catalogue", address(1, B, DCTERMS.isPartOf, "catalog"), B),
    Fault(
        "dataset leads to the catalogue by a detour",
        "links-to-catalogue",
        address(1, "page/b", FOAF.primaryTopic, "catalog"),
        B,
    ),
    Fault(
        "licence has rdfs:label",
        "licence-label",
        lambda feed: (
            feed.pages[1].add((URIRef("http://dcat-ap.de/def/licenses/dl-zero-de/2.0"), RDFS.label, Literal("Zero")))
            and None
        ),
        "dl-zero-de",
    ),
    Fault("relative address", "relative-iri", value(1, B, DCTERMS.relation, URIRef("other/b")), "page=2"),
    Fault("title without language", "language-missing", value(1, B, DCTERMS.title, Literal("Daten")), B),
    Fault(
        "two German titles",
        "language-repeated",
        value(1, B, DCTERMS.title, Literal("Daten", lang="de"), Literal("Daten b", lang="de")),
        B,
    ),
    Fault("no title", "shape-missing", value(1, B, DCTERMS.title), B),
    Fault("no access address", "shape-missing", value(1, f"{B}#csv-gz", DCAT.accessURL), f"{B}#csv-gz"),
    Fault("two publishers", "shape-too-many", second_publisher, B),
    Fault("literal instead of an address", "shape-node-kind", value(1, B, DCTERMS.spatial, Literal("Hessen")), B),
    Fault(
        "size is a plain integer",
        "shape-datatype",
        lambda feed: feed.change(
            0, f"{A}#csv", DCAT.byteSize, Literal(len(feed.files["dump/a.csv"].content), datatype=XSD.integer)
        ),
        f"{A}#csv",
    ),
    Fault("standard without type", "shape-class", value(1, B, DCTERMS.conformsTo, URIRef("urn:standard")), B),
    Fault("theme of one's own", "shape-value", foreign_theme, B),
    Fault("deprecated property", "shape-deprecated", value(1, B, OWL.versionInfo, Literal("1")), B),
    Fault("download is gone", "address-broken", file("dump/b.csv.gz", status=404), "dump/b.csv.gz"),
    Fault("page about the dataset is gone", "address-broken", file("page/b", status=410), "page/b"),
    Fault("endless redirects", "address-unreachable", file("page/b", status=302, location="/page/b"), "page/b"),
    Fault("page about the dataset hangs up", "address-unreachable", file("page/b", hang_up=True), "page/b"),
    Fault("download refuses HEAD", "address-head", file("dump/b.ttl", head=405), "dump/b.ttl"),
    Fault("download is not HTTP", "address-scheme", landing("ftp://example.org/b"), "ftp:"),
    Fault("download is a file of this machine", "address-scheme", landing("file:///etc/passwd"), "file:"),
    Fault(
        "private address",
        "address-private",
        both(landing("http://localhost:{port}/"), value(0, "sparql#service", DCTERMS.conformsTo)),
        "localhost",
        {"external": True},
    ),
    Fault(
        "redirect to a private address",
        "address-private",
        lambda feed: file("page/b", status=302, location=feed.base.replace("127.0.0.1", "localhost"))(feed),
        "page/b",
    ),
    Fault("download breaks off", "address-incomplete", file("dump/b.csv.gz", cut=4), "dump/b.csv.gz"),
    Fault(
        "page about the dataset is huge",
        "address-limit",
        file("page/b", content=b" " * 2**21),
        "page/b",
        {"limits": HttpLimits(megabytes=1)},
    ),
    Fault("landing page elsewhere", "address-external", landing("https://example.org/b"), ""),
    Fault("download has another media type", "dump-media-type", file("dump/a.csv", media_type="text/plain"), "a.csv"),
    Fault(
        "wrong size",
        "dump-size",
        value(0, f"{A}#csv", DCAT.byteSize, Literal("7", datatype=XSD.nonNegativeInteger)),
        f"{A}#csv",
    ),
    Fault(
        "wrong checksum",
        "dump-checksum",
        value(0, "dump/a.csv#checksum", URIRef(SPDX + "checksumValue"), Literal("00" * 32, datatype=XSD.hexBinary)),
        f"{A}#csv",
    ),
    Fault("Turtle is cut off", "dump-unparsable", replaced("ttl", b"<urn:x> <urn:p>"), "a.ttl"),
    Fault("rows of different length", "dump-unparsable", replaced("csv", b"a;b\n1;2\n1;2;3\n"), "a.csv"),
    Fault("GeoJSON without features", "dump-unparsable", replaced("geojson", b'{"type": "Point"}'), "a.geojson"),
    Fault(
        "gzip is cut off",
        "dump-unparsable",
        replaced("csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:-9], 1),
        "b.csv.gz",
    ),
    Fault("syntaxes disagree", "dump-counts-differ", one_more_triple, A),
    Fault("unknown checksum algorithm", "dump-not-read", algorithm, f"{A}#csv"),
    Fault("VoID disagrees with the dump", "void-count", void_triples("b", 9), "void#b"),
    Fault("VoID disagrees with the endpoint", "sparql-count", void_triples("a", 9), "void#a"),
    Fault("endpoint fails", "sparql-failed", endpoint_answers("text/plain", b"no", 500), "sparql"),
    Fault("endpoint answers with HTML", "sparql-failed", endpoint_answers("text/html", b"<p>hello", 200), "sparql"),
    Fault("unknown licence", "mqa-metric", other_licence, f"{B}#ttl"),
    Fault("no keyword", "mqa-metric", value(1, B, DCAT.keyword), B),
    Fault("no media type", "mqa-metric", value(1, f"{B}#ttl", DCAT.mediaType), f"{B}#ttl"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_gives_its_kind_of_finding_and_no_other(fault: Fault) -> None:
    with serving(fault.spoil) as feed:
        found = look(feed, **fault.options)
    findings = [finding for finding in found.findings if finding.severity != "info" or finding.code == fault.kind]
    assert {finding.code for finding in findings} == {fault.kind}
    for finding in findings:
        places = (finding.page, finding.subject, finding.property, finding.address)
        assert fault.where in " ".join(place for place in places if place is not None)
        assert set(finding.message) == {"de", "en"}
    serious = KINDS[fault.kind].severity != "info"
    assert found.faultless is not serious


def test_every_kind_of_finding_has_a_spoilt_feed() -> None:
    assert {fault.kind for fault in FAULTS} == set(KINDS)
