"""Each constraint of the fast path against pyshacl, on values that engines are known to disagree about."""

from __future__ import annotations

import pyoxigraph as ox
import pyshacl
import pytest
from mutations import LANGUAGES, TEXTS
from rdflib import SH, XSD, BNode, Graph, Namespace
from rdflib.term import Node

from ingest.validation.constraints import Compiler
from ingest.validation.property_paths import TripleIndex, value_of
from ingest.validation.value_tests import UnknownConstraintError

EX = Namespace("http://example.org/")
PREFIXES = """
@prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DATA = """
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:Part rdfs:subClassOf ex:Whole . ex:Whole rdfs:subClassOf ex:Thing . ex:Thing rdfs:subClassOf ex:Part .
ex:whole a ex:Whole . ex:part a ex:Part . ex:other a ex:Other .
"""
READ = ["integer", "decimal", "double", "date", "dateTime", "gYear", "gYearMonth", "anyURI"]
# What may be said of a value, in Turtle.
CONSTRAINTS = [
    *(f"sh:nodeKind sh:{kind}" for kind in ("IRI", "Literal", "BlankNode", "BlankNodeOrIRI", "IRIOrLiteral")),
    *(f"sh:datatype xsd:{datatype}" for datatype in READ),
    "sh:datatype xsd:string",
    "sh:datatype xsd:boolean",
    "sh:datatype rdf:langString",
    "sh:class ex:Whole",
    "sh:class ex:Whole , ex:Other",
    "sh:in ( ex:part 7 1.5 true 'abc' 'Text'@de 'Text'@EN '2024'^^xsd:gYear )",
    "sh:languageIn ( 'de' )",
    "sh:languageIn ( 'DE' 'en' )",
    "sh:languageIn ( 'de-AT' )",
    "sh:languageIn ( '*' )",
    r"sh:pattern '\\S'",
    "sh:pattern '^[a-z0-9]+(-[a-z0-9]+)*$'",
    "sh:pattern '^[0-9]{4}$'",
    r"sh:pattern '^\\d+$'",
    "sh:pattern '^(?!2024)[0-9]+'",
    "sh:pattern '^A.C$' ; sh:flags 'i'",
    "sh:pattern '^b$' ; sh:flags 'm'",
    "sh:pattern '2' , '0'",
    "sh:minLength 0",
    "sh:minLength 1",
    "sh:minLength 4 ; sh:maxLength 9",
    "sh:maxLength 120",
    *(
        f"sh:{bound} {value}"
        for bound in ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")
        for value in ("7", "49.39", "'2024-09-04'^^xsd:date", "'abc'")
    ),
    "sh:not [ sh:datatype xsd:string ]",
    "sh:not [ sh:languageIn ( 'de' ) ] , [ sh:class ex:Part ]",
    "sh:or ( [ sh:not [ sh:languageIn ( 'de' ) ] ] [ sh:pattern 'o' ; sh:maxLength 300 ] )",
    "sh:or ( [ sh:datatype xsd:gYear ; sh:pattern '^[0-9]{4}$' ] [ sh:class ex:Part ] )",
    "sh:and ( [ sh:minLength 2 ] [ sh:maxLength 4 ] )",
    "sh:node [ sh:nodeKind sh:IRI ]",
    "sh:node [ sh:property [ sh:path rdf:type ; sh:minCount 1 ] ]",
]
TYPED = [
    "-0", "007", "5.", "49.390", "1e5", " 5 ", "٣", "INF", "2024", "2024-13", "2024-02-30", "-2024", "2024Z", "abc", "",
    "2024-09-04", "2024-09-04Z", "2024-09-04T10:00:00",
]  # fmt: skip
BLANK = ox.BlankNode("blank")
VALUES = [
    *(ox.Literal(text) for text in TEXTS),
    # Other texts as booleans are in the tests of screening: what holds of them is a matter of chance.
    *(ox.Literal(text, datatype=ox.NamedNode(XSD.boolean)) for text in ("true", "false", "1", "0")),
    *(ox.Literal(text, datatype=ox.NamedNode(XSD[datatype])) for text in TYPED for datatype in READ),
    *(ox.Literal(text, language=language) for text in ("", "Text", "o") for language in LANGUAGES),
    *(ox.NamedNode(EX[name]) for name in ("part", "whole", "other", "nothing")),
    ox.NamedNode("urn:x:%20ä"),
    BLANK,
]  # fmt: skip
FOCUS, PATH = ox.NamedNode(EX.focus), ox.NamedNode(EX.path)


@pytest.fixture(scope="module")
def triples() -> list[ox.Triple]:
    classes = ox.parse(PREFIXES + DATA, format=ox.RdfFormat.TURTLE)
    return [*(quad.triple for quad in classes), *(ox.Triple(FOCUS, PATH, value) for value in VALUES)]


@pytest.fixture(scope="module")
def objected(triples: list[ox.Triple]) -> dict[str, set[Node]]:
    """The values that pyshacl objects to, by constraint."""
    data = Graph().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    text = [
        f"ex:{number} a sh:PropertyShape ; sh:targetNode ex:focus ; sh:path ex:path ; {constraint} ."
        for number, constraint in enumerate(CONSTRAINTS)
    ]
    _, report, _ = pyshacl.validate(data, shacl_graph=Graph().parse(data="\n".join([PREFIXES, *text])), inplace=True)
    assert isinstance(report, Graph)
    return {
        constraint: {
            value
            for result in report.subjects(SH.sourceShape, EX[str(number)])
            for value in report.objects(result, SH.value)
        }
        for number, constraint in enumerate(CONSTRAINTS)
    }


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_values_fail_where_they_fail_in_pyshacl(
    constraint: str, triples: list[ox.Triple], objected: dict[str, set[Node]]
) -> None:
    graph = Graph().parse(data=f"{PREFIXES} ex:shape a sh:NodeShape ; {constraint} .")
    test = Compiler(graph).shape(EX.shape)
    facts = TripleIndex(triples)
    failing = {value for value in facts.objects(FOCUS, PATH) if not test(facts, value)}
    assert failing == {BLANK if isinstance(value, BNode) else value_of(value) for value in objected[constraint]}


# Paths and what is said of several values together

NETWORK = """
ex:a ex:path ex:b , ex:c , 1 , "eins"@de , "one"@en ; ex:other ex:b , 1 ; ex:third "x" .
ex:b ex:path ex:a , "zwei"@de , "deux"@fr , "zwo"@DE ; ex:other ex:c .
ex:c ex:path ex:c , 01 , "1" ; ex:third ex:a , ex:b , ex:c .
ex:d ex:other "eins"@DE , 1.0 , true ; ex:path "eins"@de , true , "1"^^xsd:boolean .
ex:e a ex:Part .
"""
PATHS = [
    "ex:path",
    "[ sh:inversePath ex:path ]",
    "( ex:path ex:path )",
    "( ex:third [ sh:inversePath ex:path ] ex:other )",
    "[ sh:alternativePath ( ex:path ex:other ) ]",
    "[ sh:alternativePath ( ( ex:path ex:other ) [ sh:inversePath ex:third ] ) ]",
]
TOGETHER = [
    "sh:minCount 1",
    "sh:minCount 3",
    "sh:maxCount 0",
    "sh:maxCount 2",
    "sh:uniqueLang true",
    "sh:uniqueLang false",
    "sh:hasValue 1",
    "sh:hasValue 'eins'@de",
    "sh:disjoint ex:other",
    "sh:disjoint ex:other , ex:third",
    "sh:qualifiedValueShape [ sh:languageIn ( 'de' ) ] ; sh:qualifiedMinCount 1 ; sh:qualifiedMaxCount 1",
    "sh:qualifiedValueShape [ sh:property [ sh:path ex:path ; sh:minCount 1 ] ] ; sh:qualifiedMaxCount 1",
    "sh:node [ sh:property [ sh:path ex:third ; sh:maxCount 0 ] ]",
    "sh:or ( [ sh:nodeKind sh:Literal ] [ sh:path ex:other ; sh:minCount 1 ] )",
]


@pytest.fixture(scope="module")
def network() -> tuple[list[ox.Triple], dict[str, set[Node]]]:
    """Triples, and the focus nodes that pyshacl objects to, by shape."""
    triples = [quad.triple for quad in ox.parse(PREFIXES + NETWORK, format=ox.RdfFormat.TURTLE)]
    data = Graph().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    targets = "sh:targetNode ex:a , ex:b , ex:c , ex:d , ex:e"
    pairs = [f"sh:path {path} ; {constraint}" for path in PATHS for constraint in TOGETHER]
    shapes = [f"ex:{number} a sh:PropertyShape ; {targets} ; {pair} ." for number, pair in enumerate(pairs)]
    _, report, _ = pyshacl.validate(data, shacl_graph=Graph().parse(data="\n".join([PREFIXES, *shapes])), inplace=True)
    assert isinstance(report, Graph)
    return triples, {
        pair: {
            node
            for result in report.subjects(SH.sourceShape, EX[str(number)])
            for node in report.objects(result, SH.focusNode)
        }
        for number, pair in enumerate(pairs)
    }


@pytest.mark.parametrize("constraint", TOGETHER)
@pytest.mark.parametrize("path", PATHS)
def test_nodes_fail_where_they_fail_in_pyshacl(
    path: str, constraint: str, network: tuple[list[ox.Triple], dict[str, set[Node]]]
) -> None:
    triples, objected = network
    pair = f"sh:path {path} ; {constraint}"
    test = Compiler(Graph().parse(data=f"{PREFIXES} ex:shape a sh:PropertyShape ; {pair} .")).shape(EX.shape)
    facts = TripleIndex(triples)
    assert {EX[name] for name in "abcde" if not test(facts, ox.NamedNode(EX[name]))} == objected[pair]


UNKNOWN = [
    "sh:closed true",
    "sh:equals ex:other",
    "sh:lessThan ex:other",
    "sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:nodeKind sh:Literal ] )",
    "sh:deactivated true",
    "sh:targetNode ex:a",
    "sh:minCount 1 , 2",
    "sh:minCount 'one'",
    "sh:datatype xsd:string , xsd:date",
    "sh:datatype 'string'",
    "sh:datatype <http://www.w3.org/2000/01/rdf-schema#Literal>",
    "sh:nodeKind ex:Kind",
    "sh:in ( 1 ) , ( 2 )",
    "sh:minInclusive ex:a",
    "sh:flags 'i'",
    "sh:qualifiedMinCount 1",
    "sh:qualifiedValueShapesDisjoint true",
    "sh:expression [ sh:path ex:other ]",
    "sh:sparql [ sh:select 'SELECT $this {}' ]",
    "ex:ownParameter 7",
    "sh:node ex:shape",
    "sh:or ( [ sh:not [ sh:node ex:shape ] ] )",
    "sh:not [ sh:closed true ]",
    "sh:node [ sh:minCount 1 ]",
    "sh:node [ sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; sh:qualifiedMinCount 1 ]",
]
UNKNOWN_PATHS = [
    "[ sh:zeroOrMorePath ex:path ]",
    "[ sh:oneOrMorePath ex:path ]",
    "[ sh:zeroOrOnePath ex:path ]",
    "( ex:path [ sh:zeroOrMorePath ex:other ] )",
    "[ sh:inversePath ( ex:path ex:other ) ]",
]


@pytest.mark.parametrize(
    "shape", [*(f"sh:path ex:path ; {each}" for each in UNKNOWN), *(f"sh:path {path}" for path in UNKNOWN_PATHS)]
)
def test_what_is_not_known_is_not_passed_over(shape: str) -> None:
    graph = Graph().parse(data=f"{PREFIXES} ex:shape a sh:PropertyShape ; {shape} .")
    with pytest.raises(UnknownConstraintError):
        Compiler(graph).shape(EX.shape)
