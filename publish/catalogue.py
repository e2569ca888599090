"""The published catalogue: DCAT-AP.de 3.0 (https://www.dcat-ap.de/def/dcatde/3.0/spec/), made from the configuration.

Shaped by what harvesters do with it. They take a dataset with all that can be reached from it, so no dataset leads to
the catalogue, to another dataset or to the service. Their validators see only what is in the feed, so every value of a
code list is typed in place. And they compare what they get with what they had, so there are no blank nodes and no build
times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import pyoxigraph as ox
from rdflib import CSVW, DCAT, DCTERMS, FOAF, PROV, RDF, SKOS, XSD, Graph, Literal, Namespace, URIRef

import ontology
from ingest.catalogue import Source, datasets, sources
from publish.release import ReleaseFile

_DCATAP: Final = Namespace(ontology.PREFIXES["dcatap"])
_DCATDE: Final = Namespace(ontology.PREFIXES["dcatde"])
_ELI: Final = Namespace("http://data.europa.eu/eli/ontology#")
_FILE_TYPE: Final = Namespace("http://publications.europa.eu/resource/authority/file-type/")
_MEDIA_TYPE: Final = Namespace("https://www.iana.org/assignments/media-types/")
_SPDX: Final = Namespace(ontology.PREFIXES["spdx"])
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
    DCAT.contactPoint: _VCARD.Kind,
    DCAT.landingPage: FOAF.Document,
    DCAT.mediaType: DCTERMS.MediaType,
    DCAT.theme: SKOS.Concept,
    DCAT.themeTaxonomy: SKOS.ConceptScheme,
    FOAF.homepage: FOAF.Document,
    FOAF.page: FOAF.Document,
    _DCATAP.applicableLegislation: _ELI.LegalResource,
    _DCATAP.availability: SKOS.Concept,
    _SPDX.algorithm: _SPDX.ChecksumAlgorithm,
    _SPDX.checksum: _SPDX.Checksum,
}

# What a distribution says like its dataset: licence and rights belong to the files, and portals look for them there.
_INHERITED: Final = (
    DCTERMS.conformsTo,
    DCTERMS.language,
    DCTERMS.license,
    DCTERMS.rights,
    _DCATAP.availability,
    _DCATDE.licenseAttributionByText,
)


@dataclass(frozen=True)
class _Format:
    """A format that is worth a distribution: open, machine-readable, and in the EU's list of file types."""

    label: str
    file_type: str
    standard: str


_FORMATS: Final = {
    "application/geo+json": _Format("GeoJSON", "GEOJSON", "https://www.rfc-editor.org/rfc/rfc7946"),
    "application/ld+json": _Format("JSON-LD", "JSON_LD", "https://www.w3.org/TR/json-ld11/"),
    "application/n-quads": _Format("N-Quads", "RDF_N_QUADS", "https://www.w3.org/TR/n-quads/"),
    "application/n-triples": _Format("N-Triples", "RDF_N_TRIPLES", "https://www.w3.org/TR/n-triples/"),
    "application/rdf+xml": _Format("RDF/XML", "RDF_XML", "https://www.w3.org/TR/rdf-syntax-grammar/"),
    "application/trig": _Format("TriG", "RDF_TRIG", "https://www.w3.org/TR/trig/"),
    "text/csv": _Format("CSV", "CSV", "https://www.rfc-editor.org/rfc/rfc4180"),
    "text/turtle": _Format("Turtle", "RDF_TURTLE", "https://www.w3.org/TR/turtle/"),
}

_DATE_TYPES: Final = {4: XSD.gYear, 7: XSD.gYearMonth, 10: XSD.date}

_PERIOD: Final = """
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX pav: <http://purl.org/pav/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT (MIN(STR(?date)) AS ?first) (MAX(STR(?date)) AS ?last) {
  ?record ?property ?date
  FILTER(DATATYPE(?date) IN (xsd:date, xsd:gYearMonth, xsd:gYear))
  FILTER(?property NOT IN (dct:issued, dct:modified, pav:sourceAccessedOn))
}"""


@dataclass(frozen=True)
class Published:
    """What a release knows of one dataset.

    :ivar issued: date of its first publication, ``YYYY-MM-DD``.
    :ivar modified: date of its last change, ``YYYY-MM-DD``.
    :ivar period: first and last date that its records speak of, as :func:`period` finds it.
    """

    issued: str
    modified: str
    period: tuple[str, str] | None = None


def period(store: ox.Store, graphs: Sequence[str]) -> tuple[str, str] | None:
    """The first and the last date in the records of some graphs: year, month or day, as precise as the data is.

    When a record was published, changed or its source read does not count.

    :param graphs: IRIs of named graphs.
    """
    solutions = store.query(_PERIOD, default_graph=[ox.NamedNode(graph) for graph in graphs])
    if not isinstance(solutions, ox.QuerySolutions):
        raise TypeError("The period is found by a SELECT query.")
    found = next(iter(solutions))
    first, last = found["first"], found["last"]
    return (first.value, last.value) if isinstance(first, ox.Literal) and isinstance(last, ox.Literal) else None


def describe(config: Graph, base: str, published: Mapping[str, Published], files: Mapping[str, ReleaseFile]) -> Graph:
    """The catalogue as it is published: the configuration and what the release knows, without the source tables.

    A dataset gets a distribution for each of its files in ``dump/``, one for each of its other documents, and none for
    its source tables and for formats that are not open. Serialise the result itself, not what a store gives back of it:
    Oxigraph keeps ``xsd:nonNegativeInteger`` as ``xsd:integer``, which DCAT-AP forbids for ``dcat:byteSize``.

    :param config: what :func:`ingest.catalogue.read` returned for the same base.
    :param base: base IRI of the service; ends with a slash.
    :param published: what the release knows of each dataset, by name; a dataset that it does not know is left out.
    :param files: the release's files by name, as in the manifest; ``dataset`` says to which dataset a file belongs.
    :raises CatalogueError: the configuration is wrong, see :func:`ingest.catalogue.sources`.
    """
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in {**ontology.PREFIXES, "eli": str(_ELI)}.items():
        graph.bind(prefix, namespace)
    graph += config
    catalog = URIRef(base + "catalog")
    listed = datasets(config, base)
    for source in sources(config, base):
        _replace_source(graph, listed[source.dataset], source, files)
    for name in listed.keys() - published.keys():
        graph.remove((listed.pop(name), None, None))
    for name, dataset in listed.items():
        graph.add((catalog, DCAT.dataset, dataset))
        _describe_dataset(graph, dataset, published[name])
        for file_name, file in _distributed(name, files).items():
            _describe_distribution(graph, dataset, base, file_name, file, published[name])
    for service in config.subjects(RDF.type, DCAT.DataService):
        graph.add((catalog, DCAT.service, service))
        for dataset in listed.values():
            graph.add((service, DCAT.servesDataset, dataset))
    if listed:
        graph.add((catalog, DCTERMS.issued, _date(min(published[name].issued for name in listed))))
        graph.add((catalog, DCTERMS.modified, _date(max(published[name].modified for name in listed))))
    _type_values(graph)
    return graph


def _replace_source(graph: Graph, dataset: URIRef, source: Source, files: Mapping[str, ReleaseFile]) -> None:
    """The table is where the dataset comes from, and its shape is what the dataset conforms to."""
    file = graph.value(source.iri, DCAT.downloadURL)
    columns = [*graph.objects(source.iri, CSVW.tableSchema), *graph.objects(source.iri, CSVW.tableSchema / CSVW.column)]
    for node in (source.iri, *columns):
        graph.remove((node, None, None))
    graph.remove((dataset, DCAT.distribution, source.iri))
    graph.add((dataset, DCTERMS.conformsTo, URIRef(source.shape)))
    if file is not None and f"source/{source.file}" in files:
        graph.add((dataset, PROV.wasDerivedFrom, file))


def _describe_dataset(graph: Graph, dataset: URIRef, published: Published) -> None:
    graph.add((dataset, DCTERMS.identifier, Literal(str(dataset))))
    graph.add((dataset, DCTERMS.issued, _date(published.issued)))
    graph.add((dataset, DCTERMS.modified, _date(published.modified)))
    # Not the dataset's own IRI: a portal that gives the dataset an IRI of its own would rename the page too.
    graph.add((dataset, DCAT.landingPage, URIRef(f"{dataset}#page")))
    if (dataset, DCTERMS.temporal, None) in graph:
        return
    # Records without dates say how things are since they were published.
    first, last = published.period or (published.issued, None)
    interval = URIRef(f"{dataset}#period")
    graph.add((dataset, DCTERMS.temporal, interval))
    graph.add((interval, DCAT.startDate, _date(first)))
    if last is not None:
        graph.add((interval, DCAT.endDate, _date(last)))


def _distributed(dataset: str, files: Mapping[str, ReleaseFile]) -> dict[str, ReleaseFile]:
    """The files of a dataset that are distributions; a document outside ``dump/`` is one in Turtle if it has that."""
    own = {
        name: file
        for name, file in files.items()
        if file.dataset == dataset and file.media_type in _FORMATS and not name.startswith("source/")
    }
    return {
        name: file
        for name, file in own.items()
        if name.startswith("dump/") or name.endswith(".ttl") or str(PurePosixPath(name).with_suffix(".ttl")) not in own
    }


def _describe_distribution(
    graph: Graph, dataset: URIRef, base: str, name: str, file: ReleaseFile, published: Published
) -> None:
    path = PurePosixPath(name)
    form = _FORMATS[file.media_type]
    in_dump = path.parts[0] == "dump"
    fragment = path.suffix[1:] if in_dump else name.replace("/", "-").replace(".", "-")
    distribution = URIRef(f"{dataset}#{fragment}")
    address = URIRef(base + name)
    graph.add((dataset, DCAT.distribution, distribution))
    graph.add((distribution, RDF.type, DCAT.Distribution))
    for title in graph.objects(dataset, DCTERMS.title):
        detail = form.label if in_dump else f"{path.with_suffix('')}, {form.label}"
        language = title.language if isinstance(title, Literal) else None
        graph.add((distribution, DCTERMS.title, Literal(f"{title} ({detail})", lang=language)))
    for predicate in _INHERITED:
        for value in graph.objects(dataset, predicate):
            graph.add((distribution, predicate, value))
    graph.add((distribution, DCTERMS.conformsTo, URIRef(form.standard)))
    graph.add((distribution, DCTERMS.issued, _date(published.issued)))
    graph.add((distribution, DCTERMS.modified, _date(published.modified)))
    graph.add((distribution, DCAT.accessURL, address))
    graph.add((distribution, DCAT.downloadURL, address))
    graph.add((distribution, DCTERMS["format"], _FILE_TYPE[form.file_type]))
    graph.add((distribution, DCAT.mediaType, _MEDIA_TYPE[file.media_type]))
    graph.add((distribution, DCAT.byteSize, Literal(str(file.bytes), datatype=XSD.nonNegativeInteger)))
    checksum = URIRef(f"{dataset}#checksum-{fragment}")
    graph.add((distribution, _SPDX.checksum, checksum))
    graph.add((checksum, _SPDX.algorithm, _SPDX.checksumAlgorithm_sha256))
    graph.add((checksum, _SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary)))


def _type_values(graph: Graph) -> None:
    for predicate, value_type in _TYPE_OF_VALUE.items():
        for value in graph.objects(None, predicate, unique=True):
            graph.add((value, RDF.type, value_type))


def _date(text: str) -> Literal:
    """A year, a month or a day, each with its own datatype."""
    return Literal(text, datatype=_DATE_TYPES[len(text)])
