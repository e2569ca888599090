"""All sources of a catalogue, or what somebody has sent, to records with what is wrong with them."""

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
    """What a set of sources gives: datasets by name, and each file with its findings in the order of the sources."""

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

    :param sources: what to read, from the catalogue.
    :param directory: where their files are.
    :param base: base IRI, ending in a slash.
    :param executor: where chunks of records are validated.
    :param validator: how they are validated: the fast way, or by the reference alone.
    :param kept: results of the build before.
    """
    parts, _ = read(sources, directory, base, progress)
    judge(parts, [], base, executor, progress, validator, kept)
    return Ingested(_collect(sources, parts), parts)


def read(
    sources: Sequence[Source], directory: Path, base: str, progress: Progress
) -> tuple[list[TablePart], list[Referable]]:
    """The records of all sources, not validated yet, and what others need to refer to them."""
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
    """Put the values into the records."""
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
    """Validate the records and note what is wrong with them.

    :param others: records that these may refer to, and that are not validated.
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
