"""Files for crawlers: the addresses of all pages (https://www.sitemaps.org/protocol.html), and robots.txt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from publish.formats.dumps import Files

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST: Final = 50_000

Page = tuple[str, str | None]
"""Address of a page and its last change: a day or a moment."""

_SEARCHED: Final = (
    "q",
    "type",
    "field",
    "theme",
    "district",
    "programme",
    "status",
    "year",
    "amount",
    "at",
    "sort",
    "page",
)
"""Parameters with which the address of a search may begin; some readers of robots.txt ignore an empty query."""


def write(files: Files, base: str, pages: Sequence[Page], most: int = _MOST) -> None:
    """Write ``sitemap.xml``, as an index of ``sitemap-<n>.xml`` when there are many pages, and ``robots.txt``.

    :param base: base IRI, ending in a slash.
    :param most: addresses in one sitemap.
    """
    parts = [pages[start : start + most] for start in range(0, len(pages), most)]
    if len(parts) == 1:
        files.write("sitemap.xml", _document("urlset", "url", pages))
    else:
        for number, part in enumerate(parts, start=1):
            files.write(f"sitemap-{number}.xml", _document("urlset", "url", part))
        index = [
            (f"{base}sitemap-{number}.xml", max((changed for _, changed in part if changed), default=None))
            for number, part in enumerate(parts, start=1)
        ]
        files.write("sitemap.xml", _document("sitemapindex", "sitemap", index))
    files.write("robots.txt", _robots(base).encode())


def _document(root: str, element: str, pages: Sequence[Page]) -> bytes:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{_NAMESPACE}">']
    for address, changed in pages:
        date = f"<lastmod>{changed}</lastmod>" if changed else ""
        lines.append(f"<{element}><loc>{escape(address)}</loc>{date}</{element}>")
    return "\n".join([*lines, f"</{root}>", ""]).encode()


def _robots(base: str) -> str:
    """Allow everything (RFC 9309) except answers to queries and searches, which are unlimited in number."""
    path = urlsplit(base).path
    searches = (f"search?{name}=" for name in _SEARCHED)
    refused = ("sparql?query=", "sparql?*query=", *searches, "search.", "search/suggest")
    lines = ("User-agent: *", *(f"Disallow: {path}{address}" for address in refused), f"Allow: {path}")
    return "\n".join([*lines, "", f"Sitemap: {base}sitemap.xml", ""])
