"""Dates and tombstones: what changed is found by comparing, and what was deleted is never forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import pyoxigraph as ox
import pytest
from sources import EPOCH, FIRST, change, drop, put, rows
from support import BASE, DATA, select, silent

from publish.builder import build
from publish.releases import history
from publish.releases.history import History
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

KIKZ, WINTER = "mainziel-2-0", "smarter-winterdienst-hanau"
SECOND, THIRD = "2024-03-09T16:00:00Z", "2024-07-03T09:46:40Z"
EPOCHS = {FIRST: EPOCH, SECOND: "1710000000", THIRD: "1720000000"}
PROJECTS, GRANTS = "projects.csv", "grants.csv"

Build = Callable[..., Release]


@pytest.fixture
def built(tmp_path: Path, data: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds a release of the data at a moment and makes it current."""

    def make(moment: str, var: str = "other") -> Release:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCHS[moment])
        return build(data, BASE, Releases(tmp_path / var), executor, silent, shrink_percent=100).release

    return make


@pytest.fixture
def later(first: Releases, built: Build) -> Build:
    """Builds a release of the data as it is then, after the first one."""
    return lambda moment: built(moment, first.root.name)


def dates(release: Release, iri: str) -> tuple[str, str]:
    found = {iri: dates for part in History.of(release).records.values() for iri, dates in part.items()}
    return found[iri].issued, found[iri].modified


def delete_project(data: Path, key: str) -> None:
    drop(data / PROJECTS, key)
    drop(data / GRANTS, key)


def test_a_record_changes_when_what_is_said_of_it_does(data: Path, later: Build) -> None:
    change(data / PROJECTS, KIKZ, Status="umgesetzt")
    second = later(SECOND)
    assert dates(second, f"project/{KIKZ}") == (FIRST, SECOND)
    changed = {iri for part in History.of(second).records.values() for iri in part if dates(second, iri)[1] == SECOND}
    assert changed == {f"project/{KIKZ}"}


def test_another_row_in_the_table_is_no_change(data: Path, later: Build) -> None:
    """Rows move when one is inserted above them; what the records say stays."""
    put(data / PROJECTS, rows(data / PROJECTS)[::-1])
    second = later(SECOND)
    assert {dates(second, f"project/{row['Kennung']}") for row in rows(data / PROJECTS)} == {(FIRST, FIRST)}


def test_dates_can_be_queried_and_are_stated_once(first: Releases) -> None:
    release = first.open()
    store = ox.Store.read_only(str(release.store))
    found = select(store, "SELECT (COUNT(?r) AS ?n) (MAX(?m) AS ?last) { ?r dct:issued ?i ; dct:modified ?m ; a ?c "
                          "FILTER(STRSTARTS(STR(?r), '" + BASE + "id/')) }")  # fmt: skip
    assert found == [(str(release.manifest.records), FIRST)]


def test_the_dumps_depend_on_no_date(first: Releases, built: Build) -> None:
    one, other = first.open(), built(SECOND)
    assert one.id == other.id
    for name in one.manifest.files:
        if name.startswith(("dump/", "source/", "tombstones.")) and not name.startswith("dump/catalog."):
            assert one.manifest.files[name].sha256 == other.manifest.files[name].sha256, name


def test_two_installations_with_the_same_builds_hold_the_same_bytes(data: Path, built: Build) -> None:
    """Two installations that were fed the same at the same moments hold the same."""
    for var in ("here", "there"):
        put(data / PROJECTS, rows(DATA / PROJECTS)[:0])
        data_rows = [row for row in rows(DATA / PROJECTS) if row["Kennung"] in (KIKZ, WINTER)]
        put(data / PROJECTS, data_rows)
        built(FIRST, var)
        drop(data / PROJECTS, WINTER)
        last = built(SECOND, var)
        if var == "here":
            expected = last
    assert last.path != expected.path
    assert last.id == expected.id
    assert last.manifest.files == expected.manifest.files


def test_a_deleted_record_leaves_a_tombstone_for_all_later_releases(tmp_path: Path, data: Path, later: Build) -> None:
    delete_project(data, WINTER)
    later(SECOND)
    change(data / PROJECTS, KIKZ, Status="umgesetzt")
    third = later(THIRD)
    assert len(Releases(tmp_path / "var").prune(keep=1)) == 2
    tombstone = History.of(third).tombstones[f"project/{WINTER}"]
    assert tombstone.deleted == SECOND
    assert tombstone.title == {"de": "Smarter Winterdienst", "en": "Smart Winter Service"}
    turtle = third.file("tombstones.ttl")[0].read_text(encoding="utf-8")
    assert f"<{BASE}id/project/{WINTER}>" in turtle
    assert "as:formerType sr:Project" in turtle
    store = ox.Store.read_only(str(third.store))
    assert not list(store.quads_for_pattern(ox.NamedNode(f"{BASE}id/project/{WINTER}"), None, None, None))


def test_a_record_that_was_there_for_one_release_only_is_not_forgotten(data: Path, built: Build) -> None:
    """The input is that of the first release again, but what was published in between has to be told gone."""
    everything = rows(data / PROJECTS)
    drop(data / PROJECTS, WINTER)
    drop(data / GRANTS, WINTER)
    first = built(FIRST)
    put(data / PROJECTS, everything)
    built(SECOND)
    drop(data / PROJECTS, WINTER)
    third = built(THIRD)
    assert third.id != first.id
    assert History.of(third).tombstones[f"project/{WINTER}"].deleted == THIRD


def test_a_record_that_comes_back_is_no_tombstone_and_new_again(data: Path, later: Build) -> None:
    everything = rows(data / PROJECTS)
    drop(data / PROJECTS, WINTER)
    drop(data / GRANTS, WINTER)
    later(SECOND)
    put(data / PROJECTS, everything)
    third = later(THIRD)
    assert f"project/{WINTER}" not in History.of(third).absent
    assert dates(third, f"project/{WINTER}") == (FIRST, THIRD)
    assert dates(third, f"project/{KIKZ}") == (FIRST, FIRST)


def test_a_withheld_record_is_not_deleted_until_it_is(data: Path, later: Build) -> None:
    change(data / PROJECTS, KIKZ, Status="vielleicht")
    second = later(SECOND)
    assert not History.of(second).tombstones
    assert f"project/{KIKZ}" in History.of(second).absent
    drop(data / PROJECTS, KIKZ)
    drop(data / GRANTS, KIKZ)
    third = later(THIRD)
    tombstone = History.of(third).tombstones[f"project/{KIKZ}"]
    assert (tombstone.deleted, tombstone.title["de"]) == (THIRD, "Mainziel 2.0")


def test_a_withheld_record_that_is_mended_keeps_its_dates(data: Path, later: Build) -> None:
    before = rows(data / PROJECTS)
    change(data / PROJECTS, KIKZ, Status="vielleicht")
    later(SECOND)
    put(data / PROJECTS, before)
    assert dates(later(THIRD), f"project/{KIKZ}") == (FIRST, FIRST)


@pytest.mark.parametrize("spoilt", ["missing file", "file without header", "no key column", "empty key"])
def test_a_source_that_cannot_be_read_deletes_nothing(data: Path, later: Build, spoilt: str) -> None:
    table = data / PROJECTS
    content = rows(table)
    match spoilt:
        case "missing file":
            table.unlink()
        case "file without header":
            table.write_text("", encoding="utf-8")
        case "no key column":
            table.write_text(table.read_text(encoding="utf-8").replace("Kennung,", "Nummer,", 1), encoding="utf-8")
        case "empty key":
            change(table, KIKZ, Kennung="")
    second = later(SECOND)
    assert not History.of(second).tombstones
    assert f"project/{KIKZ}" in History.of(second).absent
    header = ",".join(content[0])
    table.write_text(header + "\n", encoding="utf-8")
    put(table, [row for row in content if row["Kennung"] != KIKZ])
    assert set(History.of(later(THIRD)).tombstones) >= {f"project/{KIKZ}"}


def test_a_deleted_former_municipality_names_its_successor(data: Path, later: Build) -> None:
    drop(data / "former_municipalities.csv", "06435014")
    tombstone = History.of(later(SECOND)).tombstones["municipality/06435014"]
    assert tombstone.replaced_by == ["municipality/06415000"]


def test_a_release_without_records_that_went_has_no_absent_ones(release: Release) -> None:
    raw = json.loads(release.file(history.FILE)[0].read_text(encoding="utf-8"))
    assert raw["absent"] == {}
    assert sum(map(len, raw["records"].values())) == release.manifest.records
