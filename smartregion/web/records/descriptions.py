"""Descriptions of records: own statements, records that refer to it, and related records (decision 28).

The number of look-ups does not depend on the number of records: if many refer to a record, ``neighbours.json`` of the
release names the newest of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from publish.releases.contents import NEIGHBOURS
from smartregion.web.site import representations
from smartregion.web.site.display import NAMES
from smartregion.web.site.lookups import TYPE, Statements, iri
from smartregion.web.site.representations import Triples
from smartregion.web.site.site import published, site

_NEARBY: Final = 5
_ALIKE: Final = 6

# A filter instead of VALUES: Oxigraph starts a join with VALUES, here with all names (20 times slower).
_BESIDE: Final = (*NAMES, *map(iri, ("wgs:lat", "wgs:long", "sr:district")))
_OWN: Final = f"""
CONSTRUCT {{ ?s ?p ?o . ?part ?q ?x . ?o ?name ?text }}
WHERE {{
  {{ ?s ?p ?o }}
  UNION {{ ?s ?link ?part . ?part ?q ?x FILTER(STRSTARTS(STR(?part), CONCAT(STR(?s), "#"))) }}
  UNION {{ ?s ?p ?o . ?o ?name ?text FILTER(?o != ?s && ?name IN ({", ".join(f"<{name}>" for name in _BESIDE)})) }}
}}"""

_BRIEF: Final = tuple(
    iri(name)
    for name in (
        "rdf:type", "dct:title", "skos:prefLabel", "adms:status", "dct:subject", "dct:type", "schema:startDate",
        "schema:fundedItem", "sr:lead", "sr:recipient", "sr:programme", "schema:amount", "schema:currency",
        "sr:approximate", "sr:announcedTotal", "sr:awardDate", "sr:grant", "sr:statedAmount",
    )
)  # fmt: skip

_GUIDING: Final = tuple(
    iri(name)
    for name in (
        "rdf:type", "dct:title", "skos:prefLabel", "schema:url", "schema:telephone", "vcard:hasEmail", "sr:advice",
        "schema:provider", "sr:lead", "adms:status", "sr:theme",
    )
)  # fmt: skip
"""What is told of whom to ask about a project, and of projects like it."""


@dataclass(frozen=True)
class Description:
    """A record with related records.

    :ivar own: its statements, those of its parts, and the names of linked nodes.
    :ivar around: the main statements of the records that refer to it and of related records.
    :ivar referring: IRIs of the records that refer to it, or lie in it.
    :ivar cut: whether more records refer to it by one property than are shown.
    :ivar nearby: IRIs of projects of the same fields of action nearby, the nearest first.
    :ivar figures: IRIs of records that state other sums beside the grants among those that refer to it.
    :ivar alike: IRIs of projects of the same themes, those that share most first.
    """

    iri: str
    own: Triples
    around: Triples
    referring: list[str]
    cut: bool
    nearby: list[str]
    figures: list[str]
    alike: list[str]

    @property
    def triples(self) -> Triples:
        """All triples."""
        return representations.in_order([*self.own, *self.around])


def describe(thing: ox.NamedNode) -> Description | None:
    """The description of a record; None if it is unknown."""
    own = representations.ask(site().private.prepare(_OWN), {"s": thing})
    if not own:
        return None
    facts, base = Statements(own), f"{published().release.manifest.base}id/"
    key = thing.value.removeprefix(base)
    many = published().read(NEIGHBOURS)["references"].get(key, {})
    inside = [base + near for near in published().read(NEIGHBOURS)["inside"].get(key, ())]
    paths = {path for kind in facts.classes(thing.value) for path in published().labels.incoming(kind)}
    few = sorted(paths - many.keys())
    incoming = _incoming(thing, few) if few else []
    referring = [triple.subject.value for triple in incoming if isinstance(triple.subject, ox.NamedNode)]
    referring += [base + near for path in sorted(many) for near in many[path]] + inside
    nearby = [base + near for near in _nearby(facts, thing.value, base)]
    around = _brief([*referring, *nearby], {*_BRIEF, *many})
    figures = _figures(Statements(around), referring)
    around += _brief(figures, _BRIEF)
    alike = _alike(facts, thing.value, base)
    around += _guidance(Statements([*own, *around]), thing.value, referring, alike)
    found = list(dict.fromkeys(referring))
    return Description(thing.value, own, [*incoming, *around], found, bool(many), nearby, figures, alike)


def _incoming(thing: ox.NamedNode, paths: Iterable[str]) -> Triples:
    """Records that refer to a thing by some properties of the shapes."""
    parts = " UNION ".join(f"{{ ?from <{path}> ?s BIND(<{path}> AS ?p) }}" for path in paths)
    return representations.ask(site().private.prepare(f"CONSTRUCT {{ ?from ?p ?s }} WHERE {{ {parts} }}"), {"s": thing})


def _figures(facts: Statements, referring: Iterable[str]) -> list[str]:
    """Who states other sums beside the grants among some records."""
    labels = published().labels
    awards = [name for name in dict.fromkeys(referring) if labels.has_role("award", facts.classes(name))]
    paths = {path for name in awards for kind in facts.classes(name) for path in labels.incoming(kind)}
    if not awards or not paths:
        return []
    nodes, parts = " ".join(str(ox.NamedNode(name)) for name in awards), "|".join(f"<{path}>" for path in sorted(paths))
    text = f"CONSTRUCT {{ ?from a ?kind }} WHERE {{ VALUES ?s {{ {nodes} }} ?from {parts} ?s ; a ?kind }}"
    found = Statements(representations.ask(site().private.prepare(text), {}))
    return sorted(name for name in found.where("rdf:type") if labels.has_role("figure", found.classes(name)))


def _brief(iris: Iterable[str], paths: Iterable[str]) -> Triples:
    """Some properties of records, with the names of linked nodes, each looked up once."""
    found = _look_up(iris, paths)
    objects = (triple.object for triple in found if triple.predicate.value != TYPE)
    linked = {node.value for node in objects if isinstance(node, ox.NamedNode)}
    return [*found, *_look_up(sorted(linked), _BESIDE)]


def _look_up(iris: Iterable[str], paths: Iterable[str]) -> Triples:
    """The values of some properties of some nodes."""
    # Parsed as IRIs first, so that only IRIs enter the query.
    nodes = " ".join(str(ox.NamedNode(name)) for name in dict.fromkeys(iris))
    if not nodes:
        return []
    wanted = ", ".join(f"<{path}>" for path in sorted(paths))
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {nodes} }} ?s ?p ?o FILTER(?p IN ({wanted})) }}"
    return representations.ask(site().private.prepare(text), {})


def _nearby(facts: Statements, thing: str, base: str) -> list[str]:
    """Projects of the same fields led by the nearest places; alternating between several fields, each once."""
    known: dict[str, dict[str, list[str]]] = published().read(NEIGHBOURS)["nearby"]
    fields = [field.rpartition("#")[2] for field in facts.links(thing, "dct:subject")]
    found = [known.get(lead.removeprefix(base), {}) for lead in facts.links(thing, "sr:lead")]
    lists = [near[field] for near in found for field in fields if field in near]
    ranked = sorted((rank, key) for near in lists for rank, key in enumerate(near))
    return list(dict.fromkeys(key for _, key in ranked if base + key != thing))[:_NEARBY]


def _alike(facts: Statements, thing: str, base: str) -> list[str]:
    """Other projects of the same themes: those that share most, then the newest."""
    known = published().read(NEIGHBOURS)["themes"]
    themes = [theme.rpartition("#")[2] for theme in facts.links(thing, "sr:theme")]
    keys = [key for theme in themes if theme in known for key in known[theme]["projects"] if base + key != thing]
    return [base + key for key, _ in Counter(keys).most_common(_ALIKE)]


def _guidance(facts: Statements, thing: str, referring: Iterable[str], alike: Iterable[str]) -> Triples:
    """Whom to ask about a project: its lead, the programmes of its grants, their advice; and projects like it."""
    if not published().labels.has_role("activity", facts.classes(thing)):
        return []
    programmes = [programme for award in referring for programme in facts.links(award, "sr:programme")]
    found = _brief([*facts.links(thing, "sr:lead"), *programmes, *alike], _GUIDING)
    advice = [offer for programme in programmes for offer in Statements(found).links(programme, "sr:advice")]
    return [*found, *_brief(advice, _GUIDING)]
