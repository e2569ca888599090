"""The same queries over HTTP against this service, the ``oxigraph`` server, rdflib in memory and Virtuoso.

    python -m benchmarks.queries [projects ...] [--engines ours oxigraph ...] [--seconds S] [--timeout S] [--keep DIR]

Default: 1000 10000 100000, and the engines that are installed. Everything is printed on standard output. ``README.md``
beside this file says how it is measured and what came out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import http.client
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers
from benchmarks.query_mix import LOOKUP, QUESTIONS, Mix, Question
from benchmarks.servers import Server

_ROUNDS = 3
_MOST = 60
"""Requests of one client in one round."""

_CLIENTS = 8
_REFERENCE = "oxigraph"
_TABLE = "application/sparql-results+json"
_PATIENCE = 5.0
"""Seconds that a client waits beyond the time limit."""

_WAYS = [(1, "cold"), (1, "warm"), (_CLIENTS, "cold"), (_CLIENTS, "warm")]
_WRK = """
local target, cold, number = {target}, {cold}, {first}
request = function()
  if cold then number = number + 1 end
  local key = number * 7919 % {projects}
  return wrk.format("GET", (target:gsub("KEY", string.format("%d", key)):gsub("MANY", string.format("%d", number))))
end
"""


@dataclass
class Cell:
    """What was measured of one question, one engine and one way of asking.

    :ivar seconds: of each request.
    :ivar failure: why there is no (more) measurement.
    :ivar answers: what the answer to each number says, in short.
    """

    seconds: list[float] = field(default_factory=list)
    failure: str = ""
    answers: dict[int, str] = field(default_factory=dict)

    @property
    def ms(self) -> float | None:
        """Median."""
        return 1000 * statistics.median(self.seconds) if self.seconds and not self.failure else None


Cells = dict[tuple[str, str, int, str], Cell]
"""By question, engine, number of clients and ``cold`` or ``warm``."""


class QueryClient:
    """One connection that is kept open, for one thread."""

    def __init__(self, server: Server, timeout: float) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)

    def get(self, target: str, accept: str) -> tuple[float, int, bytes]:
        """Seconds, status and body."""
        started = time.perf_counter()
        try:
            self._connection.request("GET", target, headers={"Accept": accept})
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return time.perf_counter() - started, 0, b""
        return time.perf_counter() - started, response.status, body

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Run:
    """The servers over one release, and how long each cell may take."""

    servers: list[Server]
    mix: Mix
    seconds: float
    timeout: float

    def measure(self) -> Cells:
        """All questions in all ways. Engines take turns, so that what else the machine does meets all of them."""
        cells: Cells = {}
        for question in QUESTIONS:
            numbers = {server.name: itertools.count() for server in self.servers}
            for clients, way in _WAYS:
                for _ in range(_ROUNDS):
                    for server in self.servers:
                        first = cells.get((question.name, server.name, 1, "cold"), Cell())
                        key = question.name, server.name, clients, way
                        cell = cells.setdefault(key, Cell(failure=self._hopeless(first, clients)))
                        self._round(question, server, clients, way, cell, numbers[server.name])
        return cells

    def _hopeless(self, first: Cell, clients: int) -> str:
        """Why an engine need not be asked again: it failed, or would for so many clients."""
        too_slow = clients * (first.ms or 0) > 2000 * self.timeout
        return first.failure or ("too slow" if too_slow else "")

    def _round(
        self, question: Question, server: Server, clients: int, way: str, cell: Cell, numbers: Iterator[int]
    ) -> None:
        if cell.failure or sum(cell.seconds) > clients * self.seconds:
            return
        if self.mix.text(question, 0, server.name) is None:
            cell.failure = "-"
            return
        end = time.monotonic() + self.seconds / _ROUNDS
        threads = [
            threading.Thread(
                target=self._ask,
                args=(question, server, itertools.repeat(0) if way == "warm" else numbers, cell, end),
            )
            for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self, question: Question, server: Server, numbers: Iterator[int], cell: Cell, end: float) -> None:
        """Ask until the time is over, but once at least."""
        client = QueryClient(server, self.timeout + _PATIENCE)
        accept = "application/n-triples" if question.graph else _TABLE
        for number in itertools.islice(numbers, _MOST):
            target = server.target(self.mix.text(question, number, server.name) or "")
            seconds, status, body = client.get(target, accept)
            if status != 200:
                cell.failure = f"{status}" if status else "no answer"
                break
            cell.seconds.append(seconds)
            if len(cell.answers) < _ROUNDS and number not in cell.answers:
                cell.answers[number] = _gist(body, graph=question.graph)
            if time.monotonic() > end:
                break
        client.close()


def _gist(body: bytes, *, graph: bool) -> str:
    """What an answer says apart from how it writes it: for tables the IRIs, for graphs subjects and predicates."""
    if graph:
        parts = [b" ".join(line.split(None, 2)[:2]).decode() for line in body.splitlines() if line.startswith(b"<")]
    else:
        rows = json.loads(body)["results"]["bindings"]
        parts = [str(len(rows)), *(term["value"] for row in rows for term in row.values() if term["type"] == "uri")]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def lookups(server: Server, mix: Mix, projects: int, way: str, seconds: float, first: int) -> float:
    """Look-ups per second over 8 connections, by ``wrk`` or, where that is not installed, by threads of our own.

    :param first: number of the first query; cold, each one has the next.
    """
    template = mix.text(Question("", LOOKUP.replace("$key", "KEY").replace("$many", "MANY")), 0) or ""
    target = server.target(template)
    program = shutil.which("wrk")
    if program is None:
        return _threaded_lookups(server, target, projects, way, seconds, first)
    script = _WRK.format(target=json.dumps(target), cold=str(way == "cold").lower(), first=first, projects=projects)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [program, "-t1", f"-c{_CLIENTS}", f"-d{max(1, round(seconds))}s", "-s", file.name]
        address = f"http://127.0.0.1:{server.port}/"
        found = subprocess.run(
            [*command, "-H", f"Accept: {_TABLE}", address], capture_output=True, text=True, check=True
        )
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)", found.stdout):
        raise RuntimeError(f"{server.name} refused {failed[1]} look-ups.")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", found.stdout)
    return float(rate[1]) if rate else 0


def _threaded_lookups(server: Server, target: str, projects: int, way: str, seconds: float, first: int) -> float:
    numbers = itertools.count(first) if way == "cold" else itertools.repeat(first)
    end = time.monotonic() + seconds

    def ask() -> int:
        client = QueryClient(server, _PATIENCE)
        done = 0
        while time.monotonic() < end:
            number = next(numbers)
            found = target.replace("KEY", str(number * 7919 % projects)).replace("MANY", str(number))
            done += client.get(found, _TABLE)[1] == 200
        client.close()
        return done

    with ThreadPoolExecutor(_CLIENTS) as threads:
        return sum(future.result() for future in [threads.submit(ask) for _ in range(_CLIENTS)]) / seconds


def table(cells: Cells, engines: list[str]) -> Iterator[str]:
    """The lines of the table: milliseconds, and how many times those of the reference they are."""
    others = [name for name in engines if name != _REFERENCE]
    reference = _REFERENCE in engines
    headings = ["query", "clients", ""] + [_REFERENCE] * reference
    for name in others:
        headings += [name, "ratio"] if reference else [name]
    yield _line(headings)
    yield "|---|---|---|" + "---:|" * (len(headings) - 3)
    for question in QUESTIONS:
        for clients, way in _WAYS:
            base = cells.get((question.name, _REFERENCE, clients, way), Cell())
            line = [question.name, str(clients), way] + [_shown(base)] * reference
            for name in others:
                cell = cells[question.name, name, clients, way]
                line.append(_shown(cell) + "*" * _differs(cell, base))
                if reference:
                    line.append(f"{cell.ms / base.ms:.2f}" if cell.ms and base.ms else "")
            yield _line(line)


def _differs(cell: Cell, base: Cell) -> bool:
    common = cell.answers.keys() & base.answers.keys()
    return any(cell.answers[number] != base.answers[number] for number in common)


def _shown(cell: Cell) -> str:
    if cell.ms is None:
        return cell.failure
    return f"{cell.ms:.2f}" if cell.ms < 10 else f"{cell.ms:,.0f}"


def _line(values: list[str]) -> str:
    return f"| {' | '.join(values)} |"


def measure(projects: int, engines: list[str], seconds: float, timeout: float, root: Path) -> None:
    """Measure one size and print its tables."""
    found = servers.release(root / str(projects), projects)
    mix = Mix(projects)
    with servers.started(engines, found, timeout) as running:
        load = os.getloadavg()[0]
        cells = Run(running, mix, seconds, timeout).measure()
        rates: dict[tuple[str, str], list[float]] = {}
        for turn in range(_ROUNDS):
            for way in ("cold", "warm"):
                for server in running:
                    rate = lookups(server, mix, projects, way, seconds / _ROUNDS, 10_000_000 * (turn + 1))
                    rates.setdefault((way, server.name), []).append(rate)
    today = dt.datetime.now(dt.UTC).date()
    print(f"\n## {projects:,} projects, {found.manifest.triples:,} triples\n")
    print(f"{today}, {os.cpu_count()} cores, load {load:.1f} before. Milliseconds, medians. * means another answer.\n")
    print(*table(cells, engines), sep="\n")
    print(f"\nLook-ups per second, {_CLIENTS} connections ({'wrk' if shutil.which('wrk') else 'threads'})\n")
    print(_line(["", *engines]))
    print("|---|" + "---:|" * len(engines))
    for way in ("cold", "warm"):
        print(_line([way, *(f"{statistics.median(rates[way, name]):,.0f}" for name in engines)]))


def main() -> None:
    """Read the arguments and measure each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("projects", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--engines", nargs="+", choices=list(servers.ENGINES), default=servers.present())
    parser.add_argument("--seconds", type=float, default=3.0, help="for each cell of the table")
    parser.add_argument("--timeout", type=float, default=60.0, help="longest time for one answer")
    parser.add_argument("--keep", type=Path, help="directory that keeps the releases for the next run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for projects in given.projects:
            measure(projects, given.engines, given.seconds, given.timeout, given.keep or Path(folder))


if __name__ == "__main__":
    main()
