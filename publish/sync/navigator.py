"""Projects in our profile for the Smart City Navigator: one self-contained object for each, see docs/navigator.md.

The Navigator's own format is not public; this is our proposal for a directory of projects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from rdflib import SKOS, URIRef

import ontology
from ingest.model import with_role
from ingest.rdf import Node
from publish.formats.tabular import point
from publish.releases.contents.sync import Dates
from publish.releases.history import dated

Row = dict[str, Any]

_FIELDS = "field-of-action"
_STATUS = "project-status"
_LINES = "funding-line"
_BITKOM = "bitkom-field"


@dataclass(frozen=True)
class NavigatorProfile:
    """All projects, those that changed last first.

    :ivar rows: the projects; keys as in ``schema.json``.
    :ivar dates: first publication and last change of each, by IRI relative to ``{base}id/``.
    """

    rows: list[Row]
    dates: dict[str, Dates]


def profile(
    records: Mapping[str, Node], known: Mapping[str, Dates], base: str, licence: str | None, now: str
) -> NavigatorProfile:
    """The projects of a release.

    A project counts as changed when any part of its object changes, including places and grants.

    :param records: all records, by IRI relative to ``{base}id/``.
    :param known: dates from the release before.
    :param licence: IRI of the licence of the profile.
    :param now: moment of the build.
    """
    grants = _grants_by_project(records.values())
    rows = {
        iri: _row(node, records, grants.get(iri, ()), base, licence)
        for iri, node in records.items()
        if node["type"] in with_role("activity")
    }
    dates = dated({iri: _hash(row) for iri, row in rows.items()}, known, now)
    for iri, row in rows.items():
        row["issued"], row["modified"] = dates[iri].issued, dates[iri].modified
    # Two stable sorts: newest first, then by address.
    ordered = sorted(rows.values(), key=lambda row: str(row["id"]))
    ordered.sort(key=lambda row: str(row["modified"]), reverse=True)
    return NavigatorProfile(ordered, dates)


def _hash(row: Row) -> str:
    return hashlib.blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).hexdigest()


def _grants_by_project(records: Iterable[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in records:
        if node["type"] in with_role("award"):
            for project in node.get("project", ()):
                found.setdefault(project, []).append(node)
    return found


def _row(node: Node, records: Mapping[str, Node], grants: Iterable[Node], base: str, licence: str | None) -> Row:
    members = list(_members(node, records))
    return {
        "id": f"{base}id/{node['id']}",
        "url": f"{base}doc/{node['id']}",
        "identifier": node["identifier"],
        "title": _texts(node, "title"),
        "description": _texts(node, "description") or None,
        "coordinates": point(node, records),
        "places": [_place(role, member, base) for role, member in members if "ags" in member],
        "organisations": [_organisation(role, member, base) for role, member in members if "ags" not in member],
        "furtherPartners": node.get("partnerNote"),
        "fields": [{**_concept(_FIELDS, field), "bitkom": _bitkom(field)} for field in sorted(node.get("field", ()))],
        "status": _concept(_STATUS, node["status"]) if "status" in node else None,
        "start": _date(node.get("start")),
        "end": _date(node.get("end")),
        "funding": _funding(list(grants), records, base),
        "reuses": [f"{base}id/{other}" for other in node.get("reuses", ())],
        "homepage": node.get("homepage"),
        "sources": sorted(node.get("source", ())),
        "licence": licence,
    }


def _members(node: Node, records: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Lead and partners, without withheld ones."""
    for role, iris in (("lead", [node["lead"]]), ("partner", node.get("partner", ()))):
        yield from ((role, records[iri]) for iri in iris if iri in records)


def _texts(node: Node, term: str) -> dict[str, str]:
    return {language: node[f"{term}_{language}"] for language in ("de", "en") if f"{term}_{language}" in node}


def _place(role: str, node: Node, base: str) -> Row:
    return {
        "id": f"{base}id/{node['id']}",
        "role": role,
        "kind": "municipality" if node["type"] in with_role("unit") else "district",
        "name": node["name"],
        "ags": node["ags"],
        "ars": node.get("ars"),
        "nuts": node.get("nuts"),
        "wikidata": f"http://www.wikidata.org/entity/{node['wikidata']}" if "wikidata" in node else None,
        "coordinates": point(node, {}),
    }


def _organisation(role: str, node: Node, base: str) -> Row:
    return {"id": f"{base}id/{node['id']}", "role": role, "name": node["name"], "homepage": node.get("homepage")}


def _funding(grants: list[Node], records: Mapping[str, Node], base: str) -> Row:
    """The grants of a project, and their known sum (decision 7: no sum is split or counted twice)."""
    own = [grant for grant in grants if "amount" in grant and len(grant["project"]) == 1]
    currencies = {grant.get("currency") for grant in own}
    summable = len(currencies) == 1
    return {
        "amount": _number(str(sum(Decimal(grant["amount"]) for grant in own))) if summable else None,
        "currency": currencies.pop() if summable else None,
        "complete": summable and len(own) == len(grants),
        "approximate": any(grant.get("approximate") == "true" for grant in own),
        "grants": [_grant(grant, records, base) for grant in sorted(grants, key=lambda grant: str(grant["id"]))],
    }


def _grant(node: Node, records: Mapping[str, Node], base: str) -> Row:
    programme = records.get(node.get("programme", ""))
    return {
        "id": f"{base}id/{node['id']}",
        "title": _texts(node, "title"),
        "programme": {"id": f"{base}id/{programme['id']}", "title": _texts(programme, "title")} if programme else None,
        "fundingLine": _concept(_LINES, node["fundingLine"]) if "fundingLine" in node else None,
        "amount": _number(node["amount"]) if "amount" in node else None,
        "currency": node.get("currency"),
        "approximate": node.get("approximate") == "true",
        "projects": len(node["project"]),
        "announcedTotal": _number(node["announcedTotal"]) if "announcedTotal" in node else None,
        "awardDate": _date(node.get("awardDate")),
        "note": node.get("note"),
    }


def _number(lexical: str) -> int | float:
    return float(lexical) if "." in lexical else int(lexical)


def _date(value: Any) -> str | None:
    """A year, a month or a day, as precise as the source (decision 8)."""
    return str(value["@value"]) if isinstance(value, dict) else value


@cache
def _concept(scheme: str, notation: str) -> Row:
    graph, concept = ontology.scheme(scheme), URIRef(f"https://w3id.org/smart-region/scheme/{scheme}#{notation}")
    labels = {str(label.language): str(label) for label in graph.objects(concept, SKOS.prefLabel)}  # type: ignore[attr-defined]
    return {"id": str(concept), "notation": notation, "name": dict(sorted(labels.items()))}


@cache
def _bitkom(field: str) -> list[Row]:
    """The fields of Bitkom's Smart City Atlas that are close to a field of action."""
    found = ontology.scheme(_FIELDS).objects(URIRef(str(_concept(_FIELDS, field)["id"])), SKOS.closeMatch)
    return [_concept(_BITKOM, notation) for notation in sorted(str(match).rpartition("#")[2] for match in found)]
