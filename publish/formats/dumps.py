"""Dumps: the same triples in every syntax, byte for byte the same for the same content."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import brotli  # type: ignore[import-untyped]
import pyoxigraph as ox
from rdflib import Graph

import ontology
from ingest.model import Field, RecordType
from ingest.rdf import Node
from ontology import jsonld
from publish.releases.contents import VERSIONS, ReleaseContent
from publish.releases.formats import FORMATS
from publish.releases.manifest import SUFFIXES, Packed, ReleaseFile, measure

GRAPH_FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
}
_DOCUMENT_FORMATS = {**GRAPH_FORMATS, "jsonld": ox.RdfFormat.JSON_LD}
DOCUMENT_SUFFIXES = tuple(_DOCUMENT_FORMATS)
"""Suffixes of a graph that is not a dataset."""

_DATASET_FORMATS = {"trig": ox.RdfFormat.TRIG, "nq": ox.RdfFormat.N_QUADS}


@dataclass(frozen=True)
class DatasetDump:
    """The records of a dataset, as input of format writers.

    :ivar name: of the dataset.
    :ivar records: in the terms of the context, with ``id`` relative to ``{base}id/``.
    :ivar triples: the same as canonical triples.
    :ivar by_iri: all records of the release, which these may refer to, by ``id``.
    :ivar base: base IRI; ends with a slash.
    """

    name: str
    record_type: RecordType
    records: Sequence[Node]
    triples: list[ox.Triple]
    by_iri: Mapping[str, Node]
    base: str

    @property
    def columns(self) -> list[Field]:
        """The fields that a table may carry and at least one record has."""
        return [column for column in self.record_type.columns if any(column.term in row for row in self.records)]


class Files:
    """The files of a release during the build, with their entries for the manifest.

    :param directory: the release's ``files/`` directory.
    :param today: the day of the build, ``YYYY-MM-DD``.
    :param previous: the files of the previous release; a file keeps their date while its bytes are the same.
    """

    def __init__(self, directory: Path, today: str, previous: Mapping[str, ReleaseFile]) -> None:
        self._directory = directory
        self._today = today
        self._previous = previous
        self.described: dict[str, ReleaseFile] = {}

    def path(self, name: str) -> Path:
        """The path for a file of this name; creates its directory."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def done(self, name: str, dataset: str | None = None, media_type: str | None = None) -> None:
        """Add a completely written file to the manifest, and write its compressed forms beside it.

        :param media_type: if the suffix does not determine it.
        """
        path = self.path(name)
        measured = measure(path)
        known = FORMATS[path.suffix.removeprefix(".").lower()]
        media_type = media_type or known.media_type
        before = self._previous.get(name)
        issued = before.issued if before else self._today
        modified = before.modified if before and before.sha256 == measured.sha256 else self._today
        packed = _pack(path, measured.bytes) if known.compressible else {}
        self.described[name] = ReleaseFile(
            media_type, measured.bytes, measured.sha256, issued, modified, dataset, packed, VERSIONS.get(name)
        )

    def write(self, name: str, content: bytes, dataset: str | None = None, media_type: str | None = None) -> None:
        """Write a small file at once."""
        self.path(name).write_bytes(content)
        self.done(name, dataset, media_type)

    def content(self, content: ReleaseContent[Any], document: object) -> None:
        """Write a file that is to be read back.

        :raises pydantic.ValidationError: the document is not of its type.
        """
        content.adapter.validate_python(document)
        form: dict[str, Any] = {"indent": 1} if content.public else {"separators": (",", ":")}
        self.write(content.name, (json.dumps(document, ensure_ascii=False, **form) + "\n").encode())


def _pack(path: Path, size: int) -> dict[str, Packed]:
    """Write the compressed forms that are smaller than the file itself."""
    packed = {}
    for coding, suffix in SUFFIXES.items():
        beside = path.with_name(path.name + suffix)
        with path.open("rb") as source, beside.open("wb") as target:
            _PACKERS[coding](source, target)
        packed[coding] = measure(beside)
        if packed[coding].bytes >= size:
            beside.unlink()
            del packed[coding]
    return packed


def _gzip(source: BinaryIO, target: BinaryIO) -> None:
    """Compress without name and time stamp, so that the same content gives the same bytes (RFC 1952)."""
    with gzip.GzipFile("", "wb", 6, target, mtime=0) as packer:
        for chunk in iter(lambda: source.read(_CHUNK), b""):
            packer.write(chunk)


def _brotli(source: BinaryIO, target: BinaryIO) -> None:
    packer = brotli.Compressor(quality=5)
    for chunk in iter(lambda: source.read(_CHUNK), b""):
        target.write(packer.process(chunk))
    target.write(packer.finish())


_CHUNK: Final = 2**20
_PACKERS: Final[dict[str, Callable[[BinaryIO, BinaryIO], None]]] = {"br": _brotli, "gzip": _gzip}


def canonical(triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    """Triples without duplicates, in the order of their canonical N-Triples lines."""
    return sorted(set(triples), key=str)


def from_rdflib(graph: Graph) -> list[ox.Triple]:
    """An rdflib graph as canonical triples; its blank nodes get the labels of RDFC-1.0."""
    dataset = ox.Dataset(ox.parse(graph.serialize(format="nt", encoding="utf-8"), format=ox.RdfFormat.N_TRIPLES))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return canonical(quad.triple for quad in dataset)


def write_graph(
    files: Files,
    stem: str,
    triples: list[ox.Triple],
    dataset: str | None = None,
    suffixes: Iterable[str] = DOCUMENT_SUFFIXES,
) -> None:
    """Write canonical triples as ``<stem>.ttl``, ``.nt``, ``.rdf`` and ``.jsonld`` (expanded), or some of these."""
    for suffix in suffixes:
        _serialize(files, f"{stem}.{suffix}", triples, _DOCUMENT_FORMATS[suffix], dataset)


def write_syntax(suffix: str, files: Files, dump: DatasetDump) -> None:
    """Write the triples of records in a syntax of RDF.

    :param suffix: one of :data:`GRAPH_FORMATS`.
    """
    _serialize(files, f"dump/{dump.name}.{suffix}", dump.triples, GRAPH_FORMATS[suffix], dump.name)


def write_compact(files: Files, dump: DatasetDump) -> None:
    """Write the triples of records as JSON-LD in the terms of our context."""
    _write_json(files, f"dump/{dump.name}.jsonld", jsonld.document(jsonld.compact(dump.triples)), dump.name)


def write_whole(files: Files, graphs: Mapping[str, list[ox.Triple]]) -> None:
    """Write ``dump/all``: all graphs merged in the syntaxes for a graph, and named in those for datasets."""
    merged = canonical(triple for triples in graphs.values() for triple in triples)
    for suffix, rdf_format in GRAPH_FORMATS.items():
        _serialize(files, f"dump/all.{suffix}", merged, rdf_format, "all")
    for suffix, rdf_format in _DATASET_FORMATS.items():
        _serialize(files, f"dump/all.{suffix}", _quads(graphs), rdf_format, "all")
    named = [{"id": name, "@graph": jsonld.compact(triples)} for name, triples in graphs.items()]
    _write_json(files, "dump/all.jsonld", jsonld.document(named), "all")


def _quads(graphs: Mapping[str, list[ox.Triple]]) -> Iterator[ox.Quad]:
    for name, triples in graphs.items():
        graph = ox.NamedNode(name)
        for triple in triples:
            yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _serialize(
    files: Files,
    name: str,
    statements: Iterable[ox.Triple] | Iterable[ox.Quad],
    rdf_format: ox.RdfFormat,
    dataset: str | None,
) -> None:
    with files.path(name).open("wb") as file:
        ox.serialize(statements, file, rdf_format, prefixes=ontology.PREFIXES)
    files.done(name, dataset)


def _write_json(files: Files, name: str, document: object, dataset: str) -> None:
    with files.path(name).open("w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")
    files.done(name, dataset)
