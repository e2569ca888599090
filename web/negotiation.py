"""Which representation a client gets: by the suffix of the address, else by Accept (RFC 9110, 12.5.1).

Harvesters send ``*/*`` or nothing and get the first that is offered, which is RDF; browsers ask for HTML by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import request

from sparql_endpoint import RequestError, preferred

MEDIA_TYPES: Final = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "trig": "application/trig",
    "nq": "application/n-quads",
    "json": "application/json",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
}
"""Media type by suffix; the usual one first."""


def split(name: str) -> tuple[str, str | None]:
    """The name without its suffix, and the suffix if it is one of :data:`MEDIA_TYPES`."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and stem and suffix in MEDIA_TYPES else (name, None)


def choose(suffixes: Iterable[str]) -> str:
    """The suffix of the representation that the client likes best.

    :param suffixes: of what is offered, the usual one first.
    :raises RequestError: none of them.
    """
    offered = {MEDIA_TYPES[suffix]: suffix for suffix in suffixes}
    found = preferred(request.accept_mimetypes, offered)
    if found is None:
        raise RequestError("not-acceptable", ", ".join(offered))
    return offered[found]


def wants_html() -> bool:
    """Whether the client likes HTML better than data, as browsers do."""
    return preferred(request.accept_mimetypes, ("application/json", "text/html")) == "text/html"
