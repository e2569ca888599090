"""Look-ups in triples, in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import pyoxigraph as ox

import ontology
from smartregion.web.http.language import LANGUAGES, language
from smartregion.web.site.representations import Triples

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
TYPE: Final = ontology.PREFIXES["rdf"] + "type"


def iri(name: str) -> str:
    """The IRI of a prefixed name, e.g. ``sr:lead``."""
    prefix, _, local = name.partition(":")
    return ontology.PREFIXES[prefix] + local


class Statements:
    """Triples by subject and property; properties are given as prefixed names."""

    def __init__(self, triples: Triples) -> None:
        self._found: dict[str, dict[str, list[Term]]] = {}
        for triple in triples:
            if isinstance(triple.subject, ox.NamedNode):
                properties = self._found.setdefault(triple.subject.value, {})
                properties.setdefault(triple.predicate.value, []).append(triple.object)

    def __call__(self, subject: str, name: str) -> list[Term]:
        """All values."""
        return self._found.get(subject, {}).get(iri(name), [])

    def links(self, subject: str, name: str) -> list[str]:
        """The IRIs among the values."""
        return [term.value for term in self(subject, name) if isinstance(term, ox.NamedNode)]

    def literal(self, subject: str, name: str) -> ox.Literal | None:
        """The literal among the values, of several the one in the language of the page."""
        wanted = (language(), *LANGUAGES)
        found = [term for term in self(subject, name) if isinstance(term, ox.Literal)]
        return min(found, key=lambda term: _rank(term, wanted), default=None)

    def number(self, subject: str, name: str) -> Decimal | None:
        """The number among the values."""
        found = self.literal(subject, name)
        return Decimal(found.value) if found is not None else None

    def classes(self, subject: str) -> list[str]:
        """The classes of a node."""
        return self.links(subject, "rdf:type")

    def where(self, name: str, value: str | None = None) -> Iterator[str]:
        """The subjects that have a property, or have it with an IRI as value."""
        wanted = None if value is None else ox.NamedNode(value)
        for subject, properties in self._found.items():
            if (terms := properties.get(iri(name))) and (wanted is None or wanted in terms):
                yield subject

    def between(self, subjects: Iterable[str], value: str) -> dict[str, list[str]]:
        """The properties (IRIs) by which each of the subjects refers to a node."""
        wanted = ox.NamedNode(value)
        return {
            subject: [name for name, terms in self._found.get(subject, {}).items() if wanted in terms]
            for subject in subjects
        }


def _rank(term: ox.Literal, wanted: tuple[str, ...]) -> int:
    return wanted.index(term.language) if term.language in wanted else len(wanted)
