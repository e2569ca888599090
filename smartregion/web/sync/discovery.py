"""Files for crawlers, feed readers and browsers: sitemap, robots.txt, Atom feed, OpenSearch."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from smartregion.web.site import release_files, representations
from smartregion.web.site.site import published

blueprint = Blueprint("discovery", __name__)


@blueprint.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Rules for crawlers."""
    return release_files.send("robots.txt")


@blueprint.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    """The sitemap, or the index of its parts."""
    return release_files.send("sitemap.xml")


@blueprint.get("/sitemap-<int:part>.xml")
def sitemap_part(part: int) -> ResponseReturnValue:
    """A part of the sitemap."""
    return release_files.send(f"sitemap-{part}.xml")


@blueprint.get("/opensearch.xml")
def opensearch() -> ResponseReturnValue:
    """Description of the search for browsers (OpenSearch 1.1)."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    text = render_template("opensearch.xml", base=published().release.manifest.base)
    return representations.finish(Response(text, mimetype="application/opensearchdescription+xml"), "html")


@blueprint.get("/feed.atom")
def atom() -> ResponseReturnValue:
    """New, changed and deleted projects; in German unless the address asks for English."""
    return release_files.send("feed.en.atom" if request.args.get("lang") == "en" else "feed.atom")
