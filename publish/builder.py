"""Builds a release from source tables: ingest, dumps, store, VoID, catalogue, manifest, in this order."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from rdflib import Graph

from ingest import Ingested, Progress, ingest
from ingest.pipeline.catalogue import CatalogueError, Source, read, sources
from ingest.validation.shacl import catalogue_faults
from ingest.validation.validation import Validator, fast
from ingest.validation.validation_cache import ValidationCache
from publish.assembly import Assembly
from publish.catalogue import feed, quality
from publish.pictures import boundaries
from publish.releases import identity, succession
from publish.releases.activation import Loss, activate
from publish.releases.contents import QUALITY
from publish.releases.contents.reports import Severity
from publish.releases.manifest import Feed, SearchIndex
from publish.releases.release import Release, Releases

_LOG = logging.getLogger(__name__)


class BuildError(Exception):
    """A release cannot be built from these sources."""


@dataclass(frozen=True)
class Outcome:
    """Result of a build.

    :ivar release: the release of these sources.
    :ivar fresh: False if the release existed already.
    :ivar severities: number of findings by severity.
    :ivar withheld: number of records withheld.
    :ivar losses: why the release was not made the current one; empty if it was.
    """

    release: Release
    fresh: bool
    severities: Mapping[Severity, int]
    withheld: int
    losses: list[Loss]


def build(
    data: Path,
    base: str,
    releases: Releases,
    executor: Executor,
    progress: Progress,
    page_size: int = feed.PAGE_SIZE,
    shrink_percent: float = 20,
    validator: Validator = fast,
    boundaries_file: Path | None = None,
    warn: Callable[[str], None] = _LOG.warning,
) -> Outcome:
    """Build a release from the sources in a directory and make it current, unless too many records would vanish.

    The same sources, base, page size and software after the same previous release give the same release. It is not
    built again, unless it is damaged.

    :param data: directory with ``catalogue.ttl`` and the tables it names.
    :param base: base IRI, ending in a slash.
    :param progress: called with the phase, steps done and steps in all.
    :param page_size: datasets on a page of the catalogue.
    :param shrink_percent: largest share of the current release's datasets and records that may vanish.
    :param validator: how records are validated.
    :param boundaries_file: official boundaries of districts for the maps (GeoJSON); without them areas are schematic.
    :param warn: called with one line for each warning to the operator: damage, a clock that was set back.
    :raises BuildError: the catalogue or the boundaries are missing or wrong, or no record is valid.
    :raises ReleaseError: another build is running.
    """
    config, listed = _configuration(data, base)
    inputs = identity.inputs(data, [source.file for source in listed])
    official = _boundaries(boundaries_file, inputs)
    software = identity.software()
    source = identity.source_hash(base, page_size, inputs, software)
    with releases.writing() as scratch:
        current = succession.current(releases, warn)
        if current and current.manifest.source == source:
            return _outcome(current, fresh=False, losses=[])
        previous = succession.last_known(releases)
        release_id, fresh = succession.name(releases, source, previous)
        if fresh:
            # Reference validation does not use cached results.
            known = ValidationCache(releases.root / "validated.json", identity.made_with(base, software))
            kept = known if validator is fast else None
            ingested = ingest(listed, data, base, executor, progress, validator, kept)
            if not any(part.records for part in ingested.datasets.values()):
                raise BuildError("No record is valid, and an empty catalogue would make every portal delete ours.")
            work = Assembly(scratch, base, config, previous, progress, succession.moment(previous, warn))
            written = _assemble(work, ingested, listed, data, official, page_size)
            releases.admit(scratch, work.manifest(release_id, source, software, inputs, *written))
        progress("activate", 0, 1)
        release = releases.open(release_id)
        return _outcome(release, fresh=fresh, losses=activate(releases, release, shrink_percent))


def _assemble(
    work: Assembly,
    ingested: Ingested,
    listed: list[Source],
    data: Path,
    official: boundaries.Boundaries | None,
    page_size: int,
) -> tuple[Feed, SearchIndex, int]:
    """Run the steps of a build in order; return the feed, the search index and the number of triples."""
    contents = work.write_records(ingested)
    work.write_vocabulary()
    labels = work.write_reports(ingested, listed)
    work.write_templates(ingested)
    try:
        funding = work.write_pictures(ingested, official)
    except boundaries.BoundariesError as error:
        raise BuildError(str(error)) from error
    dates, projects = work.write_history(ingested, listed, contents)
    index = work.write_search(ingested, projects)
    work.copy_sources(data, listed)
    work.write_whole()
    measured = quality.measure(ingested, listed)
    published, triples = work.write_store(ingested, measured, page_size, labels, dates, funding)
    return published, index, triples


def inspect(data: Path, base: str, executor: Executor, progress: Progress, validator: Validator = fast) -> Ingested:
    """Read and validate the sources without building anything; parameters as for :func:`build`.

    :raises BuildError: the catalogue is missing or wrong.
    """
    _, listed = _configuration(data, base)
    return ingest(listed, data, base, executor, progress, validator)


def _configuration(data: Path, base: str) -> tuple[Graph, list[Source]]:
    path = data / "catalogue.ttl"
    try:
        config = read(path, base)
        listed = sources(config, base)
    except CatalogueError as error:
        raise BuildError(str(error)) from error
    if faults := catalogue_faults(config):
        lines = [f"- {fault[language]}" for fault in faults for language in ("de", "en")]
        raise BuildError("\n".join([f"{path} does not conform to shapes/catalogue.ttl:", *lines]))
    return config, listed


def _outcome(release: Release, *, fresh: bool, losses: list[Loss]) -> Outcome:
    quality = release.read(QUALITY)
    return Outcome(release, fresh, quality["severities"], len(quality["withheld"]), losses)


def _boundaries(path: Path | None, inputs: dict[str, str]) -> boundaries.Boundaries | None:
    """Read the official boundaries and add their file to the inputs."""
    if path is None:
        return None
    try:
        found = boundaries.read(path)
    except boundaries.BoundariesError as error:
        raise BuildError(str(error)) from error
    inputs["boundaries"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
