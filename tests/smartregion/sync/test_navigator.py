"""The Navigator profile: what it says of projects, in every format, whole and since a moment."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import openpyxl
import pyoxigraph as ox
import pytest
import python_calamine
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sources import EPOCH, change, drop, put, rows
from support import BASE, ROOT, select, silent
from test_web import BROWSER, close, make

import ontology
from publish.builder import build
from publish.releases.release import Release, Releases
from publish.sync.navigator_table import COLUMNS

pytestmark = pytest.mark.slow

FIRST, SECOND = "2023-11-14T22:13:20Z", "2024-03-09T16:00:00Z"
CHANGED, REGRANTED, DELETED = "mainziel-2-0", "paul-parken-und-leiten", "smarter-winterdienst-hanau"
HOSTILE = '=HYPERLINK("https://example.org/","hier")'
TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonld": "application/ld+json",
}


@pytest.fixture(scope="module")
def second(few: Path, tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Iterator[Release]:
    """Two releases: in the second a project, another one's grant and a title have changed, and a project is gone."""
    root = Path(shutil.copytree(few, tmp_path_factory.mktemp("navigator") / "root", symlinks=True))
    data, releases = root / "data", Releases(root / "var")
    with pytest.MonkeyPatch.context() as patch:
        change(data / "projects.csv", CHANGED, Status="umgesetzt", **{"Titel (deutsch)": HOSTILE})
        change(data / "grants.csv", REGRANTED, Förderbetrag="1300000")
        drop(data / "projects.csv", DELETED)
        drop(data / "grants.csv", DELETED)
        patch.setenv("SOURCE_DATE_EPOCH", "1710000000")
        yield build(data, BASE, releases, executor, silent).release


@pytest.fixture(scope="module")
def client(second: Release) -> Iterator[FlaskClient]:
    app = make(second.path.parent.parent)
    yield app.test_client()
    close(app)


def document(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(release.file("navigator/projects.json")[0].read_text(encoding="utf-8"))
    return found


def project(release: Release, key: str) -> dict[str, Any]:
    (found,) = [row for row in document(release)["projects"] if row["identifier"] == key]
    return found


def valid(content: Any, release: Release) -> None:
    schema = json.loads(release.file("navigator/schema.json")[0].read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)] == []


# What it says


def test_the_real_projects_conform_to_the_published_schema(release: Release) -> None:
    content = document(release)
    assert len(content["projects"]) == release.manifest.datasets["projects"].records
    valid(content, release)


def test_the_schema_rejects_wrong_projects(release: Release) -> None:
    """The judge of the tests judges: spoilt documents do not conform."""
    for spoil in (
        {"status": "done"},
        {"modified": "yesterday"},
        {"start": "06/2024"},
        {"coordinates": [50.1]},
        {"x": 1},
    ):
        content = document(release)
        content["projects"][0] |= spoil
        with pytest.raises(AssertionError):
            valid(content, release)


def test_a_project_with_all_there_is(release: Release) -> None:
    row = project(release, "region-digitaler-knuell")
    assert row["id"] == f"{BASE}id/project/region-digitaler-knuell"
    assert row["title"]["de"] == "Region Digitaler Knüll"
    lead = row["places"][0]
    assert (lead["role"], lead["kind"], lead["name"], lead["ags"]) == (
        "lead",
        "municipality",
        "Homberg (Efze)",
        "06634009",
    )
    assert lead["coordinates"] == row["coordinates"]
    assert [place["role"] for place in row["places"][1:]] == ["partner"] * 3
    assert [field["notation"] for field in row["fields"]] == ["administration", "smart-energy", "society"]
    bitkom = {field["notation"]: [match["name"]["de"] for match in field["bitkom"]] for field in row["fields"]}
    assert bitkom == {
        "administration": ["Verwaltung"],
        "smart-energy": ["Energie & Umwelt"],
        "society": ["Gesellschaft"],
    }
    assert row["status"]["name"] == {"de": "bewilligt", "en": "Approved"}
    assert row["licence"] == "http://dcat-ap.de/def/licenses/dl-by-de/2.0"


def test_bitkom_fields_are_those_of_the_vocabulary(release: Release, store: ox.Store) -> None:
    close_matches = set(select(store, "SELECT ?f ?b { ?f skos:closeMatch ?b . ?f skos:inScheme ?s "
                                      "FILTER(STRENDS(STR(?s), 'field-of-action')) }"))  # fmt: skip
    shown = {(f["id"], b["id"]) for row in document(release)["projects"] for f in row["fields"] for b in f["bitkom"]}
    assert shown <= close_matches
    assert len(shown) >= 5


def test_a_shared_sum_belongs_to_none_of_the_projects_alone(release: Release) -> None:
    """Decision 7: one grant of 1.125 million for two projects is no million for each."""
    for key in ("smarte-sensorik-huenfeld", "innenstadt-huenfeld"):
        funding = project(release, key)["funding"]
        assert (funding["amount"], funding["complete"]) == (None, False)
        assert (funding["grants"][0]["amount"], funding["grants"][0]["projects"]) == (1125000, 2)


def test_a_sum_announced_for_several_is_stated_and_not_added(release: Release) -> None:
    funding = project(release, "kreuzung-frei")["funding"]
    assert (funding["amount"], funding["complete"], funding["currency"]) == (729611, True, "EUR")
    assert funding["grants"][0]["announcedTotal"] == 1550000
    assert project(release, "smarter-winterdienst-hanau")["funding"]["amount"] is None


def test_sums_are_those_of_the_graph(release: Release, store: ox.Store) -> None:
    known = select(
        store,
        """SELECT ?p (SUM(?a) AS ?sum) { ?g schema:fundedItem ?p ; schema:amount ?a
        FILTER NOT EXISTS { ?g schema:fundedItem ?other FILTER(?other != ?p) } } GROUP BY ?p""",
    )
    shown = {row["id"]: row["funding"]["amount"] for row in document(release)["projects"]}
    assert {iri: amount for iri, amount in shown.items() if amount is not None} == {iri: float(n) for iri, n in known}


def test_every_field_is_documented(release: Release) -> None:
    """docs/navigator.md explains each field of the schema and each column of the tables."""
    text = (ROOT / "docs" / "navigator.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([^`/]+)` \|", text, re.M))
    schema = json.loads(release.file("navigator/schema.json")[0].read_text(encoding="utf-8"))
    named = {"": schema, **schema["$defs"]}
    fields = {
        f"{name}.{field}" if name in ("place", "organisation", "field", "funding", "grant", "deleted") else field
        for name, part in named.items()
        for field in part.get("properties", ())
        if name not in ("texts", "concept") and field != "$schema"
    }
    assert fields <= documented, fields - documented
    assert set(COLUMNS) <= documented, set(COLUMNS) - documented
    assert documented <= fields | set(COLUMNS), documented - fields - set(COLUMNS)


# Since a moment


def keys(client: FlaskClient, since: str) -> list[str]:
    answer = client.get("/navigator/projects.json", query_string={"modified_since": since})
    return [row["identifier"] for row in answer.get_json()["projects"]]


def test_a_project_changes_with_its_grants(second: Release) -> None:
    moments = {row["identifier"]: row["modified"] for row in document(second)["projects"]}
    assert {key for key, moment in moments.items() if moment == SECOND} == {CHANGED, REGRANTED}
    assert project(second, REGRANTED)["issued"] == FIRST


@pytest.mark.parametrize(
    "since",
    ["2024-03-09", "2024-03-09T16:00:00Z", "2024-03-09T17:00:00+01:00", "2024-03-09T16:00:00", "2023-11-14T22:13:21Z"],
)
def test_modified_since_gives_only_later_changes(client: FlaskClient, second: Release, since: str) -> None:
    answer = client.get("/navigator/projects.json", query_string={"modified_since": since})
    content = answer.get_json()
    valid(content, second)
    assert {row["identifier"] for row in content["projects"]} == {CHANGED, REGRANTED}
    assert [row["id"] for row in content["deleted"]] == [f"{BASE}id/project/{DELETED}"]


def test_before_everything_and_after_everything(client: FlaskClient, second: Release) -> None:
    whole = client.get("/navigator/projects.json")
    assert client.get("/navigator/projects.json?modified_since=2020-01-01").data == whole.data
    assert client.get("/navigator/projects.json?modified_since=0001-01-01").data == whole.data
    later = client.get("/navigator/projects.json?modified_since=2024-03-09T16:00:01Z").get_json()
    assert (later["projects"], later["deleted"]) == ([], [])
    valid(later, second)


def test_the_same_entries_in_every_format(client: FlaskClient) -> None:
    for since in ("", "?modified_since=2024-01-01", "?modified_since=2025-01-01"):
        whole = client.get(f"/navigator/projects.json{since}").get_json()
        expected = [row["id"] for row in whole["projects"]]
        table = client.get(f"/navigator/projects.csv{since}")
        assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == expected
        features = client.get(f"/navigator/projects.geojson{since}").get_json()
        assert [feature["id"] for feature in features["features"]] == expected
        workbook = client.get(f"/navigator/projects.xlsx{since}").data
        sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
        assert sheet is not None
        assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == expected
        read = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0).to_python()
        assert (read[0], [row[0] for row in read[1:]]) == (list(COLUMNS), expected)
        quads = list(ox.parse(client.get(f"/navigator/projects.jsonld{since}").data, format=ox.RdfFormat.JSON_LD))
        schema = ontology.PREFIXES["schema"]
        items = {str(quad.object)[1:-1] for quad in quads if quad.predicate.value == f"{schema}item"}
        assert items == {*expected, *(row["id"] for row in whole["deleted"])}
        assert not any(isinstance(quad.subject, ox.BlankNode) for quad in quads)


@pytest.mark.parametrize(
    "query",
    [
        "modified_since=gestern",
        "modified_since=",
        "modified_since=2024-13-01",
        "modified_since=2024-03-09T16:00:00+25:00",
        "modified_since=2024-01-01&modified_since=2024-02-01",
        "modified_since=0001-01-01T00:00:00%2B14:00",
        "modified_since=%00",
        "modified_since=2024-01-01%27--",
    ],
)
@pytest.mark.parametrize("suffix", TYPES)
def test_a_moment_that_is_none_is_told(client: FlaskClient, query: str, suffix: str) -> None:
    wrong = client.get(f"/navigator/projects.{suffix}?{query}")
    assert (wrong.status_code, wrong.mimetype) == (400, "application/problem+json")
    problem = wrong.get_json()
    assert problem["type"].endswith("#parameter-invalid")
    assert problem["parameter"] == "modified_since"
    assert "modified_since" in problem["detail"]
    assert "2026-11-22" in problem["detail"]


# Formulas


def test_a_table_never_holds_a_formula(client: FlaskClient) -> None:
    table = client.get("/navigator/projects.csv").text
    (row,) = [row for row in csv.DictReader(io.StringIO(table)) if row["identifier"] == CHANGED]
    assert row["title_de"] == f"'{HOSTILE}"
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/navigator/projects.xlsx").data)).active
    assert sheet is not None
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    assert not any(cell.hyperlink for cell in cells)
    assert HOSTILE in {cell.value for cell in cells}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_whatever_starts_a_formula_is_text(start: str) -> None:
    from publish.sync.navigator_table import _harmless

    assert _harmless(f"{start}1+1") == f"'{start}1+1"
    assert _harmless(-5) == -5
    assert _harmless("1-1") == "1-1"


# HTTP


@pytest.mark.parametrize(("suffix", "media_type"), TYPES.items())
@pytest.mark.parametrize("query", ["", "?modified_since=2024-01-01"])
def test_every_format_by_suffix_and_accept_with_validator(
    client: FlaskClient, suffix: str, media_type: str, query: str
) -> None:
    answer = client.get(f"/navigator/projects.{suffix}{query}")
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "describedby" in answer.headers["Link"]
    by_accept = client.get(f"/navigator/projects{query}", headers={"Accept": media_type})
    assert by_accept.data == answer.data
    assert "Accept" in by_accept.vary
    head = client.head(f"/navigator/projects.{suffix}{query}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(answer.data))
    again = client.get(f"/navigator/projects.{suffix}{query}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_answers_differ_in_their_validators(client: FlaskClient) -> None:
    since = [f"?modified_since={moment}" for moment in ("2024-01-01", "2024-02-01", "2025-01-01")]
    tags = [client.get(f"/navigator/projects.json{query}").headers["ETag"] for query in ["", *since]]
    assert tags[1] == tags[2]
    assert len(set(tags)) == 3


def test_a_long_answer_comes_piece_by_piece(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "/navigator/projects.json?modified_since=2024-01-01"
    short = client.get(address)
    monkeypatch.setattr("smartregion.web.sync.navigator._MOST_IN_MEMORY", 0)
    monkeypatch.setattr("smartregion.web.sync.navigator._CHUNK", 7)
    long = client.get(address)
    assert long.data == short.data
    for name in ("ETag", "Content-Length"):
        assert long.headers[name] == short.headers[name] == client.head(address).headers[name]


@pytest.mark.parametrize("suffix", ["json", "csv", "geojson", "jsonld"])
def test_answers_are_compressed(client: FlaskClient, suffix: str) -> None:
    for query in ("", "?modified_since=2024-01-01"):
        answer = client.get(f"/navigator/projects.{suffix}{query}", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"


def test_dates_alone_never_say_not_modified(client: FlaskClient) -> None:
    headers = {"If-Modified-Since": "Sat, 09 Mar 2024 23:00:00 GMT"}
    assert client.get("/navigator/projects.json?modified_since=2024-01-01", headers=headers).status_code == 200


def test_browsers_are_led_to_the_page(client: FlaskClient) -> None:
    response = client.get("/navigator/projects", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["Location"]) == (303, "/navigator")
    page = client.get("/navigator?lang=en", headers={"Accept": BROWSER}).text
    for expected in ("our proposal", "/navigator/projects.xlsx", "/navigator/schema.json", "modified_since"):
        assert expected in page


def test_the_default_is_json_and_the_rest_is_not_found(client: FlaskClient) -> None:
    assert client.get("/navigator/projects").mimetype == "application/json"
    assert client.get("/navigator/projects", headers={"Accept": "image/png"}).mimetype == "application/json"
    for path in ("projects.ttl", "projects.nothing", "cuts.json", "nothing"):
        assert client.get(f"/navigator/{path}").status_code == 404


def test_a_workbook_has_the_same_bytes_for_the_same_rows(
    data: Path, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    found = [build(data, BASE, Releases(tmp_path / name), executor, silent).release for name in ("one", "two")]
    sums = [{name: file.sha256 for name, file in release.manifest.files.items()} for release in found]
    assert sums[0] == sums[1]


def test_a_project_without_place_has_no_geometry(data: Path, tmp_path: Path, executor: Executor) -> None:
    table = data / "projects.csv"
    (lead,) = [row["Kennung"] for row in rows(data / "organisations.csv")][:1]
    put(table, [row | {"Federführung": lead} if row["Kennung"] == CHANGED else row for row in rows(table)])
    built = build(data, BASE, Releases(tmp_path / "var"), executor, silent).release
    row = project(built, CHANGED)
    assert (row["coordinates"], row["places"]) == (None, [])
    assert row["organisations"][0]["role"] == "lead"
    valid(document(built), built)
    features = json.loads(built.file("navigator/projects.geojson")[0].read_text(encoding="utf-8"))["features"]
    assert {feature["geometry"] is None for feature in features} == {True, False}
