"""Content of the page of results: records with marked words, filters with counts, and alternative searches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

from publish.releases.search_words import fold
from smartregion.web.http.language import euros, gettext, language, lazy_gettext, number
from smartregion.web.search.query import FACETS, Search
from smartregion.web.site.display import href
from smartregion.web.site.search_index import Found, Index, Row
from smartregion.web.site.search_words import Term
from smartregion.web.site.site import published

NAMES: Final = {
    "type": lazy_gettext("Art"),
    "field": lazy_gettext("Handlungsfeld"),
    "theme": lazy_gettext("Thema"),
    "district": lazy_gettext("Kreis"),
    "programme": lazy_gettext("Förderprogramm"),
    "status": lazy_gettext("Status"),
    "year": lazy_gettext("Jahr"),
    "amount": lazy_gettext("Förderbetrag"),
    "at": lazy_gettext("Ort"),
}
ORDER_NAMES: Final = {
    "relevance": lazy_gettext("Relevanz"),
    "newest": lazy_gettext("Neueste zuerst"),
    "amount": lazy_gettext("Höchster Förderbetrag zuerst"),
    "name": lazy_gettext("Name"),
}
_OPEN: Final = ("type", "field")
_SNIPPET: Final = 240
_BEFORE: Final = 60
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class SearchResult:
    """A record in the list.

    :ivar title: with found words marked, like ``snippet``.
    :ivar title_language: language of the title, if it is not that of the page; ``snippet_language`` likewise.
    :ivar facts: further short facts.
    """

    href: str
    kind: str
    title: Markup
    title_language: str | None
    snippet: Markup
    snippet_language: str | None
    beside: str
    facts: list[str]


@dataclass(frozen=True)
class Choice:
    """A value of a filter."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Filter:
    """A filter with its values; values without results are omitted."""

    facet: str
    name: str
    choices: list[Choice]
    open: bool


@dataclass(frozen=True)
class Way:
    """A link to another search, with its number of results."""

    label: str
    href: str
    count: int


def record_facets(row: Row) -> dict[str, list[str]]:
    """Values of a record by facet."""
    found: dict[str, list[str]] = json.loads(row["facets"])
    return found


def results(rows: Iterable[Row], terms: Sequence[Term], index: Index) -> list[SearchResult]:
    """The records of the list."""
    return [_result(row, terms, index) for row in rows]


def _result(row: Row, terms: Sequence[Term], index: Index) -> SearchResult:
    title, title_language = _in_language(row, "title")
    text, text_language = _in_language(row, "description")
    facets = record_facets(row)
    return SearchResult(
        href=href(f"{published().release.manifest.base}id/{row['iri']}") or "",
        kind=label(index, "type", row["type"]),
        title=_marked(title, terms),
        title_language=title_language,
        snippet=_marked(_excerpt(text, terms), terms),
        snippet_language=text_language,
        beside=row["beside"],
        facts=[
            *(label(index, "field", value) for value in facets.get("field", ())),
            *(label(index, "status", value) for value in facets.get("status", ())),
            *facets.get("year", ()),
            *([euros(Decimal(row["amount"]))] if row["amount"] else []),
        ],
    )


def _in_language(row: Row, name: str) -> tuple[str, str | None]:
    """A text in the language of the page or, with its language, in the other."""
    spoken = language()
    if text := row[f"{name}_{spoken}"]:
        return text, None
    other = "de" if spoken == "en" else "en"
    text = row[f"{name}_{other}"]
    return text or "", other if text else None


def _marked(text: str, terms: Sequence[Term]) -> Markup:
    """The text with the words of the terms marked."""
    parts, end = [], 0
    for match in _WORD.finditer(text):
        if _is_found(match[0], terms):
            parts += [escape(text[end : match.start()]), Markup("<mark>"), escape(match[0]), Markup("</mark>")]
            end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def _is_found(word: str, terms: Sequence[Term]) -> bool:
    short = fold(word) if terms else ""
    return any(term.covers(short) for term in terms)


def _excerpt(text: str, terms: Sequence[Term]) -> str:
    """A part of the text around the first word found; its beginning if there is none."""
    if len(text) <= _SNIPPET:
        return text
    first = next((match.start() for match in _WORD.finditer(text) if _is_found(match[0], terms)), 0)
    start = text.rfind(" ", 0, max(first - _BEFORE, 0) + 1) + 1 if first > _SNIPPET - _BEFORE else 0
    end = text.rfind(" ", start, start + _SNIPPET)
    end = end if end > start else start + _SNIPPET
    return ("… " if start else "") + text[start:end].rstrip(" ,;") + (" …" if end < len(text) else "")


def label(index: Index, facet: str, value: str) -> str:
    """Name of a value; the value itself if the release does not have it."""
    if facet == "amount":
        return _amount_label(value)
    if facet == "at":
        return index.place_name(value) or value
    known = index.facets.get(facet, {}).get(value)
    return known.label[language()] if known else value


def _amount_label(value: str) -> str:
    low, dash, high = value.partition("-")
    if not dash or not (low + high).isdecimal():
        return gettext("unbekannt") if value == "unknown" else value
    if not low:
        return gettext("unter %(amount)s", amount=euros(Decimal(high)))
    if not high:
        return gettext("ab %(amount)s", amount=euros(Decimal(low)))
    return gettext("%(low)s bis unter %(high)s", low=number(Decimal(low)), high=euros(Decimal(high)))


def filters(search: Search, found: Found, index: Index) -> list[Filter]:
    """The filters with the number of records for each value."""
    shown = []
    for facet in FACETS:
        chosen, counts = search.chosen.get(facet, ()), found.counts.get(facet, {})
        choices = [
            Choice(value, label(index, facet, value), counts.get(value, 0), value in chosen)
            for value in dict.fromkeys([*counts, *chosen])
            if counts.get(value) or value in chosen
        ]
        if choices:
            shown.append(Filter(facet, str(NAMES[facet]), choices, facet in _OPEN or bool(chosen)))
    return shown


def chips(search: Search, index: Index) -> list[Way]:
    """Chosen filters, each with the search without it."""
    return [
        Way(f"{NAMES[facet]}: {label(index, facet, value)}", search.without(facet, value).address(), 0)
        for facet, value in search.chosen_values()
    ]


def ways_out(search: Search, found: Found, index: Index) -> list[Way]:
    """Searches with results for a search without any: without a filter, without all filters, with fewer words."""
    tried = [
        (
            gettext("ohne %(filter)s", filter=f"{NAMES[facet]}: {label(index, facet, value)}"),
            search.without(facet, value),
        )
        for facet, value in search.chosen_values()
    ]
    if search.chosen_values():
        tried.append((gettext("ohne alle Filter"), Search(text=search.text)))
    if len(found.terms) > 1:
        for term in found.terms:
            if term.words:
                word = term.meant or term.written
                tried.append((gettext("nur „%(word)s“", word=word), replace(search, text=word, page=1)))
    ways = [Way(text, other.address(), len(_numbers(other, index))) for text, other in tried]
    return [way for way in ways if way.count]


def _numbers(search: Search, index: Index) -> Sequence[int]:
    return index.find(search.text, search.chosen, search.at, "relevance").numbers  # type: ignore[return-value]
