"""VoID statistics (``publish.catalogue.void``), checked against counts made another way."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from rdflib import DCTERMS, FOAF, OWL, RDF, SKOS, VOID, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from ontology import SR
from publish.catalogue.void import describe
from publish.releases.manifest import ReleaseFile

BASE = "https://data.example.org/hessen/"
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")

PREFIXES = """
@prefix dct: <http://purl.org/dc/terms/> .
@prefix ex: <https://example.org/terms/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix sf: <http://www.opengis.net/ont/sf#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sr: <https://w3id.org/smart-region/ns#> .
"""
MUNICIPALITIES = f"""{PREFIXES}
@prefix m: <{BASE}id/municipality/> .
m:06415000 a sr:Municipality ; skos:prefLabel "Hanau"@de ; sr:nuts <http://data.europa.eu/nuts/code/DE719> ;
    owl:sameAs <http://www.wikidata.org/entity/Q4130> ; geo:hasGeometry <{BASE}id/municipality/06415000#geometry> ;
    skos:exactMatch <http://dcat-ap.de/def/politicalGeocoding/municipalityKey/06415000> .
m:06411000 a sr:Municipality ; skos:prefLabel "Darmstadt"@de ; sr:nuts <http://data.europa.eu/nuts/code/DE711> ;
    owl:sameAs <http://www.wikidata.org/entity/Q2973> , <https://example.org/darmstadt> .
<{BASE}id/municipality/06415000#geometry> a sf:Point ; geo:asWKT "POINT(8.9 50.1)"^^geo:wktLiteral .
"""
PROJECTS = f"""{PREFIXES}
@prefix p: <{BASE}id/project/> .
p:a a sr:Project ; dct:title "A"@de , "A"@en ; sr:lead <{BASE}id/municipality/06415000> ; ex:type "x" .
p:b a sr:Project ; dct:title "B"@de ; dct:type "y" .
p:c a sr:Project ; dct:title "A"@de .
"""
DAY = "2026-01-01"
FILES = {
    "dump/projects.ttl": ReleaseFile("text/turtle", 1, "0" * 64, DAY, DAY, "projects"),
    "dump/projects.csv": ReleaseFile("text/csv", 1, "0" * 64, DAY, DAY, "projects"),
    "dump/all.nq": ReleaseFile("application/n-quads", 1, "0" * 64, DAY, DAY, "all"),
    "dump/catalog.ttl": ReleaseFile("text/turtle", 1, "0" * 64, DAY, DAY),
}


@pytest.fixture(scope="module")
def store() -> ox.Store:
    store = ox.Store()
    for name, data in (("municipalities", MUNICIPALITIES), ("projects", PROJECTS), ("catalog", PROJECTS)):
        store.load(data, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(f"{BASE}graph/{name}"))
    return store


@pytest.fixture(scope="module")
def statistics(store: ox.Store) -> Graph:
    return describe(store, BASE, ["municipalities", "projects"], ["catalog", "void"], FILES)


def void(name: str) -> URIRef:
    return URIRef(f"{BASE}void#{name}")


def number(statistics: Graph, subject: Node | None, predicate: URIRef) -> int:
    (found,) = statistics.objects(subject, predicate)
    assert isinstance(found, Literal)
    return int(found)


@pytest.mark.parametrize(
    ("name", "sources"),
    [("municipalities", [MUNICIPALITIES]), ("projects", [PROJECTS]), ("all", [MUNICIPALITIES, PROJECTS])],
)
def test_totals_are_those_of_the_data(statistics: Graph, name: str, sources: list[str]) -> None:
    data = Graph()
    for source in sources:
        data.parse(data=source, format="turtle")
    properties, classes = set(data.predicates()), set(data.objects(None, RDF.type))
    expected = {
        VOID.triples: len(data),
        VOID.distinctSubjects: len(set(data.subjects())),
        VOID.distinctObjects: len(set(data.objects())),
        VOID.properties: len(properties),
        VOID.classes: len(classes),
    }
    assert {predicate: number(statistics, void(name), predicate) for predicate in expected} == expected
    for part in statistics.objects(void(name), VOID.propertyPartition):
        used = statistics.value(part, VOID.property)
        properties -= {used}
        assert number(statistics, part, VOID.triples) == len(list(data.triples((None, used, None))))
        assert number(statistics, part, VOID.distinctSubjects) == len(set(data.subjects(used)))
        assert number(statistics, part, VOID.distinctObjects) == len(set(data.objects(None, used)))
    for part in statistics.objects(void(name), VOID.classPartition):
        used = statistics.value(part, VOID["class"])
        classes -= {used}
        assert number(statistics, part, VOID.entities) == len(set(data.subjects(RDF.type, used)))
    assert (properties, classes) == (set(), set())


def test_the_whole_is_the_graphs_that_are_counted(statistics: Graph) -> None:
    parts = [number(statistics, void(name), VOID.triples) for name in ("municipalities", "projects")]
    assert number(statistics, void("all"), VOID.triples) == sum(parts)
    assert {void("municipalities"), void("projects")} <= set(statistics.objects(void("all"), VOID.subset))


def test_entities_are_records_and_not_what_hangs_below_them(statistics: Graph) -> None:
    assert number(statistics, void("municipalities"), VOID.entities) == 2
    assert number(statistics, void("all"), VOID.entities) == 5
    assert set(statistics.objects(void("all"), VOID.uriSpace)) == {
        Literal(BASE + "id/municipality/"),
        Literal(BASE + "id/project/"),
    }
    assert statistics.value(void("projects"), VOID.exampleResource) == URIRef(BASE + "id/project/a")


def test_partitions_have_readable_names_that_do_not_collide(statistics: Graph) -> None:
    parts = {str(part).removeprefix(f"{BASE}void#") for part in statistics.objects(None, VOID.propertyPartition)}
    assert {"projects-property-dct-title", "projects-property-rdf-type", "projects-property-dct-type"} <= parts
    assert any(part.startswith("projects-property-type-") for part in parts)
    assert (void("projects"), VOID.classPartition, void("projects-class-sr-Project")) in statistics


def test_linksets_count_the_links_elsewhere(statistics: Graph) -> None:
    found = {
        str(linkset).removeprefix(f"{BASE}void#"): (
            statistics.value(linkset, VOID.linkPredicate),
            number(statistics, linkset, VOID.triples),
        )
        for linkset in statistics.subjects(RDF.type, VOID.Linkset)
    }
    expected = {
        "links-wikidata": (OWL.sameAs, 2),
        "links-nuts": (SR.nuts, 2),
        "links-political-geocoding": (SKOS.exactMatch, 1),
    }
    assert found == {f"{name}-{key}": value for name in ("municipalities", "all") for key, value in expected.items()}
    target = statistics.value(void("all-links-wikidata"), VOID.objectsTarget)
    assert statistics.value(target, VOID.uriSpace) == Literal("http://www.wikidata.org/entity/")


def test_dumps_are_the_rdf_files_of_the_dataset(statistics: Graph) -> None:
    dumps = {
        (str(subject).removeprefix(f"{BASE}void#"), str(dump).removeprefix(BASE))
        for subject, dump in statistics.subject_objects(VOID.dataDump)
    }
    assert dumps == {("projects", "dump/projects.ttl"), ("all", "dump/all.nq")}
    assert statistics.value(void("projects"), FOAF.homepage) == URIRef(BASE + "dataset/projects")


def test_vocabularies_are_the_namespaces_used(statistics: Graph) -> None:
    assert set(map(str, statistics.objects(void("projects"), VOID.vocabulary))) == {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://purl.org/dc/terms/",
        "https://example.org/terms/",
        "https://w3id.org/smart-region/ns#",
    }


def test_every_graph_is_listed_as_a_named_graph(statistics: Graph) -> None:
    dataset = statistics.value(None, RDF.type, SD.Dataset)
    assert dataset is not None
    named = {statistics.value(node, SD.name): node for node in statistics.objects(dataset, SD.namedGraph)}
    assert set(named) == {URIRef(f"{BASE}graph/{name}") for name in ("municipalities", "projects", "catalog", "void")}
    assert statistics.value(named[URIRef(BASE + "graph/projects")], SD.graph) == void("projects")
    assert statistics.value(named[URIRef(BASE + "graph/void")], SD.graph) is None
    # All graphs and this description itself, which cannot be counted.
    assert statistics.value(dataset, SD.defaultGraph) == void("default-graph")
    assert (void("default-graph"), VOID.triples, None) not in statistics


def test_the_description_describes_itself(statistics: Graph) -> None:
    document = URIRef(BASE + "void")
    assert (document, RDF.type, VOID.DatasetDescription) in statistics
    assert statistics.value(document, FOAF.primaryTopic) == void("all")
    languages = {title.language for title in statistics.objects(document, DCTERMS.title) if isinstance(title, Literal)}
    assert languages == {"de", "en"}


def test_no_blank_nodes_and_the_same_bytes_twice(store: ox.Store, statistics: Graph) -> None:
    assert not any(isinstance(node, BNode) for node in statistics.all_nodes())
    again = describe(store, BASE, ["municipalities", "projects"], ["catalog", "void"], FILES)
    assert again.serialize(format="turtle") == statistics.serialize(format="turtle")


def test_an_empty_graph_is_described_too() -> None:
    statistics = describe(ox.Store(), BASE, ["events"], [], {})
    assert number(statistics, void("events"), VOID.triples) == 0
    assert number(statistics, void("events"), VOID.entities) == 0
