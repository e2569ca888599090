"""Compaction is the inverse of parsing: on every record type, on what no term can say, and by an outside judge."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld as pyld  # type: ignore[import-untyped]

from ontology import context
from ontology.jsonld import compact, document

BASE = "http://localhost:8000/"
XSD = "http://www.w3.org/2001/XMLSchema#"
SAMPLES = json.loads((Path(__file__).parents[1] / "fixtures" / "records.json").read_text(encoding="utf-8"))
RECORDS: list[dict[str, Any]] = [
    {**({} if record["type"] == "Point" else SAMPLES["common"]), **record} for record in SAMPLES["records"]
]
TERMS: dict[str, Any] = context()["@context"]


def based(records: list[dict[str, Any]], base: str = BASE) -> dict[str, Any]:
    """A document of records as ``ingest`` has them."""
    return {"@context": [TERMS, {"@base": f"{base}id/"}], "@graph": records}


def parse(text: str | dict[str, Any]) -> set[ox.Triple]:
    data = text if isinstance(text, str) else json.dumps(text)
    return {quad.triple for quad in ox.parse(data.encode(), format=ox.RdfFormat.JSON_LD)}


def turtle(text: str, head: str = f"@base <{BASE}id/> .") -> set[ox.Triple]:
    prefixes = {name: iri for name, iri in TERMS.items() if isinstance(iri, str) and iri[-1] in "/#"}
    head += "".join(f"@prefix {name}: <{iri}> ." for name, iri in prefixes.items())
    return {quad.triple for quad in ox.parse(f"{head}{text}".encode(), format=ox.RdfFormat.TURTLE)}


def nquads(text: str) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS)}


def by_pyld(text: dict[str, Any]) -> set[ox.Triple]:
    return nquads(pyld.to_rdf(copy.deepcopy(text), {"format": "application/n-quads"}))


def compact_by_pyld(records: list[dict[str, Any]]) -> dict[str, Any]:
    text = copy.deepcopy(based(records))
    compacted: dict[str, Any] = pyld.compact(pyld.expand(text), text["@context"])
    return compacted


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["type"])
def test_a_sample_has_every_term_of_its_type(record: dict[str, Any]) -> None:
    own = TERMS[record["type"]]["@context"].keys()
    assert own <= record.keys()
    if record["type"] != "Point":
        assert record.keys() == own | SAMPLES["common"].keys() | {"id", "type"}


def test_there_is_a_sample_of_every_type_and_of_every_common_term() -> None:
    classes = {
        name for name, term in TERMS.items() if isinstance(term, dict) and "@type" not in term and "@context" in term
    }
    assert {record["type"] for record in RECORDS} == classes
    aside = {name for name, term in TERMS.items() if isinstance(term, str) and (term[0] == "@" or term[-1] in "/#")}
    assert TERMS.keys() - classes - aside - {"@version"} == SAMPLES["common"].keys()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["type"])
def test_a_record_comes_back_as_it_went_in(record: dict[str, Any]) -> None:
    triples = parse(based([record]))
    assert len(triples) == sum(len(value) if isinstance(value, list) else 1 for value in record.values()) - 1
    assert not any(isinstance(term, ox.BlankNode) for triple in triples for term in triple)
    assert compact(triples, BASE) == [record]


def test_all_records_survive_a_store() -> None:
    store = ox.Store()
    for triple in parse(based(RECORDS)):
        for graph in ("one", "two"):
            name = ox.NamedNode(f"{BASE}graph/{graph}")
            store.add(ox.Quad(triple.subject, triple.predicate, triple.object, name))
    assert compact(store, BASE) == sorted(RECORDS, key=lambda record: record["id"])


def test_output_depends_on_the_statements_only() -> None:
    triples = list(parse(based(RECORDS)))
    expected = json.dumps(compact(triples, BASE))
    for seed in range(5):
        random.Random(seed).shuffle(triples)
        assert json.dumps(compact(triples, BASE)) == expected


def test_keys_come_in_the_order_of_the_context() -> None:
    (back,) = compact(parse(based([next(r for r in RECORDS if r["type"] == "Grant")])), BASE)
    order = ["id", "type", *SAMPLES["common"], *TERMS["Grant"]["@context"]]
    assert sorted(back, key=order.index) == list(back)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ('<project/x> a sr:Project; dct:title "Ein"@de, "Un"@fr, "One"@en, "bare"',
         {"title_de": "Ein", "title_en": "One", "dct:title": ["bare", {"@language": "fr", "@value": "Un"}]}),
        ('<project/x> a sr:Project; dct:title "B"@de, "A"@de', {"title_de": ["A", "B"]}),
        ('<project/x> a sr:Project; <https://e.org/q> 1, <municipality/1>, true',
         {"https://e.org/q": [{"@id": "municipality/1"}, {"@type": "xsd:boolean", "@value": "true"},
                              {"@type": "xsd:integer", "@value": "1"}]}),
        ('<project/x> a sr:Project; sr:lead "a string"; sr:ags "06"; sr:population 5',
         {"sr:lead": "a string", "sr:ags": "06", "sr:population": {"@type": "xsd:integer", "@value": "5"}}),
        ('<project/x> a sr:Project; schema:startDate "bare", "2024"^^xsd:gYear, <x/y>, "de"@de',
         {"start": ["bare", {"@id": "x/y"}, {"@language": "de", "@value": "de"},
                    {"@type": "xsd:gYear", "@value": "2024"}]}),
        ('<project/x> a sr:Project; dct:subject <https://w3id.org/smart-region/scheme/field-of-action#society>, '
         '<https://w3id.org/smart-region/scheme/bitkom-field#society>, '
         '<https://w3id.org/smart-region/scheme/field-of-action#>, '
         '<https://w3id.org/smart-region/scheme/field-of-action#a:b>, '
         '<https://w3id.org/smart-region/scheme/field-of-action#@a>, '
         '<https://w3id.org/smart-region/scheme/field-of-action#lead>, '
         '<https://w3id.org/smart-region/scheme/field-of-action#type>, "text"',
         {"field": ["society"],
          "dct:subject": ["text"] + [{"@id": f"https://w3id.org/smart-region/scheme/{tail}"} for tail in (
              "bitkom-field#society", "field-of-action#", "field-of-action#@a", "field-of-action#a:b",
              "field-of-action#lead", "field-of-action#type")]}),
        ('<municipality/1> a sr:Municipality; sr:population "007"^^xsd:integer, 12345678901234567890, 5, -3, 0, 2.0',
         {"population": ["007", "12345678901234567890", -3, 0, 5],
          "sr:population": {"@type": "xsd:decimal", "@value": "2.0"}}),
        ('<grant/x> a sr:Grant; sr:approximate false; schema:amount 1.50, "n/a"^^xsd:decimal, 5',
         {"approximate": False, "amount": ["1.50", "n/a"],
          "schema:amount": {"@type": "xsd:integer", "@value": "5"}}),
        ('<grant/x> a sr:Grant; sr:approximate "1"^^xsd:boolean', {"approximate": "1"}),
        ('<x/y> dct:title "ohne Klasse"@de; sr:ags "06"', {"title_de": "ohne Klasse", "sr:ags": "06"}),
        ('<x/y> a sr:Project, schema:Thing, <https://e.org/T>; sr:lead <a/b>; dct:title "t"@de',
         {"type": ["Project", "https://e.org/T", "schema:Thing"], "lead": "a/b", "title_de": "t"}),
        ('<x/y> a sr:Project, sr:Municipality; sr:lead <a/b>; sr:ags "06"; dct:title "t"@de',
         {"type": ["sr:Municipality", "sr:Project"], "sr:lead": {"@id": "a/b"}, "sr:ags": "06", "title_de": "t"}),
        ('<x/y> a schema:Thing; schema:name "n"', {"type": "schema:Thing", "schema:name": "n"}),
    ],
)  # fmt: skip
def test_what_no_term_can_say_is_kept(statements: str, expected: dict[str, Any]) -> None:
    triples = turtle(statements + " .")
    (record,) = compact(triples, BASE)
    assert {key: value for key, value in record.items() if key in expected} == expected
    assert parse(based([record])) == triples


AWKWARD = [
    f"{BASE}id/a/b",
    f"{BASE}id/a/b#geometry",
    f"{BASE}id/",
    f"{BASE}id",
    f"{BASE}id/a/",
    f"{BASE}id//a",
    f"{BASE}id/a//b",
    f"{BASE}id/../a",
    f"{BASE}id/a/../b",
    f"{BASE}id/.",
    f"{BASE}id/?q",
    f"{BASE}id/a?q=1",
    f"{BASE}id/#f",
    f"{BASE}id/schema:x",
    f"{BASE}id/a/b:c",
    f"{BASE}id/a#b:c",
    f"{BASE}id/@type",
    f"{BASE}id/title_de",
    f"{BASE}id/id",
    f"{BASE}id/Project",
    f"{BASE}identity",
    "urn:x:y",
    "mailto:a@example.org",
    "schema://x",
    "https://schema.org/",
    "https://schema.org//x",
    "https://w3id.org/smart-region/ns#Project",
    "http://www.wikidata.org/entity/Q1",
]


@pytest.mark.parametrize("iri", AWKWARD)
def test_every_iri_comes_back_in_every_place(iri: str) -> None:
    triples = turtle(
        f'<{iri}> dct:title "t"@de ; dct:source <{iri}> .'
        f'<{BASE}id/x/y> a sr:State, <{iri}> ; <{iri}> <{iri}>, "v"^^<{iri}> ; owl:sameAs <{iri}> .',
        head="",
    )
    assert ox.NamedNode(iri) in {triple.subject for triple in triples}
    text = based(compact(triples, BASE))
    assert parse(text) == triples
    assert by_pyld(text) == triples


@pytest.mark.parametrize(
    "statements",
    [
        "<x> sr:lead _:b",
        "_:b sr:lead <x>",
        "<x> a _:b",
        "<x> sr:lead <geo:50.1,8.6>",
        "<geo:50.1,8.6> sr:lead <x>",
        "<x> <geo:lead> <x>",
    ],
)
def test_what_json_ld_or_the_house_forbids_is_refused(statements: str) -> None:
    with pytest.raises(ValueError, match=r"_:|IRI|geo:"):
        compact(turtle(statements + " ."), BASE)


def test_directional_strings_are_refused() -> None:
    text = ox.Literal("x", language="ar", direction=ox.BaseDirection.RTL)
    with pytest.raises(ValueError, match="direction"):
        compact([ox.Triple(ox.NamedNode("x:s"), ox.NamedNode("x:p"), text)], BASE)


def test_no_statements_give_no_records() -> None:
    assert compact([], BASE) == []
    assert parse(based([])) == set()


def test_what_is_published_has_absolute_iris_only() -> None:
    """Whoever reads it needs no base: jsonld-streaming-parser loses ``@base`` within type-scoped contexts."""
    text = document(compact(parse(based(RECORDS))))
    assert "@base" not in json.dumps(text)
    assert {record["id"] for record in text["@graph"]} == {f"{BASE}id/{record['id']}" for record in RECORDS}
    read = ox.parse(json.dumps(text), format=ox.RdfFormat.JSON_LD, base_iri="http://elsewhere.example.org/a/b")
    assert {quad.triple for quad in read} == parse(based(RECORDS))


def test_another_base_is_written_relative_to_itself() -> None:
    base = "https://daten.example.org/smart/"
    triples = parse(based(RECORDS, base))
    assert sorted(compact(triples, base), key=lambda r: r["id"]) == sorted(RECORDS, key=lambda r: r["id"])
    assert all(record["id"].startswith(base) for record in compact(triples, BASE))
    assert parse(based(compact(triples, BASE))) == triples


# An outside judge: PyLD, the reference implementation of JSON-LD 1.1 in Python.


def test_pyld_reads_the_samples_as_pyoxigraph_does() -> None:
    text = based(RECORDS)
    assert by_pyld(text) == parse(text)


def test_pyld_compacts_with_the_context_and_loses_nothing() -> None:
    triples = parse(based(RECORDS))
    compacted = compact_by_pyld(RECORDS)
    assert parse(compacted) == triples
    assert by_pyld(compacted) == triples


def test_pyld_writes_the_same_records() -> None:
    """The general algorithm also climbs out of the base and uses the alias ``type`` for datatypes; else it agrees."""
    text = json.dumps(compact_by_pyld(RECORDS)["@graph"])
    theirs = json.loads(text.replace('"../source/', f'"{BASE}source/').replace('{"type": "xsd:', '{"@type": "xsd:'))
    ours = compact(parse(based(RECORDS)), BASE)
    assert sorted(theirs, key=lambda record: record["id"]) == ours


# Any RDF at all, in the properties and classes of the context and beyond it.

IRIS = st.one_of(
    st.sampled_from(AWKWARD),
    st.sampled_from(RECORDS).map(lambda record: f"{BASE}id/{record['id']}"),
    st.sampled_from(["type", "hub", "lead", "Q5", "a:b", "@set", ""]).flatmap(
        lambda tail: st.sampled_from(
            ["http://www.wikidata.org/entity/", "https://w3id.org/smart-region/scheme/place-type#"]
        ).map(lambda head: head + tail)
    ),
).map(ox.NamedNode)
PREDICATES = st.sampled_from(
    [*sorted({triple.predicate.value for triple in parse(based(RECORDS))}), "https://example.org/p"]
).map(ox.NamedNode)
LITERALS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map(ox.Literal),
    st.tuples(st.text('aä"\\\n', max_size=4), st.sampled_from(["de", "en", "de-at"])).map(
        lambda pair: ox.Literal(pair[0], language=pair[1])
    ),
    st.tuples(
        st.sampled_from(
            ["1", "-1", "007", "1.50", "1E3", "true", "0", "2024", "2024-01", "2024-01-31", "x", "9" * 5000]
        ),
        st.sampled_from(["integer", "decimal", "boolean", "float", "date", "gYear", "gYearMonth", "string"]),
    ).map(lambda pair: ox.Literal(pair[0], datatype=ox.NamedNode(XSD + pair[1]))),
)
CLASSES = st.sampled_from([f"https://w3id.org/smart-region/ns#{r['type']}" for r in RECORDS]).map(ox.NamedNode)
STATEMENTS = st.one_of(
    st.builds(ox.Triple, IRIS, PREDICATES, st.one_of(IRIS, LITERALS)),
    st.builds(ox.Triple, IRIS, st.just(ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")), CLASSES),
).filter(lambda triple: not (triple.predicate.value.endswith("ns#type") and isinstance(triple.object, ox.Literal)))


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, max_size=12))
def test_any_statements_come_back(statements: list[ox.Triple]) -> None:
    text = based(compact(statements, BASE))
    assert parse(text) == set(statements)
    assert compact(parse(text), BASE) == text["@graph"]
    published = document(compact(statements))
    assert parse(published) == set(statements)
    assert compact(parse(published)) == published["@graph"]


@settings(max_examples=100, deadline=None)
@given(st.lists(STATEMENTS, max_size=6))
def test_pyld_agrees_on_any_statements(statements: list[ox.Triple]) -> None:
    assert by_pyld(based(compact(statements, BASE))) == set(statements)
    assert by_pyld(document(compact(statements))) == set(statements)
