"""Chooses the representation: by the suffix of the address, else by Accept (RFC 9110, 12.5.1).

Harvesters send ``*/*`` or nothing and get the first format, which is RDF; browsers ask for HTML by name. An Accept
header without a supported type is ignored, as the standard allows, because an answer in another format helps the client
more than an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_list_header, parse_options_header

from publish.releases import formats

FORMATS: Final = {suffix: known for suffix, known in formats.FORMATS.items() if known.answer}
"""Formats of answers by suffix. A media type selects the format that has it as main type, if that is offered."""

_REPRESENTATION: Final = "http://www.w3.org/ns/dx/conneg/altr#hasRepresentation"

MEDIA_TYPES: Final = {suffix: known.media_type for suffix, known in FORMATS.items()}
"""Media type by suffix."""

ALIASES: Final = {alias: known.media_type for known in FORMATS.values() for alias in known.aliases}
"""Media types by alias; every Turtle document is an N3 document."""


_XHTML, _XML = "application/xhtml+xml", {"application/xml", "text/xml"}
_RANGE: Final = re.compile(r"[^/\s]+/[^/\s]+")
_WEIGHT: Final = re.compile(r"(?=\.?[0-9])[01]?(?:\.[0-9]*)?")


def accepted(offered: Iterable[str]) -> str | None:
    """The media type that the client of this request prefers, see :func:`preferred`."""
    return preferred(request.headers.get("Accept", ""), offered)


def preferred(accept: str, offered: Iterable[str]) -> str | None:
    """The offered media type that a client prefers; of equals the first (RFC 9110, 12.5.1).

    Parameters such as ``charset`` or ``profile`` are not compared. ``*`` counts as ``*/*`` and ``.2`` as ``0.2``, as
    Java and others send them; invalid parts are ignored. Together with XHTML, which browsers send, plain
    XML means a page. Without a preference, the first offered type is returned.

    :param accept: the header, empty if there is none.
    :returns: None if nothing fits.
    """
    offered = list(offered)
    wishes = [wish for part in parse_list_header(accept) if (wish := _wish(part))]
    if _XHTML in dict(wishes):
        wishes = [wish for wish in wishes if wish[0] not in _XML]
    return MIMEAccept(wishes).best_match(offered) if wishes else offered[0]


def _wish(part: str) -> tuple[str, float] | None:
    """A range of media types and its weight."""
    name, options = parse_options_header(part)
    weight = options.get("q", "1").strip()
    name = "*/*" if name == "*" else name
    sound = _RANGE.fullmatch(name) and _WEIGHT.fullmatch(weight)
    return (name, float(weight)) if sound and float(weight) <= 1 else None


def split(name: str) -> tuple[str, str | None]:
    """The name without its suffix, and the suffix if it is one of :data:`FORMATS`."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and stem and suffix in FORMATS else (name, None)


def sources(written: Iterable[str]) -> dict[str, str]:
    """The available formats: suffixes, each with the suffix of the written file that has its content."""
    written = list(written)
    subsets = {suffix: known.subset for suffix, known in FORMATS.items() if known.subset in written and known.subset}
    return {suffix: suffix for suffix in written} | {
        suffix: subset for suffix, subset in subsets.items() if suffix not in written
    }


def choose(suffixes: Iterable[str]) -> str:
    """The suffix of the representation that the client prefers.

    :param suffixes: of the offered formats, the default first.
    """
    suffixes = list(suffixes)
    offered = {FORMATS[suffix].media_type: suffix for suffix in suffixes}
    for suffix in suffixes:
        for alias in FORMATS[suffix].aliases:
            offered.setdefault(alias, suffix)
    found = accepted(offered)
    return suffixes[0] if found is None else offered[found]


def alternate(address: str, suffix: str | None = None, profile: str | None = None) -> str:
    """A link (RFC 8288) to another representation of the answer.

    Readers of JSON-LD follow an alternate of that type when they get another format (JSON-LD 1.1, 6.2), rdflib even
    when they get JSON-LD, and PyLD fails if there are several alternates. So only JSON-LD with the same triples has the
    plain relation ``alternate``; all others add the relation of Content Negotiation by Profile, which means the same.

    :param suffix: of its format; None if the format is negotiated.
    :param profile: IRI of its profile.
    """
    relation = "alternate" if suffix == "jsonld" else f"alternate {_REPRESENTATION}"
    kind = f'; type="{MEDIA_TYPES[suffix]}"' if suffix else ""
    return f'<{address}>; rel="{relation}"{kind}' + (f'; profile="{profile}"' if profile else "")


def wants_html() -> bool:
    """Whether the client prefers HTML to data, as browsers do."""
    return accepted(("application/json", "text/html")) == "text/html"
