"""What somebody has sent, checked against the rules and against the records that there are already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from ingest import catalogue, mapping, pipeline
from ingest.fields import RecordType
from ingest.grids import Limits
from ingest.opening import open_content
from ingest.pipeline import Part, Progress
from ingest.rdf import Node
from ingest.references import Entry, Register


@dataclass(frozen=True)
class Submitted:
    """A file as it was sent.

    :ivar source: its name.
    :ivar record_type: what its records are; None to find out.
    """

    source: str
    content: bytes
    record_type: RecordType | None = None


@dataclass(frozen=True)
class Standing:
    """The records that there are already, which those sent may refer to, change or join.

    :ivar base: base IRI, ending in a slash.
    :ivar entries: what is needed to refer to them.
    :ivar nodes: the records by their relative IRI.
    """

    base: str
    entries: Sequence[Entry]
    nodes: Mapping[str, Node]


def standing(directory: Path, base: str) -> Standing:
    """The records of a directory with ``catalogue.ttl`` and the tables it names.

    :param base: base IRI, ending in a slash.
    :raises CatalogueError: the catalogue is missing or wrong.
    """
    listed = catalogue.sources(catalogue.read(directory / "catalogue.ttl", base), base)
    parts, entries = pipeline.read(listed, directory, base, lambda *_: None)
    nodes = {node["id"]: node for part in parts for mapped in part.mapped for node in mapped.nodes.values()}
    return Standing(base, entries, nodes)


def check(
    submitted: Sequence[Submitted], there: Standing, limits: Limits, executor: Executor, progress: Progress
) -> list[Part]:
    """Read, map and validate files that belong together: they may refer to each other.

    :param there: the records that there are already; one that is sent again counts as changed.
    :param executor: where chunks of records are validated.
    :returns: one part for each file, in order.
    """
    standing_register = Register(there.base, there.entries)
    taken: dict[str, tuple[str, int]] = {}
    parts: list[Part] = []
    for done, file in enumerate(submitted):
        progress("read", done, len(submitted))
        opened = open_content(file.source, file.content, limits, file.record_type)
        parts.append(Part(opened, [mapping.start(bound, taken, standing_register) for bound in opened.bound]))
    sent = [entry for part in parts for mapped in part.mapped for entry in mapping.entries(mapped)]
    replaced = {entry.iri for entry in sent}
    unchanged = [entry for entry in there.entries if entry.iri not in replaced]
    pipeline.fill(parts, Register(there.base, [*sent, *unchanged]), progress)
    pipeline.judge(parts, [*there.nodes.values()], there.base, executor, progress)
    return parts
