"""Reads the catalogue as configuration: the datasets and their source tables.

A dataset is a ``dcat:Dataset`` named ``{base}dataset/<name>`` in ``data/catalogue.ttl``. It is read from each of its
distributions that conforms to a record shape (``dct:conformsTo srs:Project``); the file that its
``dcat:downloadURL <source/projects.csv>`` names lies beside the catalogue. Headings that are neither terms nor names of
the shape are mapped with CSV on the Web (https://www.w3.org/TR/tabular-metadata/, section 5.6)::

    csvw:tableSchema [ csvw:column [ csvw:title "Kommune" ; csvw:name "lead" ] ]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from rdflib import CSVW, DCAT, DCTERMS, RDF, BNode, Graph, URIRef
from rdflib.compare import to_canonical_graph
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

from ontology import SRS

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"[^./\\][^/\\]*")


class CatalogueError(ValueError):
    """The catalogue cannot be used as configuration; the message says what is wrong and where."""


@dataclass(frozen=True)
class Source:
    """One table to read: ``file`` lies beside the catalogue, ``columns`` maps headings of its own to context terms."""

    iri: URIRef
    dataset: str
    file: str
    shape: str
    columns: Mapping[str, str] = field(default_factory=dict)


def read(path: Path, base: str) -> Graph:
    """Read the catalogue.

    Blank nodes get IRIs that depend on their content only, since nothing that is published may have any.

    :param path: a Turtle file
    :param base: base IRI of the service, against which relative IRIs are resolved; ends with a slash
    :raises CatalogueError: the file cannot be read, is not Turtle, or does not describe ``{base}catalog``
    """
    try:
        graph = Graph().parse(data=path.read_text(encoding="utf-8"), format="turtle", publicID=base)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: cannot be read ({error}).") from error
    except BadSyntax as error:
        raise CatalogueError(f"{path}, line {error.lines + 1}: this is not Turtle.") from error
    if (URIRef(base + "catalog"), RDF.type, DCAT.Catalog) not in graph:
        raise CatalogueError(f"{path}: does not describe the catalogue. Add: <catalog> a dcat:Catalog .")
    if any(isinstance(node, BNode) for node in graph.all_nodes()):
        return _without_blank_nodes(graph, base)
    return graph


def datasets(catalogue: Graph, base: str) -> dict[str, URIRef]:
    """The datasets of the catalogue: name to IRI, sorted by name.

    :raises CatalogueError: a dataset is not named ``{base}dataset/<name>`` (lower case, digits, single hyphens)
    """
    found = {}
    for dataset in catalogue.subjects(RDF.type, DCAT.Dataset):
        name = str(dataset).removeprefix(base + "dataset/")
        if not isinstance(dataset, URIRef) or not _NAME.fullmatch(name):
            raise CatalogueError(f"The dataset {dataset} must be named like <dataset/use-cases>: a-z, 0-9 and hyphens.")
        found[name] = dataset
    return dict(sorted(found.items()))


def sources(catalogue: Graph, base: str) -> list[Source]:
    """The tables to read, sorted by dataset and file.

    :param catalogue: what :func:`read` returned
    :param base: the same base IRI
    :raises CatalogueError: a source has no file beside the catalogue, or more than one file or shape
    """
    found = [
        _source(catalogue, base, name, distribution)
        for name, dataset in datasets(catalogue, base).items()
        for distribution in catalogue.objects(dataset, DCAT.distribution)
        if _shapes(catalogue, distribution)
    ]
    return sorted(found, key=lambda source: (source.dataset, source.file))


def _source(catalogue: Graph, base: str, dataset: str, distribution: Node) -> Source:
    shapes = _shapes(catalogue, distribution)
    addresses = [str(address) for address in catalogue.objects(distribution, DCAT.downloadURL)]
    if len(shapes) != 1 or len(addresses) != 1:
        raise CatalogueError(f"The source {distribution} must have one record shape and one dcat:downloadURL.")
    beside, _, name = addresses[0].rpartition("source/")
    file = unquote(name)
    if beside != base or not _FILE.fullmatch(file):
        raise CatalogueError(f"The source {distribution} must name a file beside the catalogue, <source/file.csv>.")
    columns = {
        str(title): str(name)
        for column in catalogue.objects(distribution, CSVW.tableSchema / CSVW.column)
        for title in catalogue.objects(column, CSVW.title)
        for name in catalogue.objects(column, CSVW.name)
    }
    return Source(URIRef(str(distribution)), dataset, file, str(shapes[0]), columns)


def _shapes(catalogue: Graph, distribution: Node) -> list[URIRef]:
    standards = catalogue.objects(distribution, DCTERMS.conformsTo)
    return [standard for standard in standards if isinstance(standard, URIRef) and standard in SRS]


def _without_blank_nodes(graph: Graph, base: str) -> Graph:
    def named(node: Node) -> Node:
        return URIRef(f"{base}catalog#{node}") if isinstance(node, BNode) else node

    result = Graph()
    for subject, predicate, value in to_canonical_graph(graph):
        result.add((named(subject), predicate, named(value)))
    return result
