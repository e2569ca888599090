"""The existing records, to which submitted files are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ingest.mapping import mapping
from ingest.pipeline import catalogue, pipeline
from ingest.pipeline.pipeline import Ingested
from ingest.rdf import Node
from ingest.references import Referable, Register


@dataclass(frozen=True)
class Standing:
    """The existing records, which submitted records may refer to, change or extend.

    :ivar base: base IRI, ending in a slash.
    :ivar entries: their entries for the register.
    :ivar nodes: the records by their relative IRI.
    """

    base: str
    entries: Sequence[Referable]
    nodes: Mapping[str, Node]

    @cached_property
    def register(self) -> Register:
        """Register to find them by key and name."""
        return Register(self.base, self.entries)

    def referred(self, classes: Sequence[str]) -> Mapping[str, str]:
        """How a cell refers to each record of some classes: by its name, or by its key if the name is ambiguous.

        :param classes: IRIs; if a name fits several, the first class takes precedence.
        """
        wanted = tuple(classes)
        if wanted not in self._referred:
            entries = [entry for entry in self.entries if entry.usable and entry.record_class in wanted]
            self._referred[wanted] = {entry.iri: self._reference(entry, wanted) for entry in entries}
        return self._referred[wanted]

    def _reference(self, entry: Referable, classes: Sequence[str]) -> str:
        if not entry.names:
            return entry.key
        meant = self.register.resolve(entry.names[0], classes)
        return entry.names[0] if meant.value == entry.iri and meant.code is None else entry.key

    @cached_property
    def _referred(self) -> dict[tuple[str, ...], Mapping[str, str]]:
        return {}


def standing(directory: Path, base: str) -> Standing:
    """The records of a directory with ``catalogue.ttl`` and the tables it names.

    :param base: base IRI, ending in a slash.
    :raises CatalogueError: the catalogue is missing or wrong.
    """
    listed = catalogue.sources(catalogue.read(directory / "catalogue.ttl", base), base)
    parts, entries = pipeline.read(listed, directory, base, lambda *_: None)
    nodes = {node["id"]: node for part in parts for mapped in part.mapped for node in mapped.nodes.values()}
    return Standing(base, entries, nodes)


def published(ingested: Ingested, base: str) -> Standing:
    """The valid records of some sources.

    :param base: base IRI, ending in a slash.
    """
    nodes = {node["id"]: node for part in ingested.datasets.values() for node in part.records}
    entries = [entry for part in ingested.parts for table in part.mapped for entry in mapping.entries(table)]
    return Standing(base, [entry for entry in entries if entry.iri in nodes], nodes)
