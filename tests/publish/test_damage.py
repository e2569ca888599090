"""What becomes of releases when the disk, the clock or somebody's hand spoils them, as operators and clients see it."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import pytest
import requests
from sources import change, few_records, put, rows
from support import BASE, DATA, ROOT, served, silent

from publish import builder
from publish.releases.history import History
from publish.releases.release import DamagedRelease, Release, Releases

pytestmark = pytest.mark.slow

NOWHERE = ("--to", "http://127.0.0.1:9/store", "--query", "http://127.0.0.1:9/query")
PLAIN = {"Accept-Encoding": "identity"}


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smartregion", *map(str, arguments)]
    settings = {**os.environ, "COLUMNS": "160", **environment}
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)


def build(var: Path, data: Path = DATA, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("build", "--data", data, "--var", var, "--base", BASE, "--allow-shrink", **environment)


@pytest.fixture(scope="module")
def built(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an operator has after two builds, of which the second deletes a project."""
    root = Path(shutil.copytree(few, tmp_path_factory.mktemp("operator") / "root", symlinks=True))
    data, table = root / "data", root / "data" / "grants.csv"
    put(table, rows(table)[:-1])
    assert build(root / "var", data, SOURCE_DATE_EPOCH="1770000000").returncode == 0
    return root


@pytest.fixture
def var(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built / "var", tmp_path / "var", symlinks=True))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def nothing(path: Path) -> None:
    path.write_text("null")


HARM: list[tuple[str, Callable[[Path], None]]] = [
    ("files/dump/all.nq", flip),
    ("files/dump/all.nq.gz", flip),
    ("files/dump/projects.csv", cut),
    ("files/history.json", empty),
    ("search.sqlite", flip),
    ("store", remove),
    ("store/CURRENT", empty),
    ("manifest.json", flip),
    ("manifest.json", empty),
    ("manifest.json", remove),
    ("manifest.json", nothing),
]


@pytest.mark.parametrize(("name", "harm"), HARM, ids=[f"{harm.__name__} {name}" for name, harm in HARM])
def test_a_damaged_release_is_replaced_by_the_next_build_and_its_dates_go_on(
    built: Path, var: Path, name: str, harm: Callable[[Path], None], thread: Executor
) -> None:
    releases = Releases(var)
    before = releases.open()
    known = History.of(before)
    harm(before.path / name)
    with pytest.raises(DamagedRelease, match=name):
        releases.verify()
    told: list[str] = []
    outcome = builder.build(built / "data", BASE, releases, thread, silent, warn=told.append)
    after = releases.verify()
    assert [line for line in told if before.id in line and name in line]
    assert outcome.fresh
    assert after.id == outcome.release.id != before.id
    # What the older release does not know begins anew where the damaged one cannot be read.
    readable = name not in ("manifest.json", "files/history.json")
    expected = known if readable else History.of(releases.look_at(older(releases, after, before)))
    assert History.of(after).records["municipalities"] == expected.records["municipalities"]
    assert {*History.of(after).tombstones} == {*known.tombstones}
    assert len(known.tombstones) == 1


@pytest.mark.parametrize("name", ["files/dump/more.csv", "store/more.sst"])
def test_files_that_no_build_wrote_are_told_and_stop_nothing(built: Path, var: Path, name: str) -> None:
    release = Releases(var).verify()
    (release.path / name).write_text("not from a build")
    told = run("releases", "verify", "--var", var)
    assert (told.returncode, told.stderr) == (2, f"Error: {name} was not written by the build.\n")
    assert Releases(var).verify().id == release.id


def test_pruning_leaves_what_a_damaged_release_does_not_tell(built: Path, var: Path, thread: Executor) -> None:
    releases = Releases(var)
    before = releases.open()
    empty(before.path / "files" / "history.json")
    dates = History.of(releases.open(next(name for name in releases.ids() if name != before.id))).records
    assert releases.prune(1) == []
    outcome = builder.build(built / "data", BASE, releases, thread, silent, warn=str)
    assert History.of(outcome.release).records["municipalities"] == dates["municipalities"]
    assert len(releases.prune(1)) == 2


def test_activating_a_release_whose_history_is_damaged_is_refused(var: Path) -> None:
    releases = Releases(var)
    other = next(name for name in releases.ids() if name != releases.current_id())
    history = releases.open(other).path / "files" / "history.json"
    history.write_bytes(b"?" + history.read_bytes()[1:])
    told = run("releases", "activate", other, "--var", var)
    assert (told.returncode, "Traceback" in told.stderr) == (2, False)
    assert f"Release {other} is damaged: files/history.json" in told.stderr


def test_every_command_tells_damage_in_one_line(built: Path, var: Path) -> None:
    releases = Releases(var)
    before = releases.open()
    flip(before.path / "files" / "dump" / "all.nq")
    what = "files/dump/all.nq has another content than was written"
    line = f"Release {before.id} is damaged: {what}. Run: smartregion build"
    for command in (("releases", "verify"), ("serve",), ("releases", "activate", before.id), ("push", *NOWHERE)):
        told = run(*command, "--var", var)
        assert (told.returncode, told.stderr.strip()) == (2, f"Error: {line}"), told.stdout
    listed = run("releases", "list", "--var", var)
    assert (listed.returncode, listed.stderr) == (0, f"{line}\n")
    assert before.id in listed.stdout
    mended = build(var, built / "data")
    assert mended.returncode == 0, mended.stderr
    assert line in mended.stderr
    assert "already built" in build(var, built / "data").stdout
    assert run("releases", "verify", "--var", var).returncode == 0
    assert run("releases", "prune", "--keep", "1", "--var", var).returncode == 0
    assert releases.ids() == [releases.current_id()]


def older(releases: Releases, after: Release, before: Release) -> str:
    (found,) = set(releases.ids()) - {after.id, before.id}
    return found


def test_a_file_that_is_cut_while_the_service_runs_is_not_sent_under_the_name_of_the_whole(var: Path) -> None:
    with served(var) as service:
        whole = requests.get(f"{service.address}/dump/projects.csv", headers=PLAIN, timeout=10)
        assert whole.status_code == 200
        cut(Releases(var).open().path / "files" / "dump" / "grants.csv")
        answer = requests.get(f"{service.address}/dump/grants.csv", headers=PLAIN, timeout=10)
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("#release-damaged")
        assert "ETag" not in answer.headers
        health = requests.get(f"{service.address}/healthz", timeout=10)
        assert health.status_code == 503
        assert health.json()["reason"] == "release-damaged"
        assert "dump/grants.csv" in health.json()["detail"]
        assert requests.get(f"{service.address}/dump/projects.csv", timeout=10).status_code == 200
        assert requests.get(f"{service.address}/healthz/live", timeout=10).status_code == 200


def test_a_damaged_search_index_is_told_by_health_and_is_no_error_of_the_service(var: Path) -> None:
    with served(var) as service:
        index = Releases(var).open().search
        size = index.stat().st_size
        with index.open("r+b") as file:
            file.write(b"\xff" * (size // 2))
        assert requests.get(f"{service.address}/healthz", timeout=10).status_code == 503
        answer = requests.get(f"{service.address}/search.csv", params={"q": "parken"}, timeout=10)
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("#release-damaged")
        assert requests.get(f"{service.address}/dump/projects.csv", timeout=10).status_code == 200


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@needs_strace
def test_files_and_directories_are_on_the_disk_before_each_rename(tmp_path: Path) -> None:
    log, var = tmp_path / "log", tmp_path / "var"
    calls = "trace=openat,fsync,rename,renameat,renameat2,close"
    command = ["strace", "-f", "-qq", "-y", "-e", calls, "-o", log, sys.executable, "-m", "smartregion", "build"]
    arguments = ["--data", few_records(tmp_path / "data"), "--var", var]
    subprocess.run([*map(str, command), *map(str, arguments)], cwd=ROOT, check=True, capture_output=True, timeout=300)
    lines = log.read_text(errors="replace").splitlines()
    synced: dict[str, int] = {}
    shown = activated = 0
    for number, line in enumerate(lines):
        if found := re.search(r"fsync\(\d+<([^>]+)>", line):
            synced.setdefault(found[1], number)
        if re.search(r"rename.*\.building-", line):
            shown = number
        if re.search(r"rename.*/\.current-", line):
            activated = number
    assert 0 < shown < activated
    release = Releases(var).open()
    (scratch,) = {re.sub(r"(/\.building-\d+)/.*", r"\1", name) for name in synced if "/.building-" in name}
    there = [release.path, *release.path.rglob("*")]
    assert len(there) > 500
    wanted = [str(path).replace(str(release.path), scratch) for path in there]
    assert [name for name in wanted if synced.get(name, len(lines)) > shown] == []
    assert shown < synced[str(var / "releases")] < activated
    assert activated < synced[str(var)]


def test_a_clock_that_goes_back_hides_no_change(tmp_path: Path) -> None:
    data, var = few_records(tmp_path / "data"), tmp_path / "var"
    now = dt.datetime.now(dt.UTC)
    assert build(var, data, SOURCE_DATE_EPOCH=str(int(now.timestamp()))).returncode == 0
    releases = Releases(var)
    first = History.of(releases.open())
    table = data / "grants.csv"
    change(table, rows(table)[0]["Kennung"], **{"Titel (deutsch)": "Förderung: anders"})
    late = now - dt.timedelta(days=400)
    told = build(var, data, SOURCE_DATE_EPOCH=str(int(late.timestamp())))
    assert told.returncode == 0
    assert "The clock says" in told.stderr
    release = releases.open()
    second = History.of(release)
    moved = {
        iri: dates
        for name, part in second.records.items()
        for iri, dates in part.items()
        if dates.modified != first.records[name][iri].modified
    }
    assert len(moved) == 1
    assert all(dates.modified > first.latest for dates in moved.values())
    assert all(dates.issued <= dates.modified for part in second.records.values() for dates in part.values())
    assert all(file.issued <= file.modified for file in release.manifest.files.values())
    assert all(entry.issued <= entry.modified for entry in release.manifest.datasets.values())


@pytest.mark.parametrize(
    "command", [("build",), ("serve",), ("releases", "list"), ("releases", "prune"), ("releases", "verify"), ("run",)]
)
def test_a_directory_that_cannot_be_used_is_one_line_and_status_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A file where the directory should be: what also root cannot write to."""
    var = tmp_path / "var"
    var.write_text("not a directory")
    told = run(*command, SMARTREGION_VAR=str(var), SMARTREGION_PORT="0" if command == ("run",) else "8000")
    assert told.returncode == 2, told.stdout
    assert "Traceback" not in told.stderr
    assert len(told.stderr.splitlines()) <= 2 or "Usage" not in told.stderr


def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit of the size of files ends writes as a full disk does."""
    limited = f"ulimit -f 400; exec {sys.executable} -m smartregion build --data {DATA} --var {tmp_path / 'var'}"
    told = subprocess.run(["bash", "-c", limited], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 2, told.stderr
    assert "Traceback" not in told.stderr
    assert told.stderr.splitlines()[-1].startswith("Error: ")
    assert [path for path in (tmp_path / "var" / "releases").iterdir() if not path.name.startswith(".lock")] == []
