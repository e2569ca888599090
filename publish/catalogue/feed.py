"""The catalogue for portals: in each application profile, divided into pages, with links between pages.

A page is self-contained: the catalogue, the services, its datasets, and all nodes reachable from these.
Pages are linked with Hydra (https://www.hydra-cg.com/spec/latest/core/#collections) in the only way that both the CKAN
harvester and piveau support: a ``hydra:PartialCollectionView`` whose ``hydra:next`` is an IRI.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode

import pyoxigraph as ox
from rdflib import DCAT, DCTERMS, Graph, URIRef

import ontology
from publish.catalogue.profiles import PROFILES, FeedProfile
from publish.formats import dumps
from publish.formats.dumps import Files
from publish.releases.manifest import Feed

PAGE_SIZE: Final = 100
"""Default number of datasets on a page, the same as in CKAN."""

_HYDRA: Final = ontology.PREFIXES["hydra"]
_INTEGER: Final = ox.NamedNode(ontology.PREFIXES["xsd"] + "integer")
_TYPE: Final = ox.NamedNode(ontology.PREFIXES["rdf"] + "type")

_Index = Mapping[str, list[ox.Triple]]
"""Triples by the IRI of their subject."""


def whole(catalogue: Graph, base: str) -> list[ox.Triple]:
    """All pages together in the default profile, without the links between them and without unreachable nodes.

    :param catalogue: what :func:`publish.catalogue.dcat.describe` returned.
    :param base: base IRI of the service; ends with a slash.
    """
    return _reachable(_rendered(catalogue, base, PROFILES[0]), base + "catalog", ())


def write(files: Files, catalogue: Graph, base: str, page_size: int) -> Feed:
    """Write every page and the description of every dataset, in every profile and syntax.

    :param catalogue: what :func:`publish.catalogue.dcat.describe` returned.
    :param base: base IRI of the service; ends with a slash.
    :param page_size: datasets on a page, at least 1.
    """
    listed = sorted(str(dataset) for dataset in catalogue.objects(URIRef(base + "catalog"), DCAT.dataset))
    pages = [listed[start : start + page_size] for start in range(0, len(listed), page_size)] or [[]]
    for profile in PROFILES:
        index = _rendered(catalogue, base, profile)
        for dataset in listed:
            stem = f"feed/{profile.token}/{dataset.removeprefix(base)}"
            dumps.write_graph(files, stem, _reachable(index, dataset, ()))
        for number, page in enumerate(pages, start=1):
            content = _reachable(index, base + "catalog", set(listed) - set(page))
            links = _Links(base, profile, number, len(pages), len(listed))
            stem = f"feed/{profile.token}/{number}"
            dumps.write_graph(files, stem, dumps.canonical([*content, *links.between("catalog")]))
            if len(pages) > 1:
                for suffix in dumps.DOCUMENT_SUFFIXES:
                    stem = f"feed/{profile.token}/suffix/{number}"
                    linked = dumps.canonical([*content, *links.between(f"catalog.{suffix}")])
                    dumps.write_graph(files, stem, linked, suffixes=[suffix])
    return Feed({profile.token: profile.iri for profile in PROFILES}, PROFILES[0].token, len(pages))


def _rendered(catalogue: Graph, base: str, profile: FeedProfile) -> _Index:
    graph = profile.render(catalogue)
    index = defaultdict(list)
    for triple in dumps.from_rdflib(graph):
        index[_iri(triple.subject)].append(triple)
    index[base + "catalog"].append(_fact(base + "catalog", str(DCTERMS.conformsTo), ox.NamedNode(profile.iri)))
    index[profile.iri].append(ox.Triple(ox.NamedNode(profile.iri), _TYPE, ox.NamedNode(str(DCTERMS.Standard))))
    return index


def _reachable(index: _Index, start: str, left_out: Collection[str]) -> list[ox.Triple]:
    """All triples reachable from a node without passing through some other nodes."""
    found, seen, ahead = [], {start}, [start]
    while ahead:
        for triple in index.get(ahead.pop(), ()):
            target = triple.object.value if isinstance(triple.object, ox.NamedNode) else None
            if target in left_out:
                continue
            found.append(triple)
            if target is not None and target not in seen:
                seen.add(target)
                ahead.append(target)
    return dumps.canonical(found)


class _Links(NamedTuple):
    """The number of a page, and its links to the others.

    :ivar number: of the page, from 1 to ``last``.
    :ivar total: datasets on all pages.
    """

    base: str
    profile: FeedProfile
    number: int
    last: int
    total: int

    def between(self, path: str) -> Iterator[ox.Triple]:
        """Links that differ from the address of the page only in the query string.

        :param path: of the catalogue below the base; with a suffix if the client has chosen the syntax by it.
        """
        catalog, view = self.base + "catalog", self._address(path, self.number)
        yield ox.Triple(ox.NamedNode(catalog), _TYPE, ox.NamedNode(_HYDRA + "Collection"))
        yield _fact(catalog, _HYDRA + "totalItems", ox.Literal(str(self.total), datatype=_INTEGER))
        yield _fact(catalog, _HYDRA + "view", ox.NamedNode(view))
        yield ox.Triple(ox.NamedNode(view), _TYPE, ox.NamedNode(_HYDRA + "PartialCollectionView"))
        others = {"first": 1, "previous": self.number - 1, "next": self.number + 1, "last": self.last}
        for relation, number in others.items():
            if 1 <= number <= self.last:
                yield _fact(view, _HYDRA + relation, ox.NamedNode(self._address(path, number)))

    def _address(self, path: str, number: int) -> str:
        choice = {} if self.profile is PROFILES[0] else {"profile": self.profile.token}
        return f"{self.base}{path}?{urlencode({**choice, 'page': number})}"


def _fact(subject: str, predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), value)


def _iri(node: ox.NamedNode | ox.BlankNode | ox.Triple) -> str:
    if not isinstance(node, ox.NamedNode):
        raise TypeError(f"Nothing that is published may be without an IRI: {node}")
    return node.value
