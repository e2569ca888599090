"""Style sheets and scripts at addresses that change with their content; browsers may cache them for ever (RFC 8246)."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
from flask import Flask, Response, request

_YEAR = 365 * 24 * 3600
_PACKED = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda content: bytes(brotli.compress(content, quality=9)),
    "gzip": lambda content: gzip.compress(content, mtime=0),
}
"""Compressed files, made once for each process on the first request."""


def register(app: Flask) -> None:
    """Add the hash of a static file to its address, and make answers at such an address cacheable."""
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

    @cache
    def packed(name: str, coding: str) -> bytes:
        return _PACKERS[coding]((root / name).read_bytes())

    def pack(response: Response) -> Response:
        """Compress static files: Flask sends them in pieces, which Flask-Compress does not compress."""
        coding = request.accept_encodings.best_match((*_PACKERS, "identity"))
        if request.endpoint != "static" or response.status_code != 200 or response.mimetype not in _PACKED:
            return response
        response.vary.add("Accept-Encoding")
        name = (request.view_args or {})["filename"]
        if coding not in _PACKERS or "Range" in request.headers or name not in versions:
            return response
        response.direct_passthrough = False
        response.set_data(packed(name, coding))
        response.headers["Content-Encoding"] = coding
        response.set_etag(f"{versions[name]}-{coding}")
        response.make_conditional(request)
        return response

    app.url_defaults(version)
    app.after_request(keep)
    app.after_request(pack)
