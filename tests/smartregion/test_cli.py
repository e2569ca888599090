"""The command line as a user meets it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import openpyxl
import pytest
import requests
from sources import change, few_records
from support import BASE, ROOT, free_port

from publish.releases.release import Releases
from smartregion.cli import command

pytestmark = pytest.mark.slow


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smartregion", *arguments]
    settings = {**os.environ, "COLUMNS": "160", **environment}
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)


def spoil(directory: Path) -> Path:
    data = few_records(directory / "data")
    change(data / "projects.csv", "smarter-winterdienst-hanau", Federführung="Hanauu")
    return data


def test_build_prints_a_summary_and_strict_exits_with_1(tmp_path: Path) -> None:
    data, var = spoil(tmp_path), tmp_path / "var"
    built = run("build", "--data", str(data), "--var", str(var))
    assert built.returncode == 0, built.stderr
    assert "municipalities" in built.stdout
    assert re.search(r"\b\d+ violation", built.stdout)
    release = Releases(var).open()
    assert f"Release {release.id}" in built.stdout
    again = run("build", "--data", str(data), "--var", str(var), "--strict")
    assert again.returncode == 1
    assert "already built" in again.stdout


def test_validate_names_the_cell_in_both_languages(tmp_path: Path) -> None:
    data = spoil(tmp_path)
    checked = run("validate", "--data", str(data))
    assert checked.returncode == 0
    assert "projects.csv  Projekt / Project" in checked.stdout
    assert "Gemeint sein könnte: „Hanau“" in checked.stdout
    assert "Perhaps: “Hanau”" in checked.stdout
    strict = run("validate", "--data", str(data), "--strict", "--format", "json")
    assert strict.returncode == 1
    findings = [finding for document in json.loads(strict.stdout) for finding in document["findings"]]
    (violation,) = [finding for finding in findings if finding["source"] == "projects.csv"]
    assert violation["code"] == "unknown-reference"
    assert violation["value"] == "Hanauu"
    assert set(violation["message"]) == {"de", "en"}


SUBMISSIONS = ROOT / "tests" / "fixtures" / "submissions"


def test_validate_says_by_its_status_whether_a_file_is_in_order() -> None:
    good = run("validate", str(SUBMISSIONS / "marked-header.csv"))
    assert (good.returncode, "in Ordnung / in order" in good.stdout) == (0, True)
    warned = [str(SUBMISSIONS / "dissolved.csv")]
    assert run("validate", *warned).returncode == 0
    assert run("validate", *warned, "--strict").returncode == 1
    bad = run("validate", str(SUBMISSIONS / "report.xlsx"), str(SUBMISSIONS / "amounts.csv"))
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr
    assert "ein PDF-Dokument und keine Tabelle" in bad.stdout
    assert "E3  Förderbetrag  type-decimal" in bad.stdout


@pytest.mark.parametrize("style", ["text", "json", "sarif", "junit", "turtle", "html"])
def test_validate_reports_in_every_form(style: str) -> None:
    paths = [str(SUBMISSIONS / name) for name in ("amounts.csv", "two-sheets.xlsx")]
    told = run("validate", *paths, "--format", style, "--language", "en")
    assert told.returncode == 1, told.stderr
    assert "Perhaps 1200000 is meant." in told.stdout


def test_validate_writes_the_marked_workbook_and_the_fixed_copy(tmp_path: Path) -> None:
    marked, fixed = tmp_path / "marked.xlsx", tmp_path / "fixed.xlsx"
    source = str(SUBMISSIONS / "old-key.xlsx")
    told = run("validate", source, "--marked", str(marked), "--fix", str(fixed), "--format", "json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["findings"][0]["suggestion"] == "06415000"
    assert "Projekte, C4  Federführung: „06435014“ → „06415000“" in told.stderr
    assert openpyxl.load_workbook(marked).sheetnames == ["Prüfbericht", "Projekte"]
    again = run("validate", str(fixed), "--format", "json")
    assert json.loads(again.stdout) == {"conforms": True, "record_type": "Project", "records": 3, "findings": []}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "nowhere.csv"),
        (["{}/amounts.csv", "--type", "Projekt"], "Project"),
        (["{}/amounts.csv", "{}/keys.csv", "--fix", "/tmp/x.csv"], "one file"),
        (["{}/amounts.csv", "--fix", "{}/amounts.csv"], "another name"),
        (["{}/amounts.csv", "--fix", "/tmp/x.xlsx"], "CSV"),
        (["{}/report.xlsx", "--marked", "/tmp/x.xlsx"], "not a table"),
        (["{}/amounts.csv", "--data", "nowhere"], "catalogue.ttl"),
    ],
)
def test_validate_refuses_in_words(arguments: list[str], told: str) -> None:
    failed = run("validate", *(argument.format(SUBMISSIONS) for argument in arguments))
    assert failed.returncode == 2
    assert told in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_template_is_written_and_none_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "projekte.xlsx"
    written = run("template", "project", "--output", str(path))
    assert (written.returncode, written.stdout.strip()) == (0, str(path))
    assert openpyxl.load_workbook(path).sheetnames[0] == "Projekt"
    content = path.read_bytes()
    again = run("template", "Project", "--output", str(path))
    assert (again.returncode, "--output" in again.stderr, path.read_bytes() == content) == (2, True, True)
    english = tmp_path / "grants.csv"
    assert run("template", "Grant", "--language", "en", "--format", "csv", "--output", str(english)).returncode == 0
    assert english.read_text(encoding="utf-8-sig").startswith("Identifier;Title (German);")
    unknown = run("template", "Projekte")
    assert (unknown.returncode, "Project" in unknown.stderr) == (2, True)


def test_releases_are_listed_activated_and_pruned(tmp_path: Path) -> None:
    data, var = few_records(tmp_path / "data"), tmp_path / "var"
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


@pytest.mark.parametrize(("module", "name"), command._MENDABLE.items())
def test_every_error_that_a_person_can_mend_is_one(module: str, name: str) -> None:
    assert issubclass(getattr(import_module(module), name), Exception)
