"""The published catalogue as one graph in DCAT-AP.de 3.0 (https://www.dcat-ap.de/def/dcatde/3.0/spec/).

Harvesters determine its form. They import a dataset with all nodes reachable from it, so no dataset links to the
catalogue, to another dataset or to a service. Their validators read only the feed, so the feed types every value of a
code list. They compare each harvest with the last one, so there are no blank nodes and no build times.
:mod:`publish.catalogue.feed` divides the graph into pages and converts it to other versions of the profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rdflib import CSVW, DCAT, DCTERMS, FOAF, PROV, RDF, SKOS, XSD, Graph, Literal, Namespace, URIRef

import ontology
from ingest.pipeline.catalogue import Source, datasets, sources
from publish.catalogue import distributions, quality
from publish.catalogue.coverage import Extent
from publish.catalogue.distributions import ADMS, SPDX
from publish.releases.manifest import ReleaseFile

_DCATAP: Final = Namespace(ontology.PREFIXES["dcatap"])
_ELI: Final = Namespace(ontology.PREFIXES["eli"])
# rdflib's namespace does not know the terms of DCAT 3.
_DCAT: Final = Namespace(ontology.PREFIXES["dcat"])
_GEO: Final = Namespace(ontology.PREFIXES["geo"])
_VCARD: Final = Namespace(ontology.PREFIXES["vcard"])

_TYPE_OF_VALUE: Final = {
    DCTERMS.accessRights: DCTERMS.RightsStatement,
    DCTERMS.accrualPeriodicity: DCTERMS.Frequency,
    DCTERMS.conformsTo: DCTERMS.Standard,
    DCTERMS["format"]: DCTERMS.MediaTypeOrExtent,
    DCTERMS.language: DCTERMS.LinguisticSystem,
    DCTERMS.license: DCTERMS.LicenseDocument,
    DCTERMS.provenance: DCTERMS.ProvenanceStatement,
    DCTERMS.publisher: FOAF.Agent,
    DCTERMS.rights: DCTERMS.RightsStatement,
    DCTERMS.spatial: DCTERMS.Location,
    DCTERMS.temporal: DCTERMS.PeriodOfTime,
    DCTERMS.type: SKOS.Concept,
    DCAT.compressFormat: DCTERMS.MediaType,
    DCAT.contactPoint: _VCARD.Kind,
    DCAT.landingPage: FOAF.Document,
    DCAT.mediaType: DCTERMS.MediaType,
    DCAT.theme: SKOS.Concept,
    DCAT.themeTaxonomy: SKOS.ConceptScheme,
    FOAF.homepage: FOAF.Document,
    FOAF.page: FOAF.Document,
    ADMS.status: SKOS.Concept,
    _DCATAP.applicableLegislation: _ELI.LegalResource,
    _DCATAP.availability: SKOS.Concept,
    SPDX.algorithm: SPDX.ChecksumAlgorithm,
    SPDX.checksum: SPDX.Checksum,
}

_DATE_TYPES: Final = {4: XSD.gYear, 7: XSD.gYearMonth, 10: XSD.date}


@dataclass(frozen=True)
class PublishedDataset:
    """Facts of a release about one dataset.

    :ivar issued: date of its first publication, ``YYYY-MM-DD``.
    :ivar modified: date of its last change, ``YYYY-MM-DD``.
    :ivar version: number of that change.
    :ivar previous: date of the change before, ``YYYY-MM-DD``.
    :ivar period: first and last date in its records, as :func:`publish.catalogue.coverage.period` finds it.
    :ivar measured: quality of its records.
    """

    issued: str
    modified: str
    version: int
    previous: str | None = None
    period: tuple[str, str] | None = None
    measured: quality.Measured = field(default_factory=dict)


def places(config: Graph) -> list[str]:
    """IRIs of the places that the configuration names without a location."""
    named = set(config.objects(None, DCTERMS.spatial))
    return sorted(str(place) for place in named if (place, DCAT.bbox, None) not in config)


def describe(
    config: Graph,
    base: str,
    published: Mapping[str, PublishedDataset],
    files: Mapping[str, ReleaseFile],
    extents: Mapping[str, Extent],
) -> Graph:
    """Make the published catalogue from the configuration and the facts of the release, without the source tables.

    Serialise the result itself, not a copy from a store: Oxigraph stores ``xsd:nonNegativeInteger`` as
    ``xsd:integer``, which DCAT-AP forbids for ``dcat:byteSize``.

    :param config: what :func:`ingest.pipeline.catalogue.read` returned for the same base.
    :param base: base IRI of the service; ends with a slash.
    :param published: facts of each dataset, by name; other datasets are omitted.
    :param files: the release's files by name, as in the manifest; ``dataset`` says to which dataset a file belongs.
    :param extents: the known locations of :func:`places`.
    :raises CatalogueError: the configuration is wrong, see :func:`ingest.pipeline.catalogue.sources`.
    """
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in ontology.PREFIXES.items():
        graph.bind(prefix, namespace)
    graph += config
    catalog = URIRef(base + "catalog")
    listed = datasets(config, base)
    for source in sources(config, base):
        _replace_source(graph, listed[source.dataset], source, files)
    for name in listed.keys() - published.keys():
        graph.remove((listed[name], None, None))
        graph.remove((None, None, listed.pop(name)))
    for name, dataset in listed.items():
        graph.add((catalog, DCAT.dataset, dataset))
        _describe_dataset(graph, dataset, published[name])
        distributions.describe(graph, dataset, base, files)
        quality.describe(graph, dataset, published[name].measured)
    for place, extent in extents.items():
        graph.add((URIRef(place), DCAT.bbox, Literal(extent.box, datatype=_GEO.wktLiteral)))
        graph.add((URIRef(place), DCAT.centroid, Literal(extent.centroid, datatype=_GEO.wktLiteral)))
    for service in config.subjects(RDF.type, DCAT.DataService):
        graph.add((catalog, DCAT.service, service))
        # A service that lists no datasets serves all.
        if (service, DCAT.servesDataset, None) not in config:
            for dataset in listed.values():
                graph.add((service, DCAT.servesDataset, dataset))
    if listed:
        graph.add((catalog, DCTERMS.issued, _date(min(published[name].issued for name in listed))))
        graph.add((catalog, DCTERMS.modified, _date(max(published[name].modified for name in listed))))
    _type_values(graph)
    return graph


def _replace_source(graph: Graph, dataset: URIRef, source: Source, files: Mapping[str, ReleaseFile]) -> None:
    """Replace the source distribution: its table becomes the provenance, its shape the standard of the dataset."""
    file = graph.value(source.iri, DCAT.downloadURL)
    columns = [*graph.objects(source.iri, CSVW.tableSchema), *graph.objects(source.iri, CSVW.tableSchema / CSVW.column)]
    for node in (source.iri, *columns):
        graph.remove((node, None, None))
    graph.remove((dataset, DCAT.distribution, source.iri))
    graph.add((dataset, DCTERMS.conformsTo, URIRef(source.shape)))
    if file is not None and f"source/{source.file}" in files:
        graph.add((dataset, PROV.wasDerivedFrom, file))


def _describe_dataset(graph: Graph, dataset: URIRef, published: PublishedDataset) -> None:
    graph.add((dataset, DCTERMS.identifier, Literal(str(dataset))))
    graph.add((dataset, DCTERMS.issued, _date(published.issued)))
    graph.add((dataset, DCTERMS.modified, _date(published.modified)))
    _describe_version(graph, dataset, published)
    # Not the dataset's own IRI: a portal that gives the dataset an IRI of its own would rename the page too.
    graph.add((dataset, DCAT.landingPage, URIRef(f"{dataset}#page")))
    if (dataset, DCTERMS.temporal, None) in graph:
        return
    # The period of records without dates begins with their publication.
    first, last = published.period or (published.issued, None)
    interval = URIRef(f"{dataset}#period")
    graph.add((dataset, DCTERMS.temporal, interval))
    graph.add((interval, DCAT.startDate, _date(first)))
    if last is not None:
        graph.add((interval, DCAT.endDate, _date(last)))


def _describe_version(graph: Graph, dataset: URIRef, published: PublishedDataset) -> None:
    """Add the number of the version, and the date of the version before, which has no files and so is no dataset."""
    graph.add((dataset, _DCAT.version, Literal(str(published.version))))
    if published.previous is None:
        return
    number = str(published.version - 1)
    before = URIRef(f"{dataset}#version-{number}")
    graph.add((dataset, _DCAT.previousVersion, before))
    graph.add((before, RDF.type, DCAT.Resource))
    graph.add((before, _DCAT.version, Literal(number)))
    graph.add((before, DCTERMS.issued, _date(published.previous)))
    for title in graph.objects(dataset, DCTERMS.title):
        if isinstance(title, Literal):
            graph.add((before, DCTERMS.title, Literal(f"{title}, Version {number}", lang=title.language)))


def _type_values(graph: Graph) -> None:
    for predicate, value_type in _TYPE_OF_VALUE.items():
        for value in graph.objects(None, predicate, unique=True):
            graph.add((value, RDF.type, value_type))


def _date(text: str) -> Literal:
    """A year, a month or a day, each with its own datatype."""
    return Literal(text, datatype=_DATE_TYPES[len(text)])
