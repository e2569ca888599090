"""What crawlers and feed readers look for: sitemap, robots.txt and the Atom feed of projects."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from web import delivery

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


@blueprint.get("/feed.atom")
def atom() -> ResponseReturnValue:
    """New, changed and deleted projects; in German unless English is asked for in the address."""
    return delivery.send("feed.en.atom" if request.args.get("lang") == "en" else "feed.atom")
