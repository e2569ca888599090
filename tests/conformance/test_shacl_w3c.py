"""The fast path of validation before the W3C's test cases for SHACL: what it claims to understand, it understands."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, Graph, Namespace
from rdflib.term import Node

from ingest.validation.constraint_query import compile_query
from ingest.validation.constraints import Compiler
from ingest.validation.property_paths import TripleIndex, value_of
from ingest.validation.screening import parts_of
from ingest.validation.value_tests import UnknownConstraintError

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
# Where our shapes have nothing of the kind: closed shapes, pairs of properties, xone, sibling shapes, endless paths ...
LEFT = {
    "complex/personexample", "complex/shacl-shacl", "misc/deactivated-001", "misc/deactivated-002", "node/closed-001",
    "node/closed-002", "node/equals-001", "node/qualified-001", "node/xone-001", "node/xone-duplicate",
    "path/path-complex-001", "path/path-oneOrMore-001", "path/path-zeroOrMore-001", "path/path-zeroOrOne-001",
    "property/equals-001", "property/lessThan-001", "property/lessThan-002", "property/lessThanOrEquals-001",
    "property/node-001", "property/qualifiedMinCountDisjoint-001", "property/qualifiedValueShapesDisjoint-001",
}  # fmt: skip
# Where pyshacl fails, too: rdflib writes "1"^^xsd:boolean as "true"^^xsd:boolean.
REFERENCE_FAILS = {"property/uniqueLang-002"}


class Verdict(NamedTuple):
    """What was found in a test case.

    :ivar known: whether all shapes are understood.
    :ivar failing: the targets that do not conform.
    :ivar expected: those that must not.
    """

    known: bool
    failing: set[Node]
    expected: set[Node]


def verdict(file: Path) -> Verdict:
    manifest = Graph().parse(file, format="turtle", publicID=file.as_uri())
    (case,) = manifest.subjects(RDF.type, SHT.Validate)
    action, result = manifest.value(case, MF.action), manifest.value(case, MF.result)
    data, shapes = (part(manifest, file, manifest.value(action, each)) for each in (SHT.dataGraph, SHT.shapesGraph))
    reference = ShapesGraph(Graph() + shapes)
    focus = {shape.node: set(shape.focus_nodes(data)) for shape in reference.shapes}
    # Who is looked at is settled, so that these say no more.
    for target in (SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf, RDFS.subClassOf):
        reference.graph.remove((None, target, None))
    triples = ox.parse(data.serialize(format="nt"), format=ox.RdfFormat.N_TRIPLES)
    facts = TripleIndex(quad.triple for quad in triples)
    failing: set[Node] = set()
    known = True
    for shape, nodes in focus.items():
        for part_ in parts_of(shape, reference.graph, Compiler(reference.graph)) if nodes else ():
            test = part_.test
            known = known and test is not None
            if test is not None:
                failing |= {node for node in nodes if not test(facts, value_of(node))}
    found = [manifest.value(each, SH.focusNode) for each in manifest.objects(result, SH.result)]
    targets = set().union(*focus.values())
    # A result about a value of a target is one about the target.
    expected = {node for node in found if node in targets} or (failing if found else set())
    return Verdict(known, failing, expected)


def part(manifest: Graph, file: Path, address: Node | None) -> Graph:
    path = Path(str(address).removeprefix("file://"))
    return manifest if path == file else Graph().parse(path, format="turtle", publicID=path.as_uri())


@pytest.mark.filterwarnings("ignore")
def test_core(acceptance: Path) -> None:
    root = acceptance / "w3c" / "shacl" / "core"
    cases = sorted(file for file in root.rglob("*.ttl") if (None, RDF.type, SHT.Validate) in Graph().parse(file))
    verdicts = {str(file.relative_to(root).with_suffix("")): verdict(file) for file in cases}
    assert len(verdicts) == 98
    assert {name for name, found in verdicts.items() if not found.known} == LEFT
    wrong = {name for name, found in verdicts.items() if found.known and found.failing != found.expected}
    assert wrong == REFERENCE_FAILS


def test_sparql(acceptance: Path) -> None:
    """The queries of these cases have other forms than ours, most of them to catch engines out."""
    files = sorted((acceptance / "w3c" / "shacl" / "sparql").rglob("*.ttl"))
    graphs = [Graph().parse(file, format="turtle", publicID=file.as_uri()) for file in files]
    constraints = [(graph, constraint) for graph in graphs for constraint in graph.objects(None, SH.sparql)]
    assert len(constraints) == 18
    for graph, constraint in constraints:
        with pytest.raises(UnknownConstraintError):
            compile_query(graph, constraint)
