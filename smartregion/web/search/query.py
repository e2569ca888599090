"""What a search asks for, as its address says it. Each search has one address: parameters and values in one order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flask import request, url_for
from werkzeug.datastructures import MultiDict

FACETS: Final = ("type", "field", "theme", "district", "programme", "status", "year", "amount")
"""Filters of which several values may be chosen, in the order in which they are shown and written."""
ORDERS: Final = ("relevance", "newest", "amount", "name")
"""Ways to sort, the usual one first."""

_LONGEST_TEXT: Final = 200
_LONGEST_VALUE: Final = 100
_MOST_VALUES: Final = 40
_LAST_PAGE: Final = 1_000_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


@dataclass(frozen=True)
class Search:
    """What is asked for.

    :ivar text: words that records must have.
    :ivar chosen: values by facet: records must have one of those of each facet.
    :ivar at: IRI of a place, relative to ``{base}id/``; empty for everywhere.
    :ivar order: one of :data:`ORDERS`.
    :ivar page: counted from 1.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: str = ""
    order: str = ORDERS[0]
    page: int = 1

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.text or self.chosen or self.at)

    def parameters(self) -> dict[str, list[str]]:
        """As the address has it; what is usual is left out."""
        wanted = {
            "q": [self.text],
            **{facet: list(self.chosen.get(facet, ())) for facet in FACETS},
            "at": [self.at],
            "sort": [self.order if self.order != ORDERS[0] else ""],
            "page": [str(self.page) if self.page > 1 else ""],
        }
        return {name: values for name, values in wanted.items() if any(values)}

    def address(self, endpoint: str = "search.results", **values: str) -> str:
        """The address of this search below this service."""
        return url_for(endpoint, **values, **self.parameters())  # type: ignore[arg-type]

    def without(self, facet: str, value: str) -> Search:
        """The same without a value of a facet, or without the place if the facet is ``at``; on its first page."""
        if facet == "at":
            return replace(self, at="", page=1)
        left = {name: tuple(v for v in values if (name, v) != (facet, value)) for name, values in self.chosen.items()}
        return replace(self, chosen={name: values for name, values in left.items() if values}, page=1)

    def chosen_values(self) -> list[tuple[str, str]]:
        """Facets with their chosen values, and ``at`` with the place."""
        found = [(facet, value) for facet in FACETS for value in self.chosen.get(facet, ())]
        return [*found, *([("at", self.at)] if self.at else [])]


def asked(arguments: MultiDict[str, str] | None = None) -> Search:
    """What the request asks for. What is too much or makes no sense is left out: every address has an answer."""
    given = request.args if arguments is None else arguments
    chosen = {}
    for facet in FACETS:
        values = {_clean(value, _LONGEST_VALUE) for value in given.getlist(facet)} - {""}
        if values:
            chosen[facet] = tuple(sorted(values)[:_MOST_VALUES])
    order, page = given.get("sort", ""), given.get("page", "")
    return Search(
        text=_clean(given.get("q", ""), _LONGEST_TEXT),
        chosen=chosen,
        at=_clean(given.get("at", ""), _LONGEST_VALUE),
        order=order if order in ORDERS else ORDERS[0],
        page=min(int(page), _LAST_PAGE)
        if page.isascii() and page.isdigit() and 0 < len(page) < 10 and int(page)
        else 1,
    )


def is_canonical(search: Search) -> bool:
    """Whether the request has the one address of this search."""
    language = [("lang", value) for value in request.args.getlist("lang")[:1]]
    wanted = [(name, value) for name, values in search.parameters().items() for value in values]
    return [*wanted, *language] == list(request.args.items(multi=True))


def _clean(text: str, longest: int) -> str:
    """Without control characters and needless space, and not too long."""
    return _CONTROL.sub(" ", text[: 4 * longest]).strip()[:longest].strip()
