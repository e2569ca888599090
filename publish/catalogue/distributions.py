"""The files of a dataset as DCAT distributions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from rdflib import DCAT, DCTERMS, RDF, SKOS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

import ontology
from publish.releases.formats import Distribution, by_media_type
from publish.releases.manifest import SUFFIXES, ReleaseFile

ADMS: Final = Namespace(ontology.PREFIXES["adms"])
SPDX: Final = Namespace(ontology.PREFIXES["spdx"])
_DCATAP: Final = Namespace(ontology.PREFIXES["dcatap"])
_DCATDE: Final = Namespace(ontology.PREFIXES["dcatde"])
_FILE_TYPE: Final = Namespace("http://publications.europa.eu/resource/authority/file-type/")
_MEDIA_TYPE: Final = Namespace("https://www.iana.org/assignments/media-types/")
STATUS: Final = URIRef("http://publications.europa.eu/resource/authority/distribution-status")
COMPLETED: Final = URIRef(f"{STATUS}/COMPLETED")

# Properties that a distribution copies from its dataset: portals look for licence and rights at the files.
_INHERITED: Final = (
    DCTERMS.conformsTo,
    DCTERMS.language,
    DCTERMS.license,
    DCTERMS.rights,
    _DCATAP.availability,
    _DCATDE.licenseAttributionByText,
)


_DOCUMENTS: Final = {
    "context.jsonld": {"de": "JSON-LD-Kontext", "en": "JSON-LD context"},
    "ontology.ttl": {"de": "Klassen und Eigenschaften", "en": "classes and properties"},
    "shapes.ttl": {"de": "Regeln für Einträge", "en": "rules for records"},
    "shapes/catalogue.ttl": {"de": "Regeln für den Katalog", "en": "rules for the catalogue"},
}
"""Titles of documents outside ``dump/``: a dataset may consist of several."""


@dataclass(frozen=True)
class _Offer:
    """A file as offered: unchanged or compressed.

    :ivar name: address below the base.
    :ivar fragment: of the distribution's IRI.
    :ivar detail: its difference from the others of its dataset, by language.
    """

    name: str
    fragment: str
    detail: dict[str, str]
    form: Distribution
    file: ReleaseFile
    bytes: int
    sha256: str
    coding: str | None = None


def describe(graph: Graph, dataset: URIRef, base: str, files: Mapping[str, ReleaseFile]) -> None:
    """Add a distribution for each file of a dataset that is in an open format; none for its source tables.

    Distributions of the configuration inherit missing properties from the dataset. A document outside ``dump/`` has one
    distribution, the Turtle file if it exists. Only N-Triples and N-Quads are also offered compressed, because a portal
    that previews tables would read compressed bytes as a table.

    :param base: base IRI of the service; ends with a slash.
    :param files: the release's files by name, as in the manifest.
    """
    for stated in list(graph.objects(dataset, DCAT.distribution)):
        for predicate in (*_INHERITED, DCTERMS.issued, DCTERMS.modified):
            if (stated, predicate, None) not in graph:
                _inherit(graph, dataset, stated, predicate)
    name = str(dataset).removeprefix(f"{base}dataset/")
    for offer in _offers({path: file for path, file in files.items() if file.dataset == name}):
        _describe_offer(graph, dataset, base, offer)
    for subject, predicate, de, en in (
        (COMPLETED, SKOS.prefLabel, "abgeschlossen", "completed"),
        (STATUS, DCTERMS.title, "Status von Distributionen", "Distribution status"),
    ):
        graph.add((subject, predicate, Literal(de, lang="de")))
        graph.add((subject, predicate, Literal(en, lang="en")))
    graph.add((COMPLETED, SKOS.inScheme, STATUS))
    graph.add((STATUS, RDF.type, SKOS.ConceptScheme))


def _offers(own: Mapping[str, ReleaseFile]) -> Iterator[_Offer]:
    for name, file in own.items():
        path = PurePosixPath(name)
        form = by_media_type(file.media_type)
        if form is None or form.distribution is None or path.parts[0] == "source":
            continue
        in_dump = path.parts[0] == "dump"
        if not in_dump and path.suffix != ".ttl" and str(path.with_suffix(".ttl")) in own:
            continue
        fragment = path.suffix[1:] if in_dump else name.replace("/", "-").replace(".", "-")
        detail = {"de": form.label, "en": form.label}
        if not in_dump:
            kinds = _DOCUMENTS.get(name, {"de": name, "en": name})
            detail = {language: f"{kind}, {form.label}" for language, kind in kinds.items()}
        yield _Offer(name, fragment, detail, form.distribution, file, file.bytes, file.sha256)
        if in_dump and form.distribution.bulk and (packed := file.packed.get("gzip")):
            suffix = SUFFIXES["gzip"]
            detail = {language: f"{text}, gzip" for language, text in detail.items()}
            fragment += suffix.replace(".", "-")
            yield _Offer(name + suffix, fragment, detail, form.distribution, file, packed.bytes, packed.sha256, "gzip")


def _describe_offer(graph: Graph, dataset: URIRef, base: str, offer: _Offer) -> None:
    distribution, address = URIRef(f"{dataset}#{offer.fragment}"), URIRef(base + offer.name)
    graph.add((dataset, DCAT.distribution, distribution))
    graph.add((distribution, RDF.type, DCAT.Distribution))
    for title in graph.objects(dataset, DCTERMS.title):
        if isinstance(title, Literal) and title.language in offer.detail:
            text = f"{title} ({offer.detail[title.language]})"
            graph.add((distribution, DCTERMS.title, Literal(text, lang=title.language)))
    for language, use in offer.form.use.items():
        graph.add((distribution, DCTERMS.description, Literal(use, lang=language)))
    for predicate in _INHERITED:
        _inherit(graph, dataset, distribution, predicate)
    graph.add((distribution, DCTERMS.conformsTo, URIRef(offer.form.standard)))
    graph.add((distribution, DCTERMS.issued, Literal(offer.file.issued, datatype=XSD.date)))
    graph.add((distribution, DCTERMS.modified, Literal(offer.file.modified, datatype=XSD.date)))
    graph.add((distribution, ADMS.status, COMPLETED))
    graph.add((distribution, DCAT.accessURL, address))
    graph.add((distribution, DCAT.downloadURL, address))
    graph.add((distribution, DCTERMS["format"], _FILE_TYPE[offer.form.file_type]))
    graph.add((distribution, DCAT.mediaType, _MEDIA_TYPE[offer.file.media_type]))
    if offer.coding:
        graph.add((distribution, DCAT.compressFormat, _MEDIA_TYPE[f"application/{offer.coding}"]))
    graph.add((distribution, DCAT.byteSize, Literal(str(offer.bytes), datatype=XSD.nonNegativeInteger)))
    checksum = URIRef(f"{dataset}#checksum-{offer.fragment}")
    graph.add((distribution, SPDX.checksum, checksum))
    graph.add((checksum, SPDX.algorithm, SPDX.checksumAlgorithm_sha256))
    graph.add((checksum, SPDX.checksumValue, Literal(offer.sha256, datatype=XSD.hexBinary)))


def _inherit(graph: Graph, dataset: URIRef, distribution: Node, predicate: URIRef) -> None:
    for value in list(graph.objects(dataset, predicate)):
        graph.add((distribution, predicate, value))
