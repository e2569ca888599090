"""Small real releases: a store, files with compressed ones beside them and a manifest, as the builder writes them."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

import ontology
from ingest import Ingested, record_types
from ingest.rdf import Node
from publish.catalogue import interoperability as mims
from publish.explanations import explanations, reports
from publish.formats import dumps
from publish.formats.dumps import Files, write_graph
from publish.pictures import pictures
from publish.pictures.funding import Funding
from publish.releases.contents import FINDINGS, LABELS, MIMS, QUALITY, SCHEMA_ORG, STATUS
from publish.releases.history import Absent, Dates
from publish.releases.manifest import DatasetEntry, Feed, Manifest, measure
from publish.releases.release import Release, Releases
from publish.search import index as search
from publish.sync import atom, navigator_files, sitemap
from publish.sync.navigator import NavigatorProfile, profile

BASE = "http://localhost:8000/"
SR = ontology.PREFIXES["sr"]
DCT = ontology.PREFIXES["dct"]
CONTEXT = Path(ontology.__file__).with_name("context.jsonld")

_DATA = """
@prefix sr: <https://w3id.org/smart-region/ns#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix schema: <https://schema.org/> .
@prefix sf: <http://www.opengis.net/ont/sf#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix id: <{base}id/> .
"""
_GRAPHS = {
    "municipalities": """
<{base}id/municipality/06415000> a sr:Municipality ; sr:ags "06415000" ; skos:prefLabel "Hanau"@de ;
  sr:population {population} ; sr:area 76.28 ; sr:referenceDate "2024-12-31"^^xsd:date ;
  dct:type <https://w3id.org/smart-region/scheme/municipality-type#independent-city> ;
  geo:hasGeometry <{base}id/municipality/06415000#geometry> ;
  schema:url <javascript:alert(1)> ;
  prov:wasDerivedFrom <{base}source/municipalities.csv#row=2> .
<{base}id/municipality/06415000#geometry> a sf:Point ; geo:asWKT "POINT(8.9 50.1)"^^geo:wktLiteral .
<{base}id/municipality/06411000> a sr:Municipality ; sr:ags "06411000" ; skos:prefLabel "Darmstadt"@de ;
  sr:population 164000 ; skos:note "<script>alert(1)</script>"@de .
""",
    "former-municipalities": """
<{base}id/municipality/06435014> a sr:FormerMunicipality ; sr:ags "06435014" ; skos:prefLabel "Hanau"@de ;
  dct:isReplacedBy <{base}id/municipality/06415000> .
""",
    "projects": """
<{base}id/project/winterdienst> a sr:Project ; dct:identifier "winterdienst" ;
  dct:title "Smarter Winterdienst"@de , "Smart winter service"@en ;
  schema:startDate "2024-09"^^xsd:gYearMonth ; sr:lead <{base}id/municipality/06415000> .
""",
    "vocabulary": """
<https://w3id.org/smart-region/scheme/municipality-type#independent-city> a skos:Concept ;
  skos:prefLabel "kreisfreie Stadt"@de , "independent city"@en .
""",
    "history": """
<{base}id/project/winterdienst> dct:issued "2026-01-01T08:00:00Z"^^xsd:dateTime ;
  dct:modified "2026-01-02T08:00:00Z"^^xsd:dateTime .
""",
    "catalog": """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
<{base}dataset/municipalities> a dcat:Dataset ; dct:title "Gemeinden"@de , "Municipalities"@en ;
  dct:description "Alle Gemeinden."@de ; dcat:distribution <{base}dataset/municipalities#ttl> .
<{base}dataset/municipalities#ttl> a dcat:Distribution ; dcat:accessURL <{base}dump/municipalities.ttl> .
<{base}dataset/municipalities-old> a dcat:Dataset ; dct:title "Alte Gemeinden"@de .
""",
    "void": """
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
<{base}void#endpoint-dataset> a sd:Dataset ; sd:defaultGraph <{base}void#all> ;
  sd:namedGraph <{base}void#graph-projects> .
<{base}void#all> a sd:Graph .
<{base}void#graph-projects> a sd:NamedGraph ; sd:name <{base}graph/projects> .
""",
}
_TOMBSTONES = """
@prefix as: <https://www.w3.org/ns/activitystreams#> .
<{base}id/project/sommerdienst> a as:Tombstone ; as:formerType sr:Project ;
  dct:title "Smarter Sommerdienst"@de , "Smart summer service"@en ; dct:isReplacedBy <{base}id/project/winterdienst> ;
  dct:issued "2025-05-01T08:00:00Z"^^xsd:dateTime ; as:deleted "2026-01-02T08:00:00Z"^^xsd:dateTime .
"""
_SEEN = {"ontology", "catalog.ttl", "feed.atom", "navigator/projects.json?modified_since=2026-01-01", "tombstones"}
_NODES: list[Node] = [
    {
        "id": "municipality/06415000",
        "type": "Municipality",
        "name": "Hanau",
        "ags": "06415000",
        "longitude": "8.915189",
        "latitude": "50.135573",
    },
]
_PROJECTS: list[Node] = [
    {
        "id": f"project/{key}",
        "type": "Project",
        "identifier": key,
        "title_de": title,
        "lead": "municipality/06415000",
        "field": ["smart-mobility"],
    }
    for key, title in (("winterdienst", "Smarter Winterdienst"), ("parken", "=Parken(1+1)"))
]
_TITLES = {
    "municipalities": ({"de": "Gemeinden", "en": "Municipalities"}, SR + "Municipality", 2),
    "former-municipalities": ({"de": "Frühere Gemeinden", "en": "Former municipalities"}, SR + "FormerMunicipality", 1),
    "projects": ({"de": "Projekte", "en": "Projects"}, SR + "Project", 1),
    "vocabulary": ({"de": "Vokabular", "en": "Vocabulary"}, None, 0),
    "all": ({"de": "Alles", "en": "Everything"}, None, 0),
}
NOTHING_FOUND = {"datasets": {}, "severities": {}, "findings": []}
_LABELS = {
    "properties": {
        SR + "ags": {"de": "Amtlicher Schlüssel", "en": "Official key", "order": 10},
        SR + "population": {"de": "Einwohnerzahl", "en": "Population", "order": 30},
        SR + "lead": {"de": "Federführung", "en": "Lead partner", "order": 20},
        ontology.PREFIXES["geo"] + "hasGeometry": {"de": "Geometrie", "en": "Geometry", "order": 90},
        DCT + "type": {"de": "Art", "en": "Type", "order": 20},
        DCT + "modified": {"de": "Geändert", "en": "Changed", "order": 100},
        ontology.PREFIXES["as"] + "deleted": {"de": "Gelöscht", "en": "Deleted", "order": 110},
    },
    "classes": {
        SR + "Municipality": {
            "de": "Gemeinde",
            "en": "Municipality",
            "properties": {DCT + "type": {"de": "Gemeindeart", "en": "Type of municipality", "order": 20}},
        },
        SR + "Project": {"de": "Projekt", "en": "Project"},
    },
    "groups": {},
    "incoming": {SR + "Municipality": [DCT + "isReplacedBy", SR + "lead"]},
    "essentials": [],
    "apart": [],
}
PROFILES = {"dcat-ap-de-2.0": "https://example.org/profile/2", "dcat-ap-de-3.0": "https://example.org/profile/3"}
_FINDING = {
    "code": "reference-unknown",
    "severity": "violation",
    "source": "projects.csv",
    "sheet": None,
    "row": 7,
    "column": "C",
    "header": "Federführung",
    "value": "Atlantis",
    "message": {"de": "„Atlantis“ ist nicht bekannt.", "en": "“Atlantis” is unknown."},
    "suggestion": None,
}
SOURCE = "Schlüssel;Größe\n06415000;76,28\n".encode("cp1252")


def write_release(
    releases: Releases, release_id: str, *, population: int = 97956, bulk: int = 0, modified: str = "2026-01-02"
) -> Release:
    """Write a release and make it the current one.

    :param population: of Hanau, to tell releases apart.
    :param bulk: number of further triples, for queries that are to take long.
    """
    graphs = {name: _triples(name, population) for name in _GRAPHS}
    records = {node["id"]: node for node in [*_NODES, _PROJECTS[0]]}
    with releases.writing() as scratch:
        files = Files(scratch / "files", modified, {})
        write_graph(files, "dump/catalog", graphs["catalog"])
        write_graph(files, "void", graphs["void"])
        write_graph(files, "history", graphs["history"])
        write_graph(files, "summary", [])
        write_graph(files, "tombstones", _parse(_TOMBSTONES, population))
        schemes = [f"scheme/{name}" for name in ontology.scheme_names()]
        for stem in ("ontology", "shapes", "shapes/catalogue", "examples", *schemes):
            write_graph(files, stem, graphs["vocabulary"], "vocabulary")
        for name in ("municipalities", "former-municipalities", "projects"):
            write_graph(files, f"dump/{name}", graphs[name], name)
        for token in PROFILES:
            write_graph(files, f"feed/{token}/1", [*graphs["catalog"], _version(token)])
            for name in _TITLES:
                write_graph(files, f"feed/{token}/dataset/{name}", [*_about(graphs["catalog"], name), _version(token)])
        everything = sorted({triple for triples in graphs.values() for triple in triples}, key=str)
        write_graph(files, "dump/all", everything, "all")
        files.write("dump/projects.csv", b"Titel\n" + b"Smarter Winterdienst\n" * 50, "projects")
        files.write("context.jsonld", CONTEXT.read_bytes(), "vocabulary")
        files.content(QUALITY, {**NOTHING_FOUND, "withheld": ["project/zurueckgehalten"]})
        files.content(LABELS, _LABELS)
        files.content(FINDINGS, reports.kinds_of_finding())
        pictures.write(files, records, Funding(records), None, BASE)
        files.write("source/municipalities.csv", SOURCE)
        shown = _write_feeds(files, modified)
        nodes = {node["id"]: node for node in [*_NODES, *_PROJECTS]}
        index = search.write(scratch / "search.sqlite", nodes, shown.rows, BASE)
        store = ox.Store(scratch / "store")
        for name, triples in graphs.items():
            home = ox.NamedNode(f"{BASE}graph/{name}")
            store.bulk_extend(ox.Quad(t.subject, t.predicate, t.object, home) for t in triples)
        store.bulk_extend(_bulk(bulk))
        store.flush()
        nothing = Ingested({}, [])
        labels = reports.labels(record_types(), {})
        explanations.write(files, explanations.Material(nothing, labels, Graph(), 5, store, BASE, None))
        status = {"datasets": {}, "withheld": {"project/zurueckgehalten": [_FINDING]}}
        files.content(STATUS, status)
        count = len(store)
        del store
        datasets = {
            name: DatasetEntry(title, record_class, records, 0, len(everything), "0" * 64, "2026-01-01", modified)
            for name, (title, record_class, records) in _TITLES.items()
        }
        manifest = Manifest(
            id=release_id,
            base=BASE,
            software={},
            inputs={},
            datasets=datasets,
            triples=count,
            issued="2026-01-01",
            modified=modified,
            feed=Feed(PROFILES, "dcat-ap-de-3.0", 1),
            search=index,
            source="0" * 64,
            store={path.name: measure(path) for path in (scratch / "store").iterdir()},
            files=files.described,
        )
        releases.admit(scratch, manifest)
    return releases.activate(release_id)


def _write_feeds(files: Files, modified: str) -> NavigatorProfile:
    """What the builder makes besides graphs, made in the same way: two projects, one of them of the day before."""
    now, before = f"{modified}T08:00:00Z", "2026-01-01T08:00:00Z"
    facts = navigator_files.ProfileFacts(
        BASE, "http://dcat-ap.de/def/licenses/dl-by-de/2.0", None, "Geschäftsstelle", None
    )
    older = profile({node["id"]: node for node in [*_NODES, _PROJECTS[0]]}, {}, BASE, facts.licence, before)
    shown = profile({node["id"]: node for node in [*_NODES, *_PROJECTS]}, older.dates, BASE, facts.licence, now)
    gone = Absent("projects", Dates("", before, before), [SR + "Project"], {"de": "Smarter Sommerdienst"}, [], now)
    deleted = navigator_files.deleted_projects({"project/sommerdienst": gone}, BASE)
    navigator_files.write(files, shown, deleted, facts)
    for language, name in (("de", "feed.atom"), ("en", "feed.en.atom")):
        files.write(name, atom.feed(shown.rows, deleted, facts, language, now))
    sitemap.write(files, BASE, [(BASE, modified), (f"{BASE}doc/project/winterdienst", before)])
    table = mims.table()
    for mim in table["mim"]:
        for requirement in mim["requirement"]:
            requirement["see"] = [address for address in requirement["see"] if address in _SEEN]
    files.content(MIMS, table)
    dumps.write_graph(files, "living-in-eu", dumps.from_rdflib(mims.graph(BASE)))
    described = {"@context": "https://schema.org/", "@type": "Dataset", "name": "</script><script>alert(1)"}
    files.content(SCHEMA_ORG, {"de": {"municipalities": described}, "en": {}})
    return shown


def _triples(name: str, population: int) -> list[ox.Triple]:
    return _parse(_GRAPHS[name], population)


def _parse(turtle: str, population: int) -> list[ox.Triple]:
    text = (_DATA + turtle).format(base=BASE, population=population)
    return sorted({quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)}, key=str)


def _about(catalogue: list[ox.Triple], dataset: str) -> list[ox.Triple]:
    iri = f"{BASE}dataset/{dataset}"
    return [triple for triple in catalogue if str(triple.subject).strip("<>").partition("#")[0] == iri]


def _version(token: str) -> ox.Triple:
    """Tells the profiles apart."""
    conforms_to = ox.NamedNode(DCT + "conformsTo")
    return ox.Triple(ox.NamedNode(f"{BASE}catalog"), conforms_to, ox.NamedNode(PROFILES[token]))


def _bulk(count: int) -> list[ox.Quad]:
    home, predicate = ox.NamedNode(f"{BASE}graph/bulk"), ox.NamedNode("http://example.org/p")
    return [
        ox.Quad(ox.NamedNode(f"http://example.org/{number}"), predicate, ox.Literal(f"value {number}"), home)
        for number in range(count)
    ]
