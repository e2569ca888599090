"""The page about how much there is of what: the release's VoID description, with every part of it under its anchor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from flask import render_template

import ontology
from web import documents
from web.current import published
from web.documents import Triples
from web.labels import prefixed
from web.nodes import Naming, Node, href, node, subjects

_VOID: Final = ontology.PREFIXES["void"]
_CLASSES: Final = f"{_VOID}classPartition"
_PROPERTIES: Final = f"{_VOID}propertyPartition"


@dataclass(frozen=True)
class Partition:
    """Part of a dataset: what uses a class, or a property.

    :ivar count: entities of the class, triples with the property.
    """

    anchor: str
    label: str
    href: str | None
    count: int


@dataclass(frozen=True)
class Section:
    """A dataset, graph or linkset."""

    node: Node
    classes: list[Partition]
    properties: list[Partition]


def page(stem: str, suffixes: list[str]) -> str:
    """The HTML of the statistics.

    :param stem: address of the document, without suffix.
    """
    path, _ = published().release.file(f"{stem}.nt")
    triples = documents.in_order(quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.N_TRIPLES))
    return render_template("statistics.html", stem=stem, suffixes=suffixes, sections=list(_sections(triples)))


def _sections(triples: Triples) -> Iterable[Section]:
    facts: dict[str, dict[str, list[str]]] = {}
    for triple in triples:
        values = facts.setdefault(_text(triple.subject), {}).setdefault(triple.predicate.value, [])
        values.append(_text(triple.object))
    parts = {part for known in facts.values() for kind in (_CLASSES, _PROPERTIES) for part in known.get(kind, [])}
    naming = Naming(triples)
    whole = f"{published().release.manifest.base}void#all"
    for iri in sorted(set(subjects(triples)) - parts, key=lambda iri: (iri != whole, iri)):
        shown = node(iri, triples, naming)
        rows = [row for row in shown.rows if row.iri not in (_CLASSES, _PROPERTIES)]
        known = facts[iri]
        yield Section(
            Node(shown.iri, shown.anchor, shown.title, shown.kinds, rows),
            _partitions(known.get(_CLASSES, []), "class", "entities", facts),
            _partitions(known.get(_PROPERTIES, []), "property", "triples", facts),
        )


def _partitions(
    parts: Iterable[str], what: str, measure: str, facts: dict[str, dict[str, list[str]]]
) -> list[Partition]:
    found = []
    for part in parts:
        (term,), (count,) = facts[part][_VOID + what], facts[part][_VOID + measure]
        found.append(Partition(part.partition("#")[2], prefixed(term), href(term), int(count)))
    return sorted(found, key=lambda partition: (-partition.count, partition.label))


def _text(term: object) -> str:
    return str(getattr(term, "value", term))
