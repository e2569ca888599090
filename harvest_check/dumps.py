"""Reads the files of distributions: sizes, checksums, syntax, and the number of triples.

RDF is read by pyoxigraph, triple by triple and without fetching anything; other formats by the standard library.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import xml.parsers.expat
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Final
from urllib.parse import urldefrag, urlsplit

import pyoxigraph as ox
from rdflib import DCAT, VOID, Graph, Literal, URIRef
from rdflib.term import Node

from harvest_check.addresses import Asked
from harvest_check.findings import FeedFinding, found
from harvest_check.profiles import SPDX, nodes

_IANA: Final = re.compile(r"^https?://www\.iana\.org/assignments/media-types/", re.I)
_COMPRESSED: Final = frozenset({"application/gzip", "application/x-gzip"})
_PARQUET: Final = "application/vnd.apache.parquet"
_JSON: Final = re.compile(r"application/([\w.-]+\+)?json")
_XML: Final = re.compile(r"(application|text)/([\w.-]+\+)?xml")
_FIELD: Final = 10_000_000


@dataclass(frozen=True)
class Dump:
    """A file of a distribution.

    :ivar media_type: of the content; that of the distribution, or else of the answer.
    :ivar triples: number of distinct triples, for RDF.
    :ivar rows: number of rows of a table, without its header, or of features of GeoJSON.
    """

    distribution: str
    dataset: str
    address: str
    media_type: str
    size: int
    triples: int | None = None
    rows: int | None = None


class UnreadableDump(Exception):
    """The content does not match its media type."""


class DumpTooLarge(Exception):
    """The unpacked content exceeds the limit."""


def read(graph: Graph, asked: Mapping[str, Asked], megabytes: int, findings: list[FeedFinding]) -> list[Dump]:
    """Read every file that was fetched completely; add faults to the findings.

    :param megabytes: largest content after unpacking, in MiB.
    """
    dumps = []
    for dataset in nodes(graph, DCAT.Dataset):
        for distribution in sorted(set(graph.objects(dataset, DCAT.distribution)), key=str):
            for value in sorted(set(graph.objects(distribution, DCAT.downloadURL)), key=str):
                answer = asked.get(urldefrag(str(value)).url)
                if answer is not None and answer.get.ok and answer.get.body is not None:
                    dumps.append(_read(graph, dataset, distribution, str(value), answer, megabytes, findings))
    return dumps


def _read(
    graph: Graph, dataset: Node, distribution: Node, address: str, asked: Asked, most: int, findings: list[FeedFinding]
) -> Dump:
    answer, body = asked.get, asked.get.body
    if body is None:
        raise ValueError(f"{address} has no body.")
    stated = _stated(graph, distribution, DCAT.mediaType)
    packed = _stated(graph, distribution, DCAT.compressFormat) in _COMPRESSED
    served = answer.media_type
    expected = {stated} | (_COMPRESSED if packed else set())
    say = partial(found, subject=distribution, address=address)
    if stated and served and served not in expected:
        findings.append(say("dump-media-type", prop="dcat:mediaType", stated=stated, found=served))
    findings += _sizes(graph, distribution, address, body, answer.size)
    media_type = stated or served
    packed = packed or media_type in _COMPRESSED or served in _COMPRESSED
    dump = Dump(str(distribution), str(dataset), address, media_type, answer.size)
    try:
        triples, rows = _count(body, media_type, packed, address, most * 2**20)
    except DumpTooLarge:
        findings.append(say("dump-not-read", detail=f"> {most} MiB"))
        return dump
    except NotImplementedError:
        findings.append(say("dump-not-read", detail=media_type or "–"))
        return dump
    except UnreadableDump as error:
        findings.append(say("dump-unparsable", syntax=media_type, detail=error))
        return dump
    return Dump(dump.distribution, dump.dataset, address, media_type, answer.size, triples, rows)


def _stated(graph: Graph, distribution: Node, predicate: URIRef) -> str:
    return next((_IANA.sub("", str(value)).lower() for value in graph.objects(distribution, predicate)), "")


def _sizes(graph: Graph, distribution: Node, address: str, body: Path, size: int) -> Iterator[FeedFinding]:
    for stated in graph.objects(distribution, DCAT.byteSize):
        # Shapes report values of the wrong datatype; the values are compared nevertheless.
        if re.fullmatch(r"\d+(\.0*)?", str(stated)) and int(float(str(stated))) != size:
            yield found(
                "dump-size", subject=distribution, address=address, prop="dcat:byteSize", stated=stated, found=size
            )
    for checksum in graph.objects(distribution, URIRef(SPDX + "checksum")):
        algorithm = str(graph.value(checksum, URIRef(SPDX + "algorithm")) or "")
        stated_value = graph.value(checksum, URIRef(SPDX + "checksumValue"))
        name = re.sub(r"[^a-z0-9]", "", re.split(r"checksumAlgorithm_|hashAlgorithms/", algorithm)[-1].lower())
        if name not in {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"} or stated_value is None:
            yield found("dump-not-read", subject=distribution, address=address, detail=f"spdx:algorithm {algorithm}")
            continue
        with body.open("rb") as file:
            digest = hashlib.file_digest(file, name).hexdigest()
        if digest != str(stated_value).lower():
            yield found(
                "dump-checksum",
                subject=distribution,
                address=address,
                prop="spdx:checksum",
                algorithm=name,
                stated=stated_value,
                found=digest,
            )


def _count(body: Path, media_type: str, packed: bool, address: str, most: int) -> tuple[int | None, int | None]:
    """Number of triples or of rows.

    :raises UnreadableDump: the content does not match the media type.
    :raises DumpTooLarge: the unpacked content exceeds the limit.
    :raises NotImplementedError: the media type is not supported.
    """
    with body.open("rb") as raw:
        packed = packed and raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        content: IO[bytes] = _Limited(gzip.GzipFile(fileobj=raw) if packed else raw, most)  # type: ignore[assignment]
        try:
            return _parse(content, media_type, address)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise UnreadableDump(f"gzip: {error}") from None


class _Limited(io.RawIOBase):
    """Stops reading a file whose unpacked content is too large."""

    def __init__(self, content: IO[bytes] | gzip.GzipFile, most: int) -> None:
        self._content, self._left = content, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._content.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            raise DumpTooLarge
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _parse(content: IO[bytes], media_type: str, address: str) -> tuple[int | None, int | None]:
    syntax = ox.RdfFormat.from_media_type(media_type) if media_type else None
    # pyoxigraph treats the media types of generic XML, JSON and text as RDF; here they are not RDF.
    if syntax is not None and media_type not in {"application/xml", "text/xml", "application/json", "text/plain"}:
        return _triples(content, syntax, address), None
    if media_type in {"text/csv", "text/tab-separated-values"}:
        return None, _rows(content, "\t" if media_type.endswith("values") else None)
    if media_type == _PARQUET:
        return None, _parquet(content)
    if _JSON.fullmatch(media_type):
        return None, _json(content, media_type)
    if _XML.fullmatch(media_type):
        _xml(content)
        return None, None
    raise NotImplementedError


def _parquet(content: IO[bytes]) -> int:
    # Imported here because it imports slowly and is rarely needed.
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        return int(pq.read_metadata(io.BytesIO(io.BufferedReader(content).read())).num_rows)  # type: ignore[type-var]
    except (pa.ArrowException, OSError) as error:
        raise UnreadableDump(str(error)) from None


def _triples(content: IO[bytes], syntax: ox.RdfFormat, address: str) -> int:
    seen: set[int] = set()
    try:
        for quad in ox.parse(io.BufferedReader(content), syntax, base_iri=urldefrag(address).url):  # type: ignore[type-var]
            seen.add(hash((quad.subject, quad.predicate, quad.object)))
    except (SyntaxError, ValueError) as error:
        raise UnreadableDump(str(error)) from None
    return len(seen)


def _rows(content: IO[bytes], delimiter: str | None) -> int:
    csv.field_size_limit(_FIELD)
    try:
        text = io.TextIOWrapper(io.BufferedReader(content), encoding="utf-8-sig", newline="")  # type: ignore[type-var]
        first = text.readline()
        separator = delimiter or max(",;\t", key=first.count)
        rows = csv.reader(_chain(first, text), delimiter=separator, strict=True)
        header = next(rows, [])
        if not header:
            raise UnreadableDump("no header")
        number = 0
        for number, row in enumerate(rows, 1):
            if len(row) != len(header):
                raise UnreadableDump(f"row {number + 1} has {len(row)} cells, the header {len(header)}")
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableDump(str(error)) from None
    return number


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json(content: IO[bytes], media_type: str) -> int | None:
    try:
        document = json.load(io.BufferedReader(content))  # type: ignore[type-var]
    except (ValueError, RecursionError) as error:
        raise UnreadableDump(str(error)) from None
    if media_type != "application/geo+json":
        return len(document) if isinstance(document, list) else None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise UnreadableDump("no FeatureCollection (RFC 7946, 3.3)")
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature" or "geometry" not in feature:
            raise UnreadableDump(f"feature {number} is no Feature with a geometry (RFC 7946, 3.2)")
    return len(features)


def _xml(content: IO[bytes]) -> None:
    parser = xml.parsers.expat.ParserCreate()
    try:
        parser.ParseFile(content)
    except xml.parsers.expat.ExpatError as error:
        raise UnreadableDump(str(error)) from None


def compare(dumps: Iterable[Dump]) -> Iterator[FeedFinding]:
    """Check that syntaxes of one content (addresses that differ only in the suffix) have equal numbers of triples."""
    groups: defaultdict[tuple[str, str], list[Dump]] = defaultdict(list)
    for dump in dumps:
        if dump.triples is not None:
            groups[dump.dataset, _stem(dump.address)].append(dump)
    for (dataset, _), group in groups.items():
        if len({dump.triples for dump in group}) > 1:
            counts = ", ".join(f"{PurePosixPath(urlsplit(dump.address).path).name} {dump.triples}" for dump in group)
            yield found("dump-counts-differ", subject=dataset, address=group[0].address, counts=counts)


def _stem(address: str) -> str:
    parts = urlsplit(address)
    path = PurePosixPath(parts.path)
    path = path.with_suffix("") if path.suffix == ".gz" else path
    return f"{parts.scheme}://{parts.netloc}{path.with_suffix('')}?{parts.query}"


def compare_with_void(dumps: Iterable[Dump], void: Graph) -> Iterator[FeedFinding]:
    """Check that dumps have the number of triples that VoID states for their dataset (VoID, section 3.3).

    Dumps whose addresses differ in the suffix only are syntaxes of one content; others are the parts of the dataset.
    """
    counted = {urldefrag(dump.address).url: dump.triples for dump in dumps}
    for described in nodes(void, VOID.Dataset):
        stated = void.value(described, VOID.triples)
        named = sorted({urldefrag(str(address)).url for address in void.objects(described, VOID.dataDump)})
        parts = {_stem(address): counted[address] for address in named if counted.get(address) is not None}
        everything = parts.keys() == {_stem(address) for address in named}
        sum_of_parts = sum(triples or 0 for triples in parts.values())
        if parts and everything and isinstance(stated, Literal) and sum_of_parts != stated.value:
            yield found(
                "void-count",
                subject=described,
                address=named[0],
                prop="void:triples",
                stated=stated,
                found=sum_of_parts,
            )
