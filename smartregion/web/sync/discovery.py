"""What crawlers, feed readers and browsers look for: sitemap, robots.txt, the Atom feed, how to search here."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from smartregion.web.site import delivery, documents
from smartregion.web.site.site import published

blueprint = Blueprint("discovery", __name__)


@blueprint.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """What crawlers may read."""
    return delivery.send("robots.txt")


@blueprint.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    """The addresses of all pages, or of the parts of that list."""
    return delivery.send("sitemap.xml")


@blueprint.get("/sitemap-<int:part>.xml")
def sitemap_part(part: int) -> ResponseReturnValue:
    """A part of the list of pages."""
    return delivery.send(f"sitemap-{part}.xml")


@blueprint.get("/opensearch.xml")
def opensearch() -> ResponseReturnValue:
    """How a browser searches here (OpenSearch 1.1)."""
    if (cached := documents.not_modified("html")) is not None:
        return cached
    text = render_template("opensearch.xml", base=published().release.manifest.base)
    return documents.finish(Response(text, mimetype="application/opensearchdescription+xml"), "html")


@blueprint.get("/feed.atom")
def atom() -> ResponseReturnValue:
    """New, changed and deleted projects; in German unless English is asked for in the address."""
    return delivery.send("feed.en.atom" if request.args.get("lang") == "en" else "feed.atom")
