"""Headers of every answer. Scripts come only from files of this service, never from within a page; cookies and other
sites are not needed and not allowed.

The data are public and nobody is logged in, so any site may read them (Fetch standard, CORS protocol).
"""

from __future__ import annotations

from flask import Flask, Response, request

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Location, Content-Profile, ETag, Link, Location, Retry-After",
}
_PREFLIGHT = {
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Accept-Profile, Content-Type, If-Modified-Since, If-None-Match, Range"
    ),
    "Access-Control-Max-Age": "86400",
}


def register(app: Flask) -> None:
    """Add the headers to every answer of the application."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(_PREFLIGHT)
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
    return response
