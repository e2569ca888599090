"""The real records: complete, consistent, and each traceable to where it came from."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import BASE, DATA, ROOT, select

from publish.release import Release

RESEARCH = Path(os.environ.get("SMARTREGION_RESEARCH", ROOT.parent / "shared" / "research"))


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_counts(store: ox.Store) -> None:
    kinds = dict(
        select(
            store, "SELECT ?c (COUNT(DISTINCT ?x) AS ?n) { ?x a ?c FILTER(STRSTARTS(STR(?c), STR(sr:))) } GROUP BY ?c"
        )
    )
    counted = {name.rpartition("#")[2]: int(number) for name, number in kinds.items()}
    assert counted["Municipality"] == 421
    assert counted["District"] == 27
    assert counted["GovernmentDistrict"] == 3
    assert counted["State"] == 1
    assert counted["MetropolitanRegion"] == 2
    assert counted["FormerMunicipality"] == 8


def test_six_of_the_districts_are_independent_cities(store: ox.Store) -> None:
    city = "<https://w3id.org/smart-region/scheme/district-type#independent-city>"
    assert select(store, f"SELECT (COUNT(?d) AS ?n) {{ ?d a sr:District ; dct:type {city} }}") == [("6",)]


def test_population(store: ox.Store) -> None:
    assert select(store, "SELECT (SUM(?p) AS ?n) { ?m a sr:Municipality ; sr:population ?p }") == [("6280793",)]
    assert select(store, "SELECT (SUM(?p) AS ?n) { ?m a sr:District ; sr:population ?p }") == [("6280793",)]


def test_districts_add_up_to_their_municipalities(store: ox.Store) -> None:
    wrong = """SELECT ?d { { SELECT ?d (SUM(?p) AS ?sum) { ?m a sr:Municipality ; sr:district ?d ; sr:population ?p }
        GROUP BY ?d } ?d sr:population ?own FILTER(?own != ?sum) }"""
    assert select(store, wrong) == []


def test_every_municipality_is_in_a_district_a_government_district_and_the_state(store: ox.Store) -> None:
    chain = "SELECT (COUNT(?m) AS ?n) { ?m a sr:Municipality ; sr:district/sr:governmentDistrict/sr:state ?state }"
    assert select(store, chain) == [("421",)]


def test_metropolitan_regions(store: ox.Store) -> None:
    members = """SELECT ?r (COUNT(?d) AS ?n) { ?d sr:metropolitanRegion ?r } GROUP BY ?r ORDER BY ?r"""
    found = {iri.rpartition("/")[2]: number for iri, number in select(store, members)}
    assert found == {"frankfurtrheinmain": "19", "rhein-neckar": "1"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("06435014", "06415000"), ("06635005", "06635001"), ("06437002", "06437016"), ("06633027", "06633030")],
)
def test_old_keys_lead_to_new_ones(store: ox.Store, old: str, new: str) -> None:
    municipality = f"{BASE}id/municipality/"
    query = f"SELECT ?new {{ <{municipality}{old}> a sr:FormerMunicipality ; dct:isReplacedBy ?new }}"
    assert select(store, query) == [(municipality + new,)]


def test_nothing_is_withheld_and_nothing_refers_to_nothing(store: ox.Store, release: Release) -> None:
    assert {name: entry.withheld for name, entry in release.manifest.datasets.items() if entry.withheld} == {}
    dangling = f"""SELECT DISTINCT ?o {{ ?s ?p ?o FILTER(isIRI(?o) && STRSTARTS(STR(?o), "{BASE}id/"))
        FILTER NOT EXISTS {{ ?o a ?c }} }}"""
    assert select(store, dangling) == []


def test_every_record_names_its_row_and_its_source(store: ox.Store) -> None:
    named = '?x prov:wasDerivedFrom ?row FILTER(REGEX(STR(?row), "/source/[a-z_]+[.]csv#row=[0-9]+$"))'
    without = f"""SELECT ?x {{ ?x a ?c FILTER(STRSTARTS(STR(?x), "{BASE}id/") && !CONTAINS(STR(?x), "#"))
        FILTER(NOT EXISTS {{ {named} }} || NOT EXISTS {{ ?x dct:source ?web }}) }}"""
    assert select(store, without) == []


def test_no_blank_node_is_published(store: ox.Store) -> None:
    blank = [quad for quad in store if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)]
    assert blank == []


def test_a_source_row_is_the_row_that_the_spreadsheet_shows(store: ox.Store, release: Release) -> None:
    """Row 1 is the header: RFC 7111, section 2.1."""
    found = select(store, "SELECT ?id ?row { ?p a sr:Project ; dct:identifier ?id ; prov:wasDerivedFrom ?row }")
    lines = list(csv.reader((release.path / "files/source/projects.csv").open(encoding="utf-8", newline="")))
    for identifier, row in found:
        assert lines[int(row.rpartition("=")[2]) - 1][0] == identifier


def test_no_private_data() -> None:
    """Office mailboxes only, and no telephone number."""
    offices = {"info@smarte-region-hessen.de", "starkeheimat@digitales.hessen.de"}
    for path in DATA.iterdir():
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)) <= offices, path.name
        assert not re.search(r"(?:Tel|Telefon|Mobil)[.:]|\+49[ \d]", text), path.name


needs_research = pytest.mark.skipif(not RESEARCH.is_dir(), reason=f"the researched facts are not at {RESEARCH}")


@needs_research
def test_each_researched_row_is_a_project_or_a_grant_with_its_source(store: ox.Store) -> None:
    """91 rows: 67 named projects, 24 allocations of the first phase without a project."""
    researched = list(csv.DictReader((RESEARCH / "hessen_projects.csv").open(encoding="utf-8", newline="")))
    assert len(researched) == 91
    query = """SELECT ?title ?web { ?x a ?c ; dct:title ?title ; dct:source ?web
        FILTER(?c IN (sr:Project, sr:Grant) && LANG(?title) = "de") }"""
    published = set(select(store, query))
    missing = [
        row["title"]
        for row in researched
        if not any(_same(row["title"], title) and row["source_url"] == web for title, web in published)
    ]
    assert missing == []


def _same(researched: str, published: str) -> bool:
    return researched in published or published.removeprefix("Förderung: ") in researched


@needs_research
def test_single_sums_are_those_of_the_sources(store: ox.Store) -> None:
    """Sum of what the research gives row by row, the two joint sums, and one grant that its notes name."""
    researched = csv.DictReader((RESEARCH / "hessen_projects.csv").open(encoding="utf-8", newline=""))
    single = sum(int(row["amount_eur"]) for row in researched if row["amount_eur"])
    joint = {"huenfeld": 1_125_000, "bad-hersfeld": 2_280_000}
    follow_me = sum(
        int(row["Förderbetrag"] or 0) for row in rows("grants.csv") if "Follow ME" in row["Titel (deutsch)"]
    )
    ((published,),) = select(store, "SELECT (SUM(?a) AS ?n) { ?g a sr:Grant ; schema:amount ?a }")
    assert int(published) == single + sum(joint.values()) + follow_me
