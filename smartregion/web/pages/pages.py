"""The start page."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from smartregion.web.pages.start import start_page
from smartregion.web.site import representations

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """The start page: purpose, content, map, and entry points."""
    cached = representations.not_modified("html")
    if cached is not None:
        return cached
    return representations.finish(Response(start_page()), "html")
