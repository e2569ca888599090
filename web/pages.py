"""The start page."""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from web import documents
from web.current import published

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """What this service is, how much it holds, and where everything is."""
    manifest = published().release.manifest
    datasets = {name: entry for name, entry in manifest.datasets.items() if entry.record_class}
    records = sum(entry.records for entry in datasets.values())
    schemes = sorted(name.removeprefix("scheme/").removesuffix(".ttl") for name in manifest.files if _is_scheme(name))
    cached = documents.not_modified("html")
    if cached is not None:
        return cached
    text = render_template("start.html", manifest=manifest, datasets=datasets, records=records, schemes=schemes)
    return documents.finish(Response(text), "html")


def _is_scheme(name: str) -> bool:
    return name.startswith("scheme/") and name.endswith(".ttl")
