"""RDF documents about one thing: queried from the engine, written in every syntax, cacheable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox
from flask import Response, request

import ontology
from ontology import jsonld
from smartregion.web.http.language import language
from smartregion.web.http.negotiation import FORMATS, MEDIA_TYPES, alternate, sources
from smartregion.web.site.site import published, site
from sparql_engine import Bindings, Dataset, Query

SUFFIXES: Final = ("ttl", "jsonld", "rdf", "nt", "json", "html")
"""Representations of a document that pages list, the default first."""

OFFERED: Final = sources(SUFFIXES)
"""All representations; see :func:`smartregion.web.http.negotiation.sources`."""

Triples = list[ox.Triple]


def ask(query: Query, bindings: Bindings, graphs: tuple[str, ...] = ()) -> Triples:
    """The triples of a CONSTRUCT query, without duplicates and in a stable order.

    :param graphs: query only these, as one graph.
    :raises QueryError: see :meth:`sparql_engine.Engine.query`.
    """
    result = site().private.query(query, MEDIA_TYPES["nt"], dataset=Dataset(graphs), bindings=bindings)
    return in_order(quad.triple for quad in ox.parse(result.read(), format=ox.RdfFormat.N_TRIPLES))


def in_order(triples: Iterable[ox.Triple]) -> Triples:
    """The triples without duplicates, sorted."""
    return sorted(set(triples), key=str)


def write(triples: Triples, suffix: str) -> bytes:
    """The triples in a syntax; JSON-LD is in the terms of our context."""
    if suffix in {"jsonld", "json"}:
        document = jsonld.document(jsonld.compact(triples))
        return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
    syntax = ox.RdfFormat.from_media_type(MEDIA_TYPES[FORMATS[suffix].subset or suffix])
    return ox.serialize(triples, format=syntax, prefixes=_prefixes(triples)) or b""


def embedded(triples: Triples) -> dict[str, Any]:
    """The triples as JSON-LD for a page: short, because it names our context instead of including it."""
    return {"@context": f"{published().release.manifest.base}context.jsonld", "@graph": jsonld.compact(triples)}


def _prefixes(triples: Triples) -> dict[str, str]:
    """The used prefixes."""
    text = "\n".join(map(str, triples))
    return {name: namespace for name, namespace in ontology.PREFIXES.items() if f"<{namespace}" in text}


def respond(body: bytes | str, suffix: str, path: str) -> Response:
    """A representation, with links to the others (RFC 8288) and a validator.

    :param path: of the document below the base, without suffix.
    """
    response = Response(body, mimetype=MEDIA_TYPES[suffix])
    address = f"{request.script_root}/{quote(path)}"
    response.headers["Content-Location"] = f"{address}.{suffix}"
    for other in SUFFIXES:
        if other != suffix:
            response.headers.add("Link", alternate(f"{address}.{other}", other))
    response.headers.add("Link", f'<{request.script_root}/shapes>; rel="describedby"')
    return finish(response, suffix)


def finish(response: Response, suffix: str) -> Response:
    """Add headers: what the representation depends on, and its release."""
    response.vary.add("Accept")
    if suffix == "html":
        response.vary.add("Accept-Language")
        response.headers["Content-Language"] = language()
    response.set_etag(tag(suffix), weak=True)
    response.last_modified = published().modified
    response.cache_control.no_cache = True
    return response


def not_modified(suffix: str) -> Response | None:
    """The answer 304 if the client has this representation already (RFC 9110, 13.1.2)."""
    tags = request.if_none_match
    if tags.star_tag or not tags.contains_weak(tag(suffix)):
        return None
    return finish(Response(status=304), suffix)


def tag(suffix: str) -> str:
    """Identifies a representation of the requested address: release, code, address, language and syntax."""
    parts = (published().release.id, site().stamp, request.full_path, suffix, language() if suffix == "html" else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
