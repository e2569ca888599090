"""The start page."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from web import documents
from web.start import start_page

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """What this service is, what it holds and where, and the doors to it."""
    cached = documents.not_modified("html")
    if cached is not None:
        return cached
    return documents.finish(Response(start_page()), "html")
