"""The SHACL shapes of the records and of the catalogue.

Parsed graphs are cached and shared: treat them as read-only, and copy before changing. (Validating counts: pyshacl 0.40
adds two triples about OWL to the shapes graph that it is given.)

A *column shape* is named by ``sh:property`` of its type's node shape: it constrains one cell, and has a name, a help
text and an order. A *check* is a shape with its own target: it reads other cells or other records, or reports missing
values that do not withhold a record. The local name of either ends, after its last hyphen, in the term of the context
that it is about (in the catalogue: in the name of the property); so does that of every ``sh:SPARQLConstraint``, which
has ``Query`` before that hyphen, and of every ``sh:SPARQLRule``. The message for a result is that of its
``sh:sourceShape``; pyshacl 0.40 drops the languages of messages for SPARQL constraints in its reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from typing import Final

from rdflib import SH, BNode, Graph
from rdflib.collection import Collection

import ontology

_CATALOGUE: Final = "catalogue.ttl"
_COMMON: Final = "common.ttl"


def files() -> list[Traversable]:
    """The Turtle files, sorted by name."""
    found = (entry for entry in resources(__name__).iterdir() if entry.name.endswith(".ttl"))
    return sorted(found, key=lambda entry: entry.name)


@cache
def load() -> Graph:
    """The shapes of all record types."""
    return _graph(file for file in files() if file.name != _CATALOGUE)


@cache
def catalogue() -> Graph:
    """The shapes of the catalogue, with the namespace prefixes (``sh:declare``) that their queries use."""
    graph = _graph(file for file in files() if file.name in (_CATALOGUE, _COMMON))
    # Add the list of record shapes, which the files do not repeat.
    for subject in list(graph.subjects(SH["in"], ontology.SRS.recordShapes)):
        members = Collection(graph, BNode(), sorted(load().subjects(ontology.SR.keyProperty), key=str))
        graph.set((subject, SH["in"], members.uri))
    return graph


def _graph(parts: Iterable[Traversable]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in ontology.PREFIXES.items():
        graph.bind(prefix, namespace)
    for part in parts:
        graph.parse(data=part.read_text(encoding="utf-8"), format="turtle")
    return graph
