"""Dumps: the same triples in every syntax, byte for byte the same for the same content."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import brotli  # type: ignore[import-untyped]
import pyoxigraph as ox
from rdflib import Graph

import ontology
from ontology import jsonld
from publish.releases.manifest import SUFFIXES, Packed, ReleaseFile, measure

MEDIA_TYPES = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "trig": "application/trig",
    "nq": "application/n-quads",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "geojson": "application/geo+json",
    "json": "application/json",
    "atom": "application/atom+xml",
    "xml": "application/xml",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_GRAPH_FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
}
_DOCUMENT_FORMATS = {**_GRAPH_FORMATS, "jsonld": ox.RdfFormat.JSON_LD}
DOCUMENT_SUFFIXES = tuple(_DOCUMENT_FORMATS)
"""What a graph that is no dataset is written in."""

_DATASET_FORMATS = {"trig": ox.RdfFormat.TRIG, "nq": ox.RdfFormat.N_QUADS}


class Files:
    """The files of a release while they are written, with what the manifest says of each.

    :param directory: the release's ``files/`` directory.
    :param today: the day of the build, ``YYYY-MM-DD``.
    :param previous: the files of the release before, whose dates are kept as long as the bytes stay the same.
    """

    def __init__(self, directory: Path, today: str, previous: Mapping[str, ReleaseFile]) -> None:
        self._directory = directory
        self._today = today
        self._previous = previous
        self.described: dict[str, ReleaseFile] = {}

    def path(self, name: str) -> Path:
        """Where the file of this name is to be written; its directory exists afterwards."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def done(self, name: str, dataset: str | None = None, media_type: str | None = None) -> None:
        """Describe a file that has been written completely, and put it in compressed form beside itself.

        :param media_type: where the suffix does not tell it.
        """
        path = self.path(name)
        measured = measure(path)
        media_type = media_type or MEDIA_TYPES[path.suffix.removeprefix(".").lower()]
        before = self._previous.get(name)
        issued = before.issued if before else self._today
        modified = before.modified if before and before.sha256 == measured.sha256 else self._today
        packed = _pack(path, measured.bytes)
        self.described[name] = ReleaseFile(
            media_type, measured.bytes, measured.sha256, issued, modified, dataset, packed
        )

    def write(self, name: str, content: bytes, dataset: str | None = None, media_type: str | None = None) -> None:
        """Write a small file at once."""
        self.path(name).write_bytes(content)
        self.done(name, dataset, media_type)


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
    """No name and no time stamp, so that the same bytes stay the same (RFC 1952)."""
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


def write_records(files: Files, stem: str, triples: list[ox.Triple], dataset: str) -> None:
    """Write the triples of records in every syntax; the JSON-LD is in the terms of our context."""
    for suffix, rdf_format in _GRAPH_FORMATS.items():
        _serialize(files, f"{stem}.{suffix}", triples, rdf_format, dataset)
    _write_json(files, f"{stem}.jsonld", jsonld.document(jsonld.compact(triples)), dataset)


def write_whole(files: Files, graphs: Mapping[str, list[ox.Triple]]) -> None:
    """Write all graphs together: ``dump/all`` merged for the syntaxes of one graph, named for those of datasets."""
    merged = canonical(triple for triples in graphs.values() for triple in triples)
    for suffix, rdf_format in _GRAPH_FORMATS.items():
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
