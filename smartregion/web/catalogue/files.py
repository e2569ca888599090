"""What the release holds as files: statistics, vocabulary, shapes, dumps, sources; sent as they are."""

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
from smartregion.web.site import delivery, documents
from smartregion.web.site.display import href
from smartregion.web.site.site import published

blueprint = Blueprint("files", __name__)

_METADATA: Final = "-metadata.json"
"""Behind the address of a table: what is in its columns (Model for Tabular Data, 5.3)."""

_GRAPHS = {"history": "history", "summary": "summary", "void": "void", "vocabulary": "ontology"}


@blueprint.get("/<any(void, history, summary, tombstones, ontology, shapes, examples):family>")
@blueprint.get("/<any(void, history, summary, tombstones, ontology, shapes, examples):family>.<suffix>")
def document(family: str, suffix: str | None = None) -> ResponseReturnValue:
    """A graph of its own address: a page for people, RDF for programs."""
    return _negotiated(family, suffix, _PAGES.get(family, _downloads_page))


@blueprint.get("/shapes/catalogue")
@blueprint.get("/shapes/catalogue.<suffix>")
def catalogue_shapes(suffix: str | None = None) -> ResponseReturnValue:
    """What a page of the catalogue conforms to beyond the official shapes."""
    return _negotiated("shapes/catalogue", suffix, _downloads_page)


@blueprint.get("/living-in-eu")
@blueprint.get("/living-in-eu.<suffix>")
def living_in_eu(suffix: str | None = None) -> ResponseReturnValue:
    """What the service meets of the Minimal Interoperability Mechanisms."""
    return _negotiated("living-in-eu", suffix, _mims_page)


@blueprint.get("/.well-known/void")
def well_known_void() -> ResponseReturnValue:
    """The statistics, where VoID (section 7.2) has clients look for them."""
    return _negotiated("void", None, statistics.page)


@blueprint.get("/.well-known/sparql-examples/<name>")
def example(name: str) -> ResponseReturnValue:
    """Leads from an example query to the document with all of them, for people to the page where it can be asked."""
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
    """A dataset, or the whole catalogue, as a file; without a suffix, browsers are led to its page."""
    if name.endswith(".gz"):
        return delivery.send_gzip(f"dump/{name.removesuffix('.gz')}")
    stem, suffix = split(name)
    if suffix is None and wants_html() and f"dump/{stem}.nt" in published().release.manifest.files:
        page = url_for("feed.catalog") if stem == "catalog" else url_for("datasets.dataset", name=stem)
        response = redirect(page, 303)
        response.headers["Vary"] = "Accept"
        return response
    if name.endswith(_METADATA):
        return delivery.send(f"dump/{name}")
    response = _negotiated(f"dump/{stem}", suffix, None)
    if response.mimetype == MEDIA_TYPES["csv"]:
        address = url_for(".dump", name=f"{stem}.csv{_METADATA}")
        link = f'<{address}>; rel="describedby"; type="application/csvm+json"'
        # The first, because readers look at links in turn and warn of what is no metadata (csvw).
        response.headers.setlist("Link", [link, *response.headers.getlist("Link")])
    response.headers.add("Link", f'<{url_for(".document", family="shapes")}>; rel="describedby"')
    return response


@blueprint.get("/graph/<name>")
def graph(name: str) -> ResponseReturnValue:
    """Leads from a named graph to a document with its triples."""
    if name in _GRAPHS:
        return redirect(url_for(".document", family=_GRAPHS[name]), 303)
    if f"dump/{name}.nt" not in published().release.manifest.files:
        raise NotFound
    # Files have no language, but a browser is led on to a page.
    return redirect(url_for(".dump", name=name, lang=request.args.get("lang")), 303)


@blueprint.get("/source/<name>")
def source(name: str) -> ResponseReturnValue:
    """An input table as it was read; its encoding is its author's."""
    response = delivery.send(f"source/{name}")
    response.headers["Content-Type"] = response.mimetype
    return response


@blueprint.get("/<any('context.jsonld', 'quality.json', 'completion.json'):name>")
def single(name: str) -> ResponseReturnValue:
    """The JSON-LD context, the findings of the release, and what the query editor completes."""
    return delivery.send(name)


def _negotiated(stem: str, suffix: str | None, page: Callable[[str, list[str]], str] | None) -> Response:
    """The representation that the suffix or the Accept header asks for.

    :param page: makes the HTML of the stem and its suffixes; None when there is no page.
    """
    files = published().release.manifest.files.keys() - INTERNAL
    suffixes = [known for known in MEDIA_TYPES if f"{stem}.{known}" in files]
    if not suffixes:
        raise NotFound
    offered = sources(suffixes)
    chosen = suffix or choose([*offered, "html"] if page else offered)
    if chosen == "html" and page:
        return documents.not_modified("html") or documents.finish(Response(page(stem, suffixes)), "html")
    if chosen not in offered:
        raise NotFound
    name = f"{stem}.{chosen}"
    response = delivery.send(f"{stem}.{offered[chosen]}", name.rpartition("/")[2], MEDIA_TYPES[chosen])
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
    """Where a link to an address below the base leads, as a page in the language that was chosen."""
    if "?" in address:
        return f"{request.script_root}/{address}"
    return href(published().release.manifest.base + address)


_PAGES: Final = {"void": statistics.page, "ontology": vocabulary.ontology_page, "shapes": vocabulary.shapes_page}
