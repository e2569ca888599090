"""The catalogue in the terms of schema.org, for search engines: one ``Dataset`` for each page of a dataset.

https://developers.google.com/search/docs/appearance/structured-data/dataset says what they read.
"""

from __future__ import annotations

from typing import Any, Final

from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, URIRef
from rdflib.term import Node

LANGUAGES: Final = ("de", "en")


def datasets(catalogue: Graph, base: str) -> dict[str, dict[str, Any]]:
    """Each dataset of a published catalogue as a JSON-LD object, by language and name.

    :param catalogue: what :func:`publish.catalogue.dcat.describe` returned for the same base.
    """
    home = f"{base}dataset/"
    found = sorted(str(dataset) for dataset in catalogue.subjects(RDF.type, DCAT.Dataset))
    return {
        language: {iri.removeprefix(home): _dataset(catalogue, URIRef(iri), base, language) for iri in found}
        for language in LANGUAGES
    }


def _dataset(graph: Graph, dataset: URIRef, base: str, language: str) -> dict[str, Any]:
    publisher = graph.value(dataset, DCTERMS.publisher)
    described = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": str(dataset),
        "url": str(dataset),
        "name": _text(graph, dataset, DCTERMS.title, language),
        "description": _text(graph, dataset, DCTERMS.description, language),
        "inLanguage": language,
        "identifier": str(dataset),
        "keywords": sorted(_texts(graph, dataset, DCAT.keyword, language)),
        "license": _value(graph.value(dataset, DCTERMS.license)),
        "isAccessibleForFree": True,
        "creator": _organisation(graph, publisher),
        "publisher": _organisation(graph, publisher),
        "datePublished": _value(graph.value(dataset, DCTERMS.issued)),
        "dateModified": _value(graph.value(dataset, DCTERMS.modified)),
        "temporalCoverage": _period(graph, graph.value(dataset, DCTERMS.temporal)),
        "spatialCoverage": [{"@type": "Place", "sameAs": place} for place in _all(graph, dataset, DCTERMS.spatial)],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": f"{base}catalog",
            "name": _text(graph, URIRef(f"{base}catalog"), DCTERMS.title, language),
        },
        "distribution": [_download(graph, URIRef(iri)) for iri in _all(graph, dataset, DCAT.distribution)],
    }
    return {term: value for term, value in described.items() if value not in (None, [], "")}


def _download(graph: Graph, node: Node) -> dict[str, Any]:
    media_type = _value(graph.value(node, DCAT.mediaType))
    described = {
        "@type": "DataDownload",
        "contentUrl": _value(graph.value(node, DCAT.downloadURL)),
        "encodingFormat": media_type.partition("/media-types/")[2] if media_type else None,
        "contentSize": _value(graph.value(node, DCAT.byteSize)),
    }
    return {term: value for term, value in described.items() if value}


def _organisation(graph: Graph, node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    homepage = graph.value(node, FOAF.homepage)
    found = {"@type": "Organization", "@id": str(node), "name": str(graph.value(node, FOAF.name))}
    return {**found, "url": str(homepage)} if homepage else found


def _period(graph: Graph, node: Node | None) -> str | None:
    """ISO 8601, open ends as two dots."""
    start, end = (graph.value(node, edge) for edge in (DCAT.startDate, DCAT.endDate))
    return f"{start or '..'}/{end or '..'}" if start or end else None


def _texts(graph: Graph, node: Node, predicate: URIRef, language: str) -> list[str]:
    found = [value for value in graph.objects(node, predicate) if isinstance(value, Literal)]
    return [str(value) for value in found if value.language == language] or [str(value) for value in found]


def _text(graph: Graph, node: Node, predicate: URIRef, language: str) -> str:
    return min(_texts(graph, node, predicate, language), default="")


def _all(graph: Graph, node: Node, predicate: URIRef) -> list[str]:
    return sorted(str(value) for value in graph.objects(node, predicate))


def _value(node: Node | None) -> str | None:
    return str(node) if node is not None else None
