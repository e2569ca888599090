"""The application profiles of the catalogue: one model, rendered differently where versions conflict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rdflib import DCAT, DCTERMS, OWL, RDF, SKOS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

import ontology
from publish.catalogue.distributions import COMPLETED, SPDX, STATUS

# Not rdflib's DCAT, which knows no terms of version 3.
_DCAT: Final = Namespace(ontology.PREFIXES["dcat"])
_DCATDE: Final = Namespace(ontology.PREFIXES["dcatde"])
_GEOCODING: Final = "http://dcat-ap.de/def/politicalGeocoding/"
_HASHES: Final = URIRef("http://dcat-ap.de/def/hashAlgorithms")


@dataclass(frozen=True)
class FeedProfile:
    """A version of DCAT-AP.de.

    :ivar token: its short name, in addresses and file names.
    :ivar iri: its specification.
    :ivar render: converts the catalogue from version 3.0 to this version.
    """

    token: str
    iri: str
    render: Callable[[Graph], Graph]


def _version_3(model: Graph) -> Graph:
    return model


# Version 2.0 has no terms for a series and the previous version, and other terms for these.
_LEFT_OUT: Final = {_DCAT.inSeries, _DCAT.previousVersion}
_RENAMED: Final[dict[Node, Node]] = {
    _DCAT.version: OWL.versionInfo,
    URIRef("http://data.europa.eu/930/custodian"): _DCATDE.maintainer,
    SPDX.checksumAlgorithm_sha256: URIRef(f"{_HASHES}/sha/256"),
    COMPLETED: URIRef("http://purl.org/adms/status/Completed"),
    STATUS: URIRef("http://purl.org/adms/status/1.0"),
}


def _version_2(model: Graph) -> Graph:
    """Convert to version 2.0 (https://www.dcat-ap.de/def/dcatde/2.0/spec/) and its conventions.

    The harvester of GovData reads ``dcatde:maintainer`` and ``dcatde:politicalGeocodingURI``.
    """
    result = Graph(bind_namespaces="none")
    for subject, predicate, value in model:
        if predicate == DCAT.byteSize:
            result.add((subject, predicate, Literal(str(value), datatype=XSD.decimal)))
        elif predicate not in _LEFT_OUT:
            result.add((_renamed(subject), _renamed(predicate), _renamed(value)))
    for dataset in model.subjects(RDF.type, DCAT.Dataset):
        for place in model.objects(dataset, DCTERMS.spatial):
            if str(place).startswith(_GEOCODING):
                result.add((dataset, _DCATDE.politicalGeocodingURI, place))
                result.add((place, RDF.type, SKOS.Concept))
    for algorithm in set(result.objects(None, SPDX.algorithm)):
        result.add((algorithm, SKOS.inScheme, _HASHES))
    return result


def _renamed(node: Node) -> Node:
    return _RENAMED.get(node, node)


PROFILES: Final = (
    FeedProfile("dcat-ap-de-3.0", "https://www.dcat-ap.de/def/dcatde/3.0/spec/", _version_3),
    FeedProfile("dcat-ap-de-2.0", "https://www.dcat-ap.de/def/dcatde/2.0/spec/", _version_2),
)
"""The profiles, the default first."""
