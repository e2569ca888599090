"""Example queries, one file each, in the form of sib-swiss/sparql-examples.

That form (https://github.com/sib-swiss/sparql-examples) is SHACL's ``sh:SPARQLExecutable`` with comments, keywords and
the endpoint. The files have relative IRIs and name no record by its IRI, so that they work with every base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from rdflib import RDF, RDFS, SH, Graph, Literal, Namespace
from rdflib.term import Node

SCHEMA: Final = Namespace("https://schema.org/")
SPEX: Final = Namespace("https://purl.expasy.org/sparql-examples/ontology#")

_PLACE: Final = ".well-known/sparql-examples/"
_TEXTS: Final = (SH.select, SH.ask, SH.construct, SPEX.describe)


@dataclass(frozen=True)
class Example:
    """One query.

    :ivar name: last part of its IRI and name of its file: a number that orders the examples, then words.
    :ivar label: the question, by language (``de``, ``en``).
    :ivar comment: explanation and notes, by language.
    :ivar text: the query with its prefixes, ready to run.
    :ivar keywords: by language, sorted.
    :ivar federated: whether it has a SERVICE clause, which an endpoint may refuse.
    :ivar prefixes: what its ``sh:prefixes`` declare (SHACL, 5.2.1), for an editor; the text repeats those it needs.
    :ivar gives_table: whether it is a SELECT or an ASK query; the others return a graph.
    """

    name: str
    iri: str
    label: Mapping[str, str]
    comment: Mapping[str, str]
    text: str
    keywords: Mapping[str, Sequence[str]]
    federated: bool
    prefixes: Mapping[str, str]
    gives_table: bool


@cache
def graph(base: str) -> Graph:
    """All examples and their prefixes as RDF without blank nodes; shared, so treat it as read-only.

    :param base: base IRI of the installation, ending in a slash; the endpoint is ``{base}sparql``.
    """
    found = Graph(bind_namespaces="none")
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".ttl"):
            found.parse(data=entry.read_text(encoding="utf-8"), format="turtle", publicID=base)
    return found


@cache
def load(base: str) -> tuple[Example, ...]:
    """All examples, in order of their names.

    :param base: as for :func:`graph`.
    """
    found = graph(base)
    nodes = sorted(found.subjects(RDF.type, SH.SPARQLExecutable), key=str)
    return tuple(_example(found, node, str(node).removeprefix(base + _PLACE)) for node in nodes)


def _example(found: Graph, node: Node, name: str) -> Example:
    declared = (one for part in found.objects(node, SH.prefixes) for one in found.objects(part, SH.declare))
    return Example(
        name=name,
        iri=str(node),
        label={language: texts[0] for language, texts in _literals(found, node, RDFS.label).items()},
        comment={language: texts[0] for language, texts in _literals(found, node, RDFS.comment).items()},
        text=next(str(text) for form in _TEXTS for text in found.objects(node, form)),
        keywords=_literals(found, node, SCHEMA.keywords),
        federated=(node, SPEX.federatesWith, None) in found,
        prefixes={str(found.value(one, SH.prefix)): str(found.value(one, SH.namespace)) for one in declared},
        gives_table=any((node, form, None) in found for form in (SH.select, SH.ask)),
    )


def _literals(found: Graph, node: Node, predicate: Node) -> dict[str, list[str]]:
    """Texts by language, sorted."""
    texts: dict[str, list[str]] = {}
    for text in sorted(found.objects(node, predicate), key=str):
        if isinstance(text, Literal) and text.language:
            texts.setdefault(text.language, []).append(str(text))
    return texts
