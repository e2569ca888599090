"""What records cover in time and space (``publish.catalogue.coverage``)."""

from __future__ import annotations

import csv

import pyoxigraph as ox
import pytest
from rdflib import XSD
from support import DATA

from publish.catalogue.coverage import extents, period

BASE = "https://data.example.org/hessen/"
HESSE = "http://dcat-ap.de/def/politicalGeocoding/stateKey/06"
PLACES = f"""@prefix sr: <https://w3id.org/smart-region/ns#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
    @prefix wgs: <http://www.w3.org/2003/01/geo/wgs84_pos#> . @prefix ex: <https://example.org/> .
    ex:state skos:exactMatch <{HESSE}> . ex:gd sr:state ex:state . ex:d sr:governmentDistrict ex:gd .
    ex:small sr:district ex:d ; wgs:long 8.0 ; wgs:lat 50.0 ; sr:area 10 .
    ex:large sr:district ex:d ; wgs:long 9.0 ; wgs:lat 51.23456789 ; sr:area 30 .
    ex:elsewhere sr:district ex:x ; wgs:long 13.4 ; wgs:lat 52.5 ; sr:area 99 .
"""


def test_a_period_is_as_precise_as_the_data() -> None:
    store = ox.Store()
    data = """@prefix ex: <https://example.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix dct: <http://purl.org/dc/terms/> . @prefix pav: <http://purl.org/pav/> .
        ex:a ex:start "2021-03"^^xsd:gYearMonth ; ex:end "2024-08-31"^^xsd:date ; ex:note "2018" .
        ex:b ex:start "2019"^^xsd:gYear ; dct:issued "2030-01-01"^^xsd:date ;
            pav:sourceAccessedOn "2026-11-01"^^xsd:date ."""
    store.load(data, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(BASE + "graph/projects"))
    store.load(data.replace("2019", "1999"), ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(BASE + "graph/other"))
    assert period(store, [BASE + "graph/projects"]) == ("2019", "2024-08-31")
    assert period(store, [BASE + "graph/projects", BASE + "graph/other"]) == ("1999", "2024-08-31")


def test_records_without_dates_have_no_period() -> None:
    store = ox.Store()
    store.load(f'<{BASE}a> <{BASE}b> "2020"^^<{XSD.gYear}> .', ox.RdfFormat.TURTLE)
    assert period(store, [BASE + "graph/projects"]) is None
    assert period(store, []) is None


def test_a_place_lies_where_its_towns_lie() -> None:
    store = ox.Store()
    store.load(PLACES, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(BASE + "graph/places"))
    (found,) = extents(store, [HESSE]).values()
    assert found.box == "POLYGON((8.0000 50.0000,9.0000 50.0000,9.0000 51.2346,8.0000 51.2346,8.0000 50.0000))"
    assert found.centroid == "POINT(8.7500 50.9259)"


def test_a_place_that_no_record_knows_lies_nowhere() -> None:
    store = ox.Store()
    store.load(PLACES, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(BASE + "graph/places"))
    assert extents(store, ["https://example.org/atlantis"]) == {}


def test_hesse_lies_in_hesse(store: ox.Store) -> None:
    """The box is that of the tables; the centroid is within a kilometre or two of the one that atlases give."""
    with (DATA / "municipalities.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    west, east = (extreme(float(row["Längengrad"]) for row in rows) for extreme in (min, max))
    found = extents(store, [HESSE])[HESSE]
    assert found.box.startswith(f"POLYGON(({west:.4f}")
    assert f",{east:.4f} " in found.box
    x, y = map(float, found.centroid.removeprefix("POINT(").rstrip(")").split())
    assert (x, y) == pytest.approx((9.03, 50.60), abs=0.02)
