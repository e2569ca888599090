"""The shapes: complete against the context, in step with the vocabulary, and right about good and bad records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import DCTERMS, RDF, RDFS, SH, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import Node

import ontology
import shapes
from ingest.model import ranked, the
from ontology import SR, SRS

DASH = Namespace("http://datashapes.org/dash#")
BASE = "http://localhost:8000/"
CONTEXT: dict[str, Any] = ontology.context()["@context"]
Record = dict[str, Any]
Results = dict[str, str]

# The contract: key property and segment of each type, its terms beside those of its own context, what is mandatory.
EVERYWHERE = "source accessed note derivedFrom"
TITLED = "identifier title_de title_en description_de description_en"
POINT = "latitude longitude geometry"
TYPES = {
    "State": ("state", "homepage", "ags name"),
    "GovernmentDistrict": ("government-district", "homepage", "ags name"),
    "District": ("district", f"homepage {POINT}", "ags name"),
    "Municipality": ("municipality", f"homepage {POINT}", "ags ars name municipalityType district"),
    "FormerMunicipality": ("municipality", "", "ags name changeDate replacedBy"),
    "MetropolitanRegion": (
        "metropolitan-region",
        "identifier description_de description_en homepage",
        "identifier name",
    ),
    "Project": ("project", f"{TITLED} homepage", "identifier title_de lead"),
    "Grant": ("grant", TITLED, "identifier title_de recipient"),
    "FundingProgramme": ("programme", f"{TITLED} homepage", "identifier title_de"),
    "Organisation": ("organisation", "identifier description_de description_en homepage", "identifier name"),
    "Offer": ("offer", f"{TITLED} homepage", "identifier title_de"),
    "Place": ("place", f"{TITLED} homepage {POINT}", "identifier title_de"),
    "Event": ("event", f"{TITLED} homepage", "identifier title_de"),
    "UseCaseSketch": ("use-case-sketch", TITLED, "identifier title_de"),
    "StatedAmount": ("stated-amount", TITLED, "identifier title_de grant statedAmount"),
    "Statement": ("statement", TITLED, "identifier title_de"),
}
KEYED_BY_AGS = {"State", "GovernmentDistrict", "District", "Municipality", "FormerMunicipality"}
ACTOR = ["Municipality", "District", "Organisation"]
CLASSES = {
    "seat": ["Municipality"],
    "state": ["State"],
    "governmentDistrict": ["GovernmentDistrict"],
    "metropolitanRegion": ["MetropolitanRegion"],
    "district": ["District"],
    "replacedBy": ["Municipality"],
    "lead": ACTOR,
    "partner": ACTOR,
    "recipient": ACTOR,
    "provider": ACTOR,
    "operator": ACTOR,
    "organiser": ACTOR,
    "reuses": ["Project"],
    "project": ["Project"],
    "programme": ["FundingProgramme"],
    "funder": ["Organisation", "State"],
    "memberOf": ["Organisation"],
    "municipality": ["Municipality"],
    "place": ["Place"],
    "resultOf": ["Offer"],
    "advice": ["Offer"],
    "continues": ["Project"],
    "realises": ["UseCaseSketch"],
    "grant": ["Grant"],
    "concerns": ["Municipality", "District"],
    "Organisation-partOf": ["Organisation"],
    "Event-partOf": ["Event"],
}
NAMES = dict(
    entry.split(": ")
    for entry in """
identifier: Kennung/Identifier
title_de: Titel (deutsch)/Title (German)
title_en: Titel (englisch)/Title (English)
description_de: Beschreibung (deutsch)/Description (German)
description_en: Beschreibung (englisch)/Description (English)
note: Anmerkung/Note
homepage: Website/Website
source: Quelle/Source
accessed: Abgerufen am/Accessed on
latitude: Breitengrad/Latitude
longitude: Längengrad/Longitude
State-ags: Landesschlüssel/State key
GovernmentDistrict-ags: Regierungsbezirksschlüssel/Government district key
District-ags: Kreisschlüssel/District key
Municipality-ags: Amtlicher Gemeindeschlüssel (AGS)/Official municipality key (AGS)
FormerMunicipality-ags: Früherer Gemeindeschlüssel (AGS)/Former municipality key (AGS)
ars: Regionalschlüssel (ARS)/Regional key (ARS)
name: Name/Name
name_en: Name (englisch)/Name (English)
officialName: Amtlicher Name/Official name
population: Einwohnerzahl/Population
area: Fläche (km²)/Area (km²)
referenceDate: Stand/Reference date
nuts: NUTS-Code/NUTS code
wikidata: Wikidata-Nummer/Wikidata ID
gnd: GND-Nummer/GND ID
seat: Verwaltungssitz/Administrative seat
state: Land/State
governmentDistrict: Regierungsbezirk/Government district
metropolitanRegion: Metropolregion/Metropolitan region
districtType: Kreisart/Type of district
municipalityType: Gemeindeart/Type of municipality
district: Kreis/District
postalCode: Postleitzahl/Postal code
changeType: Art der Änderung/Type of change
changeDate: Geändert am/Changed on
replacedBy: Nachfolgegemeinde/Replaced by
lead: Federführung/Lead partner
partner: Partner/Partners
partnerNote: Weitere Partner/Further partners
field: Handlungsfeld/Field of action
status: Status/Status
start: Beginn/Start
end: Ende/End
reuses: Nachnutzung von/Reuses
project: Projekt/Project
recipient: Empfänger/Recipient
amount: Förderbetrag/Grant amount
currency: Währung/Currency
approximate: Betrag ungefähr/Amount approximate
announcedTotal: Gemeinsame Fördersumme/Announced joint total
awardDate: Bewilligt am/Awarded on
programme: Förderprogramm/Funding programme
fundingLine: Förderlinie/Funding line
fundingRate: Förderquote (%)/Funding rate (%)
funder: Fördergeber/Funder
annualBudget: Jahresbudget/Annual budget
minimumAmount: Mindestbetrag/Minimum amount
maximumAmount: Höchstbetrag/Maximum amount
minimumRate: Mindestquote (%)/Minimum rate (%)
maximumRate: Höchstquote (%)/Maximum rate (%)
maximumDuration: Höchstlaufzeit (Monate)/Maximum duration (months)
legalBasis: Rechtsgrundlage/Legal basis
Organisation-partOf: Teil von/Part of
Event-partOf: Teil der Reihe/Part of series
memberOf: Mitglied von/Member of
email: E-Mail/E-mail
streetAddress: Straße und Hausnummer/Street address
municipality: Gemeinde/Municipality
offerType: Angebotsart/Type of offer
provider: Anbieter/Provider
place: Ort/Place
placeType: Art des Ortes/Type of place
operator: Betreiber/Operator
eventType: Veranstaltungsart/Type of event
organiser: Veranstalter/Organiser
resultOf: Ergebnis von/Result of
benefit: Nutzen/Benefit
transferability: Übertragbarkeit/Transferability
feasibility: Umsetzbarkeit/Feasibility
theme: Thema/Theme
continues: Fortsetzung von/Continues
realises: Setzt um/Realises
amountPrecision: Genauigkeit des Betrags/Precision of the amount
totalCost: Gesamtkosten/Total cost
ownShare: Eigenanteil/Own share
totalBudget: Gesamtrahmen/Total budget
advice: Beratungsangebot/Advice
telephone: Telefon/Telephone
contactPoint: Kontaktstelle/Contact point
attendanceMode: Teilnahme/Attendance
deadline: Frist/Deadline
grant: Zuwendung/Grant
amountKind: Was es vermutlich ist/What it probably is
statedAmount: Genannter Betrag/Stated amount
concerns: Betrifft/Concerns
asOf: Stand der Angabe/As of
announcedProjects: Genannte Projekte/Announced projects
announcedAmount: Genannte Summe/Announced sum
missingNote: Was fehlt/What is missing
lastSearched: Zuletzt gesucht/Last searched
geocoding: Geokodierung/Geocoding
geometry: Geometrie/Geometry
derivedFrom: Abgeleitet aus/Derived from
""".strip().splitlines()
)


# What the shapes say


def local(node: Node | None) -> str:
    return str(node).rpartition("#")[2]


def term_of(shape: Node) -> str:
    return local(shape).rpartition("-")[2]


def definition(type_name: str, term: str) -> dict[str, Any]:
    found = {**CONTEXT, **CONTEXT[type_name]["@context"]}[term]
    return {"@id": found} if isinstance(found, str) else found


def expand(name: str) -> URIRef:
    prefix, _, rest = name.partition(":")
    return URIRef(CONTEXT[prefix] + rest)


def columns(type_name: str) -> list[URIRef]:
    return [shape for shape in shapes.load().objects(SRS[type_name], SH.property) if isinstance(shape, URIRef)]


def texts(shape: Node, predicate: URIRef, graph: Graph | None = None) -> dict[str | None, str]:
    values = [value for value in (graph or shapes.load()).objects(shape, predicate) if isinstance(value, Literal)]
    assert len(values) == len({value.language for value in values}), f"{shape} {predicate}"
    return {value.language: str(value) for value in values}


def members(head: Node | None, graph: Graph | None = None) -> list[Node]:
    return [] if head is None else list(Collection(graph or shapes.load(), head))


def all_columns() -> list[tuple[str, URIRef]]:
    return [(type_name, shape) for type_name in TYPES for shape in columns(type_name)]


def checks() -> list[URIRef]:
    """Shapes with a target of their own beside the node shapes of the record types."""
    graph = shapes.load()
    found = set(graph.subjects(SH.targetClass, None)) - {SRS[type_name] for type_name in TYPES}
    return sorted(shape for shape in found if isinstance(shape, URIRef))


def queries() -> dict[str, str]:
    """Every SPARQL constraint by its local name, with its prefixes (SHACL, section 5.2.1)."""
    graph = shapes.load()
    found = {}
    for constraint in graph.objects(None, SH.sparql):
        declared = graph.objects(constraint, SH.prefixes / SH.declare)
        prefixes = [f"PREFIX {graph.value(d, SH.prefix)}: <{graph.value(d, SH.namespace)}>" for d in declared]
        found[local(constraint)] = "\n".join([*sorted(prefixes), str(graph.value(constraint, SH.select))])
    return found


def test_node_shapes_keep_the_contract() -> None:
    graph = shapes.load()
    assert set(graph.subjects(SR.keyProperty, None)) == {SRS[type_name] for type_name in TYPES}
    for type_name, (segment, _, _) in TYPES.items():
        shape = SRS[type_name]
        assert set(graph.objects(shape, SH.targetClass)) == {SR[type_name]}
        key = SR.ags if type_name in KEYED_BY_AGS else DCTERMS.identifier
        assert set(graph.objects(shape, SR.keyProperty)) == {key}
        assert set(graph.objects(shape, SR.iriSegment)) == {Literal(segment)}
        assert texts(shape, RDFS.label) == texts(SR[type_name], RDFS.label, ontology.vocabulary())
        assert texts(shape, SH.message).keys() == {"de", "en"}
        assert texts(shape, SR.pluralLabel).keys() == {"de", "en"}, type_name


def test_ranks_are_a_count_without_gaps() -> None:
    """Two of one rank, or a forgotten one, would make an order nobody chose."""
    graph = shapes.load()
    for predicate in (SR.searchRank, SR.listRank):
        assert sorted(int(str(rank)) for rank in graph.objects(None, predicate)) == list(
            range(1, len(list(graph.objects(None, predicate))) + 1)
        ), predicate
    for attribute in ("essential", "placing", "beside"):
        ranks = {getattr(field, attribute) for field in ranked(attribute)}
        assert ranks == set(range(1, len(ranks) + 1)), attribute


def test_every_role_is_explained_and_has_a_type() -> None:
    definition = str(ontology.vocabulary().value(SR.recordRole, SKOS.definition))
    used = {str(role) for role in shapes.load().objects(None, SR.recordRole)}
    assert used == set(re.findall(r"[“„](\w+)[”“]", definition))
    assert {the(role).name for role in ("activity", "award", "programme", "unit", "district")} <= set(TYPES)


@pytest.mark.parametrize("type_name", TYPES)
def test_each_term_has_exactly_one_property_shape(type_name: str) -> None:
    _, common, _ = TYPES[type_name]
    expected = sorted([*CONTEXT[type_name]["@context"], *common.split(), *EVERYWHERE.split()])
    assert sorted(term_of(shape) for shape in columns(type_name)) == expected


@pytest.mark.parametrize("type_name", TYPES)
def test_mandatory_terms(type_name: str) -> None:
    graph = shapes.load()
    found = {
        term_of(shape)
        for shape in columns(type_name)
        if graph.value(shape, SH.minCount) or graph.value(shape, SH.qualifiedMinCount)
    }
    assert found == set(TYPES[type_name][2].split())


@pytest.mark.parametrize(("type_name", "shape"), all_columns(), ids=str)
def test_property_shape_agrees_with_context_and_contract(type_name: str, shape: URIRef) -> None:
    graph = shapes.load()
    term, name = term_of(shape), local(shape)
    defined = definition(type_name, term)
    assert name in (term, f"{type_name}-{term}")
    assert set(graph.objects(shape, SH.path)) == {expand(defined["@id"])}
    german, english = NAMES.get(name, NAMES.get(term, "?/?")).split("/")
    assert texts(shape, SH.name) == {"de": german, "en": english}
    for predicate in (SH.description, SH.message):
        assert texts(shape, predicate).keys() == {"de", "en"}
    assert re.search("Beispiele?: |zum Beispiel", texts(shape, SH.description)["de"])
    assert re.search("Examples?: ", texts(shape, SH.description)["en"])
    assert set(graph.objects(shape, SH.severity)) == {SH.Violation}
    datatypes = set(graph.objects(shape, SH.datatype))
    choices = [value for head in graph.objects(shape, SH["or"]) for value in members(head)]
    coercion = defined.get("@type")
    if coercion in ("@id", "@vocab"):
        assert not datatypes
        assert (shape, SH["in"], None) in graph or (shape, SH.nodeKind, SH.IRI) in graph
    elif coercion:
        assert datatypes == {expand(coercion)}
    elif "@language" in defined:
        assert not datatypes
    elif choices:
        partial = {graph.value(choice, SH.datatype) for choice in choices}
        assert not datatypes and partial == {XSD.date, XSD.gYearMonth, XSD.gYear}
        assert all((choice, SH.pattern, None) in graph for choice in choices)
    else:
        assert datatypes == {XSD.string}
    most = graph.value(shape, SH.maxCount) or graph.value(shape, SH.qualifiedMaxCount)
    assert most == (None if defined.get("@container") == "@set" else Literal(1))


@pytest.mark.parametrize(("type_name", "shape"), all_columns(), ids=str)
def test_references_name_their_classes_in_order_of_precedence(type_name: str, shape: URIRef) -> None:
    graph = shapes.load()
    direct = list(graph.objects(shape, SH["class"]))
    choices = [value for head in graph.objects(shape, SH["or"]) for value in members(head)]
    found = [local(value) for value in direct] + [
        local(value) for choice in choices for value in graph.objects(choice, SH["class"])
    ]
    assert found == CLASSES.get(local(shape), CLASSES.get(term_of(shape), []))


@pytest.mark.parametrize(("type_name", "shape"), all_columns(), ids=str)
def test_value_lists_are_the_concept_schemes(type_name: str, shape: URIRef) -> None:
    graph = shapes.load()
    defined = definition(type_name, term_of(shape))
    vocabulary = defined["@context"]["@vocab"] if defined.get("@type") == "@vocab" else ""
    allowed = members(graph.value(shape, SH["in"]))
    if not vocabulary.startswith("https://w3id.org/smart-region/scheme/"):
        assert not allowed
        return
    scheme = ontology.scheme(vocabulary.removesuffix("#").rpartition("/")[2])
    concepts = set(scheme.subjects(RDF.type, SKOS.Concept))
    assert set(allowed) == concepts and len(allowed) == len(concepts)
    messages = [texts(shape, SH.message)]
    messages += [
        texts(check, SH.message) for check in checks() if local(check) == f"{type_name}-missing-{term_of(shape)}"
    ]
    for message in messages:
        for concept in concepts:
            assert texts(concept, SKOS.prefLabel, scheme)["de"] in message["de"]
            assert str(scheme.value(concept, SKOS.notation)) in message["en"]


def test_columns_have_an_order_and_roles() -> None:
    graph = shapes.load()
    for type_name in TYPES:
        orders = [graph.value(shape, SH.order) for shape in columns(type_name)]
        values = [order.value for order in orders if isinstance(order, Literal)]
        assert all(isinstance(value, int) for value in values)
        assert len(set(values)) == len(orders), type_name
        roles = {term_of(shape): local(graph.value(shape, DASH.propertyRole)) for shape in columns(type_name)}
        first = min(columns(type_name), key=lambda shape: str(graph.value(shape, SH.order)).zfill(4))
        assert [term for term, role in roles.items() if role == "IDRole"] == [term_of(first)]
        assert [term for term, role in roles.items() if role == "LabelRole"] in (["name"], ["title_de"])
        assert all(role == "DescriptionRole" for term, role in roles.items() if term.startswith("description"))
    derived = {term_of(shape) for shape in graph.subjects(DASH.readOnly, Literal(True))}
    assert derived == {"derivedFrom", "geocoding", "geometry", "contactPoint", "amountPrecision"}


@pytest.mark.parametrize("check", checks(), ids=local)
def test_check_is_named_after_a_term_of_its_types(check: URIRef) -> None:
    graph = shapes.load()
    targets = {local(target) for target in graph.objects(check, SH.targetClass)}
    own, _, _ = local(check).partition("-")
    assert targets == {own} or own not in TYPES
    for type_name in targets:
        assert term_of(check) in {term_of(shape) for shape in columns(type_name)}
        path = graph.value(check, SH.path)
        if isinstance(path, URIRef):
            assert path == expand(definition(type_name, term_of(check))["@id"])
    assert texts(check, RDFS.label).keys() == texts(check, SH.message).keys() == {"de", "en"}
    assert len(set(graph.objects(check, SH.severity))) == 1
    assert (None, SH.property, check) not in graph
    for constraint in [*graph.objects(check, SH.sparql)]:
        assert isinstance(constraint, URIRef)
        assert local(constraint) == local(check).replace(f"-{term_of(check)}", f"Query-{term_of(check)}")
        assert (constraint, SH.prefixes, URIRef("https://w3id.org/smart-region/shapes")) in graph


def test_every_term_of_our_namespace_is_defined() -> None:
    graph = shapes.load() + shapes.catalogue()
    used = {node for triple in graph for node in triple if isinstance(node, URIRef) and node in SR}
    for text in [*queries().values(), *map(str, graph.objects(None, SH.construct))]:
        used |= {SR[name] for name in re.findall(r"\bsr:(\w+)", text)}
    assert used <= set(ontology.vocabulary().subjects(RDF.type, None))


@pytest.mark.slow
def test_the_shapes_are_valid_shapes() -> None:
    for graph in (shapes.load(), shapes.catalogue()):
        conforms, _, text = pyshacl.validate(Graph(), shacl_graph=graph, meta_shacl=True)
        assert conforms, text
        named = set(graph.subjects(RDF.type, SH.PropertyShape))
        assert all(isinstance(shape, URIRef) for shape in [*named, *graph.objects(None, SH.sparql)])


def test_files_hold_one_type_each() -> None:
    names = [file.name for file in shapes.files()]
    kebab = {re.sub(r"(?<!^)([A-Z])", r"-\1", type_name).lower() + ".ttl" for type_name in TYPES}
    assert set(names) == kebab | {"common.ttl", "territory.ttl", "catalogue.ttl"}
    assert names == sorted(names)
    assert shapes.load() is shapes.load()
    assert (SRS.Catalog, None, None) not in shapes.load()
    assert (SRS.Project, None, None) not in shapes.catalogue()


# What the shapes do

GOOD: dict[str, Record] = {
    "State": {
        "id": "state/06",
        "ags": "06",
        "ars": "060000000000",
        "name": "Hessen",
        "officialName": "Land Hessen",
        "seat": "municipality/06431011",
        "population": 6280793,
        "area": "21115.7",
        "referenceDate": "2024-12-31",
        "nuts": "DE7",
        "wikidata": "Q1199",
        "geocoding": "http://dcat-ap.de/def/politicalGeocoding/stateKey/06",
        "homepage": "https://www.hessen.de/",
    },
    "GovernmentDistrict": {
        "id": "government-district/064",
        "ags": "064",
        "ars": "064000000000",
        "name": "Regierungsbezirk Darmstadt",
        "state": "state/06",
        "seat": "municipality/06431011",
        "population": 4039611,
        "area": "7444.27",
        "referenceDate": "2024-12-31",
        "nuts": "DE71",
        "geocoding": "http://dcat-ap.de/def/politicalGeocoding/governmentDistrictKey/064",
    },
    "District": {
        "id": "district/06431",
        "ags": "06431",
        "ars": "064310000000",
        "name": "Landkreis Bergstraße",
        "officialName": "Bergstraße, Landkreis",
        "districtType": "rural-district",
        "governmentDistrict": "government-district/064",
        "metropolitanRegion": ["metropolitan-region/rhein-neckar"],
        "seat": "municipality/06431011",
        "population": 274169,
        "area": "719.47",
        "referenceDate": "2024-12-31",
        "nuts": "DE715",
        "gnd": "4005725-2",
        "latitude": "49.65",
        "longitude": "8.7",
        "geometry": "district/06431#geometry",
        "geocoding": "http://dcat-ap.de/def/politicalGeocoding/districtKey/06431",
    },
    "Municipality": {
        "id": "municipality/06431011",
        "ags": "06431011",
        "ars": "064310011011",
        "name": "Heppenheim (Bergstraße)",
        "officialName": "Heppenheim (Bergstraße), Kreisstadt",
        "municipalityType": "town",
        "district": "district/06431",
        "population": 27864,
        "area": "52.12",
        "referenceDate": "2024-12-31",
        "postalCode": "64646",
        "nuts": "DE715",
        "wikidata": "Q14865",
        "gnd": "4094629-0",
        "latitude": "49.641185",
        "longitude": "8.644017",
        "geometry": "municipality/06431011#geometry",
        "geocoding": "http://dcat-ap.de/def/politicalGeocoding/municipalityKey/06431011",
        "homepage": "https://www.heppenheim.de/",
    },
    "FormerMunicipality": {
        "id": "municipality/06437002",
        "ags": "06437002",
        "name": "Beerfelden",
        "officialName": "Beerfelden, Stadt",
        "changeType": "merger",
        "changeDate": "2018-01-01",
        "replacedBy": "municipality/06431011",
    },
    "MetropolitanRegion": {
        "id": "metropolitan-region/rhein-neckar",
        "identifier": "rhein-neckar",
        "name": "Metropolregion Rhein-Neckar",
        "description_de": "Um Mannheim, Ludwigshafen und Heidelberg.",
        "description_en": "Around Mannheim, Ludwigshafen and Heidelberg.",
        "wikidata": "Q707127",
        "homepage": "https://www.m-r-n.com/start",
    },
    "Project": {
        "id": "project/digitaler-knuell",
        "identifier": "digitaler-knuell",
        "title_de": "Region Digitaler Knüll",
        "title_en": "Digital Knüll Region",
        "description_de": "Coworking-Orte und Sensorik.",
        "description_en": "Coworking places and sensors.",
        "lead": "municipality/06431011",
        "partner": ["district/06431", "organisation/ekom21"],
        "partnerNote": "23 Kommunen des Landkreises Fulda",
        "field": ["society", "smart-energy"],
        "status": "approved",
        "reuses": ["project/other"],
        "theme": ["lorawan"],
        "continues": ["project/other"],
        "realises": ["use-case-sketch/abfall"],
        "start": {"@value": "2024-09", "@type": "xsd:gYearMonth"},
        "end": {"@value": "2024", "@type": "xsd:gYear"},
        "homepage": "http://knuell.example.org",
    },
    "Grant": {
        "id": "grant/digitaler-knuell",
        "identifier": "digitaler-knuell",
        "title_de": "Zuwendung für Region Digitaler Knüll",
        "title_en": "Grant for Digital Knüll Region",
        "description_de": "Übergeben in Homberg.",
        "description_en": "Handed over in Homberg.",
        "project": ["project/digitaler-knuell", "project/other"],
        "recipient": ["municipality/06431011"],
        "programme": "programme/starke-heimat",
        "fundingLine": "model-project",
        "amount": "1700000",
        "currency": "EUR",
        "approximate": True,
        "announcedTotal": "2000000.5",
        "amountPrecision": "rounded",
        "totalCost": "1900000",
        "ownShare": "200000",
        "fundingRate": "90",
        "awardDate": {"@value": "2024-09-04", "@type": "xsd:date"},
    },
    "FundingProgramme": {
        "id": "programme/starke-heimat",
        "identifier": "starke-heimat",
        "title_de": "Starke Heimat Hessen",
        "title_en": "Strong Home Hesse",
        "description_de": "Förderung smarter Kommunen und Regionen.",
        "description_en": "Funding of smart municipalities and regions.",
        "funder": ["organisation/ekom21", "state/06"],
        "fundingLine": ["model-project", "reuse"],
        "annualBudget": "16000000",
        "totalBudget": "64000000",
        "advice": ["offer/digitalisierungsberatung"],
        "telephone": "+49 611 32114411",
        "email": "mailto:foerderung@example.org",
        "contactPoint": "programme/starke-heimat#contact",
        "minimumAmount": "100000",
        "maximumAmount": "2500000",
        "currency": "EUR",
        "minimumRate": "70",
        "maximumRate": "90",
        "maximumDuration": 24,
        "legalBasis": "§ 44 LHO",
        "start": {"@value": "2021-03", "@type": "xsd:gYearMonth"},
        "homepage": "https://digitales.hessen.de/foerderprogramme",
    },
    "Organisation": {
        "id": "organisation/ekom21",
        "identifier": "ekom21",
        "name": "ekom21",
        "name_en": "ekom21 (public IT provider)",
        "description_de": "Koordiniert die Beratung.",
        "description_en": "Coordinates the advice.",
        "partOf": "organisation/office",
        "memberOf": ["organisation/office"],
        "streetAddress": "Carlo-Mierendorff-Straße 11",
        "postalCode": "35398",
        "municipality": "municipality/06431011",
        "telephone": "+49 641 98300",
        "email": "mailto:info@ekom21.de",
        "contactPoint": "organisation/ekom21#contact",
        "wikidata": "Q1308925",
        "homepage": "https://www.ekom21.de",
    },
    "Offer": {
        "id": "offer/digitalisierungsberatung",
        "identifier": "digitalisierungsberatung",
        "title_de": "Digitalisierungsberatung",
        "title_en": "Advice on digitalisation",
        "description_de": "Kostenfrei.",
        "description_en": "Free of charge.",
        "offerType": "advice",
        "provider": ["organisation/ekom21", "municipality/06431011"],
        "email": "mailto:beratung@ekom21.de",
        "place": "place/hub",
        "start": {"@value": "2020", "@type": "xsd:gYear"},
        "homepage": "https://www.ekom21.de/beratung?x=1",
    },
    "Place": {
        "id": "place/hub",
        "identifier": "hub",
        "title_de": "Smart Region Hub",
        "title_en": "Smart Region Hub",
        "description_de": "Ausstellung.",
        "description_en": "Exhibition.",
        "placeType": "hub",
        "operator": ["district/06431"],
        "municipality": "municipality/06431011",
        "district": "district/06431",
        "start": {"@value": "2022-08-01", "@type": "xsd:date"},
        "latitude": "50.867805",
        "longitude": "9.706008",
        "geometry": "place/hub#geometry",
        "homepage": "https://hub.example.org/#start",
    },
    "Event": {
        "id": "event/virtourell-4",
        "identifier": "virtourell-4",
        "title_de": "Hessen virTOURell, Station 4",
        "title_en": "Hessen virTOURell, stop 4",
        "description_de": "Smarte Flächen.",
        "description_en": "Smart spaces.",
        "eventType": "tour-stop",
        "organiser": ["organisation/office"],
        "partOf": "event/virtourell",
        "programme": "programme/starke-heimat",
        "attendanceMode": "online",
        "email": "mailto:tour@example.org",
        "deadline": {"@value": "2021-06-30", "@type": "xsd:date"},
        "municipality": "municipality/06431011",
        "place": "place/hub",
        "start": {"@value": "2021-07-01", "@type": "xsd:date"},
        "end": {"@value": "2021-07", "@type": "xsd:gYearMonth"},
        "homepage": "https://virtourell.example.org",
    },
    "UseCaseSketch": {
        "id": "use-case-sketch/abfall",
        "identifier": "abfall",
        "title_de": "Sensoren in Abfallbehältern",
        "title_en": "Sensors in waste bins",
        "description_de": "Füllstände messen.",
        "description_en": "Measure filling levels.",
        "municipality": "municipality/06431011",
        "field": ["smart-environment"],
        "theme": ["waste-sensors"],
        "resultOf": "offer/digitalisierungsberatung",
        "benefit": "Der Bauhof fährt nur volle Behälter an.",
        "transferability": "Hoch.",
        "feasibility": "Sensoren sind vorhanden.",
    },
    "StatedAmount": {
        "id": "stated-amount/digitaler-knuell",
        "identifier": "digitaler-knuell",
        "title_de": "Gesamtkosten laut Zeitung",
        "title_en": "Whole cost by a newspaper",
        "description_de": "Kosten mit Eigenanteil.",
        "description_en": "Cost with own share.",
        "grant": "grant/digitaler-knuell",
        "statedAmount": "1900000",
        "currency": "EUR",
        "approximate": True,
        "amountKind": "whole-cost",
    },
    "Statement": {
        "id": "statement/starke-heimat-2025",
        "identifier": "starke-heimat-2025",
        "title_de": "125 Projekte im August 2025",
        "title_en": "125 projects in August 2025",
        "description_de": "Stand nach dem Ministerium.",
        "description_en": "As the ministry says.",
        "programme": "programme/starke-heimat",
        "concerns": ["district/06431"],
        "start": {"@value": "2021-03", "@type": "xsd:gYearMonth"},
        "asOf": {"@value": "2025-08", "@type": "xsd:gYearMonth"},
        "announcedProjects": 125,
        "announcedAmount": "71000000",
        "currency": "EUR",
        "approximate": True,
        "missingNote": "Eine Liste.",
        "lastSearched": {"@value": "2026-11", "@type": "xsd:gYearMonth"},
    },
}
for _type, _record in GOOD.items():
    _record["type"] = _type
    _record["source"] = ["https://digitales.hessen.de/presse", "http://example.org/a?b=c#d"]
    _record["accessed"] = "2025-08-22"
    _record["note"] = "Betrag laut Quelle gerundet."
    _record["derivedFrom"] = [f"{BASE}source/table.csv#row=2"]
# Referred to by the samples.
OTHERS: list[Record] = [
    {"id": "project/other", "type": "Project", "identifier": "other", "title_de": "Anderes", "lead": "district/06431"},
    {"id": "organisation/office", "type": "Organisation", "identifier": "office", "name": "Geschäftsstelle"},
    {"id": "event/virtourell", "type": "Event", "identifier": "virtourell", "title_de": "Reihe", "eventType": "series"},
]


def partial(text: str, datatype: str) -> dict[str, str]:
    return {"@value": text, "@type": f"xsd:{datatype}"}


def in_language(text: str, language: str) -> dict[str, str]:
    return {"@value": text, "@language": language}


def twin(type_name: str) -> Record:
    """Another record with the identifier of the sample."""
    identifier = GOOD[type_name]["identifier"]
    return {"id": f"{TYPES[type_name][0]}/twin", "type": type_name, "identifier": identifier}


TEXT = {"@value": "Text"}
BAD_TEXT = [" ", ["Eins", "Zwei"], in_language("Texte", "fr"), TEXT]
BAD_DATE = ["2024-02-30", "gestern", TEXT, ["2024-01-01", "2024-01-02"]]
BAD_START, BAD_END = (
    [
        partial(f"{year}-2", "gYearMonth"),
        partial(f"{year}-13", "gYearMonth"),
        partial(f"{year}-01", "gYear"),
        partial(year[2:], "gYear"),
        partial(f"{year}-02-30", "date"),
        year,
        [partial(year, "gYear"), partial(f"{year}-01", "gYearMonth")],
    ]
    for year in ("2019", "2099")
)
BAD_REFERENCE = ["organisation/nobody", "use-case-sketch/abfall", TEXT]
BAD_AMOUNT = ["0", "-5", "viel", TEXT, ["150000", "160000"]]
BAD_RATE = ["-1", "100.5", "viel", ["70", "80"]]
BAD_CONCEPT = ["nothing-such", TEXT]
BAD_ADDRESS = ["www.hessen.de", "ftp://example.org/", "https://ohne-punkt", "https://", TEXT]

# Values that break the property shape of a term, wherever it occurs. A None takes the term away.
BAD: dict[str, list[Any]] = {
    "identifier": [None, "Groß", "zwei--striche", "-vorn", "x" * 121, ["eins", "zwei"], partial("7", "integer")],
    "title_de": [None, *BAD_TEXT, "x" * 301],
    "title_en": [" ", ["One", "Two"], "x" * 301],
    "name": [None, *BAD_TEXT, "x" * 201],
    "Organisation-name_en": [" ", ["One", "Two"], "x" * 201],
    "description_de": [*BAD_TEXT, "x" * 5001],
    "description_en": [" ", ["One", "Two"], "x" * 5001],
    "note": [*BAD_TEXT, "x" * 2001],
    "homepage": [*BAD_ADDRESS, ["https://a.example.org", "https://b.example.org"]],
    "source": BAD_ADDRESS,
    "accessed": BAD_DATE,
    "derivedFrom": [TEXT],
    "wikidata": ["P31", "Q", "Q0", TEXT, ["Q1", "Q2"]],
    "field": ["smart-nothing", TEXT, {"@id": "https://w3id.org/smart-region/scheme/project-status#approved"}],
    "postalCode": ["3539", "353980", "D-35398", partial("35398", "integer"), ["35398", "35399"]],
    "municipality": [*BAD_REFERENCE, "municipality/06437002", "district/06431"],
    "place": [*BAD_REFERENCE, "municipality/06431011"],
    "start": BAD_START,
    "end": BAD_END,
    "theme": BAD_CONCEPT,
    "telephone": ["0611 32114411", "+49 (611) 32114411", "Hotline", ["+49 611 1", "+49 611 2"]],
    "contactPoint": [TEXT, ["organisation/ekom21#contact", "organisation/ekom21#other"]],
    "programme": [*BAD_REFERENCE, ["programme/starke-heimat", "programme/nothing"]],
    "approximate": ["ungefähr", TEXT, [True, False]],
    "currency": ["Euro", "eur", "€", ["EUR", "USD"]],
    "email": ["info@example.org", "mailto:info", TEXT, ["mailto:a@b.de", "mailto:c@d.de"]],
    "officialName": [*BAD_TEXT, "x" * 201],
    "seat": [*BAD_REFERENCE, "district/06431"],
    "population": [-1, "viele", "1.5", TEXT, [1, 2]],
    "area": BAD_AMOUNT,
    "referenceDate": BAD_DATE,
    "nuts": ["DE8", "de7", "DE7111", TEXT, ["DE71", "DE72"]],
    "gnd": ["4094629", "x", TEXT, ["4094629-0", "4005725-2"]],
    "latitude": ["49.3", "51.7", "8.6", "oben", ["50", "50.1"]],
    "longitude": ["7.7", "10.3", "49.6", "links", ["8", "8.1"]],
    "geocoding": ["http://dcat-ap.de/def/politicalGeocoding/districtKey/05111", TEXT],
    "geometry": [TEXT, ["place/hub#geometry", "place/hub#other"]],
    "State-ags": [None],
    "GovernmentDistrict-ags": [None],
    "GovernmentDistrict-state": BAD_REFERENCE,
    "District-ags": [None],
    "District-districtType": ["city", TEXT, ["rural-district", "independent-city"]],
    "District-governmentDistrict": [*BAD_REFERENCE, ["government-district/064", "government-district/065"]],
    "District-metropolitanRegion": [*BAD_REFERENCE],
    "Municipality-ags": [None],
    "Municipality-ars": [None],
    "Municipality-municipalityType": [None, "village", TEXT, ["town", "municipality"]],
    "Municipality-district": [None, *BAD_REFERENCE],
    "FormerMunicipality-ags": [None, "6437002", "07437002", partial("6437002", "integer"), ["06437002", "06437003"]],
    "FormerMunicipality-changeType": ["move", TEXT, ["merger", "independence"]],
    "FormerMunicipality-changeDate": [None, *BAD_DATE],
    "FormerMunicipality-replacedBy": [None, *BAD_REFERENCE, "municipality/06437002"],
    "Project-lead": [None, *BAD_REFERENCE, "state/06", ["municipality/06431011", "organisation/office"]],
    "Project-partner": [*BAD_REFERENCE, "state/06"],
    "Project-partnerNote": [*BAD_TEXT, "x" * 2001],
    "Project-status": ["done", TEXT, ["approved", "completed"]],
    "Project-reuses": BAD_REFERENCE,
    "Project-continues": BAD_REFERENCE,
    "Project-realises": ["organisation/nobody", "offer/digitalisierungsberatung", TEXT],
    "Grant-project": [*BAD_REFERENCE, ["project/other", "project/nothing"]],
    "Grant-recipient": [None, *BAD_REFERENCE],
    "Grant-fundingLine": ["best", TEXT, ["model-project", "reuse"]],
    "Grant-amount": ["viel", TEXT, ["150000", "160000"]],
    "Grant-announcedTotal": ["viel", TEXT, ["2000000", "3000000"]],
    "Grant-amountPrecision": [*BAD_CONCEPT, ["rounded", "exact"]],
    "Grant-totalCost": ["viel", TEXT, ["2000000", "3000000"]],
    "Grant-ownShare": BAD_AMOUNT,
    "Grant-fundingRate": ["viel", TEXT, ["70", "80"]],
    "Grant-awardDate": BAD_START,
    "FundingProgramme-funder": [*BAD_REFERENCE, "municipality/06431011"],
    "FundingProgramme-fundingLine": ["best", TEXT],
    "FundingProgramme-annualBudget": BAD_AMOUNT,
    "FundingProgramme-totalBudget": BAD_AMOUNT,
    "FundingProgramme-advice": BAD_REFERENCE,
    "FundingProgramme-minimumAmount": BAD_AMOUNT,
    "FundingProgramme-maximumAmount": ["viel", TEXT, ["2500000", "3000000"]],
    "FundingProgramme-minimumRate": ["-1", "viel", ["70", "80"]],
    "FundingProgramme-maximumRate": ["100.5", "viel", ["80", "90"]],
    "FundingProgramme-maximumDuration": [0, "1.5", "zwei Jahre", [12, 24]],
    "FundingProgramme-legalBasis": [*BAD_TEXT, "x" * 1001],
    "Organisation-partOf": [*BAD_REFERENCE, ["organisation/office", "organisation/nobody"]],
    "Organisation-memberOf": BAD_REFERENCE,
    "Organisation-streetAddress": [" ", "x" * 201, in_language("Straße 1", "de"), ["Straße 1", "Straße 2"]],
    "Offer-offerType": ["gift", TEXT, ["advice", "workshop"]],
    "Offer-provider": BAD_REFERENCE,
    "Place-placeType": ["house", TEXT, ["hub", "lab"]],
    "Place-operator": BAD_REFERENCE,
    "Place-district": [*BAD_REFERENCE, "municipality/06431011"],
    "Event-eventType": ["party", TEXT, ["congress", "series"]],
    "Event-attendanceMode": [*BAD_CONCEPT, ["online", "hybrid"]],
    "Event-deadline": BAD_START,
    "Event-organiser": BAD_REFERENCE,
    "Event-partOf": [*BAD_REFERENCE, ["event/virtourell", "event/nothing"]],
    "UseCaseSketch-resultOf": [*BAD_REFERENCE, "event/virtourell"],
    "UseCaseSketch-benefit": [*BAD_TEXT, "x" * 2001],
    "UseCaseSketch-transferability": [*BAD_TEXT, "x" * 2001],
    "UseCaseSketch-feasibility": [*BAD_TEXT, "x" * 2001],
    "StatedAmount-grant": [None, *BAD_REFERENCE, ["grant/digitaler-knuell", "grant/nothing"]],
    "StatedAmount-amountKind": [*BAD_CONCEPT, ["whole-cost", "rounding"]],
    "StatedAmount-statedAmount": [None, *BAD_AMOUNT],
    "Statement-concerns": [*BAD_REFERENCE, "state/06"],
    "Statement-asOf": BAD_START,
    "Statement-announcedProjects": [0, "1.5", "viele", [12, 24]],
    "Statement-announcedAmount": BAD_AMOUNT,
    "Statement-missingNote": [*BAD_TEXT, "x" * 2001],
    "Statement-lastSearched": BAD_START,
}

# Type, what is changed, and every shape that must object, with its severity. A check may object along with a column.
V, W, INFO = "Violation", "Warning", "Info"
SPECIAL: list[tuple[str, Record, Results]] = [
    ("State", {"ags": "6"}, {"State-ags": V, "key-ars": V}),
    ("State", {"ags": ["06", "07"]}, {"State-ags": V, "key-ars": V}),
    ("State", {"ars": "6"}, {"ars": V, "key-ars": V}),
    ("State", {"population": None, "area": "21115.7", "referenceDate": None}, {"pair-referenceDate": W}),
    ("GovernmentDistrict", {"ags": "063"}, {"GovernmentDistrict-ags": V, "key-ars": V}),
    ("GovernmentDistrict", {"ags": "076"}, {"GovernmentDistrict-ags": V, "key-ars": V, "parent-ags": V}),
    ("GovernmentDistrict", {"ars": "065000000000"}, {"key-ars": V}),
    ("District", {"ags": "06731"}, {"District-ags": V, "key-ars": V, "parent-ags": V}),
    ("District", {"ags": "6431"}, {"District-ags": V, "key-ars": V, "parent-ags": V}),
    ("District", {"ags": "06531", "ars": "065310000000"}, {"parent-ags": V}),
    ("District", {"ars": "064320000000"}, {"key-ars": V}),
    ("District", {"districtType": None}, {"District-missing-districtType": W}),
    ("District", {"governmentDistrict": None}, {"District-missing-governmentDistrict": W}),
    ("District", {"latitude": None}, {"pair-latitude": W}),
    ("Municipality", {"ags": "6431011"}, {"Municipality-ags": V, "key-ars": V, "parent-ags": V}),
    ("Municipality", {"ags": "06431012"}, {"key-ars": V}),
    ("Municipality", {"ags": "06432011", "ars": "064320011011"}, {"parent-ags": V}),
    ("Municipality", {"ars": "06431001101"}, {"Municipality-ars": V, "key-ars": V}),
    ("Municipality", {"ars": "064310011012"}, {"key-ars": V}),
    ("Municipality", {"ags": "06437002", "ars": "064370002002"}, {"unique-ags": V, "parent-ags": V}),
    ("Municipality", {"longitude": None}, {"pair-longitude": W}),
    ("Municipality", {"referenceDate": None}, {"pair-referenceDate": W}),
    ("FormerMunicipality", {"ags": "06431011"}, {"unique-ags": V}),
    (
        "FormerMunicipality",
        {"also": {"id": "municipality/06437002", "type": "Municipality"}},
        {"FormerMunicipality-current-ags": V},
    ),
    ("MetropolitanRegion", {"also": twin("MetropolitanRegion")}, {"MetropolitanRegion-unique-identifier": V}),
    ("Project", {"also": twin("Project")}, {"Project-unique-identifier": V}),
    ("Project", {"partner": ["municipality/06431011"]}, {"Project-notLead-partner": V}),
    ("Project", {"reuses": ["project/digitaler-knuell"]}, {"Project-circle-reuses": V}),
    ("Project", {"continues": ["project/digitaler-knuell"]}, {"Project-circle-continues": V}),
    ("Project", {"end": partial("2024-08-31", "date")}, {"order-end": V}),
    ("Project", {"end": partial("2023", "gYear")}, {"order-end": V}),
    ("Project", {"end": partial("2024-08", "gYearMonth")}, {"order-end": V}),
    ("Project", {"end": partial("2024-09-01", "date")}, {}),
    ("Project", {"field": None}, {"Project-missing-field": W}),
    ("Project", {"source": None}, {"missing-source": W}),
    ("Grant", {"also": twin("Grant")}, {"Grant-unique-identifier": V}),
    ("Grant", {"source": None}, {"missing-source": W}),
    (
        "Grant",
        {"amount": None, "announcedTotal": None, "totalCost": None, "ownShare": None, "currency": None},
        {"Grant-missing-amount": INFO},
    ),
    ("Grant", {"amount": None}, {"Grant-missing-amount": INFO}),
    ("Grant", {"currency": None}, {"pair-currency": W}),
    ("Grant", {"programme": None}, {"Grant-missing-programme": W}),
    ("Grant", {"amount": "99999.99"}, {"Grant-limits-amount": W}),
    ("Grant", {"amount": "2500001", "announcedTotal": None, "totalCost": None}, {"Grant-limits-amount": W}),
    ("Grant", {"amount": "99", "currency": "USD"}, {}),
    ("Grant", {"amount": "0"}, {"Grant-amount": V, "Grant-limits-amount": W}),
    ("Grant", {"amount": "2000001", "totalCost": None}, {"Grant-share-amount": W}),
    ("Grant", {"totalCost": "1699999"}, {"Grant-limits-totalCost": W}),
    ("Grant", {"totalCost": "0"}, {"Grant-totalCost": V, "Grant-limits-totalCost": W}),
    ("Grant", {"announcedTotal": "0"}, {"Grant-announcedTotal": V, "Grant-share-amount": W}),
    ("Grant", {"fundingRate": "60"}, {"Grant-limits-fundingRate": W}),
    ("Grant", {"fundingRate": "100.5"}, {"Grant-fundingRate": V, "Grant-limits-fundingRate": W}),
    ("Grant", {"fundingRate": "-1"}, {"Grant-fundingRate": V, "Grant-limits-fundingRate": W}),
    ("Grant", {"awardDate": partial("2999", "gYear")}, {"Grant-future-awardDate": V}),
    ("Grant", {"awardDate": partial("2999-01", "gYearMonth")}, {"Grant-future-awardDate": V}),
    ("Grant", {"awardDate": partial("2999-01-31", "date")}, {"Grant-future-awardDate": V}),
    ("FundingProgramme", {"also": twin("FundingProgramme")}, {"FundingProgramme-unique-identifier": V}),
    ("FundingProgramme", {"currency": None}, {"pair-currency": W}),
    ("FundingProgramme", {"minimumAmount": "3000000"}, {"FundingProgramme-order-minimumAmount": V}),
    (
        "FundingProgramme",
        {"maximumAmount": "0"},
        {"FundingProgramme-maximumAmount": V, "FundingProgramme-order-minimumAmount": V},
    ),
    ("FundingProgramme", {"minimumRate": "95"}, {"FundingProgramme-order-minimumRate": V}),
    ("FundingProgramme", {"end": partial("2020", "gYear")}, {"order-end": V}),
    ("Organisation", {"also": twin("Organisation")}, {"Organisation-unique-identifier": V}),
    ("Organisation", {"partOf": "organisation/ekom21"}, {"Organisation-circle-partOf": V}),
    ("Organisation", {"memberOf": ["organisation/ekom21"]}, {"Organisation-circle-memberOf": V}),
    ("Offer", {"also": twin("Offer")}, {"Offer-unique-identifier": V}),
    ("Offer", {"offerType": None}, {"Offer-missing-offerType": W}),
    ("Place", {"also": twin("Place")}, {"Place-unique-identifier": V}),
    ("Place", {"placeType": None}, {"Place-missing-placeType": W}),
    ("Place", {"latitude": None}, {"pair-latitude": W}),
    ("Place", {"longitude": None}, {"pair-longitude": W}),
    ("Event", {"also": twin("Event")}, {"Event-unique-identifier": V}),
    ("Event", {"eventType": None}, {"Event-missing-eventType": W}),
    ("Event", {"start": None}, {"Event-missing-start": INFO}),
    ("Event", {"end": partial("2021-06", "gYearMonth")}, {"order-end": V}),
    ("Event", {"partOf": "event/virtourell-4"}, {"Event-circle-partOf": V}),
    ("StatedAmount", {"also": twin("StatedAmount")}, {"StatedAmount-unique-identifier": V}),
    ("StatedAmount", {"source": None}, {"missing-source": W}),
    ("StatedAmount", {"currency": None}, {"pair-currency": W}),
    ("Statement", {"also": twin("Statement")}, {"Statement-unique-identifier": V}),
    ("UseCaseSketch", {"also": twin("UseCaseSketch")}, {"UseCaseSketch-unique-identifier": V}),
]


def as_turtle(records: list[Record]) -> str:
    document = {"@context": CONTEXT, "@graph": records}
    text = json.dumps(document, ensure_ascii=False)
    quads = ox.parse(text, format=ox.RdfFormat.JSON_LD, base_iri=f"{BASE}id/")
    return (ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES) or b"").decode()


def spoilt(type_name: str, change: Record) -> list[Record]:
    """The good records, one of them changed; ``also`` adds another one."""
    record = {key: value for key, value in {**GOOD[type_name], **change}.items() if value is not None}
    also = record.pop("also", None)
    extra = [also] if also else []
    return [*(record if name == type_name else other for name, other in GOOD.items()), *OTHERS, *extra]


@cache
def aimed(type_name: str) -> Graph:
    """The shapes of a type with its sample as the only target, for speed."""
    graph = Graph() + shapes.load()
    chosen = list(graph.subjects(SH.targetClass, SR[type_name]))
    graph.remove((None, SH.targetClass, None))
    for shape in chosen:
        graph.add((shape, SH.targetNode, URIRef(f"{BASE}id/{GOOD[type_name]['id']}")))
    return graph


class Data(Graph):
    """A graph that parses each query once, for speed: pyshacl asks the same ones again and again."""

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> Result:
        return super().query(prepared(str(query_object)), *args, **kwargs)


prepared = cache(prepareQuery)


def judge(data: Graph, shapes_graph: Graph) -> dict[str, Results]:
    """For each focus node, the shapes that object and how badly."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes_graph, inplace=True)
    assert isinstance(report, Graph)
    found: dict[str, Results] = {}
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus = str(report.value(result, SH.focusNode))
        shape, severity = report.value(result, SH.sourceShape), report.value(result, SH.resultSeverity)
        found.setdefault(focus, {})[local(shape)] = local(severity)
    return found


def cases() -> Iterator[Any]:
    """All bad values with the first type that has the term, one of them with each other type."""
    seen: set[URIRef] = set()
    for type_name in TYPES:
        for shape in columns(type_name):
            for value in BAD.get(local(shape), [])[: 1 if shape in seen else None]:
                change = {term_of(shape): value}
                label = json.dumps(value, ensure_ascii=False)[:24]
                yield pytest.param(type_name, change, {local(shape): V}, id=f"{type_name} {term_of(shape)} {label}")
            seen.add(shape)
    for type_name, change, expected in SPECIAL:
        yield pytest.param(
            type_name, change, expected, id=f"{type_name} {json.dumps(change)[:40]} {' '.join(expected)}"
        )


def test_good_records_give_no_results() -> None:
    data = Graph().parse(data=as_turtle([*GOOD.values()]), format="nt")
    others = Graph().parse(data=as_turtle(OTHERS), format="nt")
    found = judge(data + others, Graph() + shapes.load())
    assert {focus: results for focus, results in found.items() if (URIRef(focus), None, None) in data} == {}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
@pytest.mark.parametrize(("type_name", "change", "expected"), [*cases()])
def test_bad_record_is_found_by_exactly_its_shape(type_name: str, change: Record, expected: Results) -> None:
    data = Data().parse(data=as_turtle(spoilt(type_name, change)), format="nt")
    found = judge(data, aimed(type_name))
    assert found.get(f"{BASE}id/{GOOD[type_name]['id']}", {}) == expected


def test_every_shape_has_a_bad_sample() -> None:
    tried = {*BAD, *(name for _, _, expected in SPECIAL for name in expected)}
    assert tried == {local(shape) for _, shape in all_columns()} | {local(check) for check in checks()}


@pytest.mark.parametrize("type_name", TYPES)
def test_record_without_an_address_is_found(type_name: str) -> None:
    record = {key: value for key, value in GOOD[type_name].items() if key not in ("id", "ags", "ars", "identifier")}
    data = Graph().parse(data=as_turtle([record]), format="nt")
    (focus,) = (node for node in data.subjects(RDF.type, SR[type_name]))
    assert isinstance(focus, BNode)
    assert judge(data, Graph() + shapes.load())[str(focus)][type_name] == V


def select(query: str, records: list[Record]) -> set[str]:
    store = ox.Store()
    store.load(as_turtle(records), format=ox.RdfFormat.N_TRIPLES)
    solutions = store.query(query)
    assert isinstance(solutions, ox.QuerySolutions)
    return {str(solution["this"]) for solution in solutions}


@pytest.mark.parametrize("name", queries())
def test_sparql_constraints_find_the_same_on_oxigraph(name: str) -> None:
    check = name.replace("Query-", "-")
    assert select(queries()[name], [*GOOD.values(), *OTHERS]) == set()
    tried = [(type_name, change) for type_name, change, expected in SPECIAL if check in expected]
    assert tried
    for type_name, change in tried:
        assert f"<{BASE}id/{GOOD[type_name]['id']}>" in select(queries()[name], spoilt(type_name, change))


DERIVED = {
    "State": ("stateKey/06", None),
    "GovernmentDistrict": ("governmentDistrictKey/064", None),
    "District": ("districtKey/06431", "POINT(8.7 49.65)"),
    "Municipality": ("municipalityKey/06431011", "POINT(8.644017 49.641185)"),
    "Place": (None, "POINT(9.706008 50.867805)"),
    "Grant": (None, None),
    "FundingProgramme": (None, None),
    "Organisation": (None, None),
}
MADE = ("geocoding", "geometry", "contactPoint", "amountPrecision")
FURTHER = {
    "Grant": """@prefix sr: <https://w3id.org/smart-region/ns#> .
<> sr:amountPrecision <https://w3id.org/smart-region/scheme/amount-precision#rounded> .""",
    "FundingProgramme": """@prefix schema: <https://schema.org/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
<> schema:contactPoint <#contact> .
<#contact> a schema:ContactPoint , vcard:Kind ; vcard:fn "Starke Heimat Hessen"@de ;
  schema:telephone "+49 611 32114411" ; vcard:hasTelephone <tel:+49-611-32114411> ;
  schema:email "foerderung@example.org" ; vcard:hasEmail <mailto:foerderung@example.org> .""",
    "Organisation": """@prefix schema: <https://schema.org/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
<> schema:contactPoint <#contact> .
<#contact> a schema:ContactPoint , vcard:Kind ; vcard:fn "ekom21"@de ;
  schema:telephone "+49 641 98300" ; vcard:hasTelephone <tel:+49-641-98300> ;
  schema:email "info@ekom21.de" ; vcard:hasEmail <mailto:info@ekom21.de> ;
  schema:streetAddress "Carlo-Mierendorff-Straße 11" ; schema:postalCode "35398" .""",
}


def derived(type_name: str) -> set[str]:
    record = f"<{BASE}id/{GOOD[type_name]['id']}>"
    key, point = DERIVED[type_name]
    own = Graph().parse(data=FURTHER.get(type_name, ""), format="turtle", publicID=record[1:-1])
    expected = {f"{s.n3()} {p.n3()} {o.n3()}" for s, p, o in own}
    if key:
        match = f"<http://dcat-ap.de/def/politicalGeocoding/{key}>"
        expected.add(f"{record} <http://www.w3.org/2004/02/skos/core#exactMatch> {match}")
    if point:
        geometry = record.replace(">", "#geometry>")
        geo = "http://www.opengis.net/ont/geosparql#"
        expected.add(f"{record} <{geo}hasGeometry> {geometry}")
        expected.add(f"{geometry} <{RDF.type}> <http://www.opengis.net/ont/sf#Point>")
        expected.add(f'{geometry} <{geo}asWKT> "{point}"^^<{geo}wktLiteral>')
    return expected


@pytest.mark.parametrize("type_name", TYPES)
def test_rules_derive_what_the_shapes_say(type_name: str) -> None:
    graph = shapes.load()
    records = [{key: value for key, value in r.items() if key not in MADE} for r in GOOD.values()]
    store = ox.Store()
    store.load(as_turtle(records), format=ox.RdfFormat.N_TRIPLES)
    found = set()
    for rule in graph.objects(SRS[type_name], SH.rule):
        assert isinstance(rule, URIRef) and (rule, RDF.type, SH.SPARQLRule) in graph
        triples = store.query(str(graph.value(rule, SH.construct)))
        assert isinstance(triples, ox.QueryTriples)
        found |= {str(triple) for triple in triples}
    assert found == (derived(type_name) if type_name in DERIVED else set())


def test_rules_run_in_a_shacl_engine() -> None:
    records = [{key: value for key, value in r.items() if key not in MADE} for r in GOOD.values()]
    data = Graph().parse(data=as_turtle([*records, *OTHERS]), format="nt")
    before = set(data)
    pyshacl.validate(data, shacl_graph=Graph() + shapes.load(), advanced=True, inplace=True)
    added = {f"{s.n3()} {p.n3()} {o.n3()}" for s, p, o in set(data) - before}
    assert added == {triple for type_name in DERIVED for triple in derived(type_name)}


# The catalogue

CATALOGUE = """
@prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatde: <http://dcat-ap.de/def/dcatde/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix licence: <http://dcat-ap.de/def/licenses/> .
@prefix srs: <https://w3id.org/smart-region/shapes#> .
@prefix theme: <http://publications.europa.eu/resource/authority/data-theme/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
<catalog> a dcat:Catalog ; dct:title "Katalog"@de , "Catalogue"@en ;
  dct:description "Daten."@de ; dct:publisher <#office> .
<sparql> a dcat:DataService ; dct:title "SPARQL"@de ; dct:description "Abfragen."@de ; dct:publisher <#office> ;
  dcat:contactPoint <#contact> ; dcat:theme theme:REGI ; dct:license licence:dl-zero-de\\/2.0 .
<dataset/a> a dcat:Dataset ; dct:title "Projekte"@de ; dct:description "Projekte."@de ; dct:publisher <#office> ;
  dcat:contactPoint <#contact> ; dcat:theme theme:REGI ; dct:license licence:cc-by\\/4.0 ;
  dcatde:licenseAttributionByText "Amt"@de ; dcat:distribution <#source> .
<#source> a dcat:Distribution ; dct:title "Tabelle"@de ; dct:conformsTo srs:Project , <https://www.w3.org/TR/csv> ;
  dcat:downloadURL <source/a.csv> ; csvw:tableSchema <#schema> .
<#schema> csvw:column <#lead> , <#field> .
<#lead> csvw:title "Kommune" ; csvw:name "lead" .
<#field> csvw:title "Thema" ; csvw:name "field" .
<#office> foaf:name "Amt"@de .
<#contact> vcard:fn "Amt" ; vcard:hasEmail <mailto:info@example.org> .
"""

BAD_CATALOGUE: list[tuple[str, str, Results]] = [
    ('"Projekte"@de', '"Projects"@en', {"Resource-title": V}),
    ('"Projekte"@de', '"Projekte"@de , "Vorhaben"@de', {"Resource-title": V}),
    ('"Projekte"@de', '"Projekte"@de , "Projekte"', {"Resource-title": V}),
    ('"Projekte"@de', '" "@de', {"Resource-title": V}),
    ('"Daten."@de', '"Data."@en', {"Resource-description": V}),
    ('"Abfragen."@de', '"Abfragen."@de , "Fragen."@de', {"Resource-description": V}),
    ("<catalog> a dcat:Catalog", "<catalog> dcat:dataset [] ; a dcat:Catalog", {"Catalog-dataset": V}),
    ("a dcat:Dataset ;", "", {"Catalog-dataset": V}),
    ('"Daten."@de ; dct:publisher <#office>', '"Daten."@de', {"Resource-publisher": V}),
    (
        '"Daten."@de ; dct:publisher <#office>',
        '"Daten."@de ; dct:publisher <#office> , <#b>',
        {"Resource-publisher": V, "Agent-name": V},
    ),
    (
        '"Projekte."@de ; dct:publisher <#office>',
        '"Projekte."@de ; dct:publisher "Amt"',
        {"Resource-publisher": V, "Agent-name": V},
    ),
    ('foaf:name "Amt"@de', 'foaf:name "Amt"@de , "Behörde"@de', {"Agent-name": V}),
    (
        "dcat:contactPoint <#contact> ; dcat:theme theme:REGI ; dct:license licence:cc",
        "dcat:theme theme:REGI ; dct:license licence:cc",
        {"Resource-contactPoint": V},
    ),
    ('vcard:fn "Amt" ;', "", {"Contact-fn": V}),
    ("<mailto:info@example.org>", "<info@example.org>", {"Contact-hasEmail": V}),
    ("<mailto:info@example.org>", '"info@example.org"', {"Contact-hasEmail": V}),
    ("dcat:theme theme:REGI ; dct:license licence:cc", "dct:license licence:cc", {"Resource-theme": V}),
    (
        "dcat:theme theme:REGI ; dct:license licence:cc",
        "dcat:theme theme:SMART ; dct:license licence:cc",
        {"Resource-theme": V},
    ),
    ("dct:license licence:cc-by\\/4.0 ;", "", {"Resource-license": V}),
    ("licence:cc-by\\/4.0", "<https://creativecommons.org/licenses/by/4.0/>", {"Resource-license": V}),
    ("licence:dl-zero-de\\/2.0", "licence:dl-zero-de\\/2.0\\/", {"Resource-license": V}),
    ('dcatde:licenseAttributionByText "Amt"@de ;', "", {"Dataset-attribution": V}),
    ("dcat:distribution <#source>", "dcat:distribution <#source> , []", {"Dataset-distribution": V}),
    ("dcat:distribution <#source>", "dct:language <#x>", {"Dataset-origin": INFO}),
    ("<#source> a", "[] dct:title 'x'@de ; a dcat:Distribution . <#source> a", {"Distribution": V}),
    ('"Tabelle"@de', '"Tabelle"', {"Distribution-title": V}),
    ("srs:Project", "srs:Projekt", {"Distribution-conformsTo": V, "Dataset-origin": INFO}),
    ("srs:Project", "srs:Project , srs:Grant", {"Distribution-conformsTo": V}),
    ("dcat:downloadURL <source/a.csv> ;", "", {"Source-downloadURL": V}),
    ("<source/a.csv>", '"a.csv"', {"Distribution-downloadURL": V}),
    ("srs:Project ,", "", {"Source-conformsTo": V, "Dataset-origin": INFO}),
    ("csvw:column <#lead> , <#field>", "csvw:x 1", {"TableSchema-column": V}),
    ('"Thema"', '"Kommune"', {"TableSchema-column": V}),
    ('csvw:title "Thema" ;', "", {"Column-title": V}),
    ('csvw:name "field"', "", {"Column-name": V}),
    ('csvw:name "field"', 'csvw:name "field" , "lead"', {"Column-name": V}),
    ('csvw:name "field"', 'csvw:name "Feld 1"', {"Column-name": V}),
    (
        "<catalog> a",
        "[] a dcat:Catalog ; dct:title 'x'@de ; dct:description 'x'@de ; dct:publisher <#office> . <catalog> a",
        {"Catalog": V},
    ),
    ("<dataset/a> a", "[] a", {"Dataset": V}),
    ("<sparql> a", "[] a", {"DataService": V}),
]


def judge_catalogue(text: str) -> Results:
    data = Graph().parse(data=text, format="turtle", publicID=BASE)
    return {
        shape: severity
        for results in judge(data, Graph() + shapes.catalogue()).values()
        for shape, severity in results.items()
    }


def test_good_catalogue_conforms() -> None:
    assert judge_catalogue(CATALOGUE) == {}


@pytest.mark.parametrize(("old", "new", "expected"), BAD_CATALOGUE)
def test_bad_catalogue_is_found_by_exactly_its_shape(old: str, new: str, expected: Results) -> None:
    assert old in CATALOGUE
    assert judge_catalogue(CATALOGUE.replace(old, new)) == expected


def test_every_catalogue_shape_has_a_bad_sample_and_messages() -> None:
    graph = shapes.catalogue()
    own = Graph().parse(Path(shapes.__file__).with_name("catalogue.ttl"))
    severe = set(own.subjects(SH.severity, None))
    assert {local(shape) for shape in severe} == {name for _, _, expected in BAD_CATALOGUE for name in expected}
    for shape in severe:
        assert texts(shape, SH.message, graph).keys() == {"de", "en"}
        title = SH.name if (None, SH.property, shape) in graph else RDFS.label
        assert texts(shape, title, graph).keys() == {"de", "en"}


def test_source_tables_may_name_each_record_shape() -> None:
    graph = shapes.catalogue()
    lists = [{local(item) for item in members(head, graph)} for head in graph.objects(None, SH["in"])]
    assert [names for names in lists if "Project" in names] == [set(TYPES), set(TYPES)]


def test_own_catalogue_has_no_violation() -> None:
    text = (Path(__file__).parents[2] / "data" / "catalogue.ttl").read_text(encoding="utf-8")
    assert set(judge_catalogue(text)) <= {"Dataset-origin"}
