"""The page about a record, made from its description: the essentials first, others in the groups of the shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from math import asin, cos, radians, sin, sqrt
from urllib.parse import urlencode

from flask import request

import ontology
from smartregion.web.http.language import euros, gettext, language, number
from smartregion.web.records.descriptions import Description
from smartregion.web.site.display import Naming, Node, Row, Value, href, link, literal, node, subjects
from smartregion.web.site.lookups import Statements
from smartregion.web.site.maps import Point
from smartregion.web.site.site import published


@dataclass(frozen=True)
class PageSection:
    """Properties under a heading; ``anchor`` is its fragment."""

    anchor: str
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Card:
    """Another record in brief.

    :ivar roles: how it refers to the record of the page.
    :ivar facts: its main facts.
    """

    title: str
    href: str | None
    roles: list[str]
    facts: list[str]


@dataclass(frozen=True)
class Cards:
    """Records of a kind."""

    anchor: str
    title: str
    cards: list[Card]


@dataclass(frozen=True)
class Provenance:
    """Provenance of a record: rows of source tables, and days of first publication and last change."""

    rows: list[Value]
    issued: str | None
    modified: str | None


@dataclass(frozen=True)
class GrantLine:
    """A grant as a line of a table.

    :ivar beside: two of project, recipient and programme; without the record of the page.
    :ivar amount: as people write it; None if it is unknown.
    :ivar joint: the joint total of several grants, which is not added up.
    :ivar exact: False if no source tells whether the amount is rounded.
    :ivar others: what other sources say of it, with what that probably is; none is added up.
    """

    title: str
    href: str | None
    beside: list[Value]
    date: str | None
    amount: str | None
    joint: str | None
    exact: bool
    others: list[Card]


@dataclass(frozen=True)
class Grants:
    """The grants on a page and their sum.

    :ivar total: sum of the known amounts of all grants, also those that are not shown.
    :ivar count: number of these grants.
    :ivar unknown: how many of the shown have no amount of their own.
    """

    lines: list[GrantLine]
    total: Decimal
    count: int
    unknown: int


class EntityPage:
    """Content of the template for a record."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._iri = description.iri
        triples = description.triples
        self._naming = Naming(triples)
        self._facts = Statements(triples)
        self._node = node(self._iri, description.own, self._naming)
        self._classes = self._facts.classes(self._iri)

    @property
    def title(self) -> str:
        """Name of the record."""
        return self._node.title

    @property
    def kinds(self) -> list[str]:
        """Names of its classes."""
        return self._node.kinds

    @property
    def dataset(self) -> str | None:
        """Name of its dataset."""
        return next(filter(None, map(published().labels.dataset, self._classes)), None)

    @property
    def search(self) -> str:
        """Address of the search for all its projects."""
        segment, _, key = self._iri.removeprefix(f"{published().release.manifest.base}id/").partition("/")
        wanted = {segment: key} if segment in ("district", "programme") else {"q": self.title}
        spoken = {"lang": request.args["lang"]} if "lang" in request.args else {}
        return f"{request.script_root}/search?{urlencode({**wanted, 'type': 'project', **spoken})}"

    @property
    def text(self) -> Value | None:
        """Its description."""
        found = self._facts.literal(self._iri, "dct:description")
        return None if found is None else literal(found)

    @property
    def essentials(self) -> list[Row]:
        """Essential properties, shown first."""
        found = {row.iri: row for row in self._node.rows}
        return [found[path] for path in published().labels.essentials if path in found]

    @cached_property
    def sections(self) -> list[PageSection]:
        """All other properties, in the groups of the shapes; properties without a shape are in a last one."""
        labels = published().labels
        rows: dict[str | None, list[Row]] = {}
        for row in self._node.rows:
            if row.iri not in labels.apart and row.iri not in labels.essentials:
                rows.setdefault(labels.group(row.iri, self._classes), []).append(row)
        order = sorted(labels.groups, key=lambda group: labels.groups[group]["order"])
        known = [
            PageSection(self._anchor(group), labels.group_name(group, language()), rows[group])
            for group in order
            if group in rows
        ]
        return known + ([PageSection("more", gettext("Weitere Angaben"), rows[None])] if None in rows else [])

    def _anchor(self, group: str) -> str:
        """The anchor of a group of properties; those of nodes below the record are the fragments of their IRIs."""
        name = _anchor(group)
        return f"{name}-group" if name in {part.anchor for part in self.parts} else name

    @cached_property
    def provenance(self) -> Provenance:
        """Its provenance."""
        rows = [_row(name) for name in self._facts.links(self._iri, "prov:wasDerivedFrom")]
        dates = (self._facts.literal(self._iri, name) for name in ("dct:issued", "dct:modified"))
        issued, modified = (None if date is None else date.value[:10] for date in dates)
        return Provenance(rows, issued, modified)

    @cached_property
    def parts(self) -> list[Node]:
        """Nodes below the record, such as its geometry."""
        roles = {value.href: row.label for row in self._node.rows for value in row.values}
        found = [name for name in subjects(self._description.own) if name.startswith(f"{self._iri}#")]
        parts = [node(part, self._description.own, self._naming) for part in found]
        return [replace(part, title=roles.get(f"#{part.anchor}", part.title)) for part in parts]

    @cached_property
    def grants(self) -> Grants | None:
        """The grants to, of or for the record."""
        shown = [name for name in self._description.referring if self._has_role("award", name)]
        if not shown:
            return None
        lines = [self._grant(name) for name in self._by_date(shown, "sr:awardDate")]
        total, count = self._facts.number(self._iri, "sr:grantedSum"), self._facts.number(self._iri, "sr:grantCount")
        if count is None:
            total, count = self._sum(shown), Decimal(len(shown))
        unknown = sum(self._facts.number(name, "schema:amount") is None for name in shown)
        return Grants(lines, total or Decimal(0), int(count), unknown)

    @property
    def projects(self) -> int | None:
        """Number of projects of it or in it."""
        found = self._facts.number(self._iri, "sr:projectCount")
        return None if found is None else int(found)

    @property
    def cut(self) -> bool:
        """Whether there are more projects, grants or other records than shown."""
        shown = sum(self._has_role("activity", name) for name in self._description.referring)
        grants = self.grants is not None and len(self.grants.lines) < self.grants.count
        return self._description.cut or grants or shown < (self.projects or 0)

    @cached_property
    def neighbours(self) -> list[Cards]:
        """The records that refer to this one, by kind; grants have a separate table."""
        kinds: dict[str, list[str]] = {}
        for name in self._description.referring:
            if not self._has_role("award", name):
                kinds.setdefault(next(iter(self._facts.classes(name)), ""), []).append(name)
        shown, labels = [], published().labels
        for kind, names in kinds.items():
            title = labels.plural(kind, language())
            anchor = f"list-{kind.removeprefix(ontology.PREFIXES['sr']).lower()}"
            shown.append((labels.rank(kind), title, Cards(anchor, title, self._cards(names))))
        return [cards for _, _, cards in sorted(shown, key=lambda entry: entry[:2])]

    @cached_property
    def nearby(self) -> list[Card]:
        """Projects of the same field nearby, with their distances."""
        here = self._place(self._iri)
        placed = [(name, self._place(name)) for name in self._description.nearby]
        far = sorted((_distance(here, there), name) for name, there in placed if here and there)
        return [
            Card(
                self._naming[name],
                href(name),
                [self._naming[lead] for lead in self._facts.links(name, "sr:lead")],
                [gettext("%(km)s km entfernt", km=number(round(kilometres))), *self._brief(name)],
            )
            for kilometres, name in far
        ]

    @cached_property
    def points(self) -> list[Point]:
        """Points on the map: its own, or those of lead and partners; for an area, those of leads of projects."""
        drawn, base = published().map, f"{published().release.manifest.base}id/"
        if drawn is None:
            return []
        if self.area is not None:
            names = [lead for name in self._description.referring for lead in self._facts.links(name, "sr:lead")]
        else:
            linked = ("sr:lead", "sr:partner", "sr:recipient", "sr:municipality", "schema:location", "sr:seat")
            names = [self._iri] if self._own_place(self._iri) else []
            names = names or [name for path in linked for name in self._facts.links(self._iri, path)]
        points = []
        for name in dict.fromkeys(names):
            if (place := self._own_place(name)) and name.startswith(base):
                target = None if name == self._iri else href(name)
                points.append(drawn.point(*place, self._naming[name], target, 2))
        return [point for point in points if point]

    @cached_property
    def area(self) -> str | None:
        """The marked district of the map, by its name in the map."""
        key = self._iri.removeprefix(f"{published().release.manifest.base}id/")
        drawn = published().map
        return key if drawn and any(area.record == key for area in drawn.areas) else None

    def _grant(self, name: str) -> GrantLine:
        facts, iris = self._facts, ("schema:fundedItem", "sr:recipient", "sr:programme")
        beside = [link(other, self._naming) for path in iris for other in facts.links(name, path) if other != self._iri]
        date, amount = facts.literal(name, "sr:awardDate"), facts.number(name, "schema:amount")
        joint = facts.number(name, "sr:announcedTotal")
        return GrantLine(
            title=self._naming[name],
            href=href(name),
            beside=beside[:2],
            date=None if date is None else literal(date).text,
            amount=None if amount is None else self._money(name, amount),
            joint=None if joint is None else self._money("", joint),
            exact=amount is None or facts.literal(name, "sr:approximate") is not None,
            others=[
                Card(
                    self._naming[other],
                    href(other),
                    [],
                    [self._naming[kind] for kind in self._facts.links(other, "dct:type")],
                )
                for other in self._description.figures
                if name in facts.links(other, "sr:grant")
            ],
        )

    def _money(self, name: str, amount: Decimal) -> str:
        currency = self._facts.literal(name, "schema:currency") if name else None
        text = euros(amount) if currency is None or currency.value == "EUR" else f"{number(amount)} {currency.value}"
        rough = self._facts.literal(name, "sr:approximate") if name else None
        return gettext("rund %(amount)s", amount=text) if rough is not None and rough.value == "true" else text

    def _sum(self, names: Iterable[str]) -> Decimal:
        found = [self._facts.number(name, "schema:amount") for name in names if self._in_euros(name)]
        return sum((amount for amount in found if amount is not None), Decimal(0))

    def _in_euros(self, name: str) -> bool:
        currency = self._facts.literal(name, "schema:currency")
        return currency is not None and currency.value == "EUR"

    def _cards(self, names: Sequence[str]) -> list[Card]:
        labels = published().labels
        paths = self._facts.between(names, self._iri)
        roles = {
            name: [labels.of_property(path, self._facts.classes(name), language()) for path in paths[name]]
            for name in self._by_date(names, "schema:startDate")
        }
        # That projects are led and municipalities lie here is what one expects, but nothing of projects to each other.
        led = all(self._has_role("activity", name) or self._has_role("unit", name) for name in names)
        expected = led and not self._has_role("activity", self._iri)
        telling = len({tuple(role) for role in roles.values()}) > 1 or not expected
        return [
            Card(self._naming[name], href(name), role if telling else [], self._brief(name))
            for name, role in roles.items()
        ]

    def _has_role(self, role: str, name: str) -> bool:
        return published().labels.has_role(role, self._facts.classes(name))

    def _brief(self, name: str) -> list[str]:
        terms = [*self._facts.links(name, "adms:status"), *self._facts.links(name, "dct:subject")]
        dates = [literal(date).text for date in (self._facts.literal(name, "schema:startDate"),) if date is not None]
        return [*(self._naming[term] for term in terms), *dates]

    def _by_date(self, names: Iterable[str], path: str) -> list[str]:
        """The newest first, then by name."""
        ordered = sorted(names, key=lambda name: self._naming[name].casefold())
        return sorted(ordered, key=lambda name: _lexical(self._facts, name, path), reverse=True)

    def _own_place(self, name: str) -> tuple[float, float] | None:
        longitude, latitude = self._facts.number(name, "wgs:long"), self._facts.number(name, "wgs:lat")
        return None if longitude is None or latitude is None else (float(longitude), float(latitude))

    def _place(self, name: str) -> tuple[float, float] | None:
        """The place of the record or of its lead."""
        near = (self._own_place(lead) for lead in (name, *self._facts.links(name, "sr:lead")))
        return next((place for place in near if place), None)


def _row(source: str) -> Value:
    """A row of a source table (RFC 7111)."""
    table, _, fragment = source.partition("#row=")
    name = table.rpartition("/")[2]
    text = gettext("Zeile %(row)s der Tabelle %(table)s", row=fragment, table=name) if fragment else name
    return Value(text, href(source))


def _lexical(facts: Statements, name: str, path: str) -> str:
    found = facts.literal(name, path)
    return "" if found is None else found.value


def _anchor(group: str) -> str:
    return group.rpartition("#")[2].removesuffix("Group")


def _distance(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance in km of two coordinates (longitude, latitude in degrees)."""
    east, north, other_east, other_north = map(radians, (*here, *there))
    half = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(half))
