"""Writes files for clients without RDF: the Navigator profile, the Atom feed and the sitemap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rdflib import Graph

import ontology
from ingest import record_types
from ingest.rdf import Node
from publish.formats.dumps import Files
from publish.releases.history import History
from publish.releases.manifest import DatasetEntry
from publish.sync import atom, navigator_files, sitemap
from publish.sync.navigator import NavigatorProfile, profile

_CHANGING: Final = ("", "search", "figures", "catalog", "downloads", "harvesters", "navigator", "living-in-eu")
_EXPLAINING: Final = ("ontology", "scheme", "records", "shapes", "sparql")
"""Pages that change with the records, and those that change with the vocabulary."""


def write_projects(
    files: Files, records: Mapping[str, Node], config: Graph, base: str, before: History, now: History, moment: str
) -> tuple[History, NavigatorProfile]:
    """Write the Navigator profile and the Atom feed.

    :param records: all records, by IRI relative to ``{base}id/``.
    :param config: the catalogue's configuration.
    :param before: history of the previous release.
    :param now: history of this release, without that of the projects.
    :param moment: of the build.
    :returns: the history including the projects, and the projects.
    """
    facts = navigator_files.facts(config, base)
    shown = profile(records, before.projects, base, facts.licence, moment)
    deleted = navigator_files.deleted_projects(now.tombstones, base)
    navigator_files.write(files, shown, deleted, facts)
    for language, name in (("de", "feed.atom"), ("en", "feed.en.atom")):
        files.write(name, atom.feed(shown.rows, deleted, facts, language, moment))
    return replace(now, projects=shown.dates), shown


def write_sitemap(files: Files, base: str, datasets: Mapping[str, DatasetEntry], now: History) -> None:
    """Write the addresses of all pages, with the dates of their content.

    :param datasets: those that have a page, by name.
    """
    segments = {record_type.segment for record_type in record_types().values()}
    vocabulary = datasets["vocabulary"].modified if "vocabulary" in datasets else None
    latest = max(entry.modified for entry in datasets.values())
    pages: list[sitemap.Page] = [(name, latest) for name in _CHANGING]
    pages += [(name, vocabulary) for name in _EXPLAINING]
    pages += [(f"records/{segment}", vocabulary) for segment in sorted(segments)]
    pages += [(f"scheme/{name}", vocabulary) for name in ontology.scheme_names()]
    pages += [(f"dataset/{name}", entry.modified) for name, entry in datasets.items()]
    pages += [(f"doc/{iri}", dates.modified) for part in now.records.values() for iri, dates in part.items()]
    sitemap.write(files, base, [(base + path, changed) for path, changed in pages])
