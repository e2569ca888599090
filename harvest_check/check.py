"""The whole check of a feed: pages, shapes, addresses, dumps, quality score, endpoints."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from rdflib import DCAT, DCTERMS, Graph
from rdflib.term import Node

from harvest_check import addresses, dumps, feed, mqa, pages, services, validation
from harvest_check.dumps import Dump
from harvest_check.findings import FeedFinding
from harvest_check.http.client import Client, HttpLimits
from harvest_check.mqa import Score
from harvest_check.profiles import nodes

Progress = Callable[[str, int, int], None]
"""Called with the phase (``pages``, ``shapes``, ``addresses``, ``dumps``, ``endpoints``), steps done and in all."""

_RDF: Final = {"Accept": "text/turtle, application/rdf+xml;q=0.9, application/n-triples;q=0.8"}


class HarvestError(Exception):
    """The feed cannot be checked."""


@dataclass(frozen=True)
class Options:
    """Options of a check.

    :ivar connections: number of parallel requests.
    :ivar external: whether to request addresses at other hosts.
    :ivar most_pages: maximum number of pages.
    :ivar shapes: SHACL shapes instead of the package's own.
    :ivar code_lists: code lists that these shapes need beside the feed.
    """

    limits: HttpLimits = field(default_factory=HttpLimits)
    connections: int = 4
    external: bool = False
    most_pages: int = 1000
    shapes: Graph | None = None
    code_lists: Graph | None = None


@dataclass(frozen=True)
class Check:
    """The result of a check.

    :ivar asked: number of requested addresses.
    :ivar broken: those that did not answer as they should.
    :ivar elsewhere: number of addresses at other hosts that were not requested.
    :ivar endpoints: SPARQL endpoints that were queried.
    """

    address: str
    pages: Sequence[str]
    triples: int
    datasets: int
    scores: Sequence[Score]
    asked: int
    broken: Sequence[str]
    elsewhere: int
    dumps: Sequence[Dump]
    endpoints: Sequence[str]
    findings: Sequence[FeedFinding]

    @property
    def faultless(self) -> bool:
        """Whether there is no violation and no warning."""
        return all(finding.severity == "info" for finding in self.findings)


def check(address: str, options: Options, progress: Progress) -> Check:
    """Check the feed at an address.

    :raises HarvestError: nothing answers there.
    """
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
        raise HarvestError(f"{address} is no address of a feed. Right would be, e.g., https://example.org/catalog.")
    with Client(address, options.limits) as client, _quiet_parsers():
        return _Look(client, address, options, progress).check()


@contextmanager
def _quiet_parsers() -> Iterator[None]:
    """Silence rdflib, which prints a traceback for each ill-formed value; shapes report these."""
    logger = logging.getLogger("rdflib.term")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class _Look:
    """The steps of one check, which share results."""

    def __init__(self, client: Client, address: str, options: Options, progress: Progress) -> None:
        self._client = client
        self._address = address
        self._options = options
        self._progress = progress
        self._findings: list[FeedFinding] = []
        self._own: frozenset[str] = frozenset()

    def check(self) -> Check:
        answer = self._client.get(self._address)
        if answer.status is None:
            raise HarvestError(f"{self._address} does not answer: {answer.detail}.")
        self._own = addresses.hosts(self._address, answer.final)
        walk = self._walk()
        graph = Graph(bind_namespaces="none")
        for page in walk.pages:
            graph += page.graph
        stubs = {stub for stub in feed.stubs(walk.pages) if (stub, DCTERMS.title, None) not in graph}
        violating = self._validate(walk.pages, feed.stubs(walk.pages)) if walk.pages else set()
        read_already = {page.address for page in walk.pages}
        places = {address: at for address, at in addresses.collect(graph).items() if address not in read_already}
        own, others = addresses.split(places, self._own)
        asked = self._ask(own + others if self._options.external else own, places)
        if not self._options.external:
            self._findings += addresses.not_asked(others)
        read = self._read(graph, asked)
        void = self._void()
        self._findings += dumps.compare_with_void(read, void)
        endpoints = self._endpoints(graph, void)
        scores = self._score(graph, violating, asked, stubs)
        return Check(
            address=self._address,
            pages=[page.address for page in walk.pages],
            triples=len(graph),
            datasets=len(nodes(graph, DCAT.Dataset)),
            scores=scores,
            asked=len(asked),
            broken=[address for address, answer in asked.items() if not (answer.get.ok and answer.head.ok)],
            elsewhere=0 if self._options.external else len(others),
            dumps=read,
            endpoints=endpoints,
            findings=self._findings,
        )

    def _walk(self) -> pages.Walk:
        self._progress("pages", 0, 1)
        walk = pages.walk(self._client, self._address, self._options.most_pages)
        self._findings += walk.findings
        if walk.pages:
            graph = Graph(bind_namespaces="none")
            for page in walk.pages:
                graph += page.graph
            self._findings += pages.judge_totals(walk.pages, walk.complete)
            self._findings += pages.fetch_again(self._client, walk.pages)
            self._findings += feed.judge(walk.pages, graph)
        self._progress("pages", 1, 1)
        return walk

    def _validate(self, read: Sequence[pages.Page], stubs: set[Node]) -> set[Node]:
        self._progress("shapes", 0, 1)
        feed_pages = [(page.address, page.graph) for page in read]
        report = validation.validate(feed_pages, self._options.shapes, self._options.code_lists)
        names = {str(stub) for stub in stubs}
        self._findings += [finding for finding in report.findings if finding.subject not in names]
        self._progress("shapes", 1, 1)
        return report.violating

    def _ask(self, wanted: list[str], places: dict[str, list[addresses.Place]]) -> dict[str, addresses.Asked]:
        asked = addresses.ask(
            self._client,
            wanted,
            self._options.connections,
            lambda done, total: self._progress("addresses", done, total),
        )
        self._findings += addresses.judge(places, asked)
        return asked

    def _read(self, graph: Graph, asked: dict[str, addresses.Asked]) -> list[Dump]:
        self._progress("dumps", 0, 1)
        read = dumps.read(graph, asked, self._options.limits.megabytes, self._findings)
        self._findings += dumps.compare(read)
        self._progress("dumps", 1, 1)
        return read

    def _void(self) -> Graph:
        """The feed's VoID description, at its well-known address (VoID, section 7.2), or beside the feed."""
        for place in (".well-known/void", "/.well-known/void"):
            answer = self._client.get(urljoin(self._address, place), _RDF)
            if answer.ok and answer.body is not None:
                parsed = pages.parse(answer.body.read_bytes(), answer.media_type)
                if isinstance(parsed, Graph):
                    return parsed
        return Graph(bind_namespaces="none")

    def _endpoints(self, graph: Graph, void: Graph) -> list[str]:
        named = services.endpoints(graph, void)
        endpoints = [e for e in named if self._options.external or urlsplit(e).netloc.lower() in self._own]
        for number, endpoint in enumerate(endpoints):
            self._progress("endpoints", number, len(endpoints))
            self._findings += services.judge(self._client, endpoint, void)
        self._progress("endpoints", len(endpoints), len(endpoints))
        return endpoints

    def _score(
        self, graph: Graph, violating: set[Node], asked: dict[str, addresses.Asked], stubs: set[Node]
    ) -> list[Score]:
        def answers(url: str) -> bool | None:
            answer = asked.get(urldefrag(url).url)
            return None if answer is None else answer.head.ok

        scores = mqa.assess(graph, lambda dataset: not feed.closure(graph, dataset) & violating, answers, stubs)
        self._findings += mqa.judge(scores)
        return scores


def read_graphs(sources: Sequence[str]) -> Graph | None:
    """Shapes or code lists that the operator named, in one graph; None without any.

    :param sources: paths of files or addresses.
    :raises HarvestError: one cannot be read.
    """
    if not sources:
        return None
    graphs = []
    for source in sources:
        try:
            graphs.append(Graph(bind_namespaces="none").parse(source))
        except Exception as error:  # noqa: BLE001 - rdflib's parsers raise whatever their libraries raise
            raise HarvestError(f"{source} cannot be read as RDF: {type(error).__name__}: {error}") from None
    return validation.prepared(graphs)
