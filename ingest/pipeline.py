"""All sources of a catalogue to records, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ingest import explain, mapping, tables, validation
from ingest.catalogue import Source
from ingest.fields import RecordType, record_types
from ingest.findings import Finding
from ingest.kept import Kept
from ingest.mapping import Mapped
from ingest.rdf import Node
from ingest.references import Register
from ingest.validation import Validator

# Called with what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass
class Collected:
    """The records of one dataset.

    :ivar records: the valid ones, by IRI.
    :ivar withheld: those with a violation.
    """

    name: str
    record_type: RecordType
    records: list[Node] = field(default_factory=list)
    withheld: list[Node] = field(default_factory=list)


@dataclass
class Ingested:
    """What a set of sources gives: datasets by name, and all findings in the order of sources and rows."""

    datasets: dict[str, Collected]
    findings: list[Finding]


def ingest(
    sources: Sequence[Source],
    directory: Path,
    base: str,
    executor: Executor,
    progress: Progress,
    validator: Validator = validation.fast,
    kept: Kept | None = None,
) -> Ingested:
    """Read, map and validate all sources.

    :param sources: what to read, from the catalogue.
    :param directory: where their files are.
    :param base: base IRI, ending in a slash.
    :param executor: where chunks of records are validated.
    :param validator: how they are validated: the fast way, or by the reference alone.
    :param kept: results of the build before.
    """
    findings: list[Finding] = []
    mapped: list[tuple[Source, Mapped]] = []
    taken: dict[str, tuple[str, int]] = {}
    for done, source in enumerate(sources):
        progress("read", done, len(sources))
        try:
            found = tables.read(directory / source.file)
        except tables.UnreadableError as problem:
            findings.append(problem.finding)
            continue
        bound = [mapping.bind(table, record_types()[source.shape], source.columns) for table in found]
        # Of the sheets of a workbook, the one that looks most like the record type.
        best = max(bound, key=lambda candidate: len(candidate.columns))
        mapped.append((source, mapping.start(best, taken)))
    register = Register(base, [entry for _, part in mapped for entry in mapping.entries(part)])
    for done, (_, part) in enumerate(mapped):
        progress("map", done, len(mapped))
        mapping.fill(part, register)
    _validate([part for _, part in mapped], base, executor, progress, validator, kept)
    return Ingested(_collect(mapped), findings + [finding for _, part in mapped for finding in _in_order(part)])


def _validate(
    parts: list[Mapped], base: str, executor: Executor, progress: Progress, validator: Validator, kept: Kept | None
) -> None:
    records: list[Node] = []
    owner: dict[str, tuple[Mapped, dict[str, int]]] = {}
    for part in parts:
        rows = {node["id"]: row for row, node in part.nodes.items()}
        records += part.nodes.values()
        owner.update(dict.fromkeys(rows, (part, rows)))
    for result in validation.validate(records, base, executor, validator, partial(progress, "validate"), kept):
        part, rows = owner[result.record]
        finding = explain.explain(result, part, rows)
        if finding is not None:
            part.findings.append(finding)


def _in_order(part: Mapped) -> list[Finding]:
    return sorted(part.findings, key=lambda f: (f.row or 0, len(f.column or ""), f.column or "", f.code))


def _collect(mapped: list[tuple[Source, Mapped]]) -> dict[str, Collected]:
    datasets: dict[str, Collected] = {}
    for source, part in mapped:
        record_type = part.bound.record_type
        collected = datasets.setdefault(source.dataset, Collected(source.dataset, record_type))
        bad = {finding.row for finding in part.findings if finding.severity == "violation"}
        # A file without its key column has nothing that could be named.
        bad |= part.broken
        for row, node in part.nodes.items():
            (collected.withheld if row in bad else collected.records).append(node)
    for collected in datasets.values():
        collected.records.sort(key=lambda node: node["id"])
    return datasets
