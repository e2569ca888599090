"""From CSV to release, phase by phase, beside the straightforward way: an rdflib graph and plain pyshacl.

    python -m benchmarks.build [projects ...]      default: 1000 10000

The plain way starts from our mapped records, adds their triples to an rdflib graph, validates the graph in one call of
pyshacl and writes Turtle, N-Triples, RDF/XML and JSON-LD with rdflib. It knows neither findings nor a store.
With ``--without-plain`` only ours is measured (at 10,000 projects the plain way takes tens of minutes).
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pyshacl
from rdflib import Graph

import shapes
from benchmarks.generate import copy_with_projects
from publish.builder import build
from publish.releases.release import Release, Releases

BASE = "http://localhost:8000/"


def measure_ours(data: Path, var: Path) -> tuple[dict[str, float], Release]:
    """Seconds by phase, and the release."""
    marks: list[tuple[str, float]] = []

    def progress(phase: str, done: int, total: int) -> None:
        if not marks or marks[-1][0] != phase:
            marks.append((phase, time.perf_counter()))

    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as executor:
        started = time.perf_counter()
        release = build(data, BASE, Releases(var), executor, progress).release
        marks.append(("", time.perf_counter()))
    seconds = {phase: after - at for (phase, at), (_, after) in pairwise(marks)}
    return {"all": marks[-1][1] - started, **seconds}, release


def measure_plain(release: Release, directory: Path) -> dict[str, float]:
    """Seconds of the straightforward way over the same triples, given to rdflib one by one."""
    statements = list(_statements(release))
    started = time.perf_counter()
    graph = Graph()
    for line in statements:
        graph.parse(data=line, format="nt")
    added = time.perf_counter()
    pyshacl.validate(graph, shacl_graph=shapes.load(), inplace=True)
    validated = time.perf_counter()
    for form, suffix in (("turtle", "ttl"), ("nt", "nt"), ("xml", "rdf"), ("json-ld", "jsonld")):
        graph.serialize(directory / f"plain.{suffix}", format=form, encoding="utf-8")
    written = time.perf_counter()
    return {
        "all": written - started,
        "map": added - started,
        "validate": validated - added,
        "dump": written - validated,
    }


def _statements(release: Release) -> Iterator[str]:
    """N-Triples by record, as a mapping that makes one small graph per record would give them."""
    for name, entry in release.manifest.datasets.items():
        if entry.record_class is not None:
            subject: object = None
            lines: list[str] = []
            for triple in ox.parse(path=release.file(f"dump/{name}.nt")[0]):
                if triple.subject != subject and lines:
                    yield "\n".join(lines) + "\n"
                    lines = []
                subject = triple.subject
                lines.append(f"{triple.subject} {triple.predicate} {triple.object} .")
            yield "\n".join(lines) + "\n"


def main(counts: list[int], *, plain: bool) -> None:
    """Measure each size and print the table."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            ours, release = measure_ours(copy_with_projects(root / "data", count), root / "var")
            records = sum(entry.records for entry in release.manifest.datasets.values())
            theirs = measure_plain(release, root) if plain else {}
            shutil.rmtree(root / "var")
        print(
            f"\n{count:,} projects, {records:,} records, {release.manifest.triples:,} triples, {os.cpu_count()} cores"
        )
        print(f"{'phase':<10}{'ours s':>10}{'records/s':>12}{'plain s':>10}{'ratio':>8}")
        for phase, seconds in ours.items():
            other = theirs.get(phase)
            beside = f"{other:>10.2f}{other / seconds:>7.1f}x" if other is not None else f"{'-':>10}{'-':>8}"
            print(f"{phase:<10}{seconds:>10.2f}{records / seconds:>12,.0f}{beside}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        [int(text) for text in arguments if text.isdigit()] or [1000, 10000],
        plain="--without-plain" not in arguments,
    )
