"""What is here of what funders say, how many people a project reaches, and what projects of a theme were granted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyoxigraph as ox
import pytest
from support import select

from publish.pictures.completeness import document
from publish.pictures.funding import Funding
from publish.releases.contents import COMPLETENESS, NEIGHBOURS
from publish.releases.release import Release

PLACES = [
    {"id": "municipality/1", "type": "Municipality", "population": 10, "district": "district/1"},
    {"id": "municipality/2", "type": "Municipality", "population": 20, "district": "district/1"},
    {"id": "municipality/3", "type": "Municipality", "population": 40, "district": "district/2"},
    {"id": "district/1", "type": "District", "ags": "1", "population": 30},
    {"id": "district/2", "type": "District", "ags": "2", "population": 40},
]
for _place in PLACES:
    _place.setdefault("ags", _place["id"])


def grant(key: str, amount: int | None = None, date: str | None = None, recipient: str = "municipality/1") -> Any:
    node = {"id": f"grant/{key}", "type": "Grant", "recipient": [recipient], "programme": "programme/x", "project": []}
    node |= {} if amount is None else {"amount": str(amount), "currency": "EUR"}
    return node | ({} if date is None else {"awardDate": {"@value": date, "@type": "xsd:date"}})


def told(grants: list[Any], **statement: Any) -> dict[str, Any]:
    """What the page says of one statement."""
    node = {"id": "statement/x", "type": "Statement", "programme": "programme/x", "title_de": "X", **statement}
    records = {node["id"]: node for node in (*PLACES, *grants, node)}
    (found,) = document(records, Funding(records))["statements"]
    return dict(found)


@pytest.mark.parametrize(
    ("grants", "verdict"),
    [
        ([grant("a", date="2021-05"), grant("b", date="2021")], "agrees"),
        ([grant("a", date="2021-05"), grant("b")], "agrees"),
        ([grant("a", date="2021-05")], "fewer"),
        ([grant("a", date="2020"), grant("b", date="2021"), grant("c", date="2021-06-30")], "more"),
        ([grant("a", date="2020"), grant("b"), grant("c")], "open"),
        ([grant("a", date="2021"), grant("b", date="2021-07-01"), grant("c", date="2022")], "fewer"),
    ],
)
def test_numbers_are_compared_up_to_the_day_of_the_statement(grants: list[Any], verdict: str) -> None:
    found = told(grants, announcedProjects=2, asOf={"@value": "2021-06", "@type": "xsd:gYearMonth"})
    assert (found["counts"], found["sums"]) == (verdict, None)


def test_a_statement_on_a_year_leaves_out_what_has_no_date() -> None:
    year = {"@value": "2021", "@type": "xsd:gYear"}
    found = told(
        [grant("a", date="2021-05"), grant("b"), grant("c", date="2020-12-31")],
        announcedProjects=1,
        start=year,
        asOf=year,
    )
    assert (found["grants"], found["undated"], found["counts"]) == (1, 0, "agrees")


def test_a_rounded_sum_need_not_be_met_exactly() -> None:
    grants = [grant("a", 3_470_874, "2021")]
    assert told(grants, announcedAmount="3500000", approximate="true")["sums"] == "agrees"
    assert told(grants, announcedAmount="3500000", approximate="false")["sums"] == "fewer"
    assert told(grants, announcedAmount="3300000", approximate="true")["sums"] == "more"


def test_a_statement_on_a_district_counts_grants_there() -> None:
    grants = [grant("a"), grant("b", recipient="municipality/3"), grant("c", recipient="district/1")]
    assert told(grants, concerns=["district/1"], announcedProjects=2)["counts"] == "agrees"


def test_a_grant_to_several_is_counted_once() -> None:
    joint = grant("a", 100, "2021") | {"recipient": ["district/1", "district/2"]}
    assert (
        told([joint], announcedProjects=1, announcedAmount="100", concerns=["district/1", "district/2"])["total"]
        == "100"
    )


@pytest.mark.parametrize(
    ("lead", "partners", "reached"),
    [
        ("municipality/1", [], 10),
        ("municipality/1", ["municipality/2", "municipality/3"], 70),
        ("district/1", ["municipality/1", "municipality/2"], 30),
        ("municipality/1", ["district/1", "municipality/3"], 70),
        ("organisation/x", ["municipality/3"], 40),
    ],
)
def test_people_whom_a_project_reaches_count_once(lead: str, partners: list[str], reached: int) -> None:
    records = {node["id"]: node for node in PLACES}
    assert Funding(records).inhabitants({"lead": lead, "partner": partners}) == reached


def test_the_graph_says_what_the_page_says(store: ox.Store, release: Release) -> None:
    shown = release.read(COMPLETENESS)["statements"]
    query = "SELECT ?s ?n ?sum { ?s a sr:Statement ; sr:publishedGrants ?n ; sr:publishedSum ?sum }"
    stated = {iri.partition("/id/")[2]: (int(count), Decimal(total)) for iri, count, total in select(store, query)}
    assert stated == {found["id"]: (found["grants"], Decimal(found["total"])) for found in shown}
    assert len(stated) == 4


def test_the_graph_says_how_many_people_a_project_reaches(store: ox.Store) -> None:
    query = """SELECT ?n ?population { ?p sr:inhabitantsReached ?n ; sr:lead/sr:population ?population
        FILTER NOT EXISTS { ?p sr:partner ?partner } }"""
    alone = select(store, query)
    assert len(alone) > 10
    assert all(reached == population for reached, population in alone)


def test_projects_of_a_theme_and_what_they_were_granted(store: ox.Store, release: Release) -> None:
    themes = release.read(NEIGHBOURS)["themes"]
    query = """SELECT ?theme ?project ?amount { ?project a sr:Project ; sr:theme ?theme
        OPTIONAL { ?g schema:fundedItem ?project ; schema:amount ?amount
          FILTER NOT EXISTS { ?g schema:fundedItem ?other FILTER(?other != ?project) } } }"""
    expected: dict[str, dict[str, str]] = {}
    for theme, project, amount in select(store, query):
        expected.setdefault(theme.rpartition("#")[2], {})[project.partition("/id/")[2]] = amount
    assert expected.keys() == themes.keys()
    for name, projects in expected.items():
        known = sorted(Decimal(amount) for amount in projects.values() if amount)
        assert themes[name]["count"] == len(projects)
        assert set(themes[name]["projects"]) <= projects.keys()
        assert themes[name]["known"] == len(known)
        if known:
            assert list(map(Decimal, themes[name]["amounts"])) == [known[0], known[len(known) // 2], known[-1]]
