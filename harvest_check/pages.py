"""Walks the pages of a feed as CKAN's harvester does, and checks the requirements of piveau.

Sources: ckanext-dcat 2.4, ``harvesters/rdf.py`` and ``processors.py``; piveau-utils, ``Hydra.kt``;
Hydra Core Vocabulary (https://www.hydra-cg.com/spec/latest/core/).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from rdflib import DCAT, RDF, BNode, Graph, Literal, Namespace

from harvest_check.findings import FeedFinding, found
from harvest_check.http.client import Answer, Client

HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")
RELATIVE: Final = "https://relative.invalid/"
"""Base IRI for relative IRIs, by which they are recognised."""

MEGABYTES: Final = 50
"""Largest page that CKAN reads (``ckanext.dcat.max_file_size``), in MiB."""

_SYNTAXES: Final = {
    "text/turtle": "Turtle",
    "application/rdf+xml": "RDF/XML",
    "application/ld+json": "JSON-LD",
    "application/n-triples": "N-Triples",
    "application/n-quads": "N-Quads",
    "application/trig": "TriG",
    "text/n3": "Notation3",
}


@dataclass(frozen=True)
class Page:
    """One page that could be read.

    :ivar graph: its triples; relative IRIs begin with :data:`RELATIVE`.
    """

    address: str
    media_type: str
    content: bytes
    graph: Graph


@dataclass(frozen=True)
class Walk:
    """The pages of a feed, in order, and faults of the paging.

    :ivar complete: whether the last page was reached.
    """

    pages: list[Page]
    findings: list[FeedFinding]
    complete: bool


def walk(client: Client, address: str, most: int = 1000) -> Walk:
    """Read a feed from its first page to its last.

    :param most: maximum number of pages.
    """
    pages: list[Page] = []
    findings: list[FeedFinding] = []
    next_address: str | None = address
    while next_address is not None:
        if len(pages) == most:
            findings.append(found("page-limit", page=next_address, pages=most))
            return Walk(pages, findings, complete=False)
        page = _read(client, next_address, pages[0] if pages else None, findings)
        if page is None:
            return Walk(pages, findings, complete=False)
        if pages and page.content == pages[0].content:
            findings.append(found("page-repeated", page=page.address))
            return Walk(pages, findings, complete=False)
        pages.append(page)
        next_address = _next(page.graph)
        if next_address is not None:
            findings += _judge_next(address, next_address, page)
        if any(next_address == visited.address for visited in pages):
            findings.append(found("page-loop", page=page.address, next=next_address))
            return Walk(pages, findings, complete=False)
    return Walk(pages, findings, complete=True)


def _read(client: Client, address: str, first: Page | None, findings: list[FeedFinding]) -> Page | None:
    head, answer = client.head(address), client.get(address)
    if not answer.ok:
        findings.append(found("page-failed", page=address, detail=answer.outcome))
        return None
    if not head.ok:
        findings.append(found("page-head", page=address, detail=head.outcome))
    if answer.size >= MEGABYTES * 2**20:
        findings.append(found("page-too-large", page=address, megabytes=MEGABYTES))
        return None
    media_type = answer.media_type
    if media_type not in _SYNTAXES:
        findings.append(found("page-media-type", page=address, found=media_type or "–"))
        return None
    if first is not None and media_type != first.media_type:
        findings.append(found("page-media-type-changed", page=address, found=media_type, first=first.media_type))
        return None
    content = _content(answer)
    parsed = parse(content, media_type)
    if isinstance(parsed, Graph):
        return Page(address, media_type, content, parsed)
    findings.append(found(parsed[0], page=address, syntax=_SYNTAXES[media_type], detail=parsed[1]))
    return None


def _content(answer: Answer) -> bytes:
    return answer.body.read_bytes() if answer.body is not None else b""


def parse(content: bytes, media_type: str) -> Graph | tuple[str, str]:
    """The triples of a page, or the kind of finding and its detail.

    JSON-LD with a remote context is not read: rdflib would fetch it from any address of the page, even from a file.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return "page-encoding", str(error)
    if media_type == "application/ld+json":
        try:
            elsewhere = next(_remote_contexts(json.loads(text)), None)
        except (ValueError, RecursionError) as error:
            return "page-unparsable", str(error)
        if elsewhere is not None:
            return "page-remote-context", elsewhere
    try:
        return Graph(bind_namespaces="none").parse(data=text, format=media_type, publicID=RELATIVE)
    except Exception as error:  # noqa: BLE001 - rdflib's parsers raise whatever their libraries raise
        return "page-unparsable", f"{type(error).__name__}: {error}"


def _remote_contexts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _remote_contexts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"@context", "@import"}:
                yield from (part for part in (item if isinstance(item, list) else [item]) if isinstance(part, str))
            yield from _remote_contexts(item)


def _views(graph: Graph) -> list[Any]:
    """Nodes that describe the paging, in the order of CKAN's search."""
    return [
        node for kind in (HYDRA.PartialCollectionView, HYDRA.PagedCollection) for node in graph.subjects(RDF.type, kind)
    ]


def _next(graph: Graph) -> str | None:
    for view in _views(graph):
        for predicate in (HYDRA.next, HYDRA.nextPage):
            for value in graph.objects(view, predicate):
                return str(value)
    return None


def _judge_next(first: str, next_address: str, page: Page) -> Iterator[FeedFinding]:
    here, there = urlsplit(first), urlsplit(next_address)
    if next_address.startswith(RELATIVE):
        return
    if (here.scheme, here.netloc, here.path) != (there.scheme, there.netloc, there.path):
        yield found("hydra-next", page=page.address, next=next_address, first=first.partition("?")[0])


def judge_totals(pages: list[Page], complete: bool) -> Iterator[FeedFinding]:
    """Check ``hydra:totalItems`` of every page.

    :param complete: whether all pages were read, so that datasets can be counted.
    """
    datasets = {dataset for page in pages for dataset in page.graph.subjects(RDF.type, DCAT.Dataset)}
    listed = {dataset for page in pages for dataset in page.graph.objects(None, DCAT.dataset)}
    for page in pages:
        if not _views(page.graph):
            continue
        stated = set(page.graph.objects(None, HYDRA.totalItems))
        if len(stated) != 1:
            detail = "fehlt / is missing" if not stated else f"= {', '.join(sorted(map(str, stated)))}"
            yield found("hydra-total", page=page.address, detail=detail)
            continue
        (total,) = stated
        if not isinstance(total, Literal) or not isinstance(total.value, int) or isinstance(total.value, bool):
            yield found("hydra-total", page=page.address, detail=f"= {total.n3()}")
        elif complete and total.value not in {len(datasets), len(listed)}:
            yield found("hydra-total-differs", page=page.address, stated=total.value, found=len(datasets))


def fetch_again(client: Client, pages: list[Page]) -> Iterator[FeedFinding]:
    """Request each page a second time: it must be the same, and 304 for a conditional request."""
    unconditional = []
    for page in pages:
        again = client.get(page.address)
        if not again.ok:
            yield found("page-failed", page=page.address, detail=again.outcome)
            continue
        content = _content(again)
        graph = page.graph if content == page.content else parse(content, again.media_type)
        if isinstance(graph, Graph) and (changed := _changed(page.graph, graph)):
            yield found("page-changes", page=page.address, detail=", ".join(changed[:3]))
        asked = {}
        if "ETag" in again.headers:
            asked["If-None-Match"] = again.headers["ETag"]
        if "Last-Modified" in again.headers:
            asked["If-Modified-Since"] = again.headers["Last-Modified"]
        status = client.get(page.address, asked).status if asked else None
        if status != 304:
            unconditional.append((page.address, f"Status {status}" if asked else "ETag –, Last-Modified –"))
    if unconditional:
        address, detail = unconditional[0]
        yield found("page-not-conditional", page=address, detail=f"{detail} ({len(unconditional)}/{len(pages)})")


def _changed(before: Graph, after: Graph) -> list[str]:
    """Names of the properties whose values differ; blank nodes count as equal."""
    changed = _named(before) ^ _named(after)
    return sorted({str(p).rpartition("#")[2].rpartition("/")[2] for _, p, _ in changed})


def _named(graph: Graph) -> set[tuple[object, ...]]:
    return {tuple("_" if isinstance(term, BNode) else term for term in triple) for triple in graph}
