"""Releases: what is visible when, and what survives a killed writer."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from publish.release import DatasetEntry, Feed, Manifest, Packed, ReleaseError, ReleaseFile, Releases, SearchIndex

ENTRY = DatasetEntry({"de": "Projekte", "en": "Projects"}, "urn:c", 1, 0, 3, "ab", "2026-01-01", "2026-01-02")


def manifest(release_id: str) -> Manifest:
    return Manifest(
        release_id, "http://localhost/", {}, {}, {"projects": ENTRY}, 3, "2026-01-01", "2026-01-02",
        Feed({"p": "urn:p"}, "p", 1), SearchIndex(1, 2, "ee"),
        {"a.ttl": ReleaseFile("text/turtle", 1, "ff", "2026-01-01", "2026-01-02", None, {"br": Packed(1, "00")})},
    )  # fmt: skip


def admit(releases: Releases, release_id: str, content: Manifest | None = None) -> None:
    with releases.writing() as scratch:
        (scratch / "files").mkdir()
        (scratch / "files" / "a.ttl").write_text(release_id)
        releases.admit(scratch, content or manifest(release_id))


def test_a_manifest_survives_json() -> None:
    assert Manifest.from_json(manifest("x").to_json()) == manifest("x")


def test_a_release_of_another_form_is_told_apart(tmp_path: Path) -> None:
    """After an update of the software, before the first build."""
    releases = Releases(tmp_path)
    admit(releases, "one")
    path = tmp_path / "releases" / "one" / "manifest.json"
    older = json.loads(path.read_text(encoding="utf-8"))
    del older["feed"]
    path.write_text(json.dumps(older), encoding="utf-8")
    with pytest.raises(ReleaseError, match="another version of this software"):
        releases.open("one")
    assert releases.ids() == ["one"]


def test_nothing_is_current_before_the_first_release(tmp_path: Path) -> None:
    releases = Releases(tmp_path / "var")
    assert releases.current_id() is None
    assert releases.ids() == []
    with pytest.raises(ReleaseError, match="smartregion build"):
        releases.open()


def test_activate_switches_and_goes_back(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for name in ("one", "two"):
        admit(releases, name)
        releases.activate(name)
    assert releases.open().id == "two"
    releases.activate("one")
    assert releases.current_id() == "one"
    assert (tmp_path / "current" / "files" / "a.ttl").read_text() == "one"


@pytest.mark.parametrize("name", ["three", "../one", ".building-1", ""])
def test_only_complete_releases_can_be_activated(tmp_path: Path, name: str) -> None:
    releases = Releases(tmp_path)
    with pytest.raises(ReleaseError):
        releases.activate(name)


@pytest.mark.parametrize("datasets", [{}, {"projects": replace(ENTRY, records=0)}])
def test_an_empty_release_is_never_activated(tmp_path: Path, datasets: dict[str, DatasetEntry]) -> None:
    """Whoever asks for it: portals would delete everything."""
    releases = Releases(tmp_path)
    admit(releases, "one")
    releases.activate("one")
    admit(releases, "none", replace(manifest("none"), datasets=datasets))
    with pytest.raises(ReleaseError, match="holds no record"):
        releases.activate("none")
    assert releases.current_id() == "one"


def test_a_file_outside_the_manifest_is_out_of_reach(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    admit(releases, "one")
    release = releases.activate("one")
    assert release.file("a.ttl")[1].media_type == "text/turtle"
    with pytest.raises(KeyError):
        release.file("../manifest.json")


def test_prune_keeps_the_latest_and_the_current(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for number, name in enumerate(["a", "b", "c", "d"]):
        admit(releases, name)
        os.utime(tmp_path / "releases" / name / "manifest.json", (number, number))
    releases.activate("a")
    assert releases.prune(keep=2) == ["b"]
    assert releases.ids() == ["d", "c", "a"]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    with pytest.raises(ZeroDivisionError), releases.writing() as scratch:
        (scratch / "half").touch()
        raise ZeroDivisionError
    assert list((tmp_path / "releases").iterdir()) == []


def _hold(root: Path, ready: Connection) -> None:
    with Releases(root).writing() as scratch:
        (scratch / "half").touch()
        ready.send("writing")
        time.sleep(60)


def test_one_writer_at_a_time_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    writer = context.Process(target=_hold, args=(tmp_path, theirs))
    writer.start()
    assert ours.poll(30)
    releases = Releases(tmp_path)
    with pytest.raises(ReleaseError, match="Another build"), releases.writing():
        pass
    writer.kill()
    writer.join()
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [f".building-{writer.pid}"]
    admit(releases, "after")
    assert [path.name for path in (tmp_path / "releases").iterdir()] == ["after"]
    assert releases.open("after").manifest == manifest("after")
