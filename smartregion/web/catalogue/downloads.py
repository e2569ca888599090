"""Serves files of the release unchanged: statistics, vocabulary, shapes, dumps, sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from publish.releases.contents import INTERNAL, MIMS
from smartregion.web.catalogue import statistics, vocabulary
from smartregion.web.http.language import gettext
from smartregion.web.http.negotiation import MEDIA_TYPES, alternate, choose, sources, split, wants_html
from smartregion.web.site import release_files, representations
from smartregion.web.site.display import href
from smartregion.web.site.site import published

blueprint = Blueprint("files", __name__)

_METADATA: Final = "-metadata.json"
"""Suffix of the description of columns of a table (Model for Tabular Data, 5.3)."""

_GRAPHS = {"history": "history", "summary": "summary", "void": "void", "vocabulary": "ontology"}


@blueprint.get("/<any(void, history, summary, tombstones, ontology, shapes, examples):family>")
@blueprint.get("/<any(void, history, summary, tombstones, ontology, shapes, examples):family>.<suffix>")
def document(family: str, suffix: str | None = None) -> ResponseReturnValue:
    """A graph with an address: a page for people, RDF for programs."""
    return _negotiated(family, suffix, _PAGES.get(family, _downloads_page))


@blueprint.get("/shapes/catalogue")
@blueprint.get("/shapes/catalogue.<suffix>")
def catalogue_shapes(suffix: str | None = None) -> ResponseReturnValue:
    """The shapes of a page of the catalogue, besides the official ones."""
    return _negotiated("shapes/catalogue", suffix, _downloads_page)


@blueprint.get("/living-in-eu")
@blueprint.get("/living-in-eu.<suffix>")
def living_in_eu(suffix: str | None = None) -> ResponseReturnValue:
    """Which requirements of the Minimal Interoperability Mechanisms the service meets."""
    return _negotiated("living-in-eu", suffix, _mims_page)


@blueprint.get("/.well-known/void")
def well_known_void() -> ResponseReturnValue:
    """The statistics, at the address of VoID (section 7.2)."""
    return _negotiated("void", None, statistics.page)


@blueprint.get("/.well-known/sparql-examples/<name>")
def example(name: str) -> ResponseReturnValue:
    """Redirect from an example query to the document with all of them, for people to the query page."""
    if wants_html():
        return redirect(url_for("sparql.sparql", _anchor=name), 303)
    return redirect(url_for(".document", family="examples"), 303)


@blueprint.get("/scheme/<name>")
def scheme(name: str) -> ResponseReturnValue:
    """A concept scheme."""
    stem, suffix = split(name)
    return _negotiated(f"scheme/{stem}", suffix, vocabulary.scheme_page)


@blueprint.get("/dump/<name>")
def dump(name: str) -> ResponseReturnValue:
    """A dataset, or the whole catalogue, as a file; without a suffix, browsers are redirected to its page."""
    if name.endswith(".gz"):
        return release_files.send_gzip(f"dump/{name.removesuffix('.gz')}")
    stem, suffix = split(name)
    if suffix is None and wants_html() and f"dump/{stem}.nt" in published().release.manifest.files:
        page = url_for("feed.catalog") if stem == "catalog" else url_for("datasets.dataset", name=stem)
        response = redirect(page, 303)
        response.headers["Vary"] = "Accept"
        return response
    if name.endswith(_METADATA):
        return release_files.send(f"dump/{name}")
    response = _negotiated(f"dump/{stem}", suffix, None)
    if response.mimetype == MEDIA_TYPES["csv"]:
        address = url_for(".dump", name=f"{stem}.csv{_METADATA}")
        link = f'<{address}>; rel="describedby"; type="application/csvm+json"'
        # The first, because readers try links in order and warn about links that are not metadata (csvw).
        response.headers.setlist("Link", [link, *response.headers.getlist("Link")])
    response.headers.add("Link", f'<{url_for(".document", family="shapes")}>; rel="describedby"')
    return response


@blueprint.get("/graph/<name>")
def graph(name: str) -> ResponseReturnValue:
    """Redirect from a named graph to a document with its triples."""
    if name in _GRAPHS:
        return redirect(url_for(".document", family=_GRAPHS[name]), 303)
    if f"dump/{name}.nt" not in published().release.manifest.files:
        raise NotFound
    # Files have no language, but browsers are redirected to a page.
    return redirect(url_for(".dump", name=name, lang=request.args.get("lang")), 303)


@blueprint.get("/source/<name>")
def source(name: str) -> ResponseReturnValue:
    """A source table, unchanged, in its author's encoding."""
    response = release_files.send(f"source/{name}")
    response.headers["Content-Type"] = response.mimetype
    return response


@blueprint.get("/<any('context.jsonld', 'quality.json', 'completion.json'):name>")
def single(name: str) -> ResponseReturnValue:
    """The JSON-LD context, the findings of the release, and the completion of the query editor."""
    return release_files.send(name)


def _negotiated(stem: str, suffix: str | None, page: Callable[[str, list[str]], str] | None) -> Response:
    """The representation that the suffix or the Accept header selects.

    :param page: makes the HTML from the stem and its suffixes; None if there is no page.
    """
    files = published().release.manifest.files.keys() - INTERNAL
    suffixes = [known for known in MEDIA_TYPES if f"{stem}.{known}" in files]
    if not suffixes:
        raise NotFound
    offered = sources(suffixes)
    chosen = suffix or choose([*offered, "html"] if page else offered)
    if chosen == "html" and page:
        return representations.not_modified("html") or representations.finish(Response(page(stem, suffixes)), "html")
    if chosen not in offered:
        raise NotFound
    name = f"{stem}.{chosen}"
    response = release_files.send(f"{stem}.{offered[chosen]}", name.rpartition("/")[2], MEDIA_TYPES[chosen])
    if suffix is None:
        response.vary.add("Accept")
        response.headers["Content-Location"] = f"{request.script_root}/{name}"
    for other in suffixes:
        if other != chosen:
            response.headers.add("Link", alternate(f"{request.script_root}/{stem}.{other}", other))
    return response


def _downloads_page(stem: str, suffixes: list[str]) -> str:
    titles = {
        "history": gettext("Wann Einträge erschienen sind und sich geändert haben"),
        "summary": gettext("Zahl der Projekte und Summe der Zuwendungen"),
        "tombstones": gettext("Gelöschte Einträge"),
        "shapes/catalogue": gettext("Regeln für den Katalog (SHACL)"),
        "examples": gettext("Beispielabfragen"),
    }
    return render_template("document.html", stem=stem, suffixes=suffixes, title=titles[stem])


def _mims_page(stem: str, suffixes: list[str]) -> str:
    table = published().read(MIMS)
    links = {
        address: _link(address) for mim in table["mim"] for found in mim["requirement"] for address in found["see"]
    }
    return render_template("living-in-eu.html", stem=stem, suffixes=suffixes, table=table, links=links)


def _link(address: str) -> str | None:
    """The target of a link below the base, as a page in the chosen language."""
    if "?" in address:
        return f"{request.script_root}/{address}"
    return href(published().release.manifest.base + address)


_PAGES: Final = {"void": statistics.page, "ontology": vocabulary.ontology_page, "shapes": vocabulary.shapes_page}
