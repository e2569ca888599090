"""New, changed and deleted projects as an Atom feed (RFC 4287, deletions by RFC 6721)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Final

from publish.sync.navigator import Row
from publish.sync.navigator_files import ProfileFacts

_ATOM: Final = "http://www.w3.org/2005/Atom"
_TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_MOST: Final = 100
_TITLES: Final = {
    "de": ("Smarte Region Hessen: Projekte", "Neue und geänderte Projekte smarter Kommunen und Regionen in Hessen"),
    "en": ("Smart Region Hesse: projects", "New and changed projects of smart municipalities and regions in Hesse"),
}


def feed(rows: Iterable[Row], deleted: Iterable[Row], facts: ProfileFacts, language: str, now: str) -> bytes:
    """The feed of the projects that changed last.

    :param rows: projects of the Navigator profile, newest first.
    :param deleted: deleted projects as the profile shows them, newest first.
    :param language: of the texts, ``de`` or ``en``; a missing text is replaced by that in the other language.
    :param now: moment of the build, for a feed without entries.
    """
    choice = "" if language == "de" else f"?lang={language}"
    address = f"{facts.base}feed.atom{choice}"
    root = ET.Element(f"{{{_ATOM}}}feed", {_LANG: language})
    title, subtitle = _TITLES[language]
    _text(root, "id", address)
    _text(root, "title", title)
    _text(root, "subtitle", subtitle)
    updated = ET.SubElement(root, f"{{{_ATOM}}}updated")
    _link(root, "self", "application/atom+xml", address)
    _link(root, "alternate", "text/html", facts.base + choice)
    author = ET.SubElement(root, f"{{{_ATOM}}}author")
    _text(author, "name", facts.publisher)
    if facts.homepage:
        _text(author, "uri", facts.homepage)
    if rights := facts.attribution or facts.licence:
        _text(root, "rights", rights)
    entries = merge(
        ((row["modified"], _entry(row, language, choice)) for row in rows),
        ((row["deleted"], _deleted(row, language)) for row in deleted),
        key=itemgetter(0),
        reverse=True,
    )
    newest = list(islice(entries, _MOST))
    updated.text = newest[0][0] if newest else now
    # The schema of RFC 4287 (appendix B) has foreign elements before the entries.
    root.extend(sorted((entry for _, entry in newest), key=lambda entry: entry.tag == f"{{{_ATOM}}}entry"))
    ET.register_namespace("", _ATOM)
    ET.register_namespace("at", _TOMBSTONES)
    ET.indent(root, " ")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _entry(row: Row, language: str, choice: str) -> ET.Element:
    entry = ET.Element(f"{{{_ATOM}}}entry")
    _text(entry, "id", row["id"])
    _spoken(entry, "title", row["title"], language)
    _text(entry, "updated", row["modified"])
    _text(entry, "published", row["issued"])
    _link(entry, "alternate", "text/html", row["url"] + choice)
    _link(entry, "alternate", "text/turtle", f"{row['url']}.ttl")
    if row["description"]:
        _spoken(entry, "summary", row["description"], language)
    for field in row["fields"]:
        scheme, _, term = field["id"].rpartition("#")
        names: Mapping[str, str] = field["name"]
        ET.SubElement(entry, f"{{{_ATOM}}}category", {"term": term, "scheme": scheme, "label": names[language]})
    return entry


def _deleted(row: Row, language: str) -> ET.Element:
    entry = ET.Element(f"{{{_TOMBSTONES}}}deleted-entry", {"ref": row["id"], "when": row["deleted"]})
    comment = ET.SubElement(entry, f"{{{_TOMBSTONES}}}comment")
    comment.text = row["title"].get(language) or next(iter(row["title"].values()), "")
    return entry


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}")
    element.text = text
    return element


def _spoken(parent: ET.Element, name: str, texts: Mapping[str, str], language: str) -> None:
    spoken = language if language in texts else next(iter(texts))
    element = _text(parent, name, texts[spoken])
    if spoken != language:
        element.set(_LANG, spoken)


def _link(parent: ET.Element, relation: str, media_type: str, address: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", {"rel": relation, "type": media_type, "href": address})
