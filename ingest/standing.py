"""The records that there are already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest import catalogue, mapping, pipeline
from ingest.pipeline import Ingested
from ingest.rdf import Node
from ingest.references import Entry


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


def published(ingested: Ingested, base: str) -> Standing:
    """The valid records of some sources.

    :param base: base IRI, ending in a slash.
    """
    nodes = {node["id"]: node for part in ingested.datasets.values() for node in part.records}
    entries = [entry for part in ingested.parts for table in part.mapped for entry in mapping.entries(table)]
    return Standing(base, [entry for entry in entries if entry.iri in nodes], nodes)
