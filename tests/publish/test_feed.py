"""The catalogue in pages and profiles (``publish.catalogue.feed``, ``publish.catalogue.profiles``)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from rdflib import DCAT, DCTERMS, OWL, RDF, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from support import DATA, DATASETS, some

from ingest.pipeline.catalogue import datasets, read
from publish.catalogue import feed
from publish.catalogue.dcat import PublishedDataset, describe
from publish.catalogue.profiles import PROFILES
from publish.formats.dumps import Files
from publish.releases.manifest import Feed, Packed, ReleaseFile

pytestmark = pytest.mark.slow

BASE = "https://data.example.org/hessen/"
DAY = "2026-01-02"
DCAT3 = Namespace(str(DCAT))
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VERSION_3, VERSION_2 = (profile.token for profile in PROFILES)
COUNT = len(DATASETS)


def iri(name: str) -> URIRef:
    return URIRef(BASE + name)


@pytest.fixture(scope="module")
def catalogue() -> Graph:
    """Our own catalogue with one file for each dataset."""
    config = read(DATA / "catalogue.ttl", BASE)
    names = datasets(config, BASE)
    files = {
        f"dump/{name}.nt": ReleaseFile(
            "application/n-triples", 9, "ab" * 32, DAY, DAY, name, {"gzip": Packed(5, "cd" * 32)}
        )
        for name in names
    }
    return describe(config, BASE, dict.fromkeys(names, PublishedDataset(DAY, DAY, 2, DAY)), files, {})


class Written:
    """A feed as it is on disk."""

    def __init__(self, root: Path, catalogue: Graph, page_size: int) -> None:
        self.root = root
        self.files = Files(root, DAY, {})
        self.feed: Feed = feed.write(self.files, catalogue, BASE, page_size)

    def graph(self, stem: str, suffix: str = "nt") -> Graph:
        return Graph().parse(self.root / "feed" / f"{stem}.{suffix}")

    def pages(self, token: str = VERSION_3) -> list[Graph]:
        return [self.graph(f"{token}/{number}") for number in range(1, self.feed.pages + 1)]


def without_links(page: Graph) -> set[tuple[object, ...]]:
    views = set(page.subjects(RDF.type, HYDRA.PartialCollectionView))
    return {
        triple
        for triple in page
        if triple[0] not in views and not str(triple[1]).startswith(str(HYDRA)) and triple[2] != HYDRA.Collection
    }


@pytest.mark.parametrize("size", [1, 5, COUNT - 1, COUNT, 100])
@pytest.mark.parametrize("token", [VERSION_3, VERSION_2])
def test_the_pages_together_are_the_whole(tmp_path: Path, catalogue: Graph, size: int, token: str) -> None:
    written = Written(tmp_path, catalogue, size)
    pages = written.pages(token)
    assert len(pages) == -(-COUNT // size)
    listed = [sorted(page.objects(iri("catalog"), DCAT.dataset)) for page in pages]
    assert [len(found) for found in listed[:-1]] == [size] * (len(pages) - 1)
    order = [dataset for found in listed for dataset in found]
    assert order == sorted(set(order))
    assert len(order) == COUNT
    one = Written(tmp_path / "one", catalogue, 100).pages(token)
    assert set().union(*map(without_links, pages)) == without_links(one[0])


def test_a_page_holds_the_whole_of_what_it_names(tmp_path: Path, catalogue: Graph) -> None:
    """A stub of a dataset without a title ends a harvest of CKAN; a contact elsewhere is lost."""
    whole = feed.whole(catalogue, BASE)
    described = {str(triple.subject).strip("<>") for triple in whole}
    for page in some(Written(tmp_path, catalogue, 1).pages()):
        own = set(page.subjects(RDF.type, DCAT.Dataset))
        assert len(own) == 1
        assert all((dataset, DCTERMS.title, None) in page for dataset in own)
        services = set(page.objects(iri("catalog"), DCAT.service))
        assert services == set(catalogue.subjects(RDF.type, DCAT.DataService))
        for service in services:
            assert set(page.objects(service, DCAT.servesDataset)) == own & set(
                catalogue.objects(service, DCAT.servesDataset)
            )
        named = {str(node) for node in page.objects() if isinstance(node, URIRef)} & described
        assert named <= {str(subject) for subject in page.subjects()}


def test_what_a_page_says_of_a_dataset_is_what_its_own_document_says(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 4)
    for token in (VERSION_3, VERSION_2):
        for page in some(written.pages(token)):
            for dataset in some(page.objects(iri("catalog"), DCAT.dataset)):
                name = str(dataset).removeprefix(BASE)
                document = written.graph(f"{token}/{name}")
                assert (dataset, DCTERMS.title, None) in document
                assert set(document) <= set(page)


@pytest.mark.parametrize("token", [VERSION_3, VERSION_2])
@pytest.mark.parametrize(("folder", "suffix"), [("", "nt"), *(("suffix/", s) for s in ("ttl", "nt", "rdf", "jsonld"))])
def test_links_lead_through_all_pages_and_differ_in_the_query_only(
    tmp_path: Path, catalogue: Graph, token: str, folder: str, suffix: str
) -> None:
    """CKAN takes hydra:next of a PartialCollectionView, piveau too, and an integer hydra:totalItems."""
    written = Written(tmp_path, catalogue, -(-COUNT // 3))
    home = f"{BASE}catalog.{suffix}" if folder else f"{BASE}catalog"
    query = "?page=" if token == VERSION_3 else f"?profile={token}&page="
    pages = [written.graph(f"{token}/{folder}{number}", suffix) for number in (1, 2, 3)]
    for number, page in enumerate(pages, start=1):
        (view,) = page.subjects(RDF.type, HYDRA.PartialCollectionView)
        assert view == URIRef(f"{home}{query}{number}")
        others = {
            HYDRA.first: 1,
            HYDRA.previous: number - 1 or None,
            HYDRA.next: number + 1 if number < 3 else None,
            HYDRA.last: 3,
        }
        for relation, other in others.items():
            expected = [URIRef(f"{home}{query}{other}")] if other else []
            assert list(page.objects(view, relation)) == expected
        assert list(page.objects(None, HYDRA.totalItems)) == [Literal(COUNT)]
        assert list(page.objects(iri("catalog"), HYDRA.view)) == [view]


def test_all_on_one_page_has_no_next(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 100)
    (page,) = written.pages()
    assert list(page.objects(None, HYDRA.next)) == []
    assert not (tmp_path / "feed" / VERSION_3 / "suffix").exists()


def test_nothing_is_a_blank_node(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 5)
    for page in some([*written.pages(VERSION_3), *written.pages(VERSION_2)]):
        assert not [node for node in some(page.all_nodes()) if isinstance(node, BNode)]


def test_a_blank_node_is_refused(tmp_path: Path, catalogue: Graph) -> None:
    spoilt = Graph()
    spoilt += catalogue
    spoilt.add((BNode(), DCTERMS.title, Literal("x")))
    with pytest.raises(TypeError, match="without an IRI"):
        feed.write(Files(tmp_path, DAY, {}), spoilt, BASE, 5)


def test_every_syntax_says_the_same(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 8)
    for stem in (f"{VERSION_3}/1", f"{VERSION_2}/2", f"{VERSION_3}/dataset/projects"):
        graphs = [set(written.graph(stem, suffix)) for suffix in ("ttl", "nt", "rdf", "jsonld")]
        assert graphs[0]
        assert all(one == other for one, other in pairwise(graphs))


def test_conflicting_properties_follow_each_version(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 100)
    three, two = written.pages(VERSION_3)[0], written.pages(VERSION_2)[0]
    dataset, file = iri("dataset/municipalities"), iri("dataset/municipalities#nt")
    assert three.value(file, DCAT.byteSize) == Literal("9", datatype=XSD.nonNegativeInteger)
    assert two.value(file, DCAT.byteSize) == Literal("9", datatype=XSD.decimal)
    algorithm = SPDX.checksum / SPDX.algorithm
    assert three.value(file, algorithm) == SPDX.checksumAlgorithm_sha256
    hashes = URIRef("http://dcat-ap.de/def/hashAlgorithms")
    assert two.value(file, algorithm / SKOS.inScheme) == hashes
    status = URIRef("http://www.w3.org/ns/adms#status")
    assert "distribution-status/COMPLETED" in str(three.value(file, status))
    assert two.value(file, status) == URIRef("http://purl.org/adms/status/Completed")
    assert three.value(dataset, DCAT3.version) == two.value(dataset, OWL.versionInfo) == Literal("2")
    assert three.value(dataset, DCAT3.previousVersion) == iri("dataset/municipalities#version-1")
    assert iri("dataset/municipalities#version-1") not in two.all_nodes()
    hesse = URIRef("http://dcat-ap.de/def/politicalGeocoding/stateKey/06")
    assert two.value(dataset, DCATDE.politicalGeocodingURI) == hesse
    assert two.value(dataset, DCATDE.maintainer) == two.value(dataset, DCTERMS.publisher)
    assert (dataset, DCATDE.politicalGeocodingURI, None) not in three
    for graph, profile in ((three, PROFILES[0]), (two, PROFILES[1])):
        assert graph.value(iri("catalog"), DCTERMS.conformsTo) == URIRef(profile.iri)


def test_a_series_goes_with_its_datasets_and_leads_to_none(tmp_path: Path, catalogue: Graph) -> None:
    written = Written(tmp_path, catalogue, 1)
    series = iri("catalog#territory")
    for page in written.pages():
        (dataset,) = page.subjects(RDF.type, DCAT.Dataset)
        expected = "catalog#territory" if (dataset, DCAT3.inSeries, None) in page else None
        assert ((series, RDF.type, DCAT3.DatasetSeries) in page) == (expected is not None)
    document = written.graph(f"{VERSION_3}/dataset/states")
    assert document.value(series, DCTERMS.title)
    assert set(document.subjects(RDF.type, DCAT.Dataset)) == {iri("dataset/states")}
    for page in written.pages(VERSION_2):
        assert series not in page.all_nodes()
