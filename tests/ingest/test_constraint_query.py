"""SPARQL constraints of the fast path find all that pyshacl finds, and queries of another form are left to it."""

from __future__ import annotations

import random
from itertools import product

import pyoxigraph as ox
import pyshacl
import pytest
from mutations import TEXTS
from rdflib import SH, XSD, Graph, Namespace
from test_shapes import Data

from ingest.validation.constraint_query import compile_query
from ingest.validation.property_paths import TripleIndex
from ingest.validation.value_tests import UnknownConstraintError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Parsing weird boolean")]
EX = Namespace("http://example.org/")
PREFIXES = """
@prefix ex: <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex: a owl:Ontology ; sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/"^^xsd:anyURI ] ,
  [ sh:prefix "xsd" ; sh:namespace "http://www.w3.org/2001/XMLSchema#"^^xsd:anyURI ] .
"""
BOTH = "$this ex:one ?one ; ex:two ?two ."
PATTERNS = [
    BOTH,
    "$this ex:one ?one . OPTIONAL { $this ex:two ?two }",
    "$this ex:next ?next . ?next ex:one|ex:two ?one . OPTIONAL { ?next ex:one ?same } OPTIONAL { ?same ex:two ?two }",
]
FILTERS = [
    "STR(?one) < STR(?two)",
    "STR(?one) >= STR(?two)",
    "STR(?one) > STR(NOW())",
    "xsd:decimal(STR(?one)) > xsd:decimal(STR(?two))",
    "xsd:decimal(STR(?one)) <= xsd:decimal(STR(?two))",
    "STRSTARTS(?one, ?two)",
    "!STRSTARTS(?one, ?two)",
    "!STRENDS(STR(?one), SUBSTR(?two, 2, 3))",
    "!CONTAINS(?one, SUBSTR(?two, 3))",
    "!CONTAINS(?one, STR(?two)) || xsd:decimal(STR(?one)) < xsd:decimal(STR(?two))",
    "xsd:decimal(STR(?one)) < xsd:decimal(STR(?two)) || xsd:decimal(STR(?one)) > xsd:decimal(STR(?missing))",
    "STR(?one) < STR(?two) && !STRSTARTS(STR(?two), STR(?one))",
    "STR(?one) < STR(?two) && (STR(?one) > STR(?missing) || STRENDS(?one, ?two))",
]
NODES = 100
VALUES = [
    *(ox.Literal(text) for text in TEXTS),
    *(ox.Literal(text, language=tag) for text in ("06", "abc", "1e5") for tag in ("de", "EN")),
    *(
        ox.Literal(text, datatype=ox.NamedNode(XSD[datatype]))
        for text in ("06", "1.50", "1e5", "2024", "2024-09-04Z", "true", "", "99999999999999999999999")
        for datatype in ("integer", "decimal", "double", "boolean", "date", "gYear", "anyURI")
    ),
    ox.NamedNode("urn:x:06"),
]


def kept(value: ox.Literal | ox.NamedNode) -> bool:
    """Whether a store gives back what it was given; screening asks queries only of such values."""
    facts = TripleIndex([ox.Triple(ox.NamedNode(EX.node), ox.NamedNode(EX.one), value)])
    quads = set(facts.quads({ox.NamedNode(EX.one)}))
    store = ox.Store()
    store.extend(quads)
    return set(store) == quads


@pytest.fixture(scope="module")
def triples() -> list[ox.Triple]:
    chance = random.Random(1)
    values = [value for value in VALUES if kept(value)]
    found = []
    for number in range(NODES):
        node = ox.NamedNode(EX[f"node{number}"])
        for name in ("one", "two"):
            some = chance.sample(values, chance.choice((0, 1, 1, 1, 1, 2)))
            found += [ox.Triple(node, ox.NamedNode(EX[name]), value) for value in some]
        found.append(ox.Triple(node, ox.NamedNode(EX.next), ox.NamedNode(EX[f"node{chance.randrange(NODES)}"])))
    return found


def shapes(select: str) -> Graph:
    shape = "ex:shape a sh:NodeShape ; sh:targetSubjectsOf ex:next ; sh:sparql ex:query ."
    return Graph().parse(data=f'{PREFIXES} {shape} ex:query sh:prefixes ex: ; sh:select "{select}" .')


@pytest.mark.parametrize(("pattern", "condition"), list(product(PATTERNS, FILTERS)))
def test_queries_find_all_that_pyshacl_finds(pattern: str, condition: str, triples: list[ox.Triple]) -> None:
    graph = shapes(f"SELECT DISTINCT $this WHERE {{ {pattern} FILTER ({condition}) }}")
    query = compile_query(graph, EX.query)
    store = ox.Store()
    store.extend(TripleIndex(triples).quads(query.predicates))
    suspected = query.answer(store)
    data = Data().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    _, report, _ = pyshacl.validate(data, shacl_graph=graph, inplace=True)
    assert isinstance(report, Graph)
    objected = {str(node) for node in report.objects(None, SH.focusNode)}
    assert objected <= suspected
    assert len(suspected) < NODES


UNKNOWN = [
    "SELECT ?this WHERE { ?other ex:one ?one }",
    "SELECT $this WHERE { OPTIONAL { $this ex:one ?one } }",
    "SELECT $this WHERE { { $this ex:one ?one } UNION { $this ex:two ?one } }",
    "SELECT $this WHERE { $this ex:one ?one . FILTER NOT EXISTS { $this ex:two ?one } }",
    "SELECT $this WHERE { $this ex:one ?one . { SELECT $this WHERE { $this ex:two ?two } LIMIT 1 } }",
    "SELECT $this WHERE { $this ex:one ?one . BIND (?one AS ?value) }",
    "SELECT $this WHERE { $this ex:one ?one } GROUP BY $this HAVING (COUNT(?one) > 1)",
    "SELECT $this WHERE { $this ex:one ?one } ORDER BY ?one LIMIT 1",
    "SELECT $this WHERE { $this ex:one ?one . OPTIONAL { $this ex:two ?two FILTER (STR(?two) > STR(?one)) } }",
    "SELECT $this WHERE { $this ex:one ?one . GRAPH ex:graph { $this ex:two ?two } }",
    "SELECT $this WHERE { $this ?property ?one }",
    "SELECT $this WHERE { $this $PATH ?one }",
    "SELECT $this WHERE { $this ex:one+ ?one }",
    "SELECT $this WHERE { $this ^ex:one ?one }",
    "SELECT $this WHERE { $this ex:one 'abc' }",
    "SELECT $this WHERE { $this ex:one [ ex:two ?two ] }",
    *(
        f"SELECT $this WHERE {{ {BOTH} FILTER ({condition}) }}"
        for condition in (
            "?one < ?two",
            "?one = ?two",
            "STR(?one) = STR(?two)",
            "STR(?one) IN (STR(?two))",
            "STRLEN(?one) > 3",
            "xsd:integer(STR(?one)) > xsd:integer(STR(?two))",
            "xsd:decimal(?one) > xsd:decimal(?two)",
            "xsd:decimal(STR(?one)) > 3",
            "STR(?one) > 'abc'",
            "REGEX(STR(?one), 'abc')",
            "!(STR(?one) < STR(?two) && STR(?one) < STR(?three))",
            "STRSTARTS(?one, SUBSTR(?two, 0))",
            "STRSTARTS(?one, SUBSTR(?two, STRLEN(?one)))",
            "BOUND(?one)",
            "xsd:decimal(STR(?one)) + 1 > xsd:decimal(STR(?two))",
        )
    ),
]


@pytest.mark.parametrize("select", UNKNOWN)
def test_queries_of_another_form_are_left_to_the_reference(select: str) -> None:
    with pytest.raises(UnknownConstraintError):
        compile_query(shapes(select), EX.query)


@pytest.mark.parametrize("more", ["sh:deactivated true", "ex:parameter 1"])
def test_constraints_with_more_than_a_query_are_left_to_the_reference(more: str) -> None:
    graph = shapes(f"SELECT $this WHERE {{ {BOTH} }}").parse(data=f"{PREFIXES} ex:query {more} .")
    with pytest.raises(UnknownConstraintError):
        compile_query(graph, EX.query)
