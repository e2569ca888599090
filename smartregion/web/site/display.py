"""Displays RDF nodes on pages: names instead of IRIs, values in the notation of the language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox
from flask import request

import ontology
from smartregion.web.http.language import LANGUAGES, day, gettext, language, month, number
from smartregion.web.site.labels import prefixed
from smartregion.web.site.representations import Triples
from smartregion.web.site.site import published

_RDF_TYPE: Final = ontology.PREFIXES["rdf"] + "type"
_XSD: Final = ontology.PREFIXES["xsd"]
_SCHEMES: Final = "https://w3id.org/smart-region/scheme/"
NAMES: Final = tuple(
    ontology.PREFIXES[prefix] + local
    for prefix, local in (
        ("skos", "prefLabel"),
        ("dct", "title"),
        ("rdfs", "label"),
        ("schema", "legalName"),
        ("foaf", "name"),
        ("vcard", "fn"),
    )
)
"""Properties that name a node, the best first."""


@dataclass(frozen=True)
class Value:
    """One value: its text, its link, and its language if that is not the page's."""

    text: str
    href: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Row:
    """A property of a node with its values."""

    label: str
    iri: str
    values: list[Value]


@dataclass(frozen=True)
class Node:
    """A node as a section of a page; ``anchor`` is the fragment of its IRI."""

    iri: str
    anchor: str
    title: str
    kinds: list[str]
    rows: list[Row]


class Naming:
    """Names of nodes, found in triples.

    :param triples: triples with names; the language of the page is preferred.
    """

    def __init__(self, triples: Triples) -> None:
        wanted = (language(), *LANGUAGES, "")
        best: dict[str, tuple[int, int, str]] = {}
        for triple in triples:
            if isinstance(triple.object, ox.Literal) and triple.predicate.value in NAMES:
                spoken = triple.object.language or ""
                rank = wanted.index(spoken) if spoken in wanted else len(wanted)
                found = (NAMES.index(triple.predicate.value), rank, triple.object.value)
                subject = _iri(triple.subject)
                best[subject] = min(found, best.get(subject, found))
        self._names = {iri: name for iri, (_, _, name) in best.items()}

    def __getitem__(self, iri: str) -> str:
        return self._names.get(iri) or short(iri)


def short(iri: str) -> str:
    """An IRI as text: relative to our base, with one of our prefixes, or unchanged."""
    base = published().release.manifest.base
    return iri[len(base) :] if iri.startswith(base) and iri != base else prefixed(iri)


def href(iri: str) -> str | None:
    """Target of a link to this node: one of our pages if it exists; None if the IRI is no web address."""
    base, choice = published().release.manifest.base, request.args.get("lang")
    vocabulary = ontology.PREFIXES["sr"]
    if iri.startswith(f"{base}id/"):
        path = "doc/" + iri[len(base) + 3 :]
    elif iri.startswith(base):
        path = iri[len(base) :]
    elif iri.startswith(_SCHEMES):
        path = "scheme/" + iri[len(_SCHEMES) :]
    elif iri.startswith(vocabulary):
        path = "ontology#" + iri[len(vocabulary) :]
    else:
        return iri if iri.startswith(("http://", "https://", "mailto:", "tel:")) else None
    path, mark, fragment = path.partition("#")
    is_page = not path.startswith(("source/", "dump/"))
    query = f"?lang={choice}" if is_page and choice in LANGUAGES else ""
    return f"{request.script_root}/{quote(path)}{query}{mark}{fragment}"


def node(iri: str, triples: Triples, naming: Naming) -> Node:
    """The section about one node: its properties in the order of the shapes."""
    labels, spoken = published().labels, language()
    own: dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]] = {}
    for triple in triples:
        if _iri(triple.subject) == iri:
            own.setdefault(triple.predicate.value, []).append(triple.object)
    classes = [_iri(term) for term in own.pop(_RDF_TYPE, [])]
    rows = [
        Row(labels.of_property(predicate, classes, spoken), predicate, _values(terms, naming, iri))
        for predicate, terms in sorted(own.items(), key=lambda item: (labels.order(item[0], classes), item[0]))
    ]
    kinds = [labels.of_class(name, spoken) for name in classes]
    return Node(iri, iri.partition("#")[2], naming[iri], kinds, rows)


def subjects(triples: Triples) -> list[str]:
    """IRIs of the described nodes, each once, in order."""
    return list(dict.fromkeys(_iri(triple.subject) for triple in triples))


def _values(
    terms: Iterable[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple], naming: Naming, page: str = ""
) -> list[Value]:
    values = [literal(term) if isinstance(term, ox.Literal) else link(_iri(term), naming, page) for term in terms]
    return sorted(values, key=lambda value: (value.language is not None, value.text.casefold()))


def link(iri: str, naming: Naming, page: str = "") -> Value:
    """A link; a part of the node of this page gets a link within the page."""
    if page and iri.startswith(f"{page}#"):
        return Value(iri[len(page) :], iri[len(page) :])
    return Value(naming[iri], href(iri))


def literal(term: ox.Literal) -> Value:
    """A literal as people write it."""
    if term.language:
        return Value(term.value, language=None if term.language == language() else term.language)
    datatype = term.datatype.value
    try:
        return Value(_readable(term.value, datatype.removeprefix(_XSD) if datatype.startswith(_XSD) else ""))
    except (ValueError, InvalidOperation):
        return Value(term.value)


def _readable(lexical: str, datatype: str) -> str:
    """A typed value as people write it; raises ValueError or InvalidOperation for an invalid value."""
    match datatype:
        case "integer" | "decimal" | "double":
            return number(Decimal(lexical))
        case "boolean":
            return gettext("ja") if lexical in {"true", "1"} else gettext("nein")
        case "date":
            return day(lexical)
        case "dateTime":
            return day(lexical[:10])
        case "gYearMonth":
            return month(lexical)
        case _:
            return lexical


def _iri(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)
