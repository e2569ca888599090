"""The catalogue: for portals the RDF files of the build, in pages and by dataset; for people a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlencode

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from publish.releases.manifest import Feed
from smartregion.web.catalogue import profiles
from smartregion.web.http.negotiation import MEDIA_TYPES, alternate, choose, sources
from smartregion.web.site import release_files, representations
from smartregion.web.site.display import Naming, node, subjects
from smartregion.web.site.site import published, site

blueprint = Blueprint("feed", __name__)

SUFFIXES: Final = ("ttl", "rdf", "jsonld", "nt", "html")
"""Representations of the catalogue and of a dataset that pages list, the default first."""

OFFERED: Final = sources(SUFFIXES)
"""All representations; see :func:`smartregion.web.http.negotiation.sources`."""

_PARTS: Final = """
CONSTRUCT { ?catalog a ?class . ?part ?p ?o . ?o ?q ?name }
WHERE {
  ?catalog a ?class .
  ?part ?p ?o FILTER(STRSTARTS(STR(?part), CONCAT(STR(?catalog), "#")))
  OPTIONAL { ?o ?q ?name FILTER(?q = <http://purl.org/dc/terms/title>) }
}"""
"""Shared nodes that the catalogue describes once: publisher, contact, rights, services."""

_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")


@blueprint.get("/catalog")
@blueprint.get("/catalog.<suffix>")
def catalog(suffix: str | None = None) -> ResponseReturnValue:
    """A page of the catalogue."""
    feed = published().release.manifest.feed
    number = _page_number(feed)
    chosen = suffix or choose(OFFERED)
    if chosen == "html":
        return representations.not_modified("html") or representations.finish(Response(_for_people(feed)), "html")
    # Links between pages keep the suffix of the address, so that clients stay with their syntax.
    stem = f"suffix/{number}" if suffix and feed.pages > 1 else str(number)
    return answer("/catalog", stem, chosen, number, feed.pages)


def answer(path: str, stem: str, suffix: str, number: int = 1, last: int = 1) -> Response:
    """Return a document of the feed in the profile that the client prefers, with links (RFC 8288) to the others.

    :param path: of the document, without suffix.
    :param stem: of its files below ``feed/<token>/``.
    :param suffix: of the syntax.
    :param number: of the page, of ``last`` pages.
    :raises NotFound: it does not exist, or not in this syntax.
    """
    if suffix not in OFFERED:
        raise NotFound
    feed = published().release.manifest.feed
    token = profiles.choose(feed)
    position = f"-{number}" if last > 1 else ""
    name = f"{path.rpartition('/')[2]}{position}.{suffix}"
    response = release_files.send(f"feed/{token}/{stem}.{OFFERED[suffix]}", name, MEDIA_TYPES[suffix])
    response.vary.add("Accept")
    profiles.describe(response, feed, token)
    place = _Place(feed, token, number, last)
    if request.path == path and last == 1:
        response.headers["Content-Location"] = place.address(f"{path}.{suffix}")
    for link in _links(place, path, suffix):
        response.headers.add("Link", link)
    return response


def _links(place: _Place, path: str, suffix: str) -> Iterator[str]:
    """Links to other syntaxes and profiles (Content Negotiation by Profile, 7.2.1), and to the other pages.

    Another profile is linked by the address that all its syntaxes share, so that a client that prefers a syntax does
    not get another profile.
    """
    profile = place.feed.profiles[place.token]
    yield f'<{place.address(request.path)}>; rel="self"; type="{MEDIA_TYPES[suffix]}"; profile="{profile}"'
    for other in SUFFIXES:
        if other != suffix:
            yield alternate(place.address(f"{path}.{other}"), other, None if other == "html" else profile)
    for token, iri in place.feed.profiles.items():
        if token != place.token:
            yield alternate(place._replace(token=token).address(path), profile=iri)
    for relation, page in place.others():
        yield f'<{page.address(request.path)}>; rel="{relation}"'
    yield f'<{request.script_root}/shapes/catalogue>; rel="describedby"'


class _Place(NamedTuple):
    """The profile and page of an answer of the feed."""

    feed: Feed
    token: str
    number: int
    last: int

    def address(self, path: str) -> str:
        """Address of a path in this profile, on this page."""
        query = {"profile": self.token} if self.token != self.feed.default else {}
        query |= {"page": str(self.number)} if self.last > 1 else {}
        return f"{request.script_root}{path}" + (f"?{urlencode(query)}" if query else "")

    def others(self) -> Iterator[tuple[str, _Place]]:
        """The other pages, by their relation to this one; none if there is one page."""
        numbers = {"first": 1, "prev": self.number - 1, "next": self.number + 1, "last": self.last}
        for relation, number in numbers.items():
            if self.last > 1 and 1 <= number <= self.last:
                yield relation, self._replace(number=number)


def _page_number(feed: Feed) -> int:
    wanted = request.args.get("page", "1")
    if not _NUMBER.fullmatch(wanted) or int(wanted) > feed.pages:
        raise NotFound
    return int(wanted)


def _for_people(feed: Feed) -> str:
    manifest = published().release.manifest
    catalogue = ox.NamedNode(f"{manifest.base}catalog")
    engine = site().private
    triples = representations.ask(engine.prepare(_PARTS), {"catalog": catalogue}, (f"{manifest.base}graph/catalog",))
    naming = Naming(triples)
    parts = [node(iri, triples, naming) for iri in subjects(triples) if iri.startswith(f"{catalogue.value}#")]
    return render_template("catalog.html", suffixes=SUFFIXES, datasets=manifest.datasets, feed=feed, parts=parts)
