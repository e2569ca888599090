"""Grants and participation, counted from the records once for all pages and pictures.

Each sum is stored once (decision 7): only ``amount`` in euros is added up, never a joint total.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import pyoxigraph as ox

from ingest.model import with_role
from ingest.rdf import Node
from ontology import PREFIXES, SR

CURRENCY: Final = "EUR"
_ABOVE: Final = ("district", "governmentDistrict", "state", "metropolitanRegion")
_INTEGER: Final = ox.NamedNode(PREFIXES["xsd"] + "integer")
_DECIMAL: Final = ox.NamedNode(PREFIXES["xsd"] + "decimal")


@dataclass(frozen=True)
class Award:
    """A grant with facts of its project and its recipients; IRIs are relative to ``{base}id/``.

    :ivar amount: in euros, if it is known.
    :ivar date: of the award, as precise as it is known.
    :ivar year: of the award, four digits, if it is known.
    :ivar units: recipients, and the areas that they lie in.
    """

    grant: str
    amount: Decimal | None
    date: str | None
    year: str | None
    programme: str | None
    projects: tuple[str, ...]
    units: frozenset[str]


@dataclass
class Totals:
    """Totals of a recipient, an area or a programme."""

    projects: set[str] = field(default_factory=set)
    grants: int = 0
    amount: Decimal = Decimal(0)


class Funding:
    """Awards and participation.

    :param records: all records, by IRI relative to ``{base}id/``.
    """

    def __init__(self, records: Mapping[str, Node]) -> None:
        self._records = records
        self._areas: dict[str, frozenset[str]] = {}
        self.awards = [self._award(node) for node in records.values() if node["type"] in with_role("award")]

    def units(self, iris: Iterable[str]) -> frozenset[str]:
        """Municipalities, districts and organisations with the areas that they lie in."""
        return frozenset(area for iri in iris for area in self._upwards(iri))

    def totals(self) -> dict[str, Totals]:
        """Totals of all participants of projects, recipients and programmes, by IRI."""
        found: dict[str, Totals] = {}
        for node in self._records.values():
            if node["type"] in with_role("activity"):
                for unit in self.units(members(node)):
                    found.setdefault(unit, Totals()).projects.add(node["id"])
        for award in self.awards:
            for unit in award.units:
                self._add(found.setdefault(unit, Totals()), award)
            if award.programme is not None:
                giver = found.setdefault(award.programme, Totals())
                self._add(giver, award)
                giver.projects.update(award.projects)
        return found

    def inhabitants(self, project: Node) -> int:
        """Of the municipalities and districts that take part, each person once."""
        taking_part = set(members(project))
        outermost = [iri for iri in taking_part if not (self._upwards(iri) - {iri}) & taking_part]
        return sum(int(self._records[iri].get("population", 0)) for iri in outermost if iri in self._records)

    def summary(self, base: str) -> Iterator[ox.Triple]:
        """The totals as RDF, and how many people each project reaches."""
        for node in self._records.values():
            if node["type"] in with_role("activity") and (reached := self.inhabitants(node)):
                literal = ox.Literal(str(reached), datatype=_INTEGER)
                yield ox.Triple(ox.NamedNode(f"{base}id/{node['id']}"), ox.NamedNode(SR.inhabitantsReached), literal)
        for iri, totals in self.totals().items():
            if iri not in self._records:
                continue
            subject = ox.NamedNode(f"{base}id/{iri}")
            for term, number, datatype in (
                (SR.projectCount, Decimal(len(totals.projects)), _INTEGER),
                (SR.grantCount, Decimal(totals.grants), _INTEGER),
                (SR.grantedSum, totals.amount, _DECIMAL),
            ):
                if number:
                    literal = ox.Literal(f"{number.normalize():f}", datatype=datatype)
                    yield ox.Triple(subject, ox.NamedNode(term), literal)

    def _upwards(self, iri: str) -> frozenset[str]:
        if iri not in self._areas:
            node = self._records.get(iri, {})
            above = [value for term in _ABOVE for value in _list(node.get(term))] if "ags" in node else []
            self._areas[iri] = frozenset([iri, *(area for value in above for area in self._upwards(value))])
        return self._areas[iri]

    def _award(self, node: Node) -> Award:
        known = "amount" in node and node.get("currency") == CURRENCY
        return Award(
            grant=node["id"],
            amount=Decimal(str(node["amount"])) if known else None,
            date=date(node.get("awardDate")),
            year=year(node.get("awardDate")),
            programme=node.get("programme"),
            projects=tuple(_list(node.get("project"))),
            units=self.units(_list(node.get("recipient"))),
        )

    @staticmethod
    def _add(totals: Totals, award: Award) -> None:
        totals.grants += 1
        totals.amount += award.amount or 0


def members(project: Node) -> list[str]:
    """Lead and partners of a project."""
    return [*_list(project.get("lead")), *_list(project.get("partner"))]


def date(value: object) -> str | None:
    """A date as precise as it is known, as a record has it."""
    text = value["@value"] if isinstance(value, dict) else value
    return str(text) if text else None


def year(value: object) -> str | None:
    """The year of a date as precise as it is known, as a record has it."""
    text = date(value)
    return text and text[:4]


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [str(value)]
