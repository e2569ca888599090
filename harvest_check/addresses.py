"""Requests every address of a feed, by HEAD and by GET, as portals and their link checkers do.

It requests addresses at the feed's own hosts; others, such as code lists and standards, only on demand, since no
harvester requests them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urldefrag, urlsplit

from rdflib import DCAT, DCTERMS, FOAF, PROV, RDF, BNode, Graph, Namespace, URIRef

from harvest_check.findings import FeedFinding, found
from harvest_check.http.client import Answer, Client
from harvest_check.kinds import Severity
from harvest_check.pages import RELATIVE
from harvest_check.profiles import DATASET_SERIES, short

_VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")
# Properties whose addresses must answer.
_FETCHED: Final = (
    DCAT.accessURL,
    DCAT.downloadURL,
    DCAT.endpointURL,
    DCAT.endpointDescription,
    DCAT.landingPage,
    FOAF.homepage,
    FOAF.page,
)
# Properties whose addresses may be identifiers only.
_NAMED: Final = (
    DCTERMS.conformsTo,
    DCTERMS.relation,
    DCTERMS.source,
    PROV.wasDerivedFrom,
    _VCARD.hasURL,
)
_MERE_NAMES: Final = {"@id", *map(short, _NAMED)}
_TYPES: Final = (DCAT.Catalog, DCAT.Dataset, DATASET_SERIES, DCAT.DataService, DCAT.Distribution)


@dataclass(frozen=True)
class Place:
    """A place of an address in the feed; ``property`` is ``@id`` for the IRI of a described thing."""

    subject: str
    property: str


@dataclass(frozen=True)
class Asked:
    """The answers of an address to HEAD and to GET."""

    head: Answer
    get: Answer


def collect(graph: Graph) -> dict[str, list[Place]]:
    """All addresses of a feed without their fragments, and their places."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for predicate in (*_FETCHED, *_NAMED):
        for subject, value in graph.subject_objects(predicate):
            if not isinstance(value, BNode) and (predicate in _FETCHED or _http(str(value))):
                places[urldefrag(str(value)).url].append(Place(str(subject), short(predicate)))
    for kind in _TYPES:
        for node in graph.subjects(RDF.type, kind):
            if isinstance(node, URIRef) and _http(str(node)):
                places[urldefrag(str(node)).url].append(Place(str(node), "@id"))
    return {address: places[address] for address in sorted(places) if not address.startswith(RELATIVE)}


def hosts(*feed: str) -> frozenset[str]:
    """Hosts (with port) whose addresses are the feed's own.

    :param feed: the feed's address, and the target of its redirect.
    """
    return frozenset(urlsplit(address).netloc.lower() for address in feed) - {""}


def ask(
    client: Client, addresses: Iterable[str], connections: int, progress: Callable[[int, int], None]
) -> dict[str, Asked]:
    """Request every address by HEAD and GET.

    :param connections: number of parallel requests.
    :param progress: called with the number done and the number in all.
    """
    wanted = list(addresses)
    asked: dict[str, Asked] = {}
    # Files are compared with their description in the feed, so they are requested without compression.
    plain = {"Accept-Encoding": "identity"}
    with ThreadPoolExecutor(connections) as executor:
        both = executor.map(lambda address: Asked(client.head(address, plain), client.get(address, plain)), wanted)
        for address, answer in zip(wanted, both, strict=True):
            asked[address] = answer
            progress(len(asked), len(wanted))
    return asked


def split(places: Mapping[str, list[Place]], own: frozenset[str]) -> tuple[list[str], list[str]]:
    """Split addresses into those of the feed's own hosts, including ones that cannot be fetched, and others."""
    mine = [address for address in places if _own(address, own)]
    return mine, [address for address in places if not _own(address, own)]


def _own(address: str, own: frozenset[str]) -> bool:
    return urlsplit(address).netloc.lower() in own or not _http(address)


def _http(address: str) -> bool:
    return urlsplit(address).scheme in {"http", "https"}


def judge(places: Mapping[str, list[Place]], asked: Mapping[str, Asked]) -> Iterator[FeedFinding]:
    """One finding for each address that does not answer as it should; a lower severity for identifiers."""
    troubles = {
        "unreachable": "address-unreachable",
        "private": "address-private",
        "scheme": "address-scheme",
        "incomplete": "address-incomplete",
        "limit": "address-limit",
    }
    for address, answer in asked.items():
        place = places[address][0]
        lesser: Severity | None = "warning" if {at.property for at in places[address]} <= _MERE_NAMES else None
        say = partial(found, address=address, subject=place.subject, prop=place.property, severity=lesser)
        get, head = answer.get, answer.head
        if get.trouble is not None:
            yield say(troubles[get.trouble], detail=get.detail, severity=None if get.trouble == "limit" else lesser)
        elif not get.ok:
            yield say("address-broken", detail=get.outcome)
        elif not head.ok:
            yield say("address-head", detail=head.outcome)


def not_asked(others: Iterable[str]) -> Iterator[FeedFinding]:
    """The finding that addresses at other hosts were not requested."""
    addresses = list(others)
    if addresses:
        names = sorted({urlsplit(address).netloc for address in addresses})
        yield found("address-external", count=len(addresses), hosts=", ".join(names[:6]) + ("…" * (len(names) > 6)))
