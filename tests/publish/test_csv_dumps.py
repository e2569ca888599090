"""CSV dumps are for people, who see names, for programs, which see types, and for sending in again."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pandas as pd
import pytest
import requests
from csvw import CSVW  # type: ignore[import-untyped]
from support import DATA, ROOT, served, silent

from ingest import record_types
from publish.builder import build
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(releases: Releases) -> Iterator[str]:
    with served(releases.root) as service:
        yield service.address


def tables(release: Release) -> list[str]:
    return [name for name in release.manifest.files if name.startswith("dump/") and name.endswith(".csv")]


def rows(release: Release, name: str) -> list[dict[str, str]]:
    with release.file(name)[0].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_names_stand_beside_keys(release: Release) -> None:
    (darmstadt,) = (row for row in rows(release, "dump/municipalities.csv") if row["Name"] == "Darmstadt")
    assert (darmstadt["Kreis"], darmstadt["Kreis (Name)"]) == ("district/06411", "Darmstadt (kreisfreie Stadt)")
    assert (darmstadt["Gemeindeart"], darmstadt["Gemeindeart (Name)"]) == ("independent-city", "kreisfreie Stadt")


def test_every_column_of_keys_has_one_with_as_many_names(release: Release) -> None:
    columns = [column for each in record_types().values() for column in each.columns]
    links = {column.name["de"] for column in columns if column.kind in ("concept", "reference")}
    seen = set()
    for name in tables(release):
        for row in rows(release, name):
            for heading in links & row.keys():
                keys, names = row[heading].split("; "), row[f"{heading} (Name)"].split("; ")
                assert len(keys) == len(names)
                assert all((key == "") == (shown == "") for key, shown in zip(keys, names, strict=True))
                seen |= {heading} if row[heading] else set()
    assert len(seen) > 10


@pytest.mark.slow
def test_the_metadata_is_valid_and_tells_the_types(address: str, release: Release) -> None:
    """Read from the address, as CSVW has it, by the package of that name."""
    assert len(tables(release)) > 10
    for name in tables(release):
        answer = requests.get(f"{address}/{name}", timeout=60)
        (link,) = re.findall('<([^>]*)>; rel="describedby"; type="application/csvm[+]json"', answer.headers["Link"])
        metadata = requests.get(f"{address}{link}", timeout=60)
        assert metadata.headers["Content-Type"] == "application/csvm+json"
        described = CSVW(f"{address}/{name}")
        assert described.is_valid, (name, [str(found.message) for found in described.warnings])
        titles = [column["titles"] for column in metadata.json()["tableSchema"]["columns"] if "titles" in column]
        header = answer.content.decode().splitlines()[0]
        assert next(csv.reader([header])) == titles
    found = next(row for row in _records(CSVW(f"{address}/dump/municipalities.csv")) if row["name"] == "Darmstadt")
    assert (found["ags"], type(found["population"]), found["district_name"]) == (
        "06411000", int, "Darmstadt (kreisfreie Stadt)",
    )  # fmt: skip


def _records(described: CSVW) -> list[dict[str, object]]:
    return list(described.tables[0])


def test_the_documented_program_keeps_the_zeros_of_keys(address: str) -> None:
    text = (ROOT / "docs" / "researchers.md").read_text(encoding="utf-8")
    (program,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "read_csv" in block)
    program = program.replace("http://localhost:8000", address)
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert re.search(r"\(AGS\) +06411000\n", ran.stdout)
    assert re.search(r"Einwohnerzahl +\d+\n", ran.stdout)
    assert pd.read_csv(f"{address}/dump/municipalities.csv")["Kreis (Name)"].iloc[0] == "Darmstadt (kreisfreie Stadt)"


@pytest.mark.slow
def test_columns_of_names_are_nothing_new_when_a_dump_is_sent_in_again(
    release: Release, tmp_path: Path, executor: Executor
) -> None:
    data = Path(shutil.copytree(DATA, tmp_path / "data"))
    for path in data.glob("*.csv"):
        shutil.copyfile(release.file(f"dump/{path.stem.replace('_', '-')}.csv")[0], path)
    outcome = build(data, release.manifest.base, Releases(tmp_path / "var"), executor, silent)
    quality = outcome.release.file("quality.json")[0].read_text(encoding="utf-8")
    assert "unknown-column" not in quality
    assert "(Name)" not in quality


def test_a_column_of_names_without_one_of_keys_is_told(tmp_path: Path) -> None:
    """It would be lost without a word."""
    table = tmp_path / "places.csv"
    table.write_text("Kennung;Titel (deutsch);Kommune (Name)\nhaus;Haus;Hanau\n", encoding="utf-8")
    command = [sys.executable, "-m", "smartregion", "validate", str(table)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
    assert "Kommune (Name)" in ran.stdout
