"""Style sheets and scripts at addresses that change with their content; browsers may keep them for good (RFC 8246)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Add the hash of a static file to its address, and let answers at such an address be kept."""
    root = Path(app.static_folder or "")
    versions = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in root.rglob("*")
        if path.is_file()
    }

    def version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename") in versions:
            values["v"] = versions[values["filename"]]

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 304):
            asked = request.args.get("v")
            if asked is not None and asked == versions.get((request.view_args or {})["filename"]):
                response.cache_control.no_cache = None
                response.cache_control.public = True
                response.cache_control.max_age = _YEAR
                response.cache_control.immutable = True
        return response

    app.url_defaults(version)
    app.after_request(keep)
