"""Each claim about the MIMs is tried as the page says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pyshacl
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from rdflib import OWL, RDF, RDFS, SKOS, Graph, URIRef
from sources import drop
from support import BASE, select, silent, some
from test_web import BROWSER, close, make

import ontology
from publish.builder import build
from publish.catalogue import interoperability as mims
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

EARL = "http://www.w3.org/ns/earl#"
HANAU = "id/municipality/06415000"
REQUIREMENTS = {
    f"{mim['name']} {requirement['id']}": requirement
    for mim in mims.table()["mim"]
    for requirement in mim["requirement"]
}


class Seen:
    """What the checks look at: the service, its store and its files."""

    def __init__(self, client: FlaskClient, store: ox.Store, release: Release) -> None:
        self.client = client
        self.store = store
        self.release = release

    def get(self, path: str, accept: str = "*/*", status: int = 200) -> Any:
        answer = self.client.get(f"/{path}", headers={"Accept": accept}, follow_redirects=True)
        assert answer.status_code == status, path
        return answer

    def graph(self, path: str) -> Graph:
        return Graph().parse(data=self.get(path, "text/turtle").data, format="turtle")

    def ask(self, query: str) -> Any:
        return self.client.get("/sparql", query_string={"query": query}, headers={"Accept": "application/json"})


@pytest.fixture(scope="module")
def seen(releases: Releases, release: Release, store: ox.Store) -> Iterator[Seen]:
    app = make(releases.root)
    yield Seen(app.test_client(), store, release)
    close(app)


CHECKS: dict[str, Callable[[Seen], None]] = {}


def check(*names: str) -> Callable[[Callable[[Seen], None]], Callable[[Seen], None]]:
    def register(function: Callable[[Seen], None]) -> Callable[[Seen], None]:
        CHECKS.update(dict.fromkeys(names, function))
        return function

    return register


@check("MIM0 C1 R1.1")
def formats_by_accept_and_suffix(seen: Seen) -> None:
    for suffix, accept in {
        "ttl": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml",
        "jsonld": "application/ld+json", "csv": "text/csv", "geojson": "application/geo+json",
    }.items():  # fmt: skip
        assert seen.get("dump/projects", accept).data == seen.get(f"dump/projects.{suffix}").data


@check("MIM0 C1 R1.2")
def files_records_and_queries_by_http(seen: Seen) -> None:
    assert seen.get("dump/all.nq").data
    assert seen.get(HANAU).data
    assert seen.ask("ASK { ?s ?p ?o }").get_json()["boolean"]


@check("MIM0 C1 R1.3")
def services_are_described(seen: Seen) -> None:
    described = Graph().parse(data=seen.get("sparql", "text/turtle").data, format="turtle")
    assert (None, RDF.type, URIRef("http://www.w3.org/ns/sparql-service-description#Service")) in described
    dcat = ontology.PREFIXES["dcat"]
    catalogue = seen.graph("catalog.ttl")
    services = set(catalogue.subjects(RDF.type, URIRef(f"{dcat}DataService")))
    assert len(services) >= 2
    for service in services:
        description = str(catalogue.value(service, URIRef(f"{dcat}endpointDescription")))
        seen.get(description.removeprefix(BASE))


@check("MIM0 C1 R1.4")
def models_are_named(seen: Seen) -> None:
    assert (None, RDF.type, OWL.Class) in seen.graph("ontology")
    assert "@context" in seen.get("context.jsonld").get_json(force=True)
    assert "$defs" in seen.get("navigator/schema.json").get_json(force=True)
    catalogue = seen.graph("catalog.ttl")
    conforms = URIRef(ontology.PREFIXES["dct"] + "conformsTo")
    for name, entry in seen.release.manifest.datasets.items():
        if entry.record_class:
            assert (URIRef(f"{BASE}dataset/{name}"), conforms, None) in catalogue, name


@check("MIM0 C2 R2.1")
def datasets_have_the_same_addresses(seen: Seen) -> None:
    for name, entry in seen.release.manifest.datasets.items():
        if entry.record_class:
            for place in ("dataset", "dump", "graph"):
                seen.get(f"{place}/{name}")


@check("MIM0 C2 R2.2")
def queries_by_time_place_and_attribute(seen: Seen) -> None:
    found = seen.ask(f"""PREFIX sr: <https://w3id.org/smart-region/ns#> PREFIX dct: <http://purl.org/dc/terms/>
        PREFIX geo: <http://www.opengis.net/ont/geosparql#> PREFIX adms: <http://www.w3.org/ns/adms#>
        PREFIX geof: <http://www.opengis.net/def/function/geosparql/> PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
        SELECT ?p {{ ?p a sr:Project ; dct:modified ?m ; adms:status ?status .
          ?p sr:lead/geo:hasGeometry/geo:asWKT ?there .
          <{BASE}{HANAU}> geo:hasGeometry/geo:asWKT ?here
          FILTER(?m > "2020-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>)
          FILTER(geof:distance(?here, ?there, uom:metre) < 10000) }}""").get_json()
    assert found["results"]["bindings"]
    assert seen.get("navigator/projects.json?modified_since=2020-01-01").get_json()["projects"]


@check("MIM0 C3 R3.1", "MIM0 C3 R3.2")
def changes_can_be_polled(seen: Seen) -> None:
    for path in ("feed.atom", "navigator/projects.json", "tombstones"):
        tag = seen.get(path).headers["ETag"]
        assert seen.client.get(f"/{path}", headers={"If-None-Match": tag}).status_code == 304
    future = seen.get("navigator/projects.json?modified_since=2999-01-01").get_json()
    assert (future["projects"], future["deleted"]) == ([], [])


@check("MIM1 C1 R1.1")
def every_node_has_an_iri(seen: Seen) -> None:
    for quad in some(ox.parse(seen.get("dump/all.nt").data, format=ox.RdfFormat.N_TRIPLES)):
        assert isinstance(quad.subject, ox.NamedNode)
        assert not isinstance(quad.object, ox.BlankNode)


@check("MIM1 C1 R1.2")
def an_iri_leads_to_what_is_known(seen: Seen) -> None:
    first = seen.client.get(f"/{HANAU}")
    assert (first.status_code, first.headers["Location"]) == (303, "/doc/municipality/06415000")
    assert (URIRef(BASE + HANAU), None, None) in seen.graph(HANAU)
    assert "Hanau" in seen.get(HANAU, BROWSER).text


@check("MIM1 C1 R1.3")
def the_official_key_gives_the_address_here_and_elsewhere(seen: Seen) -> None:
    geocoding = "http://dcat-ap.de/def/politicalGeocoding/municipalityKey/"
    rows = select(seen.store, "SELECT ?m ?key ?match { ?m a sr:Municipality ; sr:ags ?key ; skos:exactMatch ?match }")
    assert len(rows) == 421
    assert all(iri == f"{BASE}id/municipality/{key}" and match == geocoding + key for iri, key, match in rows)


@check("MIM1 C1 R1.4")
def identifiers_are_mapped(seen: Seen) -> None:
    graph, hanau = seen.graph(HANAU), URIRef(BASE + HANAU)
    assert URIRef("http://www.wikidata.org/entity/Q3802") in set(graph.objects(hanau, OWL.sameAs))
    assert (hanau, ontology.SR.nuts, URIRef("http://data.europa.eu/nuts/code/DE719")) in graph
    assert (hanau, SKOS.exactMatch, None) in graph
    gnd = select(seen.store, "SELECT ?g { ?m a sr:Municipality ; schema:sameAs ?g }")
    assert all(iri.startswith("https://d-nb.info/gnd/") for (iri,) in gnd)
    former = seen.client.get("/id/municipality/06435014")
    assert (former.status_code, former.headers["Location"]) == (301, f"/{HANAU}")


@check("MIM1 C1 R1.5")
def former_keys_redirect_and_deleted_ones_are_listed(seen: Seen) -> None:
    """That deleted records answer 410 for good is tried below, as nothing has been deleted here."""
    assert seen.client.get("/id/municipality/06435014").status_code == 301
    seen.get("tombstones")


@check("MIM1 C2 R2.1")
def the_class_is_defined_beside(seen: Seen) -> None:
    (kind,) = set(seen.graph(HANAU).objects(URIRef(BASE + HANAU), RDF.type))
    assert (kind, RDFS.label, None) in seen.graph("ontology")
    query = f"SELECT ?text {{ <{BASE}{HANAU}> a ?class . ?class skos:definition ?text }}"
    assert select(seen.store, query)


@check("MIM1 C2 R2.2")
def semantics_are_rdf(seen: Seen) -> None:
    assert len(seen.graph("ontology.ttl")) > 300
    assert len(seen.graph("shapes.ttl")) > 300


@check("MIM1 C3 R3.1")
def relations_lead_on(seen: Seen) -> None:
    district = seen.graph(HANAU).value(URIRef(BASE + HANAU), ontology.SR.district)
    assert "Hanau" in seen.get(str(district).removeprefix(BASE), "text/turtle").text


@check("MIM1 C3 R3.2", "MIM2 C1 R1.2b")
def classes_extend_known_ones(seen: Seen) -> None:
    graph = seen.graph("ontology.ttl")
    for entry in some(seen.release.manifest.datasets.values()):
        if entry.record_class:
            above = set(graph.transitive_objects(URIRef(entry.record_class), RDFS.subClassOf))
            assert any(parent not in ontology.SR for parent in above), entry.record_class


@check("MIM2 C1 R.1")
def every_term_is_defined_in_two_languages(seen: Seen) -> None:
    graph = seen.graph("ontology")
    terms = [term for term in set(graph.subjects()) if term in ontology.SR and (term, RDF.type, None) in graph]
    assert len(terms) > 40
    for term in terms:
        for predicate in (RDFS.label, SKOS.definition):
            assert {"de", "en"} <= {getattr(text, "language", "") for text in graph.objects(term, predicate)}, term
    assert any("Quadratkilometer" in str(text) for text in graph.objects(ontology.SR.area, SKOS.definition))
    assert "vocabulary" in seen.release.manifest.datasets
    seen.get("dataset/vocabulary")


@check("MIM2 C1 R1.2a")
def the_named_standards_are_used(seen: Seen) -> None:
    texts = seen.get("ontology.ttl").text + seen.get("dump/all.nt").text + seen.get("catalog.ttl").text
    for namespace in ("cv", "dct", "org", "prov", "skos", "geo", "schema", "dcatde"):
        assert ontology.PREFIXES[namespace] in texts, namespace


@check("MIM2 C1 R3")
def records_are_rdf_with_iris(seen: Seen) -> None:
    every_node_has_an_iri(seen)
    formats_by_accept_and_suffix(seen)


@check("MIM2 C3 R3.1")
def everything_in_six_open_syntaxes(seen: Seen) -> None:
    for suffix in ("ttl", "nt", "rdf", "jsonld", "trig", "nq"):
        assert seen.get(f"dump/all.{suffix}").data


@check("MIM2 C3 R3.2")
def each_file_names_the_specification_of_its_format(seen: Seen) -> None:
    graph = seen.graph("dataset/projects.ttl")
    specifications = {
        str(value)
        for distribution in graph.objects(
            URIRef(f"{BASE}dataset/projects"), URIRef(f"{ontology.PREFIXES['dcat']}distribution")
        )
        for value in graph.objects(distribution, URIRef(f"{ontology.PREFIXES['dct']}conformsTo"))
    }
    for part in ("turtle", "n-triples", "rdf-syntax-grammar", "json-ld11", "rfc4180", "rfc7946"):
        assert any(part in address for address in specifications), part


@check("MIM2 C3 R3.3")
def rdf_formats_hold_the_same_statements(seen: Seen) -> None:
    found = set()
    for suffix, syntax in (("ttl", ox.RdfFormat.TURTLE), ("nt", ox.RdfFormat.N_TRIPLES), ("rdf", ox.RdfFormat.RDF_XML),
                           ("jsonld", ox.RdfFormat.JSON_LD)):  # fmt: skip
        parsed = ox.parse(seen.get(f"dump/projects.{suffix}").data, format=syntax)
        found.add(frozenset(some(str(quad.triple) for quad in parsed)))
    assert len(found) == 1


@check("MIM2 C3 R3.4")
def published_schemas_validate(seen: Seen) -> None:
    data, rules = seen.graph("dump/metropolitan-regions.ttl"), seen.graph("shapes.ttl")
    assert pyshacl.validate(data, shacl_graph=rules)[0]
    data.remove((None, SKOS.prefLabel, None))
    assert not pyshacl.validate(data, shacl_graph=rules)[0]
    schema = seen.get("navigator/schema.json").get_json(force=True)
    Draft202012Validator(schema).validate(seen.get("navigator/projects.json").get_json())


@check("MIM2 C4 R4.1")
def profiles_leave_the_vocabulary_alone(seen: Seen) -> None:
    assert "avigator" not in seen.get("ontology.ttl").text
    assert "/navigator/" not in seen.get("dump/all.nt").text


@check("MIM2 C4 R4.2")
def the_profile_explains_each_field_by_itself(seen: Seen) -> None:
    schema = seen.get("navigator/schema.json").get_json(force=True)
    for name, part in {"": schema, **schema["$defs"]}.items():
        for field, definition in part.get("properties", {}).items():
            reference = schema["$defs"].get(definition.get("$ref", "").rpartition("/")[2], {})
            assert field in ("$schema", "de", "en") or {**reference, **definition}.get("description"), f"{name}.{field}"


@check("MIM7 C2 R2.1")
def geometries_are_geojson_and_wkt(seen: Seen) -> None:
    features = seen.get("dump/municipalities.geojson").get_json()
    assert (features["type"], len(features["features"])) == ("FeatureCollection", 421)
    wkt = seen.graph(HANAU).value(URIRef(f"{BASE}{HANAU}#geometry"), URIRef(ontology.PREFIXES["geo"] + "asWKT"))
    assert str(wkt).startswith("POINT")


@check("MIM7 C4 R4.1")
def features_and_geometries_have_iris(seen: Seen) -> None:
    for feature in some(seen.get("dump/municipalities.geojson").get_json()["features"]):
        assert feature["id"].startswith(f"{BASE}id/municipality/")
    geometries = select(seen.store, "SELECT ?m ?g { ?m a sr:Municipality ; geo:hasGeometry ?g }")
    assert len(geometries) == 421
    assert all(geometry == f"{iri}#geometry" for iri, geometry in geometries)


def test_every_claim_has_a_check() -> None:
    claimed = {name for name, requirement in REQUIREMENTS.items() if requirement["outcome"] == "passed"}
    assert set(CHECKS) == claimed


@pytest.mark.parametrize("name", CHECKS)
def test_a_claim_holds(seen: Seen, name: str) -> None:
    CHECKS[name](seen)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_address_named_as_evidence_answers(seen: Seen, name: str) -> None:
    for address in REQUIREMENTS[name]["see"]:
        seen.get(address)
        seen.get(address, BROWSER)


def test_deleted_records_answer_410_over_later_releases(data: Path, first: Releases, executor: Executor) -> None:
    """MIM1, C1 R1.5: identifiers stay, over three releases of which only the last is kept."""
    for table in ("projects.csv", "grants.csv"):
        drop(data / table, "mainziel-2-0")
    build(data, BASE, first, executor, silent)
    drop(data / "organisations.csv", "ekom21")
    build(data, BASE, first, executor, silent)
    first.prune(keep=1)
    app = make(first.root)
    try:
        gone = app.test_client().get("/id/project/mainziel-2-0")
        assert gone.status_code == 410
        assert "Mainziel 2.0" in gone.text
        assert "mainziel-2-0" in app.test_client().get("/tombstones.nt").text
    finally:
        close(app)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_lists_every_requirement(seen: Seen, language: str) -> None:
    page = seen.client.get(f"/living-in-eu?lang={language}", headers={"Accept": BROWSER}).text
    for requirement in REQUIREMENTS.values():
        assert f'id="{requirement["anchor"]}"' in page
    assert page.count("nicht oder nicht ganz erfüllt" if language == "de" else "not or not wholly met") == 4
    assert "MIMs Plus 9.0" in page


def test_the_rdf_lists_every_requirement(seen: Seen) -> None:
    graph = seen.graph("living-in-eu.ttl")
    for requirement in REQUIREMENTS.values():
        node = URIRef(f"{BASE}living-in-eu#{requirement['anchor']}")
        assertion = graph.value(None, URIRef(EARL + "test"), node)
        result = graph.value(assertion, URIRef(EARL + "result"))
        assert graph.value(result, URIRef(EARL + "outcome")) == URIRef(EARL + requirement["outcome"])
    assert len(set(graph.subjects(RDF.type, URIRef(EARL + "Assertion")))) == len(REQUIREMENTS)


def test_requirements_are_restated_in_brief_and_in_both_languages() -> None:
    for name, requirement in some(REQUIREMENTS.items()):
        assert set(requirement["asks"]) == set(requirement["answer"]) == {"de", "en"}, name
        assert all(len(text.split()) <= 30 for text in requirement["asks"].values()), name
