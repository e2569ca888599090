"""The tables of the pictures of ``/figures``, each with the query that gives the same numbers on the endpoint.

They are counted from the records, because these are in memory and a query over a large store takes seconds; a test runs
the queries and compares.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files as resources
from typing import Any, Final

from rdflib import SKOS, Literal, URIRef

import ontology
from ingest.model import the, with_role
from ingest.rdf import Node
from publish.pictures.funding import Funding, members

Text = Mapping[str, str]
"""German and English, by language."""

Value = str | int | Decimal
Row = tuple[tuple["Name", ...], tuple[Value, ...]]
"""IRIs and names, then values."""

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Name:
    """A resource with its names; ``iri`` is absolute."""

    iri: str
    names: Text


@dataclass(frozen=True)
class Figure:
    """A table that is drawn.

    :ivar name: last part of its addresses.
    :ivar columns: names of the variables of its query that hold numbers or years.
    :ivar things: the resources of a row; each has a column with its IRI and one with its German name.
    """

    name: str
    things: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Sequence[Row]

    @property
    def title(self) -> Text:
        """Its title, by language."""
        return dict(_said(self.name)["title"])

    @property
    def text(self) -> Text:
        """Its notes, by language."""
        return dict(_said(self.name)["text"])

    @property
    def query(self) -> str:
        """The SPARQL query that gives the same table."""
        return str(_said(self.name)["query"])

    def csv(self) -> str:
        """The table with the header that the query gives (RFC 4180, with LF)."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        named = [part for thing in self.things for part in (thing, f"{thing}Name")]
        writer.writerow([*named, *self.columns])
        for things, values in self.rows:
            writer.writerow([*(part for thing in things for part in (thing.iri, thing.names["de"])), *values])
        return out.getvalue()


@cache
def texts() -> Mapping[str, Mapping[str, Any]]:
    """The texts of ``figures.toml``: ``figure`` by name, and the headings of ``columns``."""
    return tomllib.loads(resources(__package__).joinpath("figures.toml").read_text(encoding="utf-8"))


def _said(figure: str) -> Mapping[str, Any]:
    said: Mapping[str, Any] = texts()["figure"][figure]
    return said


def figures(records: Mapping[str, Node], funding: Funding, base: str) -> list[Figure]:
    """All tables of a release.

    :param records: all records, by IRI relative to ``{base}id/``.
    """
    counting = _Counting(records, funding, base)
    return [
        counting.per_head(),
        counting.by_year(),
        counting.by_programme(),
        counting.by_field(),
        counting.matrix(),
        counting.by_status(),
        counting.by_district(),
        counting.projects_by_year(),
    ]


class _Counting:
    def __init__(self, records: Mapping[str, Node], funding: Funding, base: str) -> None:
        self._records = records
        self._funding = funding
        self._base = base
        self._projects = [node for node in records.values() if node["type"] in with_role("activity")]
        self._districts = sorted(iri for iri, node in records.items() if node["type"] in with_role("district"))

    def by_year(self) -> Figure:
        found = self._sums((award.year, award.amount) for award in self._funding.awards if award.year)
        return Figure(
            "funding-by-year", (), ("year", "grants", "total"), [((), (year, *found[year])) for year in sorted(found)]
        )

    def by_programme(self) -> Figure:
        awards = self._funding.awards
        found = self._sums((award.programme, award.amount) for award in awards if award.programme in self._records)
        return self._named("funding-by-programme", "programme", found)

    def by_field(self) -> Figure:
        fields = {node["id"]: node.get("field", ()) for node in self._projects}
        found = self._sums(
            (field, award.amount)
            for award in self._funding.awards
            for field in {field for project in award.projects for field in fields.get(project, ())}
        )
        order = options("field")
        rows = [((order[field],), found[field]) for field in order if field in found]
        return Figure("funding-by-field", ("field",), ("grants", "total"), rows)

    def by_district(self) -> Figure:
        return self._named("funding-by-district", "district", self._of_districts())

    def per_head(self) -> Figure:
        rows = []
        for district, (_, total) in self._of_districts().items():
            people = self._records[district].get("population")
            if total and people:
                each = (total / Decimal(str(people))).quantize(_CENT, ROUND_HALF_UP)
                rows.append(((self._name(district),), (total, int(people), each)))
        rows.sort(key=lambda row: (-row[1][2], row[0][0].names["de"]))
        return Figure("funding-per-head", ("district",), ("total", "population", "perHead"), rows)

    def matrix(self) -> Figure:
        order, found = options("field"), Counter[tuple[str, str]]()
        for node in self._projects:
            units = self._funding.units(members(node))
            found.update((unit, field) for unit in units for field in node.get("field", ()))
        rows = [
            ((self._name(district), order[field]), (found[district, field],))
            for district in sorted(self._districts, key=lambda iri: _sortable(self._records[iri]["name"]))
            for field in order
            if (district, field) in found
        ]
        return Figure("fields-by-district", ("district", "field"), ("projects",), rows)

    def by_status(self) -> Figure:
        found, order = Counter(node.get("status") for node in self._projects), options("status")
        rows = [((order[status],), (found[status],)) for status in order if status in found]
        return Figure("projects-by-status", ("status",), ("projects",), rows)

    def projects_by_year(self) -> Figure:
        first: dict[str, str] = {}
        for award in self._funding.awards:
            for project in award.projects:
                if award.year and project in self._records:
                    first[project] = min(award.year, first.get(project, award.year))
        found = Counter(first.values())
        return Figure(
            "projects-by-year", (), ("year", "projects"), [((), (year, found[year])) for year in sorted(found)]
        )

    def _of_districts(self) -> dict[str, tuple[int, Decimal]]:
        known = set(self._districts)
        awards = self._funding.awards
        return self._sums((unit, award.amount) for award in awards for unit in award.units & known)

    @staticmethod
    def _sums(pairs: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, tuple[int, Decimal]]:
        counts, sums = Counter[str](), defaultdict[str, Decimal](Decimal)
        for key, amount in pairs:
            counts[str(key)] += 1
            sums[str(key)] += amount or 0
        return {key: (count, sums[key]) for key, count in counts.items()}

    def _named(self, figure: str, thing: str, found: Mapping[str, tuple[int, Decimal]]) -> Figure:
        """Records with number and sum of grants, the largest sum first."""
        rows = [((self._name(iri),), values) for iri, values in found.items()]
        rows.sort(key=lambda row: (-row[1][1], row[0][0].names["de"]))
        return Figure(figure, (thing,), ("grants", "total"), rows)

    def _name(self, iri: str) -> Name:
        node = self._records[iri]
        german = node.get("title_de") or node["name"]
        return Name(
            f"{self._base}id/{iri}", {"de": german, "en": node.get("title_en") or node.get("name_en") or german}
        )


@cache
def options(term: str) -> dict[str, Name]:
    """The concepts that a column of projects may have, by notation, in their order."""
    scheme = {"field": "field-of-action", "status": "project-status"}[term]
    graph, found = ontology.scheme(scheme), {}
    for option in the("activity").field(term).options:
        labels = [label for label in graph.objects(URIRef(option), SKOS.prefLabel) if isinstance(label, Literal)]
        found[option.rpartition("#")[2]] = Name(option, {str(label.language): str(label) for label in labels})
    return found


def _sortable(name: str) -> str:
    return name.removeprefix("Landkreis ").casefold()
