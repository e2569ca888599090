"""The assessment of our own catalogue: without pySHACL where no rule can object, with its results where one does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rdflib import DCAT, DCTERMS, RDF, RDFS, BNode, Graph, Literal, URIRef
from support import BASE

from harvest_check import validation
from harvest_check.profiles import rules
from ingest.validation.screening import surely_conforms
from publish.catalogue.mqa import violating
from publish.releases.release import Release

PROJECTS = URIRef(f"{BASE}dataset/projects")


@pytest.fixture
def catalogue(release: Release) -> Graph:
    return Graph(bind_namespaces="none").parse(release.file("dump/catalog.nt")[0], format="nt")


def _remove(predicate: URIRef) -> Callable[[Graph], object]:
    return lambda graph: graph.remove((PROJECTS, predicate, None))


def _add(predicate: URIRef, value: URIRef | Literal | BNode) -> Callable[[Graph], object]:
    return lambda graph: graph.add((PROJECTS, predicate, value))


def _lose_the_type_of_publishers(graph: Graph) -> None:
    for publisher in set(graph.objects(PROJECTS, DCTERMS.publisher)):
        graph.remove((publisher, RDF.type, None))


def test_the_built_catalogue_needs_no_reference(catalogue: Graph) -> None:
    assert surely_conforms(catalogue + validation.known_concepts(catalogue), rules("dcat-ap.ttl"))
    assert violating(catalogue) == set()
    assert validation.validate([("catalogue", catalogue)]).violating == set()


@pytest.mark.parametrize(
    "spoil",
    [
        _remove(DCTERMS.title),
        _remove(DCTERMS.description),
        _add(DCTERMS.publisher, URIRef(f"{BASE}id/organisation/second")),
        _add(DCTERMS.accessRights, Literal("public")),
        _add(DCAT.temporalResolution, Literal("daily")),
        _lose_the_type_of_publishers,
    ],
    ids=["no title", "no description", "two publishers", "a literal", "a wrong datatype", "no type"],
)
def test_violations_are_those_of_the_reference(catalogue: Graph, spoil: Callable[[Graph], object]) -> None:
    spoil(catalogue)
    expected = validation.validate([("catalogue", catalogue)]).violating
    assert expected
    assert violating(catalogue) == expected


@pytest.mark.parametrize(
    "beyond",
    [
        lambda graph: graph.add((DCAT.Dataset, RDFS.subClassOf, DCAT.Resource)),
        lambda graph: graph.add((BNode(), RDF.type, DCAT.Dataset)),
    ],
    ids=["classes below classes", "a blank node"],
)
def test_what_screening_does_not_know_goes_to_the_reference(
    catalogue: Graph, beyond: Callable[[Graph], object]
) -> None:
    beyond(catalogue)
    assert not surely_conforms(catalogue, rules("dcat-ap.ttl"))
