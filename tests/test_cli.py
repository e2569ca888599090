"""The command line as a user meets it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from support import BASE, DATA, ROOT, free_port

from publish.release import Releases


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smartregion", *arguments]
    settings = {**os.environ, "COLUMNS": "160", **environment}
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)


def spoil(directory: Path) -> Path:
    data = Path(shutil.copytree(DATA, directory / "data"))
    table = data / "projects.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",Fulda,", ",Fuldaa,"), encoding="utf-8")
    return data


def test_build_prints_a_summary_and_strict_exits_with_1(tmp_path: Path) -> None:
    data, var = spoil(tmp_path), tmp_path / "var"
    built = run("build", "--data", str(data), "--var", str(var))
    assert built.returncode == 0, built.stderr
    assert "municipalities" in built.stdout
    assert "1 violation" in built.stdout
    release = Releases(var).open()
    assert f"Release {release.id}" in built.stdout
    again = run("build", "--data", str(data), "--var", str(var), "--strict")
    assert again.returncode == 1
    assert "already built" in again.stdout


def test_validate_names_the_cell_in_both_languages(tmp_path: Path) -> None:
    data = spoil(tmp_path)
    checked = run("validate", "--data", str(data))
    assert checked.returncode == 0
    assert "projects.csv:" in checked.stdout
    assert "Gemeint sein könnte: „Fulda“" in checked.stdout
    assert "Perhaps: “Fulda”" in checked.stdout
    strict = run("validate", "--data", str(data), "--strict", "--format", "json")
    assert strict.returncode == 1
    findings = json.loads(strict.stdout)
    (violation,) = [finding for finding in findings if finding["severity"] == "violation"]
    assert violation["code"] == "unknown-reference"
    assert violation["value"] == "Fuldaa"
    assert set(violation["message"]) == {"de", "en"}


def test_releases_are_listed_activated_and_pruned(tmp_path: Path) -> None:
    data, var = Path(shutil.copytree(DATA, tmp_path / "data")), tmp_path / "var"
    assert run("build", "--data", str(data), "--var", str(var)).returncode == 0
    first = Releases(var).current_id()
    assert first is not None
    assert run("build", "--data", str(data), "--var", str(var), "--base", "https://daten.example.org/").returncode == 0
    second = Releases(var).current_id()
    assert second not in (None, first)
    listed = run("releases", "list", "--var", str(var)).stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["*", second], [first, listed[2].split()[1]]]
    assert run("releases", "activate", first, "--var", str(var)).returncode == 3
    assert run("releases", "activate", first, "--var", str(var), "--allow-shrink").returncode == 0
    assert Releases(var).current_id() == first
    assert run("releases", "prune", "--keep", "1", "--var", str(var)).returncode == 0
    assert first in Releases(var).ids()


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("build", "--data", "nowhere", "--var", "{}"), {}, "catalogue.ttl"),
        (("serve", "--var", "{}"), {}, "smartregion build"),
        (("releases", "activate", "none", "--var", "{}"), {}, "smartregion releases list"),
        (("build", "--base", "ftp://example.org/"), {}, "SMARTREGION_BASE"),
        (("releases", "list"), {"SMARTREGION_PORT": "many"}, "SMARTREGION_PORT"),
        (("buidl",), {}, "No such command"),
    ],
)
def test_an_error_is_a_sentence_and_status_2(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    failed = run(*(argument.format(tmp_path) for argument in arguments), **environment)
    assert failed.returncode == 2
    assert told in failed.stderr
    assert "Traceback" not in failed.stderr


def test_serve_says_when_it_is_ready_and_stops_when_told(releases: Releases) -> None:
    port = free_port()
    command = [sys.executable, "-u", "-m", "smartregion", "serve", "--var", str(releases.root), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        ready = server.stdout.readline()
        assert f":{port}/" in ready
        query = "PREFIX sr: <https://w3id.org/smart-region/ns#> SELECT (COUNT(?m) AS ?n) { ?m a sr:Municipality }"
        answer = requests.get(
            f"http://127.0.0.1:{port}/sparql", params={"query": query}, headers={"Accept": "text/csv"}, timeout=10
        )
        assert answer.text.split() == ["n", "421"]
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).status_code == 200
        assert BASE in requests.get(f"http://127.0.0.1:{port}/catalog", timeout=10).text
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)


def test_a_port_that_is_taken_is_told(releases: Releases) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        failed = run("serve", "--var", str(releases.root), "--port", str(holder.getsockname()[1]))
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


def test_the_reference_can_be_asked_alone_and_finds_the_same(tmp_path: Path) -> None:
    data = spoil(tmp_path)
    arguments = ("validate", "--data", str(data), "--format", "json")
    alone = run(*arguments, SMARTREGION_REFERENCE_VALIDATION="true")
    assert alone.returncode == 0, alone.stderr
    assert len(json.loads(alone.stdout)) > 10
    assert run(*arguments, SMARTREGION_REFERENCE_VALIDATION="false").stdout == alone.stdout
