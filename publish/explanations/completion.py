"""Completion for the query editor: prefixes, classes, properties and concepts of a release by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rdflib import OWL, RDF, RDFS, SKOS, VOID, Graph

import ontology
from publish.explanations.names import short, texts

Entry = list[Any]
"""Name, IRI, and labels by language."""


def table(statistics: Graph, labels: Mapping[str, Any]) -> dict[str, Any]:
    """The table that the query page reads.

    :param statistics: VoID of the release: which classes and properties are used.
    :param labels: as :func:`publish.explanations.reports.labels` gives them.
    """
    vocabulary = ontology.vocabulary()
    own = {
        kind: set(vocabulary.subjects(RDF.type, kind)) for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    }
    classes = own[OWL.Class] | set(statistics.objects(None, VOID["class"]))
    properties = own[OWL.ObjectProperty] | own[OWL.DatatypeProperty] | set(statistics.objects(None, VOID.property))
    return {
        "prefixes": dict(sorted(ontology.PREFIXES.items())),
        "classes": _terms(map(str, classes), labels["classes"]),
        "properties": _terms(map(str, properties), labels["properties"]),
        "concepts": _concepts(),
    }


def _terms(iris: Iterable[str], labels: Mapping[str, Any]) -> list[Entry]:
    """Those of our own vocabulary first."""
    entries = [[short(iri), iri, _labels(iri, labels.get(iri, {}))] for iri in iris]
    return sorted(entries, key=lambda entry: (not entry[1].startswith(ontology.SR), entry[0]))


def _labels(iri: str, known: Mapping[str, Any]) -> dict[str, str]:
    found = {language: str(known[language]) for language in ("de", "en") if language in known}
    return found or texts(ontology.vocabulary(), iri, RDFS.label)


def _concepts() -> list[Entry]:
    schemes = ontology.schemes()
    concepts = sorted(map(str, schemes.subjects(RDF.type, SKOS.Concept)))
    return [[iri.rpartition("/")[2], iri, texts(schemes, iri, SKOS.prefLabel)] for iri in concepts]
