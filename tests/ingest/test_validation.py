"""The fast path of validation gives the results of the reference, one by one."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

import pyoxigraph as ox
import pyshacl
import pytest
from mutations import records as mutated
from mutations import show
from rdflib import RDF, RDFS, SH, Graph, Literal, URIRef
from support import BASE
from test_shapes import GOOD, OTHERS, Data, partial

import shapes
from ingest import record_types
from ingest.rdf import Node, triples
from ingest.validation import validation
from ingest.validation.screening import screen, suspects
from ingest.validation.shacl import ValidationResult
from ontology import SR

pytestmark = pytest.mark.slow

# Records to spoil and compare; a long run takes SMARTREGION_MUTATED_RECORDS=20000.
COUNT = int(os.environ.get("SMARTREGION_MUTATED_RECORDS", "500"))
PART = 250


class Found(NamedTuple):
    """A validation result, as far as both sides tell it."""

    record: str
    shape: str
    component: str
    value: str | None
    severity: str


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Rdflib reports every literal that is not well-formed, with a traceback."""
    caplog.set_level(logging.CRITICAL, "rdflib.term")


@pytest.fixture(scope="module")
def here() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def validated(records: Sequence[Node], executor: Executor, validator: validation.Validator) -> list[ValidationResult]:
    return validation.validate(records, BASE, executor, validator, lambda done, total: None)


def ours(records: Sequence[Node], executor: Executor) -> Counter[Found]:
    """What the fast path finds."""
    results = validated(records, executor, validation.fast)
    for result in results:
        assert result.message == messages(URIRef(result.shape))
    return Counter(Found(r.record, r.shape, r.component, r.value, r.severity) for r in results)


def messages(shape: URIRef) -> dict[str, str]:
    texts = shapes.load().objects(shape, SH.message)
    return {text.language: str(text) for text in texts if isinstance(text, Literal) and text.language}


def plain(records: Sequence[Node]) -> Counter[Found]:
    """What pyshacl alone finds in all records at once, aimed by nothing but the classes of the shapes."""
    data = Data().parse(data=ox.serialize(triples(records, BASE), format=ox.RdfFormat.N_TRIPLES), format="nt")
    # A copy: pyshacl adds to the shapes that it is given.
    _, report, _ = pyshacl.validate(data, shacl_graph=Graph() + shapes.load(), inplace=True)
    assert isinstance(report, Graph)
    return Counter(found(report, result) for result in report.subjects(RDF.type, SH.ValidationResult))


def found(report: Graph, result: Any) -> Found:
    about = dict(report.predicate_objects(result))
    shape = about[SH.sourceShape]
    assert isinstance(shape, URIRef)
    assert {str(text) for text in report.objects(result, SH.resultMessage)} <= set(messages(shape).values())
    value = about.get(SH.value)
    return Found(
        str(about[SH.focusNode]).removeprefix(f"{BASE}id/"),
        str(shape),
        str(about[SH.sourceConstraintComponent]).removeprefix(str(SH)),
        str(value).removeprefix(f"{BASE}id/" if isinstance(value, URIRef) else "") if value is not None else None,
        str(about[SH.resultSeverity]).removeprefix(str(SH)).lower(),
    )


def assert_same(records: Sequence[Node], executor: Executor) -> Counter[Found]:
    fast, reference = ours(records, executor), plain(records)
    spoilt = {record["id"]: record for record in records}
    for one, other, what in ((reference, fast, "missed"), (fast, reference, "invented")):
        for result in one - other:
            pytest.fail(f"{what}: {result} of {show(spoilt[result.record])}")
    return reference


def changed(type_name: str, **change: object) -> list[Node]:
    """The good records, one of them changed."""
    return [{**record, **change} if record["type"] == type_name else record for record in [*GOOD.values(), *OTHERS]]


@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
@pytest.mark.parametrize("seed", range(COUNT // PART))
def test_spoilt_records_give_the_results_of_pyshacl(seed: int, here: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_CHUNK", 60)
    results = assert_same(mutated(seed, PART), here)
    assert len(results) > PART
    assert len({result.shape for result in results}) > 70


def test_good_records_give_no_results(here: Executor) -> None:
    results = assert_same([*GOOD.values(), *OTHERS], here)
    assert {result.record for result in results}.isdisjoint(record["id"] for record in GOOD.values())


# Disagreements that were found, and those that had to be kept from arising


@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
def test_a_word_that_rdflib_reads_as_false_does_not_hide_behind_a_real_false(here: Executor) -> None:
    """Rdflib makes "false" of every boolean that it cannot read, and keeps in mind that it was not well-formed."""
    records = changed("Grant", approximate=partial("ungefähr", "boolean"))
    honest = {**GOOD["Grant"], "id": "grant/honest", "identifier": "honest", "approximate": "false"}
    for order in ([*records, honest], [honest, *records]):
        results = assert_same(order, here)
        assert [r.record for r in results if r.shape.endswith("#approximate")] == [GOOD["Grant"]["id"]]


@pytest.mark.parametrize("lexical", ["1700000.0", "1700000.50"])
def test_values_that_oxigraph_would_rewrite_are_left_to_the_reference(lexical: str, here: Executor) -> None:
    focus = [(screen(shapes.load(), SR.Grant), [f"{BASE}id/{GOOD['Grant']['id']}"])]
    found = suspects(focus, triples(changed("Grant", amount=lexical), BASE))
    queried = {str(each) for each in shapes.load().subjects(SH.sparql, None) if "Grant" in each}
    assert {str(shape) for shapes_ in found.values() for shape in shapes_} >= queried
    assert_same(changed("Grant", amount=lexical), here)


@pytest.mark.parametrize("value", ["Infinity", "١٧", "1_000_000_000"])
def test_numbers_that_only_python_can_read_are_compared_as_python_does(value: str, here: Executor) -> None:
    results = assert_same(changed("Grant", amount={"@value": value}), here)
    assert any(result.shape.endswith("Grant-limits-amount") for result in results)


def test_a_key_in_two_chunks_is_found_twice(here: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk used to see only its own records and those that they refer to."""
    monkeypatch.setattr(validation, "_CHUNK", 1)
    twin = {**GOOD["Place"], "id": "place/twin", "identifier": ["twin", GOOD["Place"]["identifier"]]}
    results = assert_same([*GOOD.values(), *OTHERS, twin], here)
    same = [result.record for result in results if result.shape.endswith("Place-unique-identifier")]
    assert sorted(same) == sorted([GOOD["Place"]["id"], "place/twin"])


def test_keys_that_are_the_same_once_rdflib_has_read_them_are_found_twice(
    here: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_CHUNK", 1)
    twins = [
        {**GOOD["FormerMunicipality"], "id": f"municipality/{number}", "ags": partial(text, "integer")}
        for number, text in enumerate(("6437009", "06437009"))
    ]
    results = assert_same([*GOOD.values(), *OTHERS, *twins], here)
    same = [result.record for result in results if result.shape.endswith("unique-ags")]
    assert sorted(same) == ["municipality/0", "municipality/1"]


def test_two_records_that_refer_to_each_other_from_two_chunks(here: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_CHUNK", 1)
    other = {**OTHERS[0], "reuses": [GOOD["Project"]["id"]]}
    results = assert_same([*GOOD.values(), other, *OTHERS[1:]], here)
    circle = [result.record for result in results if result.shape.endswith("circle-reuses")]
    assert sorted(circle) == sorted([GOOD["Project"]["id"], other["id"]])


# What is left to the reference


def test_all_our_shapes_are_understood() -> None:
    """Others would be validated all the same, but slowly."""
    left = [part.shape for t in record_types().values() for part in screen(shapes.load(), t.iri).parts if not part.test]
    assert left == []


def test_all_shapes_are_aimed_at_classes() -> None:
    """Validation takes the shapes of a record by its class; it would not see other targets."""
    graph = shapes.load()
    for target in (SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf, SH.target):
        assert (None, target, None) not in graph
    assert (None, RDF.type, RDFS.Class) not in graph


@pytest.mark.parametrize("said", [(SH.closed, Literal(True)), (SH.deactivated, Literal(True)), (SR.rule, Literal(1))])
def test_a_shape_that_is_not_understood_is_left_to_the_reference_as_a_whole(said: tuple[URIRef, Literal]) -> None:
    graph = Graph() + shapes.load()
    shape = next(graph.subjects(SH.targetClass, SR.Offer))
    graph.add((shape, *said))
    focus = [(screen(graph, SR.Offer), [f"{BASE}id/{GOOD['Offer']['id']}"])]
    assert suspects(focus, triples([*GOOD.values(), *OTHERS], BASE)) == {f"{BASE}id/{GOOD['Offer']['id']}": {shape}}


@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
def test_the_reference_alone_gives_the_same_results(here: Executor) -> None:
    records = mutated(77, 60)
    assert validated(records, here, validation.fast) == validated(records, here, validation.reference)
