"""From source tables to a release: ingest, dumps, store, VoID, catalogue, manifest, in this order."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files as package_files
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

import ontology
import shapes
from ingest import Finding, Ingested, Progress, ingest, record_types
from ingest.catalogue import Source, sources
from ingest.rdf import derived, triples
from publish import catalogue, dumps, reports, tabular, void
from publish.dumps import Files
from publish.release import DatasetEntry, Manifest, Release, ReleaseError, Releases

_SOFTWARE = ("smart-region-hessen", "pyoxigraph", "pyshacl", "rdflib", "pandas", "python-calamine")
_CODE = ("ontology", "shapes", "ingest", "publish")
_OPEN_FILES = 512


class BuildError(Exception):
    """A release cannot be built from these sources."""


@dataclass(frozen=True)
class Outcome:
    """What a build did.

    :ivar release: the current release afterwards.
    :ivar fresh: False when these sources had been built already.
    :ivar findings: what was found wrong, also when nothing was built.
    """

    release: Release
    fresh: bool
    severities: dict[str, int]
    withheld: int


def build(data: Path, base: str, releases: Releases, executor: Executor, progress: Progress) -> Outcome:
    """Build a release of the sources in a directory and make it the current one.

    The same sources, base and software give the same release, which is then not built again.

    :param data: directory with ``catalogue.ttl`` and the tables it names.
    :param base: base IRI, ending in a slash.
    :param progress: called with the phase, steps done and steps in all.
    :raises BuildError: the catalogue is missing or wrong, or no record is valid.
    :raises ReleaseError: another build is running.
    """
    path = data / "catalogue.ttl"
    if not path.is_file():
        raise BuildError(f"{path} is missing: it says which tables there are. See docs/architecture.md.")
    try:
        config = catalogue.read(path, base)
        listed = sources(config, base)
    except (SyntaxError, ValueError) as error:
        raise BuildError(f"{path}: {error}") from error
    inputs = _inputs(data, listed)
    software = _software()
    release_id = _identifier(base, inputs, software)
    with releases.writing() as scratch:
        if release_id in releases.ids():
            return _outcome(releases.activate(release_id), fresh=False)
        ingested = ingest(listed, data, base, executor, progress)
        if not any(part.records for part in ingested.datasets.values()):
            raise BuildError("No record is valid, and an empty catalogue would make every portal delete ours.")
        work = _Build(scratch, base, _previous(releases), progress)
        work.write_records(ingested)
        work.write_vocabulary()
        work.write_reports(ingested)
        work.copy_sources(data, listed)
        manifest = work.finish(config, ingested, release_id, software, inputs)
        progress("activate", 0, 1)
        releases.admit(scratch, manifest)
        return _outcome(releases.activate(release_id), fresh=True)


def _outcome(release: Release, *, fresh: bool) -> Outcome:
    quality = json.loads(release.file("quality.json")[0].read_text(encoding="utf-8"))
    return Outcome(release, fresh, quality["severities"], len(quality["withheld"]))


def _previous(releases: Releases) -> Manifest | None:
    try:
        return releases.open().manifest
    except ReleaseError:
        return None


def _inputs(data: Path, listed: Iterable[Source]) -> dict[str, str]:
    """SHA-256 of every input; a file that is missing has none, and its absence is a finding."""
    names = ["catalogue.ttl", *sorted({source.file for source in listed})]
    return {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in names if (data / name).is_file()}


def _software() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _SOFTWARE}}


def _identifier(base: str, inputs: dict[str, str], software: dict[str, str]) -> str:
    """Hash of all that a release depends on: sources, base, libraries, and our own code, vocabulary and shapes."""
    code = {
        f"{package}/{entry.name}": hashlib.sha256(entry.read_bytes()).hexdigest()
        for package in _CODE
        for folder in (package_files(package), package_files(package).joinpath("schemes"))
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.is_file()
    }
    relevant = {name: version for name, version in software.items() if name != "python"}
    text = json.dumps([base, inputs, relevant, code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _today() -> str:
    """Date of the build (UTC), or that of SOURCE_DATE_EPOCH (reproducible-builds.org)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return moment.date().isoformat()


class _Build:
    """One release in the making."""

    def __init__(self, scratch: Path, base: str, previous: Manifest | None, progress: Progress) -> None:
        self._base = base
        self._scratch = scratch
        self._previous = previous
        self._progress = progress
        self._today = _today()
        self._files = Files(scratch / "files")
        self._graphs: dict[str, list[ox.Triple]] = {}
        self._datasets: dict[str, DatasetEntry] = {}

    def write_records(self, ingested: Ingested) -> None:
        by_iri = {node["id"]: node for part in ingested.datasets.values() for node in part.records}
        for done, (name, part) in enumerate(sorted(ingested.datasets.items())):
            self._progress("dump", done, len(ingested.datasets))
            asserted = list(triples(part.records, self._base))
            found = dumps.canonical([*asserted, *derived(part.record_type, asserted)])
            self._graphs[name] = found
            dumps.write_records(self._files, f"dump/{name}", found, self._base, name)
            tabular.write_csv(self._files, name, part.record_type, part.records, self._base)
            label = next(field.term for field in part.record_type.fields if field.role == "LabelRole")
            tabular.write_geojson(self._files, name, part.records, by_iri, label, self._base)
            content = self._files.described[f"dump/{name}.nt"].sha256
            issued, modified = self._dates(name, content)
            self._datasets[name] = DatasetEntry(
                part.record_type.iri, len(part.records), len(part.withheld), len(found), content, issued, modified
            )

    def _dates(self, name: str, content: str) -> tuple[str, str]:
        """When a dataset was first published and last changed: kept for as long as its content is the same."""
        before = self._previous.datasets.get(name) if self._previous else None
        if before is None:
            return self._today, self._today
        return before.issued, before.modified if before.content == content else self._today

    def write_vocabulary(self) -> None:
        vocabulary = dumps.from_rdflib(ontology.everything())
        self._graphs["vocabulary"] = vocabulary
        dumps.write_graph(self._files, "ontology", dumps.from_rdflib(ontology.vocabulary()), "vocabulary")
        for name in ontology.scheme_names():
            dumps.write_graph(self._files, f"scheme/{name}", dumps.from_rdflib(ontology.scheme(name)), "vocabulary")
        dumps.write_graph(self._files, "shapes", dumps.from_rdflib(shapes.load()), "vocabulary")
        context = json.dumps(ontology.context(), ensure_ascii=False, indent=1) + "\n"
        self._files.write("context.jsonld", context.encode(), "vocabulary")

    def write_reports(self, ingested: Ingested) -> None:
        self._write_json("quality.json", reports.quality(ingested))
        dataset_of = {part.record_type.iri: name for name, part in ingested.datasets.items()}
        self._write_json("labels.json", reports.labels(record_types(), dataset_of))

    def _write_json(self, name: str, document: object) -> None:
        self._files.write(name, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())

    def copy_sources(self, data: Path, listed: Iterable[Source]) -> None:
        for name in sorted({source.file for source in listed}):
            if (data / name).is_file():
                shutil.copyfile(data / name, self._files.path(f"source/{name}"))
                self._files.done(f"source/{name}")
