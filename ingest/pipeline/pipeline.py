"""Reads and validates all sources of a catalogue, or submitted files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ingest.findings.findings import Finding
from ingest.mapping import mapping
from ingest.mapping.recognition import open_path
from ingest.model import RecordType, record_types
from ingest.pipeline.catalogue import Source
from ingest.pipeline.sources import SourcePart, TablePart
from ingest.rdf import Node
from ingest.references import Referable, Register
from ingest.validation import validation
from ingest.validation.validation import Validator
from ingest.validation.validation_cache import ValidationCache

# Called with the name of the phase, the steps done, and the number of steps.
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
    """Result of reading sources: datasets by name, and files with findings, in the order of the sources."""

    datasets: dict[str, Collected]
    parts: list[TablePart]

    @property
    def findings(self) -> list[Finding]:
        """All findings."""
        return [finding for part in self.parts for finding in part.findings]


def ingest(
    sources: Sequence[Source],
    directory: Path,
    base: str,
    executor: Executor,
    progress: Progress,
    validator: Validator = validation.fast,
    kept: ValidationCache | None = None,
) -> Ingested:
    """Read, map and validate all sources.

    :param sources: the source tables of the catalogue.
    :param directory: where their files are.
    :param base: base IRI, ending in a slash.
    :param executor: runs the validation of chunks.
    :param validator: :func:`fast` or :func:`reference` of :mod:`ingest.validation.validation`.
    :param kept: results of the last build.
    """
    parts, _ = read(sources, directory, base, progress)
    judge(parts, [], base, executor, progress, validator, kept)
    return Ingested(_collect(sources, parts), parts)


def read(
    sources: Sequence[Source], directory: Path, base: str, progress: Progress
) -> tuple[list[TablePart], list[Referable]]:
    """Read the records of all sources, without validation, and the register of their references."""
    parts: list[TablePart] = []
    taken: dict[str, tuple[str, int]] = {}
    for done, source in enumerate(sources):
        progress("read", done, len(sources))
        opened = open_path(directory / source.file, record_types()[source.shape], source.columns)
        parts.append(TablePart(opened, [mapping.start(bound, taken) for bound in opened.bound]))
    entries = [entry for part in parts for mapped in part.mapped for entry in mapping.entries(mapped)]
    fill(parts, Register(base, entries), progress)
    return parts, entries


def fill(parts: Sequence[TablePart], register: Register, progress: Progress) -> None:
    """Fill the values into the records."""
    for done, part in enumerate(parts):
        progress("map", done, len(parts))
        for mapped in part.mapped:
            mapping.fill(mapped, register)


def judge(
    parts: Sequence[SourcePart],
    others: Sequence[Node],
    base: str,
    executor: Executor,
    progress: Progress,
    validator: Validator = validation.fast,
    kept: ValidationCache | None = None,
) -> None:
    """Validate the records and add findings to their sources.

    :param others: records to which these may refer; they are not validated.
    """
    records = [node for part in parts for node in part.nodes()]
    owner = {node["id"]: part for part in parts for node in part.nodes()}
    beside = [node for node in others if node["id"] not in owner]
    for result in validation.validate(records, base, executor, validator, partial(progress, "validate"), kept, beside):
        owner[result.record].note(result)


def _collect(sources: Sequence[Source], parts: Sequence[TablePart]) -> dict[str, Collected]:
    datasets: dict[str, Collected] = {}
    for source, part in zip(sources, parts, strict=True):
        for mapped in part.mapped:
            record_type = mapped.bound.record_type
            collected = datasets.setdefault(source.dataset, Collected(source.dataset, record_type))
            bad = mapped.withheld()
            for row, node in mapped.nodes.items():
                (collected.withheld if row in bad else collected.records).append(node)
    for collected in datasets.values():
        collected.records.sort(key=lambda node: node["id"])
    return datasets
