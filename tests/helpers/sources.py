"""Sources for builds of tests: the real ones cut down, and short ways to change a table."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from support import DATA

Row = dict[str, str]

FIRST, EPOCH = "2023-11-14T22:13:20Z", "1700000000"
"""When the release of the few records was built that tests begin with, also as SOURCE_DATE_EPOCH."""


def few_records(target: Path) -> Path:
    """A copy of the sources with twelve municipalities and what belongs to them alone: builds in a second."""
    data = Path(shutil.copytree(DATA, target))
    municipalities = rows(data / "municipalities.csv")[:12]
    names = {row["Name"] for row in municipalities}
    put(data / "municipalities.csv", municipalities)
    former = data / "former_municipalities.csv"
    put(former, [row for row in rows(former) if row["Nachfolgegemeinde"] in names])
    for name, column in (("states", "Verwaltungssitz"), ("government_districts", "Verwaltungssitz"),
                         ("districts", "Verwaltungssitz"), ("organisations", "Gemeinde")):  # fmt: skip
        put(data / f"{name}.csv", [row | {column: ""} for row in rows(data / f"{name}.csv")])
    programmes = data / "programmes.csv"
    put(programmes, [row | {"Beratungsangebot": ""} for row in rows(programmes)])
    for name in ("events", "offers", "places", "stated_amounts", "statements", "use_case_sketches"):
        put(data / f"{name}.csv", [])
    projects = [row for row in rows(data / "projects.csv") if row["Federführung"] in names]
    projects = [
        row for row in projects if not row["Partner"] and not row["Nachnutzung von"] and not row["Fortsetzung von"]
    ]
    put(data / "projects.csv", projects)
    keys = {row["Kennung"] for row in projects}
    put(data / "grants.csv", [row for row in rows(data / "grants.csv") if row["Projekt"] in keys])
    return data


def rows(table: Path) -> list[Row]:
    """The rows of a CSV table by its headers."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def put(table: Path, content: list[Row]) -> None:
    """Write the rows of a CSV table anew, under its headers."""
    with table.open(encoding="utf-8", newline="") as file:
        headers = next(csv.reader(file))
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headers, lineterminator="\n")
        writer.writeheader()
        writer.writerows(content)


def drop(table: Path, *keys: str) -> None:
    """Delete the rows with these keys, which are in the first column."""
    put(table, [row for row in rows(table) if next(iter(row.values())) not in keys])


def change(table: Path, key: str, **cells: str) -> None:
    """Change cells of the row with this key."""
    put(table, [row | cells if next(iter(row.values())) == key else row for row in rows(table)])
