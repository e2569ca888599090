"""Outside readers agree: every RDF document of the service has the same quads in every syntax for all of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from urllib.parse import quote, urljoin

import pyoxigraph as ox
import pytest
import rdflib
import requests
from readers import (
    FOLDER,
    IN_PYTHON,
    MEDIA_TYPES,
    NODE,
    OF_DATASETS,
    Document,
    Quads,
    by_node,
    by_pyoxigraph,
    dereferenced_by_pyld,
    run_node,
)
from support import DATA, Service, free_port, served, silent, some

from ingest import record_types
from publish.builder import build
from publish.releases.release import Release, Releases

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")]

needs_node = pytest.mark.skipif(
    not (NODE.exists() and (FOLDER / "node_modules").is_dir()),
    reason="The readers from npm are not there: make test gets them.",
)
needs_rapper = pytest.mark.skipif(shutil.which("rapper") is None, reason="rapper is not installed (raptor2-utils).")

_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_CONSTRUCT = "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ <{iri}> }} ?s ?p ?o }}"


class Offered:
    """A running service with its own addresses as base, and what it is known to offer."""

    def __init__(self, service: Service, release: Release) -> None:
        self.service = service
        self.release = release
        self.store = ox.Store.read_only(str(release.store))

    def records(self) -> dict[str, str]:
        """IRI of a record of each type, by the type's name."""
        found = {}
        for record_type in record_types().values():
            quads = self.store.quads_for_pattern(None, _TYPE, ox.NamedNode(record_type.iri))
            if first := min((quad.subject.value for quad in quads), default=None):
                found[record_type.name] = first
        return found

    def deleted(self) -> set[str]:
        """IRIs of deleted records."""
        path, _ = self.release.file("tombstones.nt")
        return {quad.subject.value for quad in ox.parse(path=path) if isinstance(quad.subject, ox.NamedNode)}

    def addresses(self) -> list[str]:
        """Addresses of all RDF documents, without suffix."""
        base, files = f"{self.service.address}/", self.release.manifest.files
        stems = [name.removesuffix(".nt") for name in files if name.endswith(".nt")]
        found = [self._address(stem) for stem in stems if not re.match("feed/[^/]+/suffix/", stem)]
        found += [iri.replace("/id/", "/doc/") for iri in [*self.records().values(), *self.deleted()]]
        found += ["sparql", "search?q=digital"]
        found += [f"sparql?query={quote(_CONSTRUCT.format(iri=iri))}" for iri in self.records().values()]
        return [base + address.removeprefix(base) for address in found]

    def _address(self, stem: str) -> str:
        token, _, rest = stem.removeprefix("feed/").partition("/")
        if not stem.startswith("feed/"):
            return stem
        return f"{rest}?profile={token}" if rest.startswith("dataset/") else f"catalog?page={rest}&profile={token}"


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Iterator[Offered]:
    """A release of the real records, of which one was deleted since the release before."""
    folder, port = tmp_path_factory.mktemp("offered"), free_port()
    data = Path(shutil.copytree(DATA, folder / "data"))
    table = data / "events.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    releases = Releases(folder / "var")
    build(data, f"http://127.0.0.1:{port}/", releases, executor, silent)
    table.write_text("".join(lines[:-1]), encoding="utf-8")
    build(data, f"http://127.0.0.1:{port}/", releases, executor, silent)
    with served(releases.root, port=port) as service:
        yield Offered(service, releases.open())


@pytest.fixture(scope="module")
def documents(offered: Offered, tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """Every document in every syntax, as the service gives it."""
    folder = tmp_path_factory.mktemp("documents")
    found = []
    gone = {iri.replace("/id/", "/doc/") for iri in offered.deleted()}
    assert gone
    with requests.Session() as session:
        for address in offered.addresses():
            for suffix, media_type in MEDIA_TYPES.items():
                answer = session.get(address, headers={"Accept": media_type}, timeout=60)
                assert answer.status_code == (410 if answer.url in gone else 200), (address, suffix)
                if answer.headers["Content-Type"].partition(";")[0] == media_type:
                    path = folder / f"{len(found)}.{suffix}"
                    path.write_bytes(answer.content)
                    found.append(Document(address, suffix, path, alternate=_alternate(answer)))
        found += _embedded(offered, session, folder)
        answer = session.get(f"{offered.service.address}/navigator/projects.jsonld", timeout=60)
        (folder / "navigator.jsonld").write_bytes(answer.content)
        found.append(Document(answer.url, "jsonld", folder / "navigator.jsonld"))
    return found


def _alternate(answer: requests.Response) -> str | None:
    """The only one in JSON-LD that an answer names (JSON-LD 1.1, 6.2)."""
    links = [link for link in re.findall("<[^>]*>[^<]*", answer.headers.get("Link", "")) if 'rel="alternate"' in link]
    found = [urljoin(answer.url, link[1 : link.index(">")]) for link in links if MEDIA_TYPES["jsonld"] in link]
    assert len(found) < 2
    return found[0] if found else None


def _embedded(offered: Offered, session: requests.Session, folder: Path) -> Iterator[Document]:
    """The JSON-LD that stands in the pages of records."""
    for name, iri in offered.records().items():
        address = iri.replace("/id/", "/doc/")
        page = session.get(address, headers={"Accept": "text/html"}, timeout=60)
        (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.S)
        path = folder / f"{name}.embedded.jsonld"
        path.write_text(block, encoding="utf-8")
        yield Document(address, "jsonld", path, embedded=True)


@pytest.fixture(scope="module")
def expected(documents: list[Document]) -> dict[Document, Quads]:
    """What each document says, according to pyoxigraph.

    It fetches no context, so what stands in a page is compared with the Turtle of the record.
    """
    found = {document: by_pyoxigraph(document) for document in documents if not document.embedded}
    turtle = {document.address: quads for document, quads in found.items() if document.suffix == "ttl"}
    return {document: turtle[document.address] if document.embedded else found[document] for document in documents}


def test_every_syntax_says_the_same(offered: Offered, expected: dict[Document, Quads]) -> None:
    said: dict[str, dict[str, Quads]] = {}
    for document, quads in expected.items():
        if not document.embedded:
            said.setdefault(document.address, {})[document.suffix] = quads
    assert said.keys() > set(offered.addresses())
    paths = {address.removeprefix(f"{offered.service.address}/") for address in said}
    assert paths > {"ontology", "shapes", "examples", "void", "history", "summary", "tombstones", "living-in-eu"}
    filled = {entry.record_class for entry in offered.release.manifest.datasets.values() if entry.records}
    assert {each.iri for each in record_types().values() if each.name in offered.records()} == filled
    assert all(quads for by_suffix in said.values() for quads in by_suffix.values())
    for address, by_suffix in said.items():
        if address.endswith("/navigator/projects.jsonld"):
            continue
        assert by_suffix.keys() == MEDIA_TYPES.keys(), address
        with_graphs = {quads for suffix, quads in by_suffix.items() if suffix in OF_DATASETS}
        without = {quads for suffix, quads in by_suffix.items() if suffix not in OF_DATASETS}
        assert len(with_graphs) == len(without) == 1, address
        ((named,), (merged,)) = with_graphs, without
        assert _as_told_by(merged, named) == merged, address


@pytest.mark.parametrize("reader", [pytest.param("rapper", marks=needs_rapper), "rdflib", "PyLD"])
def test_a_reader_in_python_or_c_agrees(reader: str, expected: dict[Document, Quads], executor: Executor) -> None:
    read, suffixes = IN_PYTHON[reader]
    wanted = {document: quads for document, quads in expected.items() if document.suffix in suffixes}
    _agree(wanted, list(executor.map(read, wanted, chunksize=8)))


@needs_node
@pytest.mark.parametrize("reader", ["jsonld", "streaming"])
def test_a_reader_in_javascript_agrees(reader: str, expected: dict[Document, Quads]) -> None:
    wanted = {document: quads for document, quads in expected.items() if document.suffix == "jsonld"}
    _agree(wanted, by_node(reader, list(wanted)))


def _as_told_by(known: Quads, named: Quads) -> Quads:
    """Quads without their graphs, where these are not known: not every syntax can tell graphs apart."""
    return frozenset(quad if quad in known else quad.rpartition(" ")[0] for quad in named)


def _agree(wanted: dict[Document, Quads], found: list[Quads], least: int = 50) -> None:
    assert len(found) == len(wanted) > least
    pairs = zip(wanted.items(), found, strict=True)
    differing = {
        (document.address, document.suffix, document.embedded): sorted(quads ^ own)[:4]
        for (document, quads), own in pairs
        if quads != own
    }
    assert not differing


def test_an_alternate_in_json_ld_says_what_the_document_does(expected: dict[Document, Quads], tmp_path: Path) -> None:
    """A client that wants JSON-LD follows it (JSON-LD 1.1, 6.2), rdflib even if it has some."""
    seen: dict[str, Quads] = {}
    for document, quads in expected.items():
        if document.suffix == "jsonld":
            assert document.alternate is None
        elif document.alternate:
            if document.alternate not in seen:
                path = tmp_path / f"{len(seen)}.jsonld"
                path.write_bytes(requests.get(document.alternate, timeout=60).content)
                seen[document.alternate] = by_pyoxigraph(Document(document.alternate, "jsonld", path))
            assert _as_told_by(quads, seen[document.alternate]) == quads, document
    assert len(seen) > 20


@pytest.mark.parametrize("suffix", MEDIA_TYPES)
@pytest.mark.parametrize("path", ["catalog", "dataset/grants"])
def test_rdflib_gets_what_an_address_says(
    offered: Offered, expected: dict[Document, Quads], path: str, suffix: str
) -> None:
    """It follows links to alternates in JSON-LD."""
    for profile in some(offered.release.manifest.feed.profiles):
        query = f"?page=1&profile={profile}" if path == "catalog" else f"?profile={profile}"
        (wanted,) = (
            quads
            for document, quads in expected.items()
            if document.address == f"{offered.service.address}/{path}{query}" and document.suffix == suffix
        )
        asked = query if profile != offered.release.manifest.feed.default else ""
        graph = rdflib.Graph().parse(f"{offered.service.address}/{path}.{suffix}{asked}")
        links = {f"{s.n3()} {p.n3()} {o.n3()}" for s, p, o in graph if isinstance(o, rdflib.URIRef)}
        assert links == {quad for quad in wanted if quad.endswith(">") and '"' not in quad}
        assert len(graph) == len(wanted)


@pytest.fixture(scope="module")
def dereferenced(offered: Offered, expected: dict[Document, Quads]) -> dict[Document, Quads]:
    """What some addresses say: things, documents, and documents in Turtle, whose answers name their JSON-LD."""
    service = offered.service.address
    default = offered.release.manifest.feed.default
    record = next(iri for name, iri in offered.records().items() if name == "Project")
    said = {document.address: quads for document, quads in expected.items() if document.suffix == "nt"}
    found = {address: said[record.replace("/id/", "/doc/")] for address in (record, record.replace("/id/", "/doc/"))}
    for path in ("dataset/grants", "catalog"):
        found[f"{service}/{path}"] = said[f"{service}/{path}?{'page=1&' if path == 'catalog' else ''}profile={default}"]
    found |= {f"{service}/{path}": said[f"{service}/{path}"] for path in ("ontology", "dump/grants")}
    found |= {f"{address}.ttl": quads for address, quads in found.items() if "/id/" not in address and "/d" in address}
    found |= {f"{address}.jsonld": quads for address, quads in found.items() if address.endswith("/grants")}
    return {Document(address, "jsonld", FOLDER): quads for address, quads in found.items()}


def test_pyld_dereferences_what_is_published(dereferenced: dict[Document, Quads]) -> None:
    _agree(dereferenced, [dereferenced_by_pyld(document.address) for document in dereferenced], least=8)


@needs_node
def test_jsonld_js_dereferences_what_is_published(dereferenced: dict[Document, Quads]) -> None:
    _agree(dereferenced, by_node("dereferencing", list(dereferenced)), least=8)


_JOIN = """PREFIX sr: <https://w3id.org/smart-region/ns#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?project ?title ?ags ?name WHERE {
  ?project sr:lead ?lead ; dct:title ?title FILTER(LANG(?title) = "de")
  ?lead sr:ags ?ags ; skos:prefLabel ?name .
}"""


@needs_node
def test_comunica_joins_endpoint_dumps_and_records_alike(offered: Offered) -> None:
    address = offered.service.address
    rows = list(offered.store.query(_JOIN, use_default_graph_as_union=True))
    assert len(rows) > 1
    expected = sorted([[name, row[name].value] for name in ("ags", "name", "project", "title")] for row in rows)
    dumps = [("jsonld", "rdf"), ("ttl", "jsonld"), ("nq", "jsonld")]
    sources: list[list[object]] = [[{"type": "sparql", "value": f"{address}/sparql"}]]
    sources += [[f"{address}/dump/projects.{one}", f"{address}/dump/municipalities.{two}"] for one, two in dumps]
    in_dumps = [row for row in expected if len(dict(row)["ags"]) == len("06411000")]
    (_, key), _, (_, project), _ = in_dumps[0]
    records = [project, f"{address}/id/municipality/{key}"]
    asked = [{"query": _JOIN, "sources": each} for each in sources]
    one = _JOIN.replace("WHERE {", f"WHERE {{ VALUES ?project {{ <{project}> }}")
    asked += [{"query": one, "sources": each} for each in [*sources, records]]
    found = run_node(["query.mjs"], asked)
    assert len(found) == len(asked)
    assert found[0] == expected
    for answer in found[1 : len(sources)]:
        assert answer == in_dumps
    for answer in found[len(sources) :]:
        assert answer == [in_dumps[0]]
