"""Writes the data of pages about the release: vocabulary, schemes, record types, rules, quality; and completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox
from rdflib import Graph

from ingest import Ingested, record_types
from publish.catalogue import mqa
from publish.explanations import completion, rules, schemes, vocabulary
from publish.explanations import record_types as records
from publish.formats.dumps import Files
from publish.releases.contents import ASSESSMENT, COMPLETION, RECORDS, RULES, SCHEMES, VOCABULARY, ReleaseContent
from publish.releases.release import Release


@dataclass(frozen=True)
class Material:
    """Input of these tables.

    :ivar labels: as :func:`publish.explanations.reports.labels` gives them.
    :ivar statistics: VoID of the release.
    :ivar listed: datasets in the catalogue.
    :ivar store: with all records.
    :ivar base: base IRI of the service; ends with a slash.
    :ivar previous: the release before.
    """

    ingested: Ingested
    labels: dict[str, Any]
    statistics: Graph
    listed: int
    store: ox.Store
    base: str
    previous: Release | None


def write(files: Files, material: Material) -> None:
    """Write the tables as JSON."""
    types, base = record_types(), material.base
    segments = {record_type.iri: record_type.segment for record_type in types.values()}
    explained = records.table(types, material.ingested)
    tables: dict[ReleaseContent[Any], object] = {
        COMPLETION: completion.table(material.statistics, material.labels),
        VOCABULARY: vocabulary.table(
            types, material.labels, records.examples(explained), material.store, material.previous
        ),
        SCHEMES: schemes.table(material.store, base, segments),
        RECORDS: explained,
        RULES: rules.table(types),
        ASSESSMENT: mqa.table(files, base, material.listed),
    }
    for content, table in tables.items():
        files.content(content, table)
