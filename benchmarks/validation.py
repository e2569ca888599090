"""Validation the fast way beside one call of pyshacl over the same graph, and whether both find the same.

    python -m benchmarks.validation [projects ...]      default: 1000 10000

Each size is measured twice: wholly valid, and with one row in a hundred spoilt. Ours starts from mapped records and
makes their triples itself; pyshacl is given the finished graph. With ``--without-plain`` only ours is measured (at
10,000 projects pyshacl takes a quarter of an hour).
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pyshacl
from rdflib import RDF, SH, Graph

import shapes
from benchmarks.generate import copy_with_projects
from ingest.rdf import Node, triples
from ingest.validation.shacl import ValidationResult
from ingest.validation.validation import Chunk, fast, validate
from publish.builder import inspect

BASE = "http://localhost:8000/"
# What a clerk may write so that the cell can be read and is wrong: file, column, value.
_SPOILS = (
    ("projects.csv", "Titel (deutsch)", ""),
    ("projects.csv", "Ende", "2019"),
    ("projects.csv", "Federführung", ""),
    ("projects.csv", "Quelle", "ftp://example.org/"),
    ("projects.csv", "Handlungsfeld", ""),
    ("grants.csv", "Förderbetrag", "-5"),
    ("grants.csv", "Förderbetrag", "99"),
    ("grants.csv", "Währung", "Euro"),
    ("grants.csv", "Bewilligt am", "2199"),
    ("grants.csv", "Förderprogramm", ""),
)
# Record, shape, component, value.
Found = tuple[str, str, str, str]


def spoil(data: Path, share: float, seed: int = 1) -> None:
    """Write a fault into some of the generated rows.

    :param share: of the rows, from 0 to 1.
    """
    chance = random.Random(seed)
    for name in ("projects.csv", "grants.csv"):
        with (data / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in chance.sample(rows, round(share * len(rows))):
            _, column, value = chance.choice([spoil for spoil in _SPOILS if spoil[0] == name])
            row[column] = value
        with (data / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def mapped(data: Path) -> list[Node]:
    """The records of the tables, not validated."""
    with ThreadPoolExecutor(1) as executor:
        ingested = inspect(data, BASE, executor, lambda phase, done, total: None, _nothing)
    return [node for part in ingested.datasets.values() for node in (*part.records, *part.withheld)]


def _nothing(chunk: Chunk) -> list[ValidationResult]:
    return []


def measure_fast(records: list[Node], executor: Executor) -> tuple[float, Counter[Found]]:
    """Seconds, and what was found."""
    started = time.perf_counter()
    results = validate(records, BASE, executor, fast, lambda done, total: None)
    seconds = time.perf_counter() - started
    return seconds, Counter((f"{BASE}id/{r.record}", r.shape, r.component, str(r.value)) for r in results)


def measure_plain(records: list[Node]) -> tuple[float, Counter[Found]]:
    """Seconds of one call of pyshacl over the whole graph, and what was found."""
    text = ox.serialize(triples(records, BASE), format=ox.RdfFormat.N_TRIPLES)
    graph = Graph().parse(data=text, format="nt")
    own = Graph() + shapes.load()
    started = time.perf_counter()
    _, report, _ = pyshacl.validate(graph, shacl_graph=own, inplace=True)
    seconds = time.perf_counter() - started
    return seconds, Counter(_found(report))


def _found(report: Graph) -> Iterator[Found]:
    for result in report.subjects(RDF.type, SH.ValidationResult):
        yield (
            str(report.value(result, SH.focusNode)),
            str(report.value(result, SH.sourceShape)),
            str(report.value(result, SH.sourceConstraintComponent)).removeprefix(str(SH)),
            str(report.value(result, SH.value)).removeprefix(f"{BASE}id/"),
        )


def main(counts: list[int], *, plain: bool) -> None:
    """Measure each size and print the table."""
    print("projects  spoilt  records  results   fast s  records/s  pyshacl s  ratio  same")
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as executor:
        list(executor.map(fast, [Chunk(BASE, [], [])] * 8))  # so that the processes are there
        for count in counts:
            for share in (0.0, 0.01):
                with tempfile.TemporaryDirectory() as folder:
                    data = copy_with_projects(Path(folder) / "data", count)
                    spoil(data, share)
                    records = mapped(data)
                seconds, found = measure_fast(records, executor)
                print(f"{count:>8,}{share:>8.0%}{len(records):>9,}{found.total():>9,}{seconds:>9.2f}", end="")
                print(f"{len(records) / seconds:>11,.0f}", end="")
                if plain:
                    other, expected = measure_plain(records)
                    print(f"{other:>11.1f}{other / seconds:>6.0f}x  {'yes' if found == expected else 'NO'}", end="")
                print(flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        [int(text) for text in arguments if text.isdigit()] or [1000, 10000],
        plain="--without-plain" not in arguments,
    )
