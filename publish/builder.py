"""From source tables to a release: ingest, dumps, store, VoID, catalogue, manifest, in this order."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
from rdflib import DCTERMS, Graph, Literal, URIRef

import ontology
import shapes
from ingest import Ingested, Progress, ingest, record_types
from ingest.checking import templates
from ingest.checking.template_model import LANGUAGES, template
from ingest.pipeline.catalogue import CatalogueError, Source, read, sources
from ingest.pipeline.existing_records import published as published_records
from ingest.rdf import Node, derived, triples
from ingest.validation.shacl import catalogue_faults
from ingest.validation.validation import Validator, fast
from ingest.validation.validation_cache import ValidationCache
from ontology import queries as examples
from publish.catalogue import coverage, feed, quality, schema_org, void
from publish.catalogue import dcat as catalogue
from publish.catalogue import interoperability as mims
from publish.explanations import explanations, reports
from publish.formats import dumps, records
from publish.formats.dumps import DatasetDump, Files
from publish.pictures import boundaries, pictures
from publish.pictures.funding import Funding
from publish.releases import history, identity, succession
from publish.releases.activation import Loss, activate
from publish.releases.contents import FINDINGS, HISTORY, LABELS, MIMS, QUALITY, SCHEMA_ORG, STATUS
from publish.releases.contents.reports import Severity
from publish.releases.history import History
from publish.releases.manifest import DatasetEntry, Feed, Manifest, measure
from publish.releases.release import Release, Releases
from publish.search import index as search
from publish.sync import syndication

_LOG = logging.getLogger(__name__)
_DESCRIPTIONS = ("catalog", "history", "summary", "void")


class BuildError(Exception):
    """A release cannot be built from these sources."""


@dataclass(frozen=True)
class Outcome:
    """What a build did.

    :ivar release: the release of these sources.
    :ivar fresh: False when they had been built already.
    :ivar severities: number of findings by severity.
    :ivar withheld: number of records withheld.
    :ivar losses: why the release was not made the current one; nothing when it was.
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
    """Build a release of the sources in a directory and make it the current one, unless too much would vanish.

    The same sources, base, page size and software after the same release give the same release, which is not built
    again, unless it is damaged.

    :param data: directory with ``catalogue.ttl`` and the tables it names.
    :param base: base IRI, ending in a slash.
    :param progress: called with the phase, steps done and steps in all.
    :param page_size: datasets on a page of the catalogue.
    :param shrink_percent: largest share of the current release's datasets and records that may vanish.
    :param validator: how records are validated.
    :param boundaries_file: official boundaries of districts for the maps (GeoJSON); without them areas are schematic.
    :param warn: is told, in one line each, of what an operator should know: damage, a clock that goes back.
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
            # Who asks for the reference wants to see what it says today.
            known = ValidationCache(releases.root / "validated.json", identity.made_with(base, software))
            kept = known if validator is fast else None
            ingested = ingest(listed, data, base, executor, progress, validator, kept)
            if not any(part.records for part in ingested.datasets.values()):
                raise BuildError("No record is valid, and an empty catalogue would make every portal delete ours.")
            work = _Build(scratch, base, config, previous, progress, succession.moment(previous, warn))
            work.write_records(ingested)
            work.write_vocabulary()
            work.write_reports(ingested, listed)
            work.write_templates(ingested)
            work.write_pictures(ingested, official)
            work.write_history(ingested, listed)
            work.write_search(ingested)
            work.copy_sources(data, listed)
            work.write_whole()
            published = work.write_store(ingested, quality.measure(ingested, listed), page_size)
            releases.admit(scratch, work.manifest(release_id, source, software, inputs, published))
        progress("activate", 0, 1)
        release = releases.open(release_id)
        return _outcome(release, fresh=fresh, losses=activate(releases, release, shrink_percent))


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
    """The official boundaries, which become one of the inputs."""
    if path is None:
        return None
    try:
        found = boundaries.read(path)
    except boundaries.BoundariesError as error:
        raise BuildError(str(error)) from error
    inputs["boundaries"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _by_iri(ingested: Ingested) -> dict[str, Node]:
    """All records that are published, by IRI relative to ``{base}id/``."""
    return {node["id"]: node for part in ingested.datasets.values() for node in part.records}


class _Build:
    """One release in the making."""

    def __init__(
        self, scratch: Path, base: str, config: Graph, previous: Release | None, progress: Progress, now: str
    ) -> None:
        self._base = base
        self._config = config
        self._scratch = scratch
        self._previous = previous
        self._progress = progress
        self._now = now
        self._today = self._now[:10]
        self._files = Files(scratch / "files", self._today, previous.manifest.files if previous else {})
        self._graphs: dict[str, list[ox.Triple]] = {}
        self._datasets: dict[str, DatasetEntry] = {}
        self._contents: dict[str, dict[str, str]] = {}
        self._triples = 0

    def write_records(self, ingested: Ingested) -> None:
        by_iri = _by_iri(ingested)
        for done, (name, part) in enumerate(sorted(ingested.datasets.items())):
            self._progress("dump", done, len(ingested.datasets))
            asserted = list(triples(part.records, self._base))
            found = dumps.canonical([*asserted, *derived(part.record_type, asserted)])
            self._graphs[name] = found
            records.write(self._files, DatasetDump(name, part.record_type, part.records, found, by_iri, self._base))
            self._contents[name] = history.contents(self._files.path(f"dump/{name}.nt"), self._base)
            counts = len(part.records), len(part.withheld), len(found)
            self._enter(name, part.record_type.iri, *counts, self._files.described[f"dump/{name}.nt"].sha256)

    def _enter(
        self, name: str, record_class: str | None, records: int, withheld: int, triples: int, content: str
    ) -> None:
        """Note a dataset; its date and version are kept for as long as its content is the same."""
        before = self._previous.manifest.datasets.get(name) if self._previous else None
        issued = before.issued if before else self._today
        modified, version, previous = self._today, 1, None
        if before and before.content == content:
            modified, version, previous = before.modified, before.version, before.previous
        elif before:
            version, previous = before.version + 1, before.modified
        found = self._config.objects(URIRef(f"{self._base}dataset/{name}"), DCTERMS.title)
        title = {value.language or "": str(value) for value in found if isinstance(value, Literal)}
        self._datasets[name] = DatasetEntry(
            title, record_class, records, withheld, triples, content, issued, modified, version, previous
        )

    def write_vocabulary(self) -> None:
        """The vocabulary with all that explains it, and the concept schemes, single and together."""
        vocabulary = dumps.from_rdflib(ontology.vocabulary())
        self._graphs["vocabulary"] = vocabulary
        dumps.write_graph(self._files, "ontology", vocabulary, "vocabulary")
        dumps.write_graph(self._files, "shapes", dumps.from_rdflib(shapes.load()), "vocabulary")
        dumps.write_graph(self._files, "shapes/catalogue", dumps.from_rdflib(shapes.catalogue()), "vocabulary")
        dumps.write_graph(self._files, "examples", dumps.from_rdflib(examples.graph(self._base)))
        context = json.dumps(ontology.context(), ensure_ascii=False, indent=1) + "\n"
        self._files.write("context.jsonld", context.encode(), "vocabulary")
        parts = sorted(file.sha256 for file in self._files.described.values() if file.dataset == "vocabulary")
        content = hashlib.sha256("".join(parts).encode()).hexdigest()
        self._enter("vocabulary", None, 0, 0, len(vocabulary), content)
        schemes = dumps.from_rdflib(ontology.schemes())
        self._graphs["concept-schemes"] = schemes
        for name in ontology.scheme_names():
            dumps.write_graph(self._files, f"scheme/{name}", dumps.from_rdflib(ontology.scheme(name)))
        dumps.write_graph(self._files, "dump/concept-schemes", schemes, "concept-schemes")
        content = self._files.described["dump/concept-schemes.nt"].sha256
        self._enter("concept-schemes", None, 0, 0, len(schemes), content)

    def write_reports(self, ingested: Ingested, listed: Iterable[Source]) -> None:
        self._files.content(QUALITY, reports.quality(ingested))
        self._files.content(STATUS, reports.by_dataset(ingested, listed))
        dataset_of = {part.record_type.iri: name for name, part in ingested.datasets.items()}
        self._labels = reports.labels(record_types(), dataset_of)
        self._files.content(LABELS, self._labels)
        self._files.content(MIMS, mims.table())
        dumps.write_graph(self._files, "living-in-eu", dumps.from_rdflib(mims.graph(self._base)))

    def write_templates(self, ingested: Ingested) -> None:
        """What people need to send records: tables to fill in, in German and English, and what findings mean."""
        there = published_records(ingested, self._base)
        for record_type in record_types().values():
            for language in LANGUAGES:
                made = template(record_type, language, there)
                for suffix in templates.SUFFIXES:
                    content = templates.write(made, suffix, self._base)
                    self._files.write(f"templates/{record_type.name}.{language}.{suffix}", content)
        self._files.content(FINDINGS, reports.kinds_of_finding())

    def write_pictures(self, ingested: Ingested, official: boundaries.Boundaries | None) -> None:
        """What is counted and drawn for the pages."""
        records = _by_iri(ingested)
        self._funding = Funding(records)
        try:
            pictures.write(self._files, records, self._funding, official, self._base)
        except boundaries.BoundariesError as error:
            raise BuildError(str(error)) from error

    def write_history(self, ingested: Ingested, listed: Iterable[Source]) -> None:
        """Since when each record is there, what was deleted, and the projects with what changed of them."""
        withheld = {node["id"] for part in ingested.datasets.values() for node in part.withheld}
        before, unknown = History.of(self._previous), history.unreadable(listed, ingested)
        known = history.succeed(before, self._previous, self._contents, withheld, unknown, self._now)
        self._history, self._projects = syndication.write_projects(
            self._files, _by_iri(ingested), self._config, self._base, before, known, self._now
        )
        self._files.content(HISTORY, self._history.document())
        tombstones = dumps.canonical(history.tombstones_graph(self._history, self._base))
        dumps.write_graph(self._files, "tombstones", tombstones)

    def write_search(self, ingested: Ingested) -> None:
        """The search index."""
        self._progress("search", 0, 1)
        path = self._scratch / "search.sqlite"
        self._search = search.write(path, _by_iri(ingested), self._projects.rows, self._base)

    def copy_sources(self, data: Path, listed: Iterable[Source]) -> None:
        for name in ["catalogue.ttl", *sorted({source.file for source in listed})]:
            if (data / name).is_file():
                shutil.copyfile(data / name, self._files.path(f"source/{name}"))
                self._files.done(f"source/{name}")

    def write_whole(self) -> None:
        """The dumps of everything."""
        self._progress("dump", len(self._datasets), len(self._datasets) + 1)
        dumps.write_whole(self._files, {self._graph(name): found for name, found in self._graphs.items()})
        triples = sum(len(found) for found in self._graphs.values())
        self._enter("all", None, 0, 0, triples, self._files.described["dump/all.nq"].sha256)

    def _graph(self, name: str) -> str:
        return f"{self._base}graph/{name}"

    def write_store(self, ingested: Ingested, measured: Mapping[str, quality.Measured], page_size: int) -> Feed:
        """The store, and what can only be told when it is there: statistics, and what time and space is covered."""
        self._progress("store", 0, 3)
        store = ox.Store(self._scratch / "store")
        store.bulk_load(path=self._files.path("dump/all.nq"), format=ox.RdfFormat.N_QUADS)
        self._progress("store", 1, 3)
        statistics = void.describe(store, self._base, sorted(self._graphs), _DESCRIPTIONS, self._files.described)
        extents = coverage.extents(store, catalogue.places(self._config))
        known = {
            name: catalogue.PublishedDataset(
                entry.issued,
                entry.modified,
                entry.version,
                entry.previous,
                coverage.period(store, self._covered(name)),
                measured.get(name, {}),
            )
            for name, entry in self._datasets.items()
        }
        described = catalogue.describe(self._config, self._base, known, self._files.described, extents)
        published = feed.write(self._files, described, self._base, page_size)
        self._describe("catalog", "dump/catalog", feed.whole(described, self._base), store)
        self._describe("void", "void", dumps.from_rdflib(statistics), store)
        dates = dumps.canonical(history.dates_graph(self._history, self._base))
        self._describe("history", "history", dates, store)
        self._describe("summary", "summary", dumps.canonical(self._funding.summary(self._base)), store)
        self._files.content(SCHEMA_ORG, schema_org.datasets(described, self._base))
        paged = {
            name: entry
            for name, entry in self._datasets.items()
            if f"feed/{published.default}/dataset/{name}.nt" in self._files.described
        }
        syndication.write_sitemap(self._files, self._base, paged, self._history)
        material = explanations.Material(
            ingested, self._labels, statistics, len(paged), store, self._base, self._previous
        )
        explanations.write(self._files, material)
        self._progress("store", 2, 3)
        store.optimize()
        store.flush()
        self._triples = len(store)
        return published

    def _describe(self, name: str, stem: str, triples: list[ox.Triple], store: ox.Store) -> None:
        """A graph that is made of the others: a file that is served, and queried like them."""
        dumps.write_graph(self._files, stem, triples)
        home = ox.NamedNode(self._graph(name))
        store.bulk_extend(ox.Quad(t.subject, t.predicate, t.object, home) for t in triples)

    def _covered(self, dataset: str) -> list[str]:
        """The graphs that a dataset consists of."""
        explaining = {"vocabulary", "concept-schemes"}
        return [self._graph(name) for name in self._graphs if dataset in (name, "all") and name not in explaining]

    def manifest(
        self, release_id: str, source: str, software: dict[str, str], inputs: dict[str, str], published: Feed
    ) -> Manifest:
        """What has been written."""
        return Manifest(
            id=release_id,
            source=source,
            store={path.name: measure(path) for path in sorted((self._scratch / "store").iterdir())},
            base=self._base,
            software=software,
            inputs=inputs,
            datasets=self._datasets,
            triples=self._triples,
            issued=min(entry.issued for entry in self._datasets.values()),
            modified=max(entry.modified for entry in self._datasets.values()),
            feed=published,
            search=self._search,
            files=self._files.described,
            previous=self._previous.id if self._previous else None,
        )
