"""Search: the page of results, results as files, suggestions, and the OpenSearch description."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from smartregion.web.http.language import gettext, language
from smartregion.web.http.negotiation import MEDIA_TYPES, choose, sources
from smartregion.web.search import result_formats
from smartregion.web.search import view as search_view
from smartregion.web.search.query import ORDERS, Search, asked, is_canonical
from smartregion.web.search.suggestions import suggestions
from smartregion.web.site import representations
from smartregion.web.site.maps import Point
from smartregion.web.site.search_index import Found
from smartregion.web.site.site import published

blueprint = Blueprint("search", __name__)

SUFFIXES: Final = ("json", "csv", "ttl", "jsonld", "rdf", "nt", "html")
"""Representations of results, the default first."""

OFFERED: Final = sources(SUFFIXES)
"""All representations; see :func:`smartregion.web.http.negotiation.sources`."""

_PAGE: Final = 20
_SOMEWHERE: Final = "~somewhere~"


@blueprint.get("/search")
def results() -> ResponseReturnValue:
    """Results of a search, as a page or by Accept as a file."""
    suffix = choose(OFFERED)
    response = _page() if suffix == "html" else _file(suffix)
    response.vary.add("Accept")
    return response


@blueprint.get("/search.<suffix>")
def file(suffix: str) -> ResponseReturnValue:
    """Results of a search as a file."""
    if suffix not in OFFERED or suffix == "html":
        raise NotFound
    return _file(suffix)


@blueprint.get("/search/suggest")
def suggest() -> ResponseReturnValue:
    """Suggestions for a typed text (OpenSearch Suggestions 1.0)."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    search = asked()
    found = suggestions(search.text, published().search)
    document = [
        search.text,
        [item.text for item in found],
        [item.kind for item in found],
        [item.href for item in found],
    ]
    body = json.dumps(document, ensure_ascii=False)
    # Names are in the language of the request, as on a page.
    return representations.finish(Response(body, mimetype="application/x-suggestions+json"), "html")


def _find(search: Search, spoken: str) -> Found:
    order = f"name_{spoken}" if search.order == "name" else search.order
    return published().search.find(search.text, search.chosen, search.at, order)


def _page() -> Response:
    search, index = asked(), published().search
    if not is_canonical(search):
        return _moved(search)
    if (cached := representations.not_modified("html")) is not None:
        return cached
    found = _find(search, language())
    last = max(1, -(-len(found.numbers) // _PAGE))
    if search.page > last:
        return _moved(replace(search, page=last))
    first = _PAGE * (search.page - 1)
    rows = index.records(found.numbers[first : first + _PAGE])
    text = render_template(
        "search.html",
        search=search,
        found=len(found.numbers),
        first=first + 1,
        corrected=[term for term in found.terms if term.meant],
        unknown=[term for term in found.terms if not term.words],
        results=search_view.results(rows, found.terms, index),
        filters=search_view.filters(search, found, index),
        chips=search_view.chips(search, index),
        ways=[] if rows else search_view.ways_out(search, found, index),
        orders={name: str(search_view.ORDER_NAMES[name]) for name in ORDERS},
        pages=[(page, replace(search, page=page).address()) for page in _near(search.page, last)],
        published_map=published().map,
        points=_points(search, found),
        files={
            suffix: (_file_address(search, suffix), MEDIA_TYPES[suffix]) for suffix in ("csv", "json", "ttl", "jsonld")
        },
        limits=result_formats.LIMITS,
    )
    return representations.finish(Response(text), "html")


def _moved(search: Search) -> Response:
    """Redirect to the canonical address of a search."""
    response = redirect(search.address(), 303)
    response.headers["Cache-Control"] = "no-cache"
    response.vary.add("Accept")
    return response  # type: ignore[return-value]


def _near(page: int, last: int) -> list[int]:
    """Linked pages: the first, the last, and those around this one."""
    return sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)})


def _points(search: Search, found: Found) -> list[Point]:
    """Places of the results, each with a link to the search for its records."""
    drawing = published().map
    if drawing is None:
        return []
    # There may be hundreds, so common parts are made once.
    title = gettext("%(place)s: %(count)s Treffer", place="{name}", count="{count}")
    before, _, after = replace(search, at=_SOMEWHERE, page=1).address().partition(_SOMEWHERE)
    points = []
    for spot in published().search.spots(found.numbers):
        named = title.format(name=spot.name, count=spot.count)
        address = f"{before}{quote(spot.iri, safe='')}{after}"
        point = drawing.point(spot.longitude, spot.latitude, named, address, spot.count)
        points += [point] if point else []
    return points


def _file_address(search: Search, suffix: str) -> str:
    return replace(search, page=1).address("search.file", suffix=suffix)


def _file(suffix: str) -> Response:
    """Results as files of limited length, numbered by ``page``."""
    search, index = asked(), published().search
    tag = representations.tag(suffix)
    if request.if_none_match.contains_weak(tag):
        return representations.finish(Response(status=304), suffix)
    found = _find(search, "de")  # a file is the same in every language
    most = result_formats.LIMITS[OFFERED[suffix]]
    first = most * (search.page - 1)
    if search.page > 1 and first >= len(found.numbers):
        raise NotFound
    following = replace(search, page=search.page + 1) if first + most < len(found.numbers) else None
    next_address = following.address("search.file", suffix=suffix) if following else None
    rows = index.records(found.numbers[first : first + most])
    body = result_formats.write(suffix, rows, search, len(found.numbers), next_address, index)
    response = Response(body, mimetype=MEDIA_TYPES[suffix])
    name = hashlib.sha256(request.query_string).hexdigest()[:8]
    response.headers["Content-Disposition"] = f'inline; filename="search-{name}.{suffix}"'
    if next_address:
        response.headers.add("Link", f'<{next_address}>; rel="next"')
    return representations.finish(response, suffix)
