"""Rules for the whole feed that no shape states, found by running CKAN's harvester.

See ``docs/harvest-check.md`` for what each harvester does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from rdflib import DCAT, DCTERMS, RDF, RDFS, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from harvest_check.findings import FeedFinding, found
from harvest_check.pages import RELATIVE, Page
from harvest_check.profiles import DATASET_SERIES, nodes, short

_TEXTS: Final = (DCTERMS.title, DCTERMS.description)
_DESCRIBED: Final = (DCAT.Catalog, DCAT.Dataset, DATASET_SERIES, DCAT.Distribution, DCAT.DataService)


def judge(pages: Sequence[Page], graph: Graph) -> Iterator[FeedFinding]:
    """Faults of the whole feed.

    :param graph: the triples of all pages.
    """
    if not any(graph.subjects(RDF.type, DCAT.Dataset)):
        yield found("empty-catalogue", page=pages[0].address if pages else None)
        return
    yield from _relative(pages)
    yield from _stubs(pages)
    yield from _repeated(pages)
    yield from _datasets(graph)
    yield from _identifiers(graph)
    yield from _way_back(graph)
    yield from _licences(graph)
    yield from _languages(graph)


def stubs(pages: Sequence[Page]) -> set[Node]:
    """Datasets that some page types but does not describe."""
    return {
        dataset for page in pages for dataset in page.graph.subjects(RDF.type, DCAT.Dataset) if _stub(page, dataset)
    }


def _stub(page: Page, dataset: Node) -> bool:
    return set(page.graph.predicates(dataset)) == {RDF.type}


def _stubs(pages: Sequence[Page]) -> Iterator[FeedFinding]:
    for page in pages:
        for dataset in nodes(page.graph, DCAT.Dataset):
            if _stub(page, dataset):
                yield found("dataset-stub", page=page.address, subject=dataset)


def _repeated(pages: Sequence[Page]) -> Iterator[FeedFinding]:
    seen: dict[Node, str] = {}
    for page in pages:
        for dataset in nodes(page.graph, DCAT.Dataset):
            if isinstance(dataset, BNode) or _stub(page, dataset):
                continue
            if dataset in seen:
                yield found("dataset-repeated", page=page.address, subject=dataset, other=seen[dataset])
            else:
                seen[dataset] = page.address


def _datasets(graph: Graph) -> Iterator[FeedFinding]:
    listed = set(graph.objects(None, DCAT.dataset))
    for dataset in nodes(graph, DCAT.Dataset):
        if isinstance(dataset, BNode):
            title = graph.value(dataset, DCTERMS.title) or "–"
            yield found("dataset-without-iri", subject=dataset, title=title)
        if dataset not in listed:
            yield found("dataset-unlisted", subject=dataset)
        series = (dataset, RDF.type, DATASET_SERIES) in graph
        described = (dataset, DCTERMS.title, None) in graph
        if described and not series and (dataset, DCAT.distribution, None) not in graph:
            yield found("dataset-without-distribution", subject=dataset)


def _identifiers(graph: Graph) -> Iterator[FeedFinding]:
    owners: defaultdict[str, set[Node]] = defaultdict(set)
    for dataset in graph.subjects(RDF.type, DCAT.Dataset, unique=True):
        for identifier in graph.objects(dataset, DCTERMS.identifier):
            owners[str(identifier)].add(dataset)
    for value, datasets in sorted(owners.items()):
        first, *others = sorted(map(str, datasets))
        if others:
            yield found("duplicate-identifier", subject=first, value=value, others=", ".join(others))


def _way_back(graph: Graph) -> Iterator[FeedFinding]:
    catalogues = set(graph.subjects(RDF.type, DCAT.Catalog))
    for dataset in nodes(graph, DCAT.Dataset):
        if dataset not in catalogues and (path := _path_to(graph, dataset, catalogues)):
            yield found("links-to-catalogue", subject=dataset, prop=path[-1], path=" → ".join(path))


def _path_to(graph: Graph, start: Node, goals: set[Node]) -> list[str] | None:
    """Names of the properties that lead from a node to one of the goals, by the shortest way."""
    ways: dict[Node, list[str]] = {start: []}
    waiting = [start]
    for node in waiting:
        for predicate, value in graph.predicate_objects(node):
            if value in goals:
                return [*ways[node], short(predicate)]
            if isinstance(value, URIRef | BNode) and value not in ways:
                ways[value] = [*ways[node], short(predicate)]
                waiting.append(value)
    return None


def closure(graph: Graph, start: Node) -> set[Node]:
    """All nodes that a harvester imports with a dataset, except other datasets and services."""
    reached, waiting = {start}, [start]
    for node in waiting:
        for value in graph.objects(node):
            if isinstance(value, URIRef | BNode) and value not in reached and not _own_resource(graph, value):
                reached.add(value)
                waiting.append(value)
    return reached


def _own_resource(graph: Graph, node: Node) -> bool:
    return any((node, RDF.type, kind) in graph for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.DataService))


def _licences(graph: Graph) -> Iterator[FeedFinding]:
    for licence in sorted(set(graph.objects(None, DCTERMS.license)), key=str):
        for label in graph.objects(licence, RDFS.label):
            yield found("licence-label", subject=licence, prop="rdfs:label", value=label)


def _languages(graph: Graph) -> Iterator[FeedFinding]:
    for node in sorted({node for kind in _DESCRIBED for node in nodes(graph, kind)}, key=str):
        for predicate in _TEXTS:
            texts = [text for text in graph.objects(node, predicate) if isinstance(text, Literal)]
            counts = Counter(text.language for text in texts)
            for text in texts:
                if text.language is None:
                    yield found("language-missing", subject=node, prop=short(predicate), value=text)
            for language, count in sorted((lang, n) for lang, n in counts.items() if lang is not None and n > 1):
                yield found("language-repeated", subject=node, prop=short(predicate), language=language, count=count)


def _relative(pages: Sequence[Page]) -> Iterator[FeedFinding]:
    for page in pages:
        relative = {term for triple in page.graph for term in triple if str(term).startswith(RELATIVE)}
        for term in sorted(relative, key=str):
            yield found("relative-iri", page=page.address, value=str(term).removeprefix(RELATIVE))
