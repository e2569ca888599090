"""Redirects from almost correct addresses to correct ones."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from flask import redirect, request
from flask.typing import ResponseReturnValue

_SUFFIXES: Final = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]{0,7}){1,2}$")


def better() -> ResponseReturnValue | None:
    """Redirect from an unknown address to the usual spelling: one slash, none at the end, a suffix in lower case.

    The redirect is permanent and keeps the method (RFC 9110, 15.4.9). It is relative to the host and begins with one
    slash, so it never leads to another host.

    :returns: None if the address has the usual spelling already.
    """
    path = re.sub("/{2,}", "/", request.path).strip("/")
    path = f"/{_SUFFIXES.sub(lambda found: found[0].lower(), path)}"
    if path == request.path and not request.environ["PATH_INFO"].startswith("//"):
        return None
    query = request.query_string.decode("latin-1")
    return redirect(f"{request.script_root}{quote(path)}" + (f"?{query}" if query else ""), 308)
