"""What must always hold of the living records: complete, consistent, and each traceable to where it came from.

All of it is asked twice: of the records as they are, and with a further valid row in every table that stewards keep: no
test stands in the way of a new row.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from concurrent.futures import Executor
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import BASE, REAL, ROOT, select, silent, some

from ingest import record_types
from ingest.pipeline.catalogue import read, sources
from publish.builder import build
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

RESEARCH = Path(os.environ.get("SMARTREGION_RESEARCH", ROOT.parent / "shared" / "research"))


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def with_new_rows(data: Path) -> Path:
    """The records with a further row in every table whose keys stewards choose; territories have official ones."""
    for source in sources(read(data / "catalogue.ttl", BASE), BASE):
        record_type = record_types()[source.shape]
        if record_type.key.term != "identifier":
            continue
        key, label = (
            record_type.field(term).name["de"]
            for term in ("identifier", next(f.term for f in record_type.fields if f.role == "LabelRole"))
        )
        *_, last = rows(data / source.file)
        fresh = last | {key: f"{last[key]}-neu", label: f"{last[label]} (neu)"}
        with (data / source.file).open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, list(last), lineterminator="\n").writerow(fresh)
    return data


@pytest.fixture(scope="module", params=["as they are", "with new rows"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = Path(shutil.copytree(REAL, tmp_path_factory.mktemp("living") / "data"))
    return with_new_rows(copy) if request.param == "with new rows" else copy


@pytest.fixture(scope="module")
def release(data: Path, executor: Executor) -> Release:
    releases = Releases(data.parent / "var")
    build(data, BASE, releases, executor, silent)
    return releases.open()


@pytest.fixture(scope="module")
def store(release: Release) -> ox.Store:
    return ox.Store.read_only(str(release.store))


def test_a_new_row_is_published(data: Path, release: Release) -> None:
    """One more record in each table that has one more row than the living one."""
    for source in some(sources(read(data / "catalogue.ttl", BASE), BASE)):
        assert release.manifest.datasets[source.dataset].records == len(rows(data / source.file)), source.file
        assert len(rows(data / source.file)) > 0


def test_territories_are_complete(store: ox.Store) -> None:
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


def test_six_of_the_districts_are_independent_cities(store: ox.Store) -> None:
    city = "<https://w3id.org/smart-region/scheme/district-type#independent-city>"
    assert select(store, f"SELECT (COUNT(?d) AS ?n) {{ ?d a sr:District ; dct:type {city} }}") == [("6",)]


def test_the_state_has_as_many_inhabitants_as_its_parts(store: ox.Store) -> None:
    ((whole,),) = select(store, "SELECT ?p { ?s a sr:State ; sr:population ?p }")
    assert int(whole) > 6_000_000
    for part in ("Municipality", "District", "GovernmentDistrict"):
        assert select(store, f"SELECT (SUM(?p) AS ?n) {{ ?m a sr:{part} ; sr:population ?p }}") == [(whole,)], part


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
    assert found["frankfurtrheinmain"] == "19"
    assert found["rhein-neckar"] == "1"


@pytest.mark.parametrize(
    ("old", "new"),
    [("06435014", "06415000"), ("06635005", "06635001"), ("06437002", "06437016"), ("06633027", "06633030")],
)
def test_old_keys_lead_to_new_ones(store: ox.Store, old: str, new: str) -> None:
    municipality = f"{BASE}id/municipality/"
    query = f"SELECT ?new {{ <{municipality}{old}> a sr:FormerMunicipality ; dct:isReplacedBy ?new }}"
    assert select(store, query) == [(municipality + new,)]


def test_no_record_is_withheld_and_no_reference_is_broken(store: ox.Store, release: Release) -> None:
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
    assert len(found) == len(lines) - 1 > 0
    for identifier, row in found:
        assert lines[int(row.rpartition("=")[2]) - 1][0] == identifier


def test_no_private_data() -> None:
    """Office mailboxes only, and no telephone number."""
    offices = {"info@smarte-region-hessen.de", "starkeheimat@digitales.hessen.de"}
    listed = [path for path in REAL.iterdir() if path.is_file()]
    assert len(listed) > 10
    for path in listed:
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
def test_every_amount_that_a_source_names_is_that_of_a_grant(store: ox.Store) -> None:
    researched = csv.DictReader((RESEARCH / "hessen_projects.csv").open(encoding="utf-8", newline=""))
    expected = {(row["source_url"], int(row["amount_eur"])) for row in researched if row["amount_eur"]}
    assert len(expected) > 40
    query = "SELECT ?web ?amount { ?g a sr:Grant ; dct:source ?web ; schema:amount ?amount }"
    published = {(web, int(float(amount))) for web, amount in select(store, query)}
    assert expected - published == set()
