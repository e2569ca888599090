"""The steps by which a release is written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from rdflib import DCTERMS, Graph, Literal, URIRef

import ontology
import shapes
from ingest import Ingested, Progress, record_types
from ingest.checking import templates
from ingest.checking.template_model import LANGUAGES, template
from ingest.pipeline.catalogue import Source
from ingest.pipeline.existing_records import published as published_records
from ingest.rdf import Node, derived, triples
from ontology import queries as examples
from publish.catalogue import coverage, feed, quality, schema_org, void
from publish.catalogue import dcat as catalogue
from publish.catalogue import interoperability as mims
from publish.explanations import explanations, reports
from publish.formats import dumps, records
from publish.formats.dumps import DatasetDump, Files
from publish.pictures import boundaries, completeness, pictures
from publish.pictures.funding import Funding
from publish.releases import history
from publish.releases.contents import FINDINGS, HISTORY, LABELS, MIMS, QUALITY, SCHEMA_ORG, STATUS
from publish.releases.history import History
from publish.releases.manifest import DatasetEntry, Feed, Manifest, SearchIndex, measure
from publish.releases.release import Release
from publish.search import index as search
from publish.sync import syndication
from publish.sync.navigator import NavigatorProfile

_DESCRIPTIONS: Final = ("catalog", "history", "summary", "void")


def _by_iri(ingested: Ingested) -> dict[str, Node]:
    """All records that are published, by IRI relative to ``{base}id/``."""
    return {node["id"]: node for part in ingested.datasets.values() for node in part.records}


class Assembly:
    """A release during its build: each step writes files, and returns what later steps need.

    :param scratch: directory of the release.
    :param config: the catalogue.
    :param previous: the release before.
    :param now: moment of the build.
    """

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

    def write_records(self, ingested: Ingested) -> dict[str, dict[str, str]]:
        """Write the dumps of each dataset; return a hash of each record, by dataset and IRI."""
        contents = {}
        by_iri = _by_iri(ingested)
        for done, (name, part) in enumerate(sorted(ingested.datasets.items())):
            self._progress("dump", done, len(ingested.datasets))
            asserted = list(triples(part.records, self._base))
            found = dumps.canonical([*asserted, *derived(part.record_type, asserted)])
            self._graphs[name] = found
            records.write(self._files, DatasetDump(name, part.record_type, part.records, found, by_iri, self._base))
            contents[name] = history.contents(self._files.path(f"dump/{name}.nt"), self._base)
            counts = len(part.records), len(part.withheld), len(found)
            self._enter(name, part.record_type.iri, *counts, self._files.described[f"dump/{name}.nt"].sha256)
        return contents

    def _enter(
        self, name: str, record_class: str | None, records: int, withheld: int, triples: int, content: str
    ) -> None:
        """Add a dataset to the manifest; it keeps date and version while its content is the same."""
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
        """Write the vocabulary with its documentation, and the concept schemes, single and together."""
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

    def write_reports(self, ingested: Ingested, listed: Iterable[Source]) -> dict[str, Any]:
        """Write the reports; return the names of classes and properties."""
        self._files.content(QUALITY, reports.quality(ingested))
        self._files.content(STATUS, reports.by_dataset(ingested, listed))
        dataset_of = {part.record_type.iri: name for name, part in ingested.datasets.items()}
        labels = reports.labels(record_types(), dataset_of)
        self._files.content(LABELS, labels)
        self._files.content(MIMS, mims.table())
        dumps.write_graph(self._files, "living-in-eu", dumps.from_rdflib(mims.graph(self._base)))
        return labels

    def write_templates(self, ingested: Ingested) -> None:
        """Write templates in German and English, and the explanations of findings."""
        there = published_records(ingested, self._base)
        for record_type in record_types().values():
            for language in LANGUAGES:
                made = template(record_type, language, there)
                for suffix in templates.SUFFIXES:
                    content = templates.write(made, suffix, self._base)
                    self._files.write(f"templates/{record_type.name}.{language}.{suffix}", content)
        self._files.content(FINDINGS, reports.kinds_of_finding())

    def write_pictures(self, ingested: Ingested, official: boundaries.Boundaries | None) -> Funding:
        """Write figures and pictures for the pages; return the sums.

        :raises BoundariesError: a district has no official boundary.
        """
        records = _by_iri(ingested)
        funding = Funding(records)
        pictures.write(self._files, records, funding, official, self._base)
        return funding

    def write_history(
        self, ingested: Ingested, listed: Iterable[Source], contents: Mapping[str, Mapping[str, str]]
    ) -> tuple[History, NavigatorProfile]:
        """Write the dates of records, the tombstones, and the projects with their changes."""
        withheld = {node["id"] for part in ingested.datasets.values() for node in part.withheld}
        before, unknown = History.of(self._previous), history.unreadable(listed, ingested)
        known = history.succeed(before, self._previous, contents, withheld, unknown, self._now)
        known, projects = syndication.write_projects(
            self._files, _by_iri(ingested), self._config, self._base, before, known, self._now
        )
        self._files.content(HISTORY, known.document())
        tombstones = dumps.canonical(history.tombstones_graph(known, self._base))
        dumps.write_graph(self._files, "tombstones", tombstones)
        return known, projects

    def write_search(self, ingested: Ingested, projects: NavigatorProfile) -> SearchIndex:
        """Write the search index."""
        self._progress("search", 0, 1)
        path = self._scratch / "search.sqlite"
        return search.write(path, _by_iri(ingested), projects.rows, self._base)

    def copy_sources(self, data: Path, listed: Iterable[Source]) -> None:
        for name in ["catalogue.ttl", *sorted({source.file for source in listed})]:
            if (data / name).is_file():
                shutil.copyfile(data / name, self._files.path(f"source/{name}"))
                self._files.done(f"source/{name}")

    def write_whole(self) -> None:
        """Write the dumps of everything."""
        self._progress("dump", len(self._datasets), len(self._datasets) + 1)
        dumps.write_whole(self._files, {self._graph(name): found for name, found in self._graphs.items()})
        triples = sum(len(found) for found in self._graphs.values())
        self._enter("all", None, 0, 0, triples, self._files.described["dump/all.nq"].sha256)

    def _graph(self, name: str) -> str:
        return f"{self._base}graph/{name}"

    def write_store(
        self,
        ingested: Ingested,
        measured: Mapping[str, quality.Measured],
        page_size: int,
        labels: dict[str, Any],
        known: History,
        funding: Funding,
    ) -> tuple[Feed, int]:
        """Write the store, and the files calculated from it; return its number of triples.

        The step closes the store, so that its files can be measured.
        """
        self._progress("store", 0, 3)
        store = ox.Store(self._scratch / "store")
        store.bulk_load(path=self._files.path("dump/all.nq"), format=ox.RdfFormat.N_QUADS)
        self._progress("store", 1, 3)
        statistics, described = self._describe_all(store, measured)
        self._files.content(SCHEMA_ORG, schema_org.datasets(described, self._base))
        published = feed.write(self._files, described, self._base, page_size)
        counted = [*funding.summary(self._base), *completeness.summary(_by_iri(ingested), funding, self._base)]
        self._write_derived(store, statistics, described, known, counted)
        paged = self._paged(published)
        syndication.write_sitemap(self._files, self._base, paged, known)
        material = explanations.Material(ingested, labels, statistics, len(paged), store, self._base, self._previous)
        explanations.write(self._files, material)
        self._progress("store", 2, 3)
        store.optimize()
        store.flush()
        return published, len(store)

    def _describe_all(self, store: ox.Store, measured: Mapping[str, quality.Measured]) -> tuple[Graph, Graph]:
        """Statistics (VoID), and the catalogue with the coverage of each dataset in time and space."""
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
        return statistics, catalogue.describe(self._config, self._base, known, self._files.described, extents)

    def _write_derived(
        self, store: ox.Store, statistics: Graph, described: Graph, known: History, counted: Iterable[ox.Triple]
    ) -> None:
        """Write the graphs derived from the others."""
        self._describe("catalog", "dump/catalog", feed.whole(described, self._base), store)
        self._describe("void", "void", dumps.from_rdflib(statistics), store)
        dates = dumps.canonical(history.dates_graph(known, self._base))
        self._describe("history", "history", dates, store)
        self._describe("summary", "summary", dumps.canonical(counted), store)

    def _paged(self, published: Feed) -> dict[str, DatasetEntry]:
        """The datasets that have a page."""
        files, token = self._files.described, published.default
        return {name: entry for name, entry in self._datasets.items() if f"feed/{token}/dataset/{name}.nt" in files}

    def _describe(self, name: str, stem: str, triples: list[ox.Triple], store: ox.Store) -> None:
        """Write a graph derived from the others, as a served file and as a named graph."""
        dumps.write_graph(self._files, stem, triples)
        home = ox.NamedNode(self._graph(name))
        store.bulk_extend(ox.Quad(t.subject, t.predicate, t.object, home) for t in triples)

    def _covered(self, dataset: str) -> list[str]:
        """The graphs that a dataset consists of."""
        explaining = {"vocabulary", "concept-schemes"}
        return [self._graph(name) for name in self._graphs if dataset in (name, "all") and name not in explaining]

    def manifest(
        self,
        release_id: str,
        source: str,
        software: dict[str, str],
        inputs: dict[str, str],
        published: Feed,
        index: SearchIndex,
        triples: int,
    ) -> Manifest:
        """Make the manifest of the written files."""
        return Manifest(
            id=release_id,
            source=source,
            store={path.name: measure(path) for path in sorted((self._scratch / "store").iterdir())},
            base=self._base,
            software=software,
            inputs=inputs,
            datasets=self._datasets,
            triples=triples,
            issued=min(entry.issued for entry in self._datasets.values()),
            modified=max(entry.modified for entry in self._datasets.values()),
            feed=published,
            search=index,
            files=self._files.described,
            previous=self._previous.id if self._previous else None,
        )
