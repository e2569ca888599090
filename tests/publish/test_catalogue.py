"""The catalogue as configuration (``ingest.pipeline.catalogue``) and as published (``publish.catalogue.dcat``)."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pyshacl
import pytest
from rdflib import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node
from support import some

import shapes
from ingest.pipeline.catalogue import CatalogueError, Source, datasets, read, sources
from ontology import SR, SRS
from publish.catalogue.coverage import Extent
from publish.catalogue.dcat import PublishedDataset, describe, places
from publish.releases.manifest import Packed, ReleaseFile

BASE = "https://data.example.org/hessen/"
ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
LICENCES = Namespace("http://dcat-ap.de/def/licenses/")
DCAT3 = Namespace(str(DCAT))
DQV = Namespace("http://www.w3.org/ns/dqv#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
WKT = URIRef("http://www.opengis.net/ont/geosparql#wktLiteral")
OWN_CATALOGUE = Path(__file__).parents[2] / "data" / "catalogue.ttl"

PREFIXES = """
@prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix srs: <https://w3id.org/smart-region/shapes#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<catalog> a dcat:Catalog ; dct:title "Katalog"@de ; foaf:homepage <> .
"""
PROJECTS = """
<dataset/projects> a dcat:Dataset ; dct:title "Projekte"@de , "Projects"@en ;
    dct:license <http://dcat-ap.de/def/licenses/dl-zero-de/2.0> ;
    dcat:distribution <dataset/projects#source> .
<dataset/projects#source> a dcat:Distribution ; dct:conformsTo srs:Project ; dcat:downloadURL <source/projects.csv> .
"""
VOCABULARY = '<dataset/vocabulary> a dcat:Dataset ; dct:title "Vokabular"@de .'
SERVICE = '<sparql#service> a dcat:DataService ; dct:title "SPARQL"@de ; dcat:endpointURL <sparql> .'

ADDED, CHANGED = "2026-01-03", "2026-02-03"


def file(media_type: str, size: int, digest: str, dataset: str | None = None, **packed: Packed) -> ReleaseFile:
    return ReleaseFile(media_type, size, digest * 32, ADDED, CHANGED, dataset, packed)


FILES = {
    "dump/projects.csv": file("text/csv", 2345, "ab", "projects", gzip=Packed(234, "ac" * 32)),
    "dump/projects.nt": file("application/n-triples", 54321, "cd", "projects", gzip=Packed(543, "ce" * 32)),
    "dump/projects.xlsx": file(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 99, "ef", "projects"
    ),
    "source/projects.csv": file("text/csv", 777, "01", "projects"),
    "ontology.nt": file("application/n-triples", 20, "02", "vocabulary"),
    "ontology.ttl": file("text/turtle", 10, "03", "vocabulary"),
    "context.jsonld": file("application/ld+json", 5, "04", "vocabulary"),
    "void.ttl": file("text/turtle", 10, "05"),
}
HESSE = URIRef("http://dcat-ap.de/def/politicalGeocoding/stateKey/06")
EXTENT = Extent("POLYGON((7.8 49.4,10.2 49.4,10.2 51.6,7.8 51.6,7.8 49.4))", "POINT(9.0 50.6)")


def write(tmp_path: Path, *parts: str) -> Path:
    path = tmp_path / "catalogue.ttl"
    path.write_text(PREFIXES + "\n".join(parts), encoding="utf-8")
    return path


def config(tmp_path: Path, *parts: str) -> Graph:
    return read(write(tmp_path, *parts), BASE)


def publish(tmp_path: Path, *parts: str, published: dict[str, PublishedDataset] | None = None) -> Graph:
    graph = config(tmp_path, *parts)
    dates = {name: PublishedDataset("2026-01-02", "2026-03-04", 3) for name in datasets(graph, BASE)}
    return describe(graph, BASE, {**dates, **(published or {})}, FILES, {})


def iri(name: str) -> URIRef:
    return URIRef(BASE + name)


def reachable(graph: Graph, start: Node) -> set[Node]:
    found, ahead = {start}, [start]
    while ahead:
        new = set(graph.objects(ahead.pop())) - found
        found |= new
        ahead += new
    return found


# Configuration


def test_relative_iris_are_resolved_against_the_base(tmp_path: Path) -> None:
    graph = config(tmp_path, PROJECTS)
    assert graph.value(iri("catalog"), FOAF.homepage) == URIRef(BASE)
    assert datasets(graph, BASE) == {"projects": iri("dataset/projects")}


def test_a_source_is_a_distribution_that_conforms_to_a_record_shape(tmp_path: Path) -> None:
    elsewhere = (
        "<dataset/projects> dcat:distribution <dataset/projects#api> . <dataset/projects#api> a dcat:Distribution ; "
        "dct:conformsTo <https://example.org/api> ; dcat:accessURL <https://example.org/projects> ."
    )
    found = sources(config(tmp_path, PROJECTS, elsewhere), BASE)
    assert found == [Source(iri("dataset/projects#source"), "projects", "projects.csv", str(SRS.Project), {})]


def test_a_source_may_map_its_own_headings(tmp_path: Path) -> None:
    mapping = """<dataset/projects#source> csvw:tableSchema [
        csvw:column [ csvw:title "Kommune" ; csvw:name "lead" ] , [ csvw:title "Thema" ; csvw:name "field" ] ] ."""
    (source,) = sources(config(tmp_path, PROJECTS, mapping), BASE)
    assert source.columns == {"Kommune": "lead", "Thema": "field"}


def test_a_dataset_may_have_several_sources(tmp_path: Path) -> None:
    more = """<dataset/projects> dcat:distribution <dataset/projects#more> .
        <dataset/projects#more> dct:conformsTo srs:Project ; dcat:downloadURL <source/Liste%202.xlsx> ."""
    found = sources(config(tmp_path, PROJECTS, more), BASE)
    assert [source.file for source in found] == ["Liste 2.xlsx", "projects.csv"]


def test_blank_nodes_get_iris_that_depend_on_their_content_only(tmp_path: Path) -> None:
    first, second = "[ dcat:startDate '2020-01-01' ]", "[ dcat:startDate '2021-01-01' ]"
    one = config(tmp_path, f"<dataset/a> a dcat:Dataset ; dct:temporal {first} , {second} .")
    other = config(tmp_path, f"<dataset/a> dct:temporal {second} , {first} ; a dcat:Dataset .")
    assert set(one) == set(other)
    assert not any(isinstance(node, BNode) for node in one.all_nodes())
    assert len(set(one.objects(iri("dataset/a"), DCTERMS.temporal))) == 2


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, "<dataset/a> a dcat:Dataset ;", "  dct:title .")
    with pytest.raises(CatalogueError, match=rf"catalogue\.ttl, line {PREFIXES.count(chr(10)) + 2}: .*not Turtle"):
        read(path, BASE)


def test_a_missing_file_is_an_error_of_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        read(tmp_path / "catalogue.ttl", BASE)


def test_a_file_in_another_encoding_is_an_error_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "catalogue.ttl").write_bytes((PREFIXES + '<catalog> dct:title "Förderung"@de .').encode("cp1252"))
    with pytest.raises(CatalogueError, match="cannot be read"):
        read(tmp_path / "catalogue.ttl", BASE)


def test_a_file_without_catalogue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.ttl"
    path.write_text("<catalog> a <http://www.w3.org/ns/dcat#Dataset> .", encoding="utf-8")
    with pytest.raises(CatalogueError, match="does not describe the catalogue"):
        read(path, BASE)


@pytest.mark.parametrize(
    "address",
    [
        "source/../../etc/passwd",
        "source/..%2Fsecret.csv",
        "source/a%5Cb.csv",
        "source/",
        "source/%2E%2E",
        "elsewhere/source/projects.csv",
        "source/folder/projects.csv",
        "https://example.org/projects.csv",
    ],
)
def test_a_source_lies_beside_the_catalogue(tmp_path: Path, address: str) -> None:
    graph = config(tmp_path, PROJECTS.replace("source/projects.csv", address))
    with pytest.raises(CatalogueError, match="beside the catalogue"):
        sources(graph, BASE)


@pytest.mark.parametrize(
    "more", ["dcat:downloadURL <source/other.csv>", "dct:conformsTo srs:Grant"], ids=["two files", "two shapes"]
)
def test_a_source_has_one_file_and_one_shape(tmp_path: Path, more: str) -> None:
    graph = config(tmp_path, PROJECTS, f"<dataset/projects#source> {more} .")
    with pytest.raises(CatalogueError, match="one record shape and one"):
        sources(graph, BASE)


@pytest.mark.parametrize("name", ["dataset/Projects", "dataset/a--b", "dataset/a/b", "projects", "dataset/projekte_2"])
def test_a_dataset_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CatalogueError, match="must be named like"):
        datasets(config(tmp_path, f"<{name}> a dcat:Dataset ."), BASE)


# Publication


def test_a_distribution_tells_all_about_its_file(tmp_path: Path) -> None:
    graph = publish(tmp_path, PROJECTS)
    csv = iri("dataset/projects#csv")
    checksum = iri("dataset/projects#checksum-csv")
    authority = "http://publications.europa.eu/resource/authority/"
    assert set(graph.predicate_objects(csv)) == {
        (RDF.type, DCAT.Distribution),
        (DCTERMS.title, Literal("Projekte (CSV)", lang="de")),
        (DCTERMS.title, Literal("Projects (CSV)", lang="en")),
        (DCAT.accessURL, iri("dump/projects.csv")),
        (DCAT.downloadURL, iri("dump/projects.csv")),
        (DCTERMS["format"], URIRef(authority + "file-type/CSV")),
        (DCAT.mediaType, URIRef("https://www.iana.org/assignments/media-types/text/csv")),
        (DCTERMS.description, Literal("Tabelle mit einer Zeile je Eintrag und deutschen Überschriften.", lang="de")),
        (DCTERMS.description, Literal("Table with one row for each record and German headings.", lang="en")),
        (DCAT.byteSize, Literal("2345", datatype=XSD.nonNegativeInteger)),
        (DCTERMS.issued, Literal(ADDED, datatype=XSD.date)),
        (DCTERMS.modified, Literal(CHANGED, datatype=XSD.date)),
        (ADMS.status, URIRef(authority + "distribution-status/COMPLETED")),
        (DCTERMS.license, LICENCES["dl-zero-de/2.0"]),
        (DCTERMS.conformsTo, SRS.Project),
        (DCTERMS.conformsTo, URIRef("https://www.rfc-editor.org/rfc/rfc4180")),
        (SPDX.checksum, checksum),
    }
    assert set(graph.predicate_objects(checksum)) == {
        (RDF.type, SPDX.Checksum),
        (SPDX.algorithm, SPDX.checksumAlgorithm_sha256),
        (SPDX.checksumValue, Literal("ab" * 32, datatype=XSD.hexBinary)),
    }


def test_only_open_dumps_are_distributions_and_the_table_is_where_they_come_from(tmp_path: Path) -> None:
    graph = publish(tmp_path, PROJECTS)
    dataset = iri("dataset/projects")
    distributions = {iri(f"dataset/projects#{fragment}") for fragment in ("csv", "nt", "nt-gz")}
    assert set(graph.objects(dataset, DCAT.distribution)) == distributions
    assert graph.value(dataset, PROV.wasDerivedFrom) == iri("source/projects.csv")
    assert not list(graph.predicate_objects(iri("dataset/projects#source")))


def test_a_table_that_the_release_lacks_is_not_linked(tmp_path: Path) -> None:
    graph = publish(tmp_path, PROJECTS.replace("source/projects.csv", "source/lost.csv"))
    assert graph.value(iri("dataset/projects"), PROV.wasDerivedFrom) is None


def test_a_column_map_is_not_published(tmp_path: Path) -> None:
    mapping = '<dataset/projects#source> csvw:tableSchema [ csvw:column [ csvw:title "Kommune" ; csvw:name "lead" ] ] .'
    assert set(publish(tmp_path, PROJECTS, mapping)) == set(publish(tmp_path, PROJECTS))


def test_of_a_document_only_the_turtle_is_a_distribution(tmp_path: Path) -> None:
    graph = publish(tmp_path, VOCABULARY)
    found = {
        str(graph.value(distribution, DCAT.downloadURL)).removeprefix(BASE): str(
            graph.value(distribution, DCTERMS.title)
        )
        for distribution in graph.objects(iri("dataset/vocabulary"), DCAT.distribution)
    }
    assert found == {
        "context.jsonld": "Vokabular (JSON-LD-Kontext, JSON-LD)",
        "ontology.ttl": "Vokabular (Klassen und Eigenschaften, Turtle)",
    }


def test_a_packed_dump_is_a_distribution_in_the_format_of_what_is_packed(tmp_path: Path) -> None:
    """MQA counts GZIP as a format that no machine reads; and only bulk formats, as portals show previews of tables."""
    graph = publish(tmp_path, PROJECTS)
    packed = iri("dataset/projects#nt-gz")
    media_types = "https://www.iana.org/assignments/media-types/application/"
    assert graph.value(packed, DCAT.downloadURL) == iri("dump/projects.nt.gz")
    assert graph.value(packed, DCAT.mediaType) == URIRef(media_types + "n-triples")
    assert graph.value(packed, DCTERMS["format"]) == graph.value(iri("dataset/projects#nt"), DCTERMS["format"])
    assert graph.value(packed, DCAT.compressFormat) == URIRef(media_types + "gzip")
    assert (URIRef(media_types + "gzip"), RDF.type, DCTERMS.MediaType) in graph
    assert Literal("Projekte (N-Triples, gzip)", lang="de") in graph.objects(packed, DCTERMS.title)
    assert graph.value(packed, DCAT.byteSize) == Literal("543", datatype=XSD.nonNegativeInteger)
    assert graph.value(packed, SPDX.checksum / SPDX.checksumValue) == Literal("ce" * 32, datatype=XSD.hexBinary)


def test_a_dataset_has_the_number_of_its_version_and_the_date_of_the_one_before(tmp_path: Path) -> None:
    """Which is no dcat:Dataset: CKAN would take it for one more dataset."""
    dataset, before = iri("dataset/projects"), iri("dataset/projects#version-2")
    first = publish(tmp_path, PROJECTS)
    assert first.value(dataset, DCAT3.version) == Literal("3")
    assert first.value(dataset, DCAT3.previousVersion) is None
    known = {"projects": PublishedDataset("2026-01-02", "2026-03-04", 3, "2026-02-03")}
    graph = publish(tmp_path, PROJECTS, published=known)
    assert graph.value(dataset, DCAT3.previousVersion) == before
    assert set(graph.predicate_objects(before)) == {
        (RDF.type, DCAT.Resource),
        (DCAT3.version, Literal("2")),
        (DCTERMS.issued, Literal("2026-02-03", datatype=XSD.date)),
        (DCTERMS.title, Literal("Projekte, Version 2", lang="de")),
        (DCTERMS.title, Literal("Projects, Version 2", lang="en")),
    }


def test_places_get_the_extent_of_their_records(tmp_path: Path) -> None:
    stated = "<dataset/projects> dct:spatial <https://example.org/here> . <https://example.org/here> dcat:bbox '1' ."
    place = f"<dataset/projects> dct:spatial <{HESSE}> ."
    found = config(tmp_path, PROJECTS, stated, place)
    assert places(found) == [str(HESSE)]
    known = {"projects": PublishedDataset("2026-01-02", "2026-03-04", 3)}
    graph = describe(found, BASE, known, FILES, {str(HESSE): EXTENT})
    assert (HESSE, RDF.type, DCTERMS.Location) in graph
    assert graph.value(HESSE, DCAT.bbox) == Literal(EXTENT.box, datatype=WKT)
    assert graph.value(HESSE, DCAT.centroid) == Literal(EXTENT.centroid, datatype=WKT)


def test_what_is_measured_of_a_dataset_goes_with_it(tmp_path: Path) -> None:
    measured = {SR.conformingRecords: Decimal("0.9500"), SR.withheldRecords: Decimal(10)}
    known = {"projects": PublishedDataset("2026-01-02", "2026-03-04", 3, measured=measured)}
    graph = publish(tmp_path, PROJECTS, published=known)
    dataset = iri("dataset/projects")
    found = {
        graph.value(node, DQV.isMeasurementOf): graph.value(node, DQV.value)
        for node in graph.objects(dataset, DQV.hasQualityMeasurement)
    }
    assert found == {
        SR.conformingRecords: Literal("0.95", datatype=XSD.decimal),
        SR.withheldRecords: Literal("10", datatype=XSD.integer),
    }
    described = reachable(graph, dataset)
    for metric in measured:
        assert {metric, graph.value(metric, DQV.inDimension)} <= described
        assert (metric, RDF.type, DQV.Metric) in graph


def test_a_stated_distribution_is_completed_with_what_its_dataset_says(tmp_path: Path) -> None:
    """So a feed that no file of the release holds is added in the configuration alone."""
    stated = """<dataset/projects> dcat:distribution <dataset/projects#feed> ; dct:rights <catalog#rights> .
        <dataset/projects#feed> a dcat:Distribution ; dct:title "Neues"@de ; dcat:accessURL <projects.atom> ;
            dct:rights <catalog#other-rights> ."""
    graph = publish(tmp_path, PROJECTS, stated)
    assert set(graph.predicate_objects(iri("dataset/projects#feed"))) == {
        (RDF.type, DCAT.Distribution),
        (DCTERMS.title, Literal("Neues", lang="de")),
        (DCAT.accessURL, iri("projects.atom")),
        (DCTERMS.rights, iri("catalog#other-rights")),
        (DCTERMS.license, LICENCES["dl-zero-de/2.0"]),
        (DCTERMS.conformsTo, SRS.Project),
        (DCTERMS.issued, Literal("2026-01-02", datatype=XSD.date)),
        (DCTERMS.modified, Literal("2026-03-04", datatype=XSD.date)),
    }


def test_the_catalogue_is_as_old_as_its_oldest_and_as_new_as_its_newest_dataset(tmp_path: Path) -> None:
    graph = publish(
        tmp_path,
        PROJECTS,
        VOCABULARY,
        published={
            "projects": PublishedDataset("2025-12-31", "2026-01-01", 1),
            "vocabulary": PublishedDataset("2026-02-01", "2026-02-03", 1),
        },
    )
    assert graph.value(iri("catalog"), DCTERMS.issued) == Literal("2025-12-31", datatype=XSD.date)
    assert graph.value(iri("catalog"), DCTERMS.modified) == Literal("2026-02-03", datatype=XSD.date)


@pytest.mark.parametrize(
    ("stated", "derived", "expected"),
    [
        ("", ("2019", "2025-08"), (Literal("2019", datatype=XSD.gYear), Literal("2025-08", datatype=XSD.gYearMonth))),
        ("", None, (Literal("2026-01-02", datatype=XSD.date), None)),
        ("2020-07-02", ("2019", "2025"), (Literal("2020-07-02", datatype=XSD.date), None)),
    ],
    ids=["from the records", "since publication", "stated"],
)
def test_every_dataset_covers_a_period(
    tmp_path: Path, stated: str, derived: tuple[str, str] | None, expected: tuple[Literal, Literal | None]
) -> None:
    more = f'<dataset/projects> dct:temporal <catalog#p> . <catalog#p> dcat:startDate "{stated}"^^xsd:date .'
    parts = [PROJECTS, more] if stated else [PROJECTS]
    graph = publish(
        tmp_path, *parts, published={"projects": PublishedDataset("2026-01-02", "2026-03-04", 3, period=derived)}
    )
    (interval,) = graph.objects(iri("dataset/projects"), DCTERMS.temporal)
    assert (interval, RDF.type, DCTERMS.PeriodOfTime) in graph
    assert (graph.value(interval, DCAT.startDate), graph.value(interval, DCAT.endDate)) == expected


def test_a_dataset_leads_neither_to_the_catalogue_nor_to_another_dataset(tmp_path: Path) -> None:
    graph = publish(tmp_path, PROJECTS, VOCABULARY, SERVICE)
    apart = {iri("catalog"), iri("dataset/projects"), iri("dataset/vocabulary"), iri("sparql#service")}
    for name in ("dataset/projects", "dataset/vocabulary"):
        assert reachable(graph, iri(name)) & apart == {iri(name)}


def test_a_service_may_say_which_datasets_it_serves(tmp_path: Path) -> None:
    api = SERVICE.replace("sparql#service", "api#service") + " <api#service> dcat:servesDataset <dataset/vocabulary> ."
    graph = publish(tmp_path, PROJECTS, VOCABULARY, SERVICE, api)
    assert set(graph.objects(iri("api#service"), DCAT.servesDataset)) == {iri("dataset/vocabulary")}
    assert set(graph.objects(iri("catalog"), DCAT.service)) == {iri("sparql#service"), iri("api#service")}


def test_the_service_serves_every_dataset(tmp_path: Path) -> None:
    graph = publish(tmp_path, PROJECTS, VOCABULARY, SERVICE)
    service = graph.value(iri("catalog"), DCAT.service)
    assert service == iri("sparql#service")
    assert set(graph.objects(service, DCAT.servesDataset)) == set(graph.objects(iri("catalog"), DCAT.dataset))


def test_a_dataset_that_the_release_does_not_know_leaves_no_trace(tmp_path: Path) -> None:
    known = {"vocabulary": PublishedDataset("2026-01-02", "2026-03-04", 3)}
    graph = describe(config(tmp_path, PROJECTS, VOCABULARY, SERVICE), BASE, known, FILES, {})
    assert not any("dataset/projects" in str(term) for triple in graph for term in triple)
    assert set(graph.objects(iri("sparql#service"), DCAT.servesDataset)) == {iri("dataset/vocabulary")}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (publish(tmp_path, *parts) for parts in ((PROJECTS, VOCABULARY), (VOCABULARY, PROJECTS)))
    assert one.serialize(format="turtle") == other.serialize(format="turtle")


def test_the_configuration_is_left_as_it_was(tmp_path: Path) -> None:
    graph = config(tmp_path, PROJECTS)
    before = set(graph)
    describe(graph, BASE, {"projects": PublishedDataset("2026-01-02", "2026-03-04", 3)}, FILES, {})
    assert set(graph) == before


# The catalogue of this project


@pytest.fixture(scope="module")
def own() -> Graph:
    return read(OWN_CATALOGUE, BASE)


def test_our_tables_and_shapes_belong_together(own: Graph) -> None:
    found = {source.dataset: (source.file, source.shape.removeprefix(str(SRS))) for source in sources(own, BASE)}
    assert found == {
        "states": ("states.csv", "State"),
        "government-districts": ("government_districts.csv", "GovernmentDistrict"),
        "districts": ("districts.csv", "District"),
        "municipalities": ("municipalities.csv", "Municipality"),
        "former-municipalities": ("former_municipalities.csv", "FormerMunicipality"),
        "metropolitan-regions": ("metropolitan_regions.csv", "MetropolitanRegion"),
        "projects": ("projects.csv", "Project"),
        "grants": ("grants.csv", "Grant"),
        "programmes": ("programmes.csv", "FundingProgramme"),
        "organisations": ("organisations.csv", "Organisation"),
        "offers": ("offers.csv", "Offer"),
        "places": ("places.csv", "Place"),
        "events": ("events.csv", "Event"),
        "stated-amounts": ("stated_amounts.csv", "StatedAmount"),
        "statements": ("statements.csv", "Statement"),
        "use-case-sketches": ("use_case_sketches.csv", "UseCaseSketch"),
    }
    assert set(datasets(own, BASE)) - set(found) == {"all", "concept-schemes", "vocabulary"}


def test_our_datasets_speak_german_and_english_once_each(own: Graph) -> None:
    for resource in [*datasets(own, BASE).values(), iri("catalog"), *own.subjects(RDF.type, DCAT.DataService)]:
        for predicate in (DCTERMS.title, DCTERMS.description):
            texts = list(own.objects(resource, predicate))
            assert sorted(str(text.language) for text in texts if isinstance(text, Literal)) == ["de", "en"], resource
    for dataset in datasets(own, BASE).values():
        keywords = [keyword for keyword in own.objects(dataset, DCAT.keyword) if isinstance(keyword, Literal)]
        assert {keyword.language for keyword in keywords} == {"de", "en"}, dataset


def test_our_catalogue_conforms_to_our_own_shapes(own: Graph) -> None:
    dates = dict.fromkeys(datasets(own, BASE), PublishedDataset("2026-01-02", "2026-03-04", 3))
    for graph in (own, describe(own, BASE, dates, FILES, {})):
        # A copy, as pyshacl adds to the shapes that it is given: a release built afterwards would hold them.
        conforms, _, text = pyshacl.validate(graph, shacl_graph=Graph() + shapes.catalogue(), allow_infos=True)
        assert conforms, text


def test_our_titles_are_told_apart(own: Graph) -> None:
    titles = [title for dataset in datasets(own, BASE).values() for title in own.objects(dataset, DCTERMS.title)]
    assert len(titles) == len(set(titles)) == 38


def test_a_licence_that_asks_for_attribution_comes_with_its_text(own: Graph) -> None:
    for resource in some(own.subjects(DCTERMS.license, None)):
        licence = own.value(resource, DCTERMS.license)
        asks = licence in (LICENCES["dl-by-de/2.0"], LICENCES["cc-by/4.0"])
        assert asks or licence == LICENCES["dl-zero-de/2.0"], resource
        assert bool(list(own.objects(resource, DCATDE.licenseAttributionByText))) == asks, resource


def test_what_is_made_of_official_data_names_its_authors(own: Graph) -> None:
    for name in ("states", "government-districts", "districts", "municipalities", "former-municipalities", "all"):
        text = str(own.value(iri(f"dataset/{name}"), DCATDE.licenseAttributionByText))
        assert "© Statistisches Bundesamt (Destatis)" in text
        assert "Daten verändert" in text
        assert ("GeoBasis-DE / BKG" in text) == (name in ("districts", "municipalities", "all"))


def test_nothing_that_is_derived_is_set_by_hand(own: Graph) -> None:
    derived = {DCTERMS.issued, DCTERMS.modified, DCTERMS.identifier, DCAT.byteSize, DCAT.landingPage, SPDX.checksum}
    derived |= {DCAT3.version, DCAT.bbox, DCAT.centroid}
    assert derived & set(own.predicates()) == set()


def test_only_the_office_is_named(own: Graph) -> None:
    text = OWN_CATALOGUE.read_text(encoding="utf-8")
    assert set(re.findall(r"mailto:\S+?(?=>)", text)) == {"mailto:info@smarte-region-hessen.de"}
    assert set(own.objects(None, VCARD.fn)) == {Literal("Geschäftsstelle Smarte Region Hessen")}
    assert not {VCARD.hasTelephone, VCARD.Individual, FOAF.Person, FOAF.mbox} & set(
        own.all_nodes() | set(own.predicates())
    )


def test_every_concept_of_a_code_list_has_a_label(own: Graph) -> None:
    dates = dict.fromkeys(datasets(own, BASE), PublishedDataset("2026-01-02", "2026-03-04", 3))
    graph = describe(own, BASE, dates, FILES, {})
    concepts = set(graph.subjects(RDF.type, SKOS.Concept))
    assert concepts
    assert {concept for concept in concepts if (concept, SKOS.prefLabel, None) not in graph} == set()
    licences = set(graph.objects(None, DCTERMS.license))
    assert not any((licence, RDFS.label, None) in graph for licence in licences)


def test_our_catalogue_is_the_same_under_another_address(own: Graph) -> None:
    elsewhere = "http://localhost:8000/"
    dates = dict.fromkeys(datasets(own, BASE), PublishedDataset("2026-01-02", "2026-03-04", 3))
    here = describe(own, BASE, dates, FILES, {}).serialize(format="nt")
    there = describe(read(OWN_CATALOGUE, elsewhere), elsewhere, dates, FILES, {}).serialize(format="nt")
    assert sorted(here.replace(BASE, elsewhere).splitlines()) == sorted(there.splitlines())
