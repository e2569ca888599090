"""Suggestions for a typed text: records by their names, and filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from publish.releases.search_words import folded
from smartregion.web.http.language import language
from smartregion.web.search.query import Search
from smartregion.web.search.view import NAMES, label
from smartregion.web.site.display import href
from smartregion.web.site.search_index import Index
from smartregion.web.site.site import published

_MOST: Final = 8
_MOST_CHOICES: Final = 3
_OFFERED: Final = ("field", "programme", "type")


@dataclass(frozen=True)
class Suggestion:
    """A suggested text, its kind, and its address."""

    text: str
    kind: str
    href: str


def suggestions(text: str, index: Index) -> list[Suggestion]:
    """A limited number of suggestions, the best first."""
    typed = folded(text)
    if not typed:
        return []
    choices = [
        Suggestion(value.label[language()], str(NAMES[facet]), Search(chosen={facet: (name,)}).address())
        for facet in _OFFERED
        for name, value in index.facets.get(facet, {}).items()
        if any(_begins(folded(name), typed) for name in value.label.values())
    ]
    rows = index.records(index.named(text, _MOST))
    records = [
        Suggestion(
            row[f"title_{language()}"] or row["title_de"],
            label(index, "type", row["type"]),
            href(f"{published().release.manifest.base}id/{row['iri']}") or "",
        )
        for row in rows
    ]
    return [*choices[:_MOST_CHOICES], *records][:_MOST]


def _begins(name: list[str], typed: list[str]) -> bool:
    """Whether each word typed begins a word of the name."""
    return all(any(word.startswith(part) for word in name) for part in typed)
