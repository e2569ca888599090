"""The published graph and the catalogue before our own shapes, in one piece and by pyshacl alone."""

from __future__ import annotations

import pyshacl
import pytest
from rdflib import RDF, SH, Graph

import shapes
from ingest.validation.shacl import PreparedData
from publish.releases.release import Release

pytestmark = pytest.mark.slow


def severities(data: Graph, shapes_graph: Graph) -> dict[str, int]:
    # A copy: pyshacl adds to the shapes that it is given.
    _, report, _ = pyshacl.validate(data, shacl_graph=Graph() + shapes_graph, inplace=True)
    assert isinstance(report, Graph)
    found = [str(report.value(result, SH.resultSeverity)) for result in report.subjects(RDF.type, SH.ValidationResult)]
    return {severity.rpartition("#")[2]: found.count(severity) for severity in sorted(set(found))}


def test_the_graph_has_no_violation_of_our_shapes(release: Release) -> None:
    """Also what our rules derived; and the whole finds just what the chunks found: see the quality report."""
    data = PreparedData().parse(release.file("dump/all.nt")[0], format="nt")
    assert severities(data, Graph() + shapes.load()) == {"Info": 12, "Warning": 7}


def test_the_catalogue_has_no_violation_of_our_shapes(release: Release) -> None:
    """Three datasets are not read from a table, which is worth a note: the whole graph, vocabulary, concept schemes."""
    data = Graph().parse(release.file("dump/catalog.ttl")[0])
    assert severities(data, Graph() + shapes.catalogue()) == {"Info": 3}
