"""Data of the start page: counts, places, and the newest and best funded projects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from ingest.model import with_role
from ingest.rdf import Node
from publish.formats.tabular import point
from publish.pictures.figures import options
from publish.pictures.funding import Funding, members
from publish.pictures.neighbours import newest

_CARDS: Final = 4
_PLACES: Final = 450


def overview(records: Mapping[str, Node], funding: Funding) -> dict[str, Any]:
    """The document for the start page; IRIs are relative to ``{base}id/``.

    :param records: all records, by IRI.
    """
    projects = [node for node in records.values() if node["type"] in with_role("activity")]
    taking_part = {iri for node in projects for iri in members(node)}
    municipalities = {iri for iri, node in records.items() if node["type"] in with_role("unit")}
    granted, dated = _granted(funding, records)
    first = newest([{**node, "start": dated.get(node["id"], "")} for node in projects])
    best = sorted(granted, key=lambda iri: (-granted[iri], iri))
    return {
        "projects": len(projects),
        "municipalities": len(municipalities),
        "participants": len(municipalities & taking_part),
        "grants": len(funding.awards),
        "granted": str(sum((award.amount or Decimal(0) for award in funding.awards), Decimal(0))),
        "programmes": sum(node["type"] in with_role("programme") for node in records.values()),
        "newest": [_card(node["id"], records, granted, dated) for node in first[:_CARDS]],
        "best": [_card(iri, records, granted, dated) for iri in best[:_CARDS]],
        "places": _places(projects, records),
    }


def _granted(funding: Funding, records: Mapping[str, Node]) -> tuple[dict[str, Decimal], dict[str, str]]:
    """Sum and latest date of the grants of each project; a grant for several projects counts for none."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    dates: dict[str, str] = {}
    for award in funding.awards:
        node = records[award.grant]
        for project in award.projects:
            if project in records and "awardDate" in node:
                dates[project] = max(_date(node["awardDate"]), dates.get(project, ""))
        if award.amount is not None and len(award.projects) == 1 and award.projects[0] in records:
            sums[award.projects[0]] += award.amount
    return sums, dates


def _date(value: object) -> str:
    return str(value["@value"] if isinstance(value, dict) else value)


def _card(
    iri: str, records: Mapping[str, Node], granted: Mapping[str, Decimal], dated: Mapping[str, str]
) -> dict[str, Any]:
    node = records[iri]
    lead = records.get(node["lead"], {})
    return {
        "iri": iri,
        "title": {language: node[f"title_{language}"] for language in ("de", "en") if f"title_{language}" in node},
        "lead": lead.get("name"),
        "fields": [dict(options("field")[field].names) for field in node.get("field", ())],
        "granted": str(granted[iri]) if iri in granted else None,
        "date": dated.get(iri),
    }


def _places(projects: Iterable[Node], records: Mapping[str, Node]) -> list[dict[str, Any]]:
    """The leads of projects with their location and number of projects, largest number first."""
    led: dict[str, int] = defaultdict(int)
    for node in projects:
        led[node["lead"]] += 1
    found = [
        {"iri": iri, "name": records[iri]["name"], "projects": count, "point": place}
        for iri, count in sorted(led.items(), key=lambda item: (-item[1], item[0]))
        if iri in records and (place := point(records[iri], {}))
    ]
    return found[:_PLACES]
