"""Reads a search from its address. Each search has one address, with a fixed order of parameters and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flask import request, url_for
from werkzeug.datastructures import MultiDict

FACETS: Final = ("type", "field", "theme", "district", "programme", "status", "year", "amount")
"""Filters with several values, in the order of pages and addresses."""
ORDERS: Final = ("relevance", "newest", "amount", "name")
"""Sort orders, the default first."""

_LONGEST_TEXT: Final = 200
_LONGEST_VALUE: Final = 100
_MOST_VALUES: Final = 40
_LAST_PAGE: Final = 1_000_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


@dataclass(frozen=True)
class Search:
    """A search.

    :ivar text: words that records must contain.
    :ivar chosen: values by facet: records must have one value of each facet.
    :ivar at: IRI of a place, relative to ``{base}id/``; empty for everywhere.
    :ivar order: one of :data:`ORDERS`.
    :ivar page: numbered from 1.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: str = ""
    order: str = ORDERS[0]
    page: int = 1

    @property
    def everything(self) -> bool:
        """Whether the search has no text and no filter."""
        return not (self.text or self.chosen or self.at)

    def parameters(self) -> dict[str, list[str]]:
        """Parameters of the address, without defaults."""
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
        """The search without a value of a facet, or without the place if the facet is ``at``; its first page."""
        if facet == "at":
            return replace(self, at="", page=1)
        left = {name: tuple(v for v in values if (name, v) != (facet, value)) for name, values in self.chosen.items()}
        return replace(self, chosen={name: values for name, values in left.items() if values}, page=1)

    def chosen_values(self) -> list[tuple[str, str]]:
        """Facets with their chosen values, and ``at`` with the place."""
        found = [(facet, value) for facet in FACETS for value in self.chosen.get(facet, ())]
        return [*found, *([("at", self.at)] if self.at else [])]


def asked(arguments: MultiDict[str, str] | None = None) -> Search:
    """The search of a request. Invalid and excess parameters are ignored, so every address has an answer."""
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
    """Whether the request has the canonical address of this search."""
    language = [("lang", value) for value in request.args.getlist("lang")[:1]]
    wanted = [(name, value) for name, values in search.parameters().items() for value in values]
    return [*wanted, *language] == list(request.args.items(multi=True))


def _clean(text: str, longest: int) -> str:
    """The text without control characters and surplus space, shortened to a maximum length."""
    return _CONTROL.sub(" ", text[: 4 * longest]).strip()[:longest].strip()
