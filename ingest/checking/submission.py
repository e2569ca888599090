"""Checks submitted files against the rules and the existing records."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ingest.checking import rdf_files as graphs
from ingest.checking.rdf_files import GraphPart
from ingest.files.grids import SheetLimits
from ingest.mapping import mapping
from ingest.mapping.recognition import open_content
from ingest.model import RecordType
from ingest.pipeline import pipeline
from ingest.pipeline.existing_records import Standing
from ingest.pipeline.pipeline import Progress
from ingest.pipeline.sources import SourcePart, TablePart
from ingest.references import Register
from ingest.validation import validation
from ingest.validation.validation import Validator


@dataclass(frozen=True)
class Submitted:
    """A submitted file.

    :ivar source: its name.
    :ivar record_type: type of its records; None to detect it.
    """

    source: str
    content: bytes
    record_type: RecordType | None = None


def check(
    submitted: Sequence[Submitted],
    there: Standing,
    limits: SheetLimits,
    executor: Executor,
    progress: Progress,
    validator: Validator = validation.fast,
) -> list[SourcePart]:
    """Read, map and validate files that belong together and may refer to each other.

    :param there: the existing records; a submitted record with the same key replaces the existing one.
    :param executor: runs the validation of chunks.
    :param validator: :func:`fast` or :func:`reference` of :mod:`ingest.validation.validation`.
    :returns: one part for each file, in order.
    """
    taken: dict[str, tuple[str, int]] = {}
    parts: list[SourcePart] = []
    for done, file in enumerate(submitted):
        progress("read", done, len(submitted))
        if (syntax := graphs.syntax(file.source, file.content)) is not None:
            parts.append(graphs.read(file.source, file.content, syntax, there.base, limits))
            continue
        opened = open_content(file.source, file.content, limits, file.record_type)
        parts.append(TablePart(opened, [mapping.start(bound, taken, there.register) for bound in opened.bound]))
    tables = [part for part in parts if isinstance(part, TablePart)]
    described = [part for part in parts if isinstance(part, GraphPart)]
    sent = [entry for part in tables for mapped in part.mapped for entry in mapping.entries(mapped)]
    sent += [entry for part in described for entry in part.entries()]
    replaced = {entry.iri for entry in sent}
    register = Register(there.base, [*sent, *(entry for entry in there.entries if entry.iri not in replaced)])
    pipeline.fill(tables, register, progress)
    for part in described:
        part.resolve(register)
    pipeline.judge(parts, [*there.nodes.values()], there.base, executor, progress, validator)
    return parts
