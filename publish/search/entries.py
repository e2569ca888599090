"""Search entries of records: names and texts, names of linked records and concepts, and facets.

Which properties are texts, links or concepts is read from the record types, so a new property needs no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, Final

from rdflib import SKOS, Literal, URIRef

import ontology
from ingest.model import Field, RecordType, by_name, ranked, record_types, searched, with_role
from ingest.rdf import Node
from publish.formats.tabular import placed

Row = Mapping[str, Any]
Text = dict[str, str]

_NAMES: Final = ("name", "title_de", "title_en", "name_en")
_CLASSES: Final = (100_000, 500_000, 1_000_000, 2_500_000)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

UNKNOWN: Final = "unknown"
"""Amount class of a project with an unknown amount."""


@dataclass
class SearchEntry:
    """One record in the index.

    :ivar titles: all its names, searched.
    :ivar linked: names of linked records and of its concepts, searched.
    :ivar around: the same for a territory, with a low weight, searched.
    :ivar texts: its other texts, searched.
    :ivar exact: names of exactly this record.
    :ivar beside: its lead, organiser, provider or place, shown beside the title.
    :ivar date: of the award, or of the start; as precise as the source (decision 8).
    :ivar amount: known amount in euros (decision 7).
    :ivar located: the record with its coordinates, relative to ``{base}id/``.
    :ivar facets: values by name of the facet.
    """

    iri: str
    type: str
    title: Text
    description: Text
    titles: list[str]
    linked: list[str]
    around: list[str]
    texts: list[str]
    exact: list[str]
    beside: str
    date: str
    amount: str
    located: str
    point: list[float] | None
    facets: dict[str, list[str]] = field(default_factory=dict)


def token(name: str) -> str:
    """A record type in addresses: ``funding-programme``."""
    return _CAMEL.sub("-", name).lower()


def amount_class(amount: str) -> str:
    """The class of an amount in addresses: ``-100000``, ``100000-500000``, ..., ``2500000-``."""
    if not amount:
        return UNKNOWN
    above = [bound for bound in _CLASSES if Decimal(amount) >= bound]
    below = [bound for bound in _CLASSES if Decimal(amount) < bound]
    return f"{above[-1] if above else ''}-{below[0] if below else ''}"


def amount_classes() -> list[str]:
    """All classes, in order."""
    bounds = ["", *map(str, _CLASSES), ""]
    return [f"{low}-{high}" for low, high in pairwise(bounds)] + [UNKNOWN]


class Entries:
    """Entries of records.

    :param records: all of them, by IRI relative to ``{base}id/``.
    :param projects: projects of the Navigator profile, which calculates funding.
    """

    def __init__(self, records: Mapping[str, Node], projects: Iterable[Row], base: str) -> None:
        self._records = records
        self._base = f"{base}id/"
        self._funding = {row["id"].removeprefix(self._base): row["funding"] for row in projects}
        self._districts: dict[str, frozenset[str]] = {}

    def __iter__(self) -> Iterator[SearchEntry]:
        types = {kind.name: kind for kind in searched()}
        for node in self._records.values():
            if node["type"] in types:
                yield self._entry(node, types[node["type"]])

    def _entry(self, node: Node, record_type: RecordType) -> SearchEntry:
        shape, funding = _shape(record_type.name), self._funding.get(node["id"])
        programmes = _programmes(funding, self._base) if funding else []
        districts = sorted(self._in_districts(node["id"]))
        named = [node[term] for term in (*shape.titles, *shape.names) if term in node]
        linked = self._linked(node, shape, [*programmes, *districts])
        texts = [node[term] for term in (*shape.descriptions, *shape.texts) if term in node]
        is_territory = "territory" in record_type.roles
        date, amount = _date(node, funding), _amount(funding)
        point, located = placed(node, self._records)
        return SearchEntry(
            iri=node["id"],
            type=token(record_type.name),
            title=_texts(node, shape.titles),
            description=_texts(node, shape.descriptions),
            titles=named,
            linked=[*record_type.label.values(), *([] if is_territory else linked)],
            around=linked if is_territory else [],
            texts=texts,
            exact=[*named, node[record_type.key.term]],
            beside=self._beside(node),
            date=date,
            amount=amount,
            located=located,
            point=point,
            facets={
                "type": [token(record_type.name)],
                "field": sorted(_values(node, "field")),
                "theme": sorted(_values(node, "theme")),
                "district": [iri.partition("/")[2] for iri in districts],
                "programme": self._programmes_of(node, programmes),
                "status": _values(node, "status"),
                "year": [date[:4]] if date else [],
                "amount": [amount_class(amount)] if funding is not None else [],
            },
        )

    def _linked(self, node: Node, shape: _Shape, further: Iterable[str]) -> list[str]:
        """Names of concepts and records that a record is linked to, each once."""
        iris = [*_iris(node, shape.references), *further]
        concepts = [column.prefix + value for column in shape.concepts for value in _values(node, column.term)]
        names = [name for iri in iris for name in self._names(iri)]
        return list(dict.fromkeys([*names, *(label for iri in concepts for label in _concept_labels(iri))]))

    def _programmes_of(self, node: Node, programmes: list[str]) -> list[str]:
        own = [node["id"]] if node["type"] in with_role("programme") else []
        return [iri.partition("/")[2] for iri in (*programmes, *own) if iri in self._records]

    def _names(self, iri: str) -> list[str]:
        node = self._records.get(iri)
        return [] if node is None else [node[term] for term in _NAMES if term in node]

    def _beside(self, node: Node) -> str:
        for term in _headed():
            names = [self._names(iri)[0] for iri in _values(node, term) if self._names(iri)]
            if names:
                return ", ".join(names)
        return ""

    def _in_districts(self, iri: str) -> frozenset[str]:
        """The districts of a record, by its links."""
        node = self._records.get(iri)
        if node is None:
            return frozenset()
        if node["type"] in with_role("district"):
            return frozenset([iri])
        if iri not in self._districts:
            self._districts[iri] = frozenset()  # links may be circular
            near = [self._in_districts(other) for term in _situating() for other in _values(node, term)]
            self._districts[iri] = frozenset().union(*near)
        return self._districts[iri]


@cache
def _headed() -> tuple[str, ...]:
    return tuple(field.term for field in ranked("beside"))


@cache
def _situating() -> tuple[str, ...]:
    return tuple(sorted({field.term for kind in record_types().values() for field in kind.fields if field.situates}))


@dataclass(frozen=True)
class _Shape:
    """Terms of a record type by their use in the search."""

    titles: tuple[str, ...]
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    texts: tuple[str, ...]
    references: tuple[str, ...]
    concepts: tuple[Field, ...]


@cache
def _shape(name: str) -> _Shape:
    columns = by_name(name).fields
    texts = [column.term for column in columns if column.kind == "text"]
    titles = tuple(term for term in texts if term in _NAMES)
    names = tuple(term for term in texts if term in ("officialName", "ags"))
    descriptions = tuple(column.term for column in columns if column.role == "DescriptionRole")
    hidden = {*titles, *names, *descriptions, "identifier", "currency"}
    return _Shape(
        titles=titles,
        names=names,
        descriptions=descriptions,
        texts=tuple(term for term in texts if term not in hidden),
        references=tuple(column.term for column in columns if column.kind == "reference"),
        concepts=tuple(column for column in columns if column.kind == "concept"),
    )


@cache
def _concept_labels(iri: str) -> tuple[str, ...]:
    """All names of a concept in both languages."""
    graph, concept = ontology.schemes(), URIRef(iri)
    found = (str(label) for name in (SKOS.prefLabel, SKOS.altLabel) for label in graph.objects(concept, name))
    return tuple(sorted(set(found)))


def concept_names(iri: str) -> Text:
    """Preferred names of a concept by language."""
    found = ontology.schemes().objects(URIRef(iri), SKOS.prefLabel)
    return {label.language: str(label) for label in found if isinstance(label, Literal) and label.language}


def _texts(node: Node, terms: Iterable[str]) -> Text:
    """The texts by language; a term without one is German."""
    found = {term.rpartition("_")[2] if term.endswith(("_de", "_en")) else "de": node.get(term) for term in terms}
    return {language: text for language, text in found.items() if text}


def _values(node: Node, term: str) -> list[str]:
    value = node.get(term, ())
    return [value] if isinstance(value, str) else list(value)


def _iris(node: Node, terms: Iterable[str]) -> Iterator[str]:
    return (iri for term in terms for iri in _values(node, term))


def _date(node: Node, funding: Row | None) -> str:
    """The date of the first award, otherwise of the start or change; empty if unknown."""
    awards = [str(grant["awardDate"]) for grant in funding["grants"] if grant["awardDate"]] if funding else []
    value = node.get("start") or node.get("changeDate") or ""
    return min(awards, default=str(value["@value"] if isinstance(value, dict) else value))


def _amount(funding: Row | None) -> str:
    return str(funding["amount"] or "") if funding and funding["currency"] == "EUR" else ""


def _programmes(funding: Row, base: str) -> list[str]:
    found = [grant["programme"]["id"].removeprefix(base) for grant in funding["grants"] if grant["programme"]]
    return list(dict.fromkeys(found))
