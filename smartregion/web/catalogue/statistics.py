"""The page of statistics: the VoID description of the release, with an anchor for each part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import pyoxigraph as ox
from flask import render_template

from smartregion.web.site import representations
from smartregion.web.site.display import Naming, Node, href, node, subjects
from smartregion.web.site.labels import prefixed
from smartregion.web.site.lookups import Statements, iri
from smartregion.web.site.representations import Triples
from smartregion.web.site.site import published

_CLASSES: Final = "void:classPartition"
_PROPERTIES: Final = "void:propertyPartition"
_PARTS: Final = {iri(_CLASSES), iri(_PROPERTIES)}


@dataclass(frozen=True)
class Partition:
    """A class partition or property partition of a dataset.

    :ivar count: entities of the class, triples with the property.
    """

    anchor: str
    label: str
    href: str | None
    count: int


@dataclass(frozen=True)
class StatisticsSection:
    """A dataset, graph or linkset."""

    node: Node
    classes: list[Partition]
    properties: list[Partition]


def page(stem: str, suffixes: list[str]) -> str:
    """The HTML of the statistics.

    :param stem: address of the document, without suffix.
    """
    path, _ = published().release.file(f"{stem}.nt")
    triples = representations.in_order(quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.N_TRIPLES))
    return render_template("statistics.html", stem=stem, suffixes=suffixes, sections=list(_sections(triples)))


def _sections(triples: Triples) -> Iterable[StatisticsSection]:
    facts, described = Statements(triples), subjects(triples)
    parts = {part for name in described for kind in (_CLASSES, _PROPERTIES) for part in facts.links(name, kind)}
    naming = Naming(triples)
    whole = f"{published().release.manifest.base}void#all"
    for name in sorted(set(described) - parts, key=lambda name: (name != whole, name)):
        shown = node(name, triples, naming)
        rows = [row for row in shown.rows if row.iri not in _PARTS]
        yield StatisticsSection(
            replace(shown, rows=rows),
            _partitions(facts.links(name, _CLASSES), "void:class", "void:entities", facts),
            _partitions(facts.links(name, _PROPERTIES), "void:property", "void:triples", facts),
        )


def _partitions(parts: Iterable[str], what: str, measure: str, facts: Statements) -> list[Partition]:
    found = []
    for part in parts:
        (term,) = facts.links(part, what)
        (count,) = (term.value for term in facts(part, measure) if isinstance(term, ox.Literal))
        found.append(Partition(part.partition("#")[2], prefixed(term), href(term), int(count)))
    return sorted(found, key=lambda partition: (-partition.count, partition.label))
