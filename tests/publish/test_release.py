"""Releases: what is visible when, and what survives a killed writer."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from publish.releases.manifest import DatasetEntry, Feed, Manifest, Packed, ReleaseFile, SearchIndex
from publish.releases.release import DamagedRelease, ReleaseError, Releases

ENTRY = DatasetEntry({"de": "Projekte", "en": "Projects"}, "urn:c", 1, 0, 3, "ab", "2026-01-01", "2026-01-02")


FILES = {
    "files/a.ttl": b"<urn:s> <urn:p> <urn:o> .",
    "files/a.ttl.br": b"packed",
    "store/1.sst": b"s",
    "search.sqlite": b"i",
}
"""Files of a release, by name."""


def packed(name: str) -> Packed:
    return Packed(len(FILES[name]), hashlib.sha256(FILES[name]).hexdigest())


def manifest(release_id: str) -> Manifest:
    index, file = packed("search.sqlite"), packed("files/a.ttl")
    described = ReleaseFile(
        "text/turtle", file.bytes, file.sha256, "2026-01-01", "2026-01-02", None, {"br": packed("files/a.ttl.br")}
    )
    return Manifest(
        release_id, "http://localhost/", {}, {}, {"projects": ENTRY}, 3, "2026-01-01", "2026-01-02",
        Feed({"p": "urn:p"}, "p", 1), SearchIndex(1, index.bytes, index.sha256), "source",
        {"1.sst": packed("store/1.sst")}, {"a.ttl": described},
    )  # fmt: skip


def admit(releases: Releases, release_id: str, content: Manifest | None = None) -> None:
    with releases.writing() as scratch:
        for name, written in FILES.items():
            (scratch / name).parent.mkdir(exist_ok=True)
            (scratch / name).write_bytes(written)
        releases.admit(scratch, content or manifest(release_id))


def test_a_manifest_survives_json() -> None:
    assert Manifest.from_json(manifest("x").to_json()) == manifest("x")


def test_a_release_of_another_form_is_told_apart(tmp_path: Path) -> None:
    """After an update of the software, before the first build."""
    releases = Releases(tmp_path)
    admit(releases, "one")
    path = tmp_path / "releases" / "one" / "manifest.json"
    older = json.loads(path.read_text(encoding="utf-8"))
    del older["feed"], older["checksum"]
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
    assert (tmp_path / "current").readlink() == Path("releases/one")


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


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("harm", ["flipped", "cut", "empty", "gone", "longer"])
def test_damage_of_any_file_is_told_by_its_name(tmp_path: Path, name: str, harm: str) -> None:
    releases = Releases(tmp_path)
    admit(releases, "one")
    releases.activate("one")
    assert releases.verify().id == "one"
    spoil(tmp_path / "releases" / "one" / name, harm)
    with pytest.raises(DamagedRelease, match=f"Release one is damaged: {name} .*Run: smartregion build$"):
        releases.verify()
    with pytest.raises(DamagedRelease):
        releases.activate("one")
    if harm == "flipped" and name != "manifest.json":
        assert releases.open().id == "one", "a look at the sizes does not see it"
    else:
        with pytest.raises(DamagedRelease):
            releases.open()
    assert releases.ids() == ["one"]


def spoil(path: Path, harm: str) -> None:
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
        return
    # In the middle of a manifest is a digit of a hash or a letter of a name; both are still JSON.
    middle = len(content) // 2
    other = {
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "cut": content[:middle],
    }
    path.write_bytes({**other, "empty": b"", "longer": content + b"x"}[harm])


def test_damaged_releases_are_pruned_like_others(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for number, name in enumerate(["a", "b"]):
        admit(releases, name)
        os.utime(tmp_path / "releases" / name / "manifest.json", (number, number))
    releases.activate("b")
    (tmp_path / "releases" / "a" / "manifest.json").write_text("")
    os.utime(tmp_path / "releases" / "a" / "manifest.json", (0, 0))
    assert releases.prune(keep=1) == ["a"]
