"""The start page, from the counts of the build."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template, url_for

from publish.releases.contents import OVERVIEW
from publish.releases.contents.pages import OverviewPlace, OverviewProject
from smartregion.web.http.language import language, ngettext, partial_day
from smartregion.web.site.maps import HesseMap, Point
from smartregion.web.site.site import published


def start_page() -> str:
    """The start page: purpose, content, map, and entry points."""
    overview, drawn = published().read(OVERVIEW), published().map
    manifest = published().release.manifest
    datasets = {name: entry for name, entry in manifest.datasets.items() if entry.record_class}
    return render_template(
        "start.html",
        overview=overview,
        granted=Decimal(overview["granted"]),
        newest=[_card(card) for card in overview["newest"]],
        best=[_card(card) for card in overview["best"]],
        map=drawn,
        points=[point for place in overview["places"] if drawn and (point := _point(drawn, place))],
        manifest=manifest,
        datasets=datasets,
    )


def _card(card: OverviewProject) -> dict[str, Any]:
    """A project in brief, in the language of the page."""
    spoken, title = language(), card["title"]
    return {
        "title": title.get(spoken, title["de"]),
        "language": None if spoken in title else "de",
        "href": _address(card["iri"]),
        "lead": card["lead"],
        "fields": [names[spoken] for names in card["fields"]],
        "granted": None if card["granted"] is None else Decimal(card["granted"]),
        "date": None if card["date"] is None else partial_day(card["date"]),
    }


def _point(drawn: HesseMap, place: OverviewPlace) -> Point | None:
    count = place["projects"]
    # Babel does not extract texts from f-strings before Python 3.12.
    projects = ngettext("%(num)s Projekt", "%(num)s Projekte", count)
    title = f"{place['name']}: {projects}"
    longitude, latitude = place["point"]
    return drawn.point(longitude, latitude, title, _address(place["iri"]), count)


def _address(iri: str) -> str:
    """The page of a record."""
    segment, _, key = iri.partition("/")
    return url_for("entities.document", segment=segment, name=key)
