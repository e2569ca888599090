"""The recipes of CONTRIBUTING.md, done literally in a copy: what they add is built, served, found and shown."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from outside.started import environment
from support import ROOT, free_port, some

pytestmark = pytest.mark.slow

RECIPES = ("A field", "A record type", "A concept scheme", "A format", "A route or page")
_STEP = re.compile(r"(new file )?`([^`\n]+)`([^`\n]*):\n\n```(\w+)\n(.*?)^```$", re.S | re.M)


class Step(NamedTuple):
    """One block of a recipe: a new file, lines at the end of one, or a change in one."""

    recipe: str
    is_new: bool
    path: str
    language: str
    text: str

    def do(self, root: Path) -> None:
        """Do what it shows in a copy of the project."""
        path = root / self.path
        if self.is_new:
            assert not path.exists(), f"{self.path} is no new file"
            path.write_text(self.text, encoding="utf-8")
        elif self.language == "diff":
            old, new = (self._lines(mark) for mark in "-+")
            before = path.read_text(encoding="utf-8")
            assert before.count(old) == 1, f"{self.recipe}: {self.path} has this {before.count(old)} times:\n{old}"
            path.write_text(before.replace(old, new), encoding="utf-8")
        else:
            with path.open("a", encoding="utf-8") as file:
                file.write("\n" + self.text)

    def _lines(self, mark: str) -> str:
        """The lines before (``-``) or after (``+``) the change."""
        return "".join(line[1:] for line in self.text.splitlines(keepends=True) if line[:1] in (" ", mark))


def steps() -> list[Step]:
    """All steps of all recipes, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = []
    for title, body in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", text, re.S | re.M):
        for new, path, _, language, content in _STEP.findall(body):
            found.append(Step(title, bool(new), path, language, content))
    return found


def test_every_block_of_every_recipe_is_a_step() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(steps()) == len(re.findall(r"^```\w+$", text, re.M))
    assert {step.recipe for step in some(steps())} == set(RECIPES)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which every recipe is followed, and its records built."""
    root = tmp_path_factory.mktemp("recipes") / "project"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not listed:
        pytest.skip("not a clone: what belongs to the project is not known")
    for name in (name for name in listed.split("\0")[:-1] if (ROOT / name).is_file() and not name.startswith("tests/")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    for step in steps():
        step.do(root)
    table = root / "data" / "projects.csv"
    header, first, rest = table.read_text(encoding="utf-8").split("\n", 2)
    table.write_text(f"{header},Anmerkung zu den Kosten\n{first},Eigenanteil noch offen\n{rest}", encoding="utf-8")
    run(root, "build")
    return root


def run(root: Path, *arguments: str) -> str:
    """What a command of the changed program prints."""
    command = [sys.executable, "-m", "smartregion", *arguments]
    done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def address(changed: Path) -> Iterator[str]:
    """Where the changed service is."""
    port = free_port()
    command = [sys.executable, "-m", "smartregion", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=changed, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Ready: ")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def page(address: str, path: str, language: str = "de") -> str:
    """A page for people."""
    answer = requests.get(address + path, headers={"Accept": "text/html", "Accept-Language": language}, timeout=60)
    assert answer.status_code == 200, (path, answer.text[:500])
    return answer.text


def first_project(changed: Path) -> str:
    return (changed / "data" / "projects.csv").read_text(encoding="utf-8").split("\n")[1].partition(",")[0]


def test_the_field_is_in_dumps_pages_templates_and_the_editor(changed: Path, address: str) -> None:
    key = first_project(changed)
    graph = requests.get(f"{address}/doc/project/{key}.nt", timeout=60).text
    assert '<https://w3id.org/smart-region/ns#costNote> "Eigenanteil noch offen"@de' in graph
    assert "Anmerkung zu den Kosten" in requests.get(f"{address}/dump/projects.csv", timeout=60).text.split("\n")[0]
    assert "Anmerkung zu den Kosten" in page(address, f"/doc/project/{key}")
    assert "Note on costs" in page(address, f"/doc/project/{key}", "en")
    assert "costNote" in json.dumps(requests.get(f"{address}/templates/Project.json", timeout=60).json())
    assert "costNote" in requests.get(f"{address}/completion.json", timeout=60).text


def test_the_type_is_searched_listed_mapped_and_has_templates_in_both_languages(address: str) -> None:
    assert "Pegelnetz Hanau" in page(address, "/doc/sensor-network/pegel-hanau"), "type SensorNetwork has no page"
    for language, plural, singular in (
        ("de", "Sensornetze", "Sensornetz"),
        ("en", "Sensor networks", "Sensor network"),
    ):
        assert plural in page(address, "/doc/municipality/06415000", language), f"no plural in {language}"
        assert singular in page(address, "/search?q=pegelnetz", language), f"not found in {language}"
        assert f">{singular}<" in page(address, "/records", language), f"not explained in {language}"
    found = requests.get(f"{address}/search.json?type=sensor-network", timeout=60).json()
    assert "pegel-hanau" in json.dumps(found), "type SensorNetwork is missing from the search"
    features = requests.get(f"{address}/dump/sensor-networks.geojson", timeout=60).json()["features"]
    assert len(features) == 1, "type SensorNetwork is missing from the map"
    for suffix in ("xlsx", "csv", "json"):
        assert requests.get(f"{address}/templates/SensorNetwork.{suffix}", timeout=60).status_code == 200, suffix


def test_a_file_of_the_type_is_checked(changed: Path) -> None:
    told = run(changed, "validate", "data/sensor_networks.csv", "--format", "json")
    assert "SensorNetwork" in told


def test_the_scheme_has_a_page_and_files(address: str) -> None:
    assert "Wasserstand" in page(address, "/scheme/sensor-kind")
    assert "Water level" in page(address, "/scheme/sensor-kind", "en")
    assert "water-level" in requests.get(f"{address}/scheme/sensor-kind.ttl", timeout=60).text


def test_the_format_is_written_compressed_negotiated_and_offered(changed: Path, address: str) -> None:
    plain = requests.get(f"{address}/dump/sensor-networks.ndjson", timeout=60)
    assert plain.headers["Content-Type"].startswith("application/x-ndjson")
    assert json.loads(plain.text.splitlines()[0])["title_de"] == "Pegelnetz Hanau"
    asked = {"Accept": "application/x-ndjson"}
    assert requests.get(f"{address}/dump/projects", headers=asked, timeout=60).text.count("\n") > 20
    assert (changed / "var" / "current" / "files" / "dump" / "projects.ndjson.gz").exists()
    assert "JSON Lines" in page(address, "/downloads")


def test_the_page_is_there_and_documented(changed: Path, address: str) -> None:
    assert "Über den Dienst" in page(address, "/about")
    assert "| `/about` |" in (changed / "docs" / "http.md").read_text(encoding="utf-8")
