"""How many pages a second: start page, records, searches and filters over few and over many projects.

    python -m benchmarks.pages [projects ...] [--seconds S] [--keep DIR]

Default: 1000 100000. ``wrk`` asks the service as ``smartregion serve`` starts it: over one connection for the time of
an answer, over eight for answers per second. Cold: nothing is kept in memory and each request has another address;
warm: the same address again and again. ``README.md`` beside this file says what came out.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import servers
from benchmarks.generate import ROOT
from publish.releases.release import Release

_CLIENTS = 8
_TARGETS = 2000
_LUA = """
local targets, number = {targets}, 0
request = function()
  number = number % #targets + 1
  return wrk.format("GET", targets[number])
end
"""
_COMMON = ("sensorik", "vorhaben", "erprobt", "kommune", "offenen", "daten", "smarter", "regionen")
"""Words that nearly all generated projects have."""


@dataclass(frozen=True)
class Measured:
    """Median milliseconds over one connection, answers per second over several."""

    ms: float
    rate: float


Table = dict[tuple[str, str], Measured]
"""By kind of page, and ``cold`` or ``warm``."""


def targets(projects: int) -> dict[str, list[str]]:
    """Addresses of each kind of page, all different."""
    chance = random.Random(2)
    keys = [number * 7919 % projects for number in range(min(_TARGETS, projects))]
    with (ROOT / "data" / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        towns = list(csv.DictReader(file))
    names = [town["Name"] for town in towns]
    districts = sorted({town["Amtlicher Gemeindeschlüssel (AGS)"][:5] for town in towns})
    filters = [
        {"field": field, "district": district, "year": str(year)}
        for field in ("smart-environment", "smart-mobility", "smart-energy", "society", "administration")
        for district in districts
        for year in range(2021, 2026)
    ]
    chance.shuffle(filters)
    texts = list(itertools.permutations(_COMMON, 4))
    chance.shuffle(texts)
    return {
        "start page": ["/"],
        "project": [f"/doc/project/projekt-{key}" for key in keys],
        "municipality": [f"/doc/municipality/{town['Amtlicher Gemeindeschlüssel (AGS)']}" for town in towns],
        "district": [f"/doc/district/{key}" for key in districts],
        "programme": ["/doc/programme/starke-heimat-smarte-kommunen"],
        "figures": ["/figures"],
        "search, one": [_search(q=f"Projekt {key}") for key in keys],
        "search, a town": [_search(q=name) for name in names],
        "search, nearly all": [_search(q=" ".join(text)) for text in texts],
        "search, mistyped": [_search(q=name[:2] + name[3:] + "x") for name in names],
        "filters": [_search(**choice) for choice in filters],
        "suggestions": [f"/search/suggest?{urlencode({'q': name[:length]})}" for length in (3, 4, 5) for name in names],
    }


def _search(**parameters: str) -> str:
    return f"/search?{urlencode(parameters)}"


def measure(found: Release, projects: int, seconds: float) -> Table:
    """All kinds of pages, cold and warm, each of a service that was just started."""
    table: Table = {}
    for way, settings in (("cold", {"SMARTREGION_WARM_MEGABYTES": "0"}), ("warm", {})):
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            servers.ours(found, Path(folder), 20, settings) as server,
        ):
            for kind, addresses in targets(projects).items():
                asked = addresses if way == "cold" else addresses[:1]
                _wrk(server.port, asked, 1, 1)  # what is read once per release is read
                (ms, _), (_, rate) = (_wrk(server.port, asked, clients, seconds) for clients in (1, _CLIENTS))
                table[kind, way] = Measured(ms, rate)
    return table


def _wrk(port: int, addresses: list[str], clients: int, seconds: float) -> tuple[float, float]:
    """Median milliseconds and answers per second."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        listed = ", ".join(json.dumps(address) for address in addresses)
        file.write(_LUA.replace("{targets}", f"{{ {listed} }}"))
        file.flush()
        command = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--latency", "-s", file.name]
        accept = ("-H", "Accept: text/html", "-H", "Accept-Encoding: br")
        text = subprocess.run(
            [*command, *accept, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
        ).stdout
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        raise RuntimeError(f"{failed[1]} answers were no page, e.g. of {addresses[0]}")
    median, rate = re.search(r"50%\s+([\d.]+)(us|ms|s)", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    if median is None or rate is None:
        raise RuntimeError(text)
    return float(median[1]) * {"us": 0.001, "ms": 1, "s": 1000}[median[2]], float(rate[1])


def lines(tables: dict[int, Table]) -> Iterator[str]:
    """The lines of the table; the ratio is that of the times of the largest and the smallest size."""
    sizes = sorted(tables)
    heads = [head for size in sizes for head in (f"{size:,}: ms", "per second")]
    yield f"| page | | {' | '.join(heads)} | ratio |"
    yield f"|---|---|{'---:|' * (len(heads) + 1)}"
    for kind, way in tables[sizes[0]]:
        row = [tables[size][kind, way] for size in sizes]
        cells = [cell for found in row for cell in (f"{found.ms:.2f}", f"{found.rate:,.0f}")]
        yield f"| {kind} | {way} | {' | '.join(cells)} | {row[-1].ms / row[0].ms:.2f} |"


def main() -> None:
    """Read the arguments, measure each size and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("projects", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each cell of the table")
    parser.add_argument("--keep", type=Path, help="directory that keeps the releases for the next run")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        print("Pages are not measured: there is no wrk (Debian: apt-get install wrk).", file=sys.stderr)
        return
    tables: dict[int, Table] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for projects in given.projects:
            found = servers.release((given.keep or Path(folder)) / str(projects), projects)
            tables[projects] = measure(found, projects, given.seconds)
    print(f"{dt.datetime.now(dt.UTC).date()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end.\n")
    print(*lines(tables), sep="\n")


if __name__ == "__main__":
    main()
