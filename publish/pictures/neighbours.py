"""Finds the related records of each page: the newest records that refer to it, and projects nearby.

They are written to ``neighbours.json``, so that the cost of a page does not depend on the number of records (decision
28).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ingest.model import RecordType, with_role
from ingest.rdf import Node
from publish.formats.tabular import point
from publish.pictures.funding import Funding, members

MOST: Final = 12
"""References by one property, from records of one type, that a page shows."""

_NEARBY: Final = 5
_DATES: Final = ("awardDate", "start", "changeDate")


def find(records: Mapping[str, Node], record_types: Iterable[RecordType], funding: Funding) -> dict[str, Any]:
    """Find the related records, for ``neighbours.json``.

    ``references`` has, for each record and property by which more than :data:`MOST` records of a type refer to it, the
    newest of each type; ``inside`` has for each area the newest projects and grants of the municipalities in it,
    ``nearby`` for each place and field of action the projects that the nearest others lead, nearest first; ``themes``
    for each theme the newest projects that have it, and what grants for them came to. IRIs are relative to
    ``{base}id/``.
    """
    return {
        "references": _references(records, record_types),
        "inside": _inside(records, funding),
        "nearby": _nearby(records),
        "themes": _themes(records, funding),
    }


def _references(records: Mapping[str, Node], record_types: Iterable[RecordType]) -> dict[str, dict[str, list[str]]]:
    terms = {kind.name: [(f.term, f.path) for f in kind.fields if f.kind == "reference"] for kind in record_types}
    found: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in records.values():
        for term, path in terms[node["type"]]:
            value = node.get(term)
            for target in value if isinstance(value, list) else () if value is None else (value,):
                found[target, path].append(node)
    result: dict[str, dict[str, list[str]]] = defaultdict(dict)
    never_cut = with_role("area") | with_role("unit")
    for (target, path), nodes in sorted(found.items()):
        by_type = {
            name: [node for node in nodes if node["type"] == name] for name in sorted({n["type"] for n in nodes})
        }
        if any(len(group) > MOST for name, group in by_type.items() if name not in never_cut):
            shown = [newest(group)[: None if name in never_cut else MOST] for name, group in by_type.items()]
            result[target][path] = [node["id"] for group in shown for node in group]
    return result


def _inside(records: Mapping[str, Node], funding: Funding) -> dict[str, list[str]]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    units = {award.grant: award.units for award in funding.awards}
    awards, areas = with_role("award"), with_role("area")
    listed = with_role("activity") | awards
    for node in newest(node for node in records.values() if node["type"] in listed):
        around = units[node["id"]] if node["type"] in awards else funding.units(members(node))
        for unit in around:
            shown = found[unit][node["type"]]
            if unit in records and records[unit]["type"] in areas and len(shown) < MOST:
                shown.append(node["id"])
    chosen = {unit: sorted(iri for shown in by_type.values() for iri in shown) for unit, by_type in found.items()}
    return {unit: iris for unit, iris in sorted(chosen.items()) if iris}


def _themes(records: Mapping[str, Node], funding: Funding) -> dict[str, dict[str, Any]]:
    """Only grants for a single project say what it costs, so those for several are left out."""
    single = {award.projects[0]: award.amount for award in funding.awards if len(award.projects) == 1 and award.amount}
    having: dict[str, list[Node]] = defaultdict(list)
    for node in records.values():
        if node["type"] in with_role("activity"):
            for theme in node.get("theme", ()):
                having[theme].append(node)
    found = {}
    for theme, nodes in sorted(having.items()):
        amounts = sorted(single[node["id"]] for node in nodes if node["id"] in single)
        found[theme] = {
            "projects": [node["id"] for node in newest(nodes)[:MOST]],
            "count": len(nodes),
            "amounts": [str(amounts[0]), str(amounts[len(amounts) // 2]), str(amounts[-1])] if amounts else [],
            "known": len(amounts),
        }
    return found


def newest(nodes: Iterable[Node]) -> list[Node]:
    """The records by their date, newest first; those without a date last, in a stable order."""
    ordered = sorted(nodes, key=lambda node: str(node["id"]))
    return sorted(ordered, key=_date, reverse=True)


def _date(node: Node) -> str:
    value = next((node[term] for term in _DATES if term in node), "")
    return str(value["@value"] if isinstance(value, dict) else value)


def _nearby(records: Mapping[str, Node]) -> dict[str, dict[str, list[str]]]:
    led: dict[str, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for node in records.values():
        if node["type"] in with_role("activity"):
            for field in node.get("field", ()):
                led[node["lead"]][field].append(node)
    places = {iri: place for iri in led if iri in records and (place := point(records[iri], {}))}
    first = {iri: {field: newest(nodes)[:_NEARBY] for field, nodes in led[iri].items()} for iri in sorted(places)}
    order = list(first)
    on_sphere = _on_sphere([places[iri] for iri in order])
    result = {}
    for here, position in zip(order, on_sphere, strict=True):
        # A longer chord through the globe is a longer distance on its surface.
        chords = np.linalg.norm(on_sphere - position, axis=1)
        others = [order[n] for n in np.argsort(chords, kind="stable")]
        result[here] = {field: _first(field, here, others, first) for field in sorted(led[here])}
    return result


def _first(
    field: str, here: str, others: Iterable[str], first: Mapping[str, Mapping[str, Sequence[Node]]]
) -> list[str]:
    """The projects of a field led by the nearest other places."""
    found: list[str] = []
    for other in others:
        if other != here:
            found += [node["id"] for node in first[other].get(field, ())]
        if len(found) >= _NEARBY:
            break
    return found[:_NEARBY]


def _on_sphere(places: Sequence[Sequence[float]]) -> Any:
    """Longitudes and latitudes in degrees as points on the unit sphere, one in a row."""
    longitudes, latitudes = np.radians(np.array(places).reshape(-1, 2)).T
    return np.column_stack(
        [np.cos(latitudes) * np.cos(longitudes), np.cos(latitudes) * np.sin(longitudes), np.sin(latitudes)]
    )
