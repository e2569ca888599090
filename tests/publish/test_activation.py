"""A release that drops too much is built, but does not become current by itself."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import pytest
from sources import change, drop, put, rows
from support import BASE, silent
from test_cli import run

from publish.builder import Outcome, build
from publish.releases.activation import activate, losses
from publish.releases.release import Releases

pytestmark = pytest.mark.slow

PROJECTS, GRANTS = "projects.csv", "grants.csv"


@pytest.fixture
def releases(first: Releases) -> Releases:
    return first


def again(data: Path, releases: Releases, executor: Executor, percent: float = 20, base: str = BASE) -> Outcome:
    return build(data, base, releases, executor, silent, shrink_percent=percent)


def told(outcome: Outcome) -> dict[str, tuple[int, int]]:
    return {loss.name: (loss.before, len(loss.gone)) for loss in outcome.losses}


def keys(data: Path) -> list[str]:
    return [row["Kennung"] for row in rows(data / PROJECTS)]


def test_one_of_seven_projects_may_go(data: Path, releases: Releases, executor: Executor) -> None:
    doomed = keys(data)[0]
    drop(data / PROJECTS, doomed)
    drop(data / GRANTS, doomed)
    outcome = again(data, releases, executor)
    assert outcome.losses == []
    assert releases.current_id() == outcome.release.id


def test_two_of_seven_projects_may_not_go_unnoticed(data: Path, releases: Releases, executor: Executor) -> None:
    before = releases.current_id()
    drop(data / PROJECTS, *keys(data)[:2])
    outcome = again(data, releases, executor)
    assert told(outcome) == {"projects": (7, 2), "grants": (7, 2)}
    assert outcome.fresh
    assert releases.current_id() == before
    assert outcome.release.id in releases.ids()
    same = again(data, releases, executor)
    assert (same.release.id, same.fresh, bool(same.losses)) == (outcome.release.id, False, True)
    assert again(data, releases, executor, 30).losses == []
    assert releases.current_id() == outcome.release.id


def test_new_records_do_not_make_up_for_old_ones(data: Path, releases: Releases, executor: Executor) -> None:
    """A new scheme of keys keeps the counts, but a portal sees that everything went and other things came."""
    put(data / PROJECTS, [row | {"Kennung": f"neu-{row['Kennung']}"} for row in rows(data / PROJECTS)])
    put(data / GRANTS, [row | {"Projekt": f"neu-{row['Projekt']}"} for row in rows(data / GRANTS)])
    outcome = again(data, releases, executor)
    assert outcome.release.manifest.records == releases.open().manifest.records
    assert told(outcome) == {"projects": (7, 7)}


def test_withheld_records_vanish_too(data: Path, releases: Releases, executor: Executor) -> None:
    for key in keys(data)[:2]:
        change(data / PROJECTS, key, Status="vielleicht")
    assert told(again(data, releases, executor))["projects"] == (7, 2)


def test_a_missing_table_is_noticed(data: Path, releases: Releases, executor: Executor) -> None:
    (data / "organisations.csv").unlink()
    outcome = again(data, releases, executor)
    assert told(outcome)["organisations"][0] == told(outcome)["organisations"][1]
    assert releases.current_id() != outcome.release.id


def test_a_dataset_taken_out_of_the_catalogue_is_noticed(data: Path, releases: Releases, executor: Executor) -> None:
    path = data / "catalogue.ttl"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("<dataset/grants> a dcat:Dataset"), text.index("<dataset/programmes> a dcat:Dataset")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    outcome = again(data, releases, executor, 10)
    assert told(outcome)["grants"] == (7, 7)
    kept = again(data, releases, executor, 5)
    assert "datasets" in told(kept)


def test_another_base_is_another_catalogue(data: Path, releases: Releases, executor: Executor) -> None:
    """From one's own machine to the first public address nothing is lost; from there on everything."""
    public = again(data, releases, executor, base="https://daten.example.org/")
    assert public.losses == []
    moved = again(data, releases, executor, base="https://data.example.org/")
    assert told(moved)["all records"][0] == told(moved)["all records"][1] == public.release.manifest.records
    assert releases.current_id() == public.release.id


def test_going_back_is_guarded_as_well(data: Path, releases: Releases, executor: Executor) -> None:
    first = releases.open()
    table = data / PROJECTS
    more = [
        rows(table)[0] | {"Kennung": f"zusatz-{number}", "Titel (deutsch)": f"Zusatz {number}"} for number in range(5)
    ]
    put(table, [*rows(table), *more])
    second = again(data, releases, executor).release
    assert [loss.name for loss in activate(releases, first, 20)] == ["projects"]
    assert releases.current_id() == second.id
    assert activate(releases, first, 100) == []
    assert releases.current_id() == first.id
    assert losses(first, second) == []


def test_the_command_says_what_would_vanish_and_how_to_go_on(tmp_path: Path, data: Path, releases: Releases) -> None:
    where = ("--data", str(data), "--var", str(releases.root))
    before = releases.current_id()
    drop(data / PROJECTS, *keys(data)[:2])
    refused = run("build", *where)
    assert refused.returncode == 3
    assert "NOT made current" in refused.stdout
    for expected in ("projects", "29", "Datenplattform der Digitalstadt Darmstadt", "Portale löschen, was fehlt"):
        assert expected in refused.stderr
    assert releases.current_id() == before
    (fresh,) = set(releases.ids()) - {before}
    assert f"smartregion releases activate {fresh} --allow-shrink" in refused.stderr
    assert run("releases", "activate", fresh, "--var", str(releases.root)).returncode == 3
    assert run("build", *where, SMARTREGION_SHRINK_PERCENT="15").returncode == 3
    assert releases.current_id() == before
    allowed = run("build", *where, "--allow-shrink")
    assert (allowed.returncode, releases.current_id()) == (0, fresh)
    assert run("build", *where).returncode == 0


def test_the_share_is_a_setting(data: Path, releases: Releases) -> None:
    drop(data / PROJECTS, *keys(data)[:2])
    assert (
        run("build", "--data", str(data), "--var", str(releases.root), SMARTREGION_SHRINK_PERCENT="40").returncode == 0
    )
    wrong = run("build", "--data", str(data), SMARTREGION_SHRINK_PERCENT="200")
    assert (wrong.returncode, "SMARTREGION_SHRINK_PERCENT" in wrong.stderr) == (2, True)
