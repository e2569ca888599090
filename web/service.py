"""Pages about the service itself: downloads, harvesting, state, legal texts."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

blueprint = Blueprint("service", __name__)


@blueprint.get("/downloads")
def downloads() -> ResponseReturnValue:
    return ""
