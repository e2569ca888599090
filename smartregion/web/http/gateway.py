"""Gives the application the address of the client, but not the host or path that the client used.

Published addresses come from ``SMARTREGION_BASE``. No answer may depend on ``Host`` or on forwarding headers of a
client: it could contain a forged link, and a cache could send it to others. Of the headers of a reverse proxy, only
``X-Forwarded-For`` is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from smartregion.web.http import problems
from smartregion.web.http.language import gettext
from smartregion.web.http.problems import Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# RFC 3986, 3.2.2 and 3.2.3, without the comma, which separates two header fields here.
_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[\w.~!$&'()*+;=-]|%[0-9A-Fa-f]{2}){1,255})(?::(?P<port>\d{0,5}))?", re.ASCII
)
_LAST_PORT: Final = 65535
_WITHOUT_HOST: Final = frozenset({"HTTP/0.9", "HTTP/1.0", "HTTP/1"})
"""Versions of HTTP in which a request need not name a host, as servers write them; the last one is that of Granian."""


class Gateway:
    """WSGI middleware, the outermost of the application.

    :param inner: answers valid requests.
    :param app: shows refused requests as problems.
    :param base: the base IRI; its scheme and host are what the application sees, whatever the client used.
    :param proxies: reverse proxies in front, each of which adds to ``X-Forwarded-For``.
    """

    def __init__(self, inner: WSGIApplication, app: Flask, base: str, proxies: int) -> None:
        hops = {"x_for": proxies, "x_proto": 0, "x_host": 0, "x_port": 0, "x_prefix": 0}
        self._inner = ProxyFix(inner, **hops) if proxies else inner
        self._app = app
        parts = urlsplit(base)
        self._scheme, self._host = parts.scheme, parts.netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, or refuse it if it does not name exactly one host (RFC 9112, 3.2)."""
        asked = environ.get("HTTP_HOST", "")
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = self._host, self._scheme
        if _names_one_host(asked, environ.get("SERVER_PROTOCOL", "")):
            return self._inner(environ, start_response)
        with self._app.request_context(environ):
            return self._app.process_response(_refusal())(environ, start_response)


def _names_one_host(host: str, protocol: str) -> bool:
    if not host:
        return protocol in _WITHOUT_HOST
    found = _HOST.fullmatch(host)
    return found is not None and int(found["port"] or 0) <= _LAST_PORT


def _refusal() -> Response:
    advice = gettext("Die Anfrage muss genau einen gültigen Namen im Kopffeld Host tragen.")
    return problems.known(Problem("host-invalid", 400, advice))


def register(app: Flask) -> None:
    """Make redirects of the routing relative, such as from ``/id//x`` to ``/id/x``, like all others."""
    app.after_request(_relative)


def _relative(response: Response) -> Response:
    """Remove the host: the client may have used another name than that of the base."""
    if response.status_code == RequestRedirect.code:
        location = urlsplit(response.headers["Location"])
        response.headers["Location"] = location._replace(scheme="", netloc="").geturl()
        response.set_data(b"")
    return response
