# ruff: noqa: E501

"""Records that are sent as RDF: every syntax, findings by node and property."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import Executor
from typing import Any

import pyoxigraph as ox
import pytest
from support import BASE, silent

import ontology
from ingest import SourcePart, by_name
from ingest.checking.rdf_files import syntax
from ingest.checking.submission import Submitted, check
from ingest.files.grids import SheetLimits
from ingest.pipeline.existing_records import Standing
from ingest.reports.document import document
from ontology import jsonld

PREFIXES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in ontology.PREFIXES.items())
SOUND = f"""{PREFIXES}
<project/sensornetz> a sr:Project ; dct:identifier "sensornetz" ; dct:title "Sensornetz"@de ; sr:lead <municipality/06415000> ;
  dct:subject <https://w3id.org/smart-region/scheme/field-of-action#smart-energy> ; dct:source <https://www.hanau.de/> ;
  schema:startDate "2024-09"^^xsd:gYearMonth .
"""
SYNTAXES = {"ttl": "TURTLE", "nt": "N_TRIPLES", "nq": "N_QUADS", "trig": "TRIG", "rdf": "RDF_XML", "jsonld": "JSON_LD"}


def received(name: str, content: str | bytes, there: Standing, thread: Executor) -> SourcePart:
    data = content if isinstance(content, bytes) else content.encode()
    (part,) = check([Submitted(name, data)], there, SheetLimits(), thread, silent)
    return part


def codes(part: SourcePart) -> list[str]:
    return [finding.code for finding in part.findings]


@pytest.mark.parametrize("suffix", SYNTAXES)
def test_a_sound_record_in_every_syntax(suffix: str, there: Standing, thread: Executor) -> None:
    quads = ox.parse(SOUND, format=ox.RdfFormat.TURTLE, base_iri=f"{BASE}id/")
    content = ox.serialize([quad.triple for quad in quads], format=getattr(ox.RdfFormat, SYNTAXES[suffix]))
    part = received(f"projects.{suffix}", content or b"", there, thread)
    assert document(part) == {"conforms": True, "record_type": "Project", "records": 1, "findings": []}


@pytest.mark.parametrize("embedded", [False, True])
def test_json_ld_in_our_terms_and_nothing_is_fetched(embedded: bool, there: Standing, thread: Executor) -> None:
    triples = [quad.triple for quad in ox.parse(SOUND, format=ox.RdfFormat.TURTLE, base_iri=f"{BASE}id/")]
    context = [ontology.context()["@context"], {"@base": f"{BASE}id/"}]
    compacted: dict[str, Any] = {"@context": context, "@graph": jsonld.compact(triples, BASE)}
    if not embedded:
        compacted["@context"] = ["https://daten.example.org/context.jsonld", {"@base": f"{BASE}id/"}]
    assert received("projects.json", json.dumps(compacted), there, thread).findings == []
    compacted["@context"] = "https://example.org/evil.jsonld"
    assert codes(received("projects.jsonld", json.dumps(compacted), there, thread)) == ["rdf-syntax"]


def test_findings_name_node_and_property(there: Standing, thread: Executor) -> None:
    spoilt = SOUND.replace("06415000", "06999999").replace("#smart-energy", "#money")
    spoilt = spoilt.replace('"Sensornetz"@de', '"Sensornetz"@de , "Sensoren"@de ; foaf:page <https://a.de/>')
    part = received("a.ttl", spoilt, there, thread)
    assert Counter(codes(part)) == Counter(["shape-or", "shape-in", "shape-qualified-max-count", "unknown-property"])
    for finding in document(part)["findings"]:
        assert finding["node"] == f"{BASE}id/project/sensornetz"
        assert finding["property"].startswith("http")
        assert (finding["row"], finding["column"], finding["sheet"]) == (None, None, None)
    (lead,) = [finding for finding in part.findings if finding.code == "shape-or"]
    assert (lead.path, lead.header, lead.value) == (
        ontology.SR.lead.toPython(),
        "Federführung",
        f"{BASE}id/municipality/06999999",
    )


def test_an_old_municipality_is_followed_with_a_warning(there: Standing, thread: Executor) -> None:
    part = received("a.ttl", SOUND.replace("06415000", "06435014"), there, thread)
    (finding,) = part.findings
    assert (finding.code, finding.suggestion) == ("outdated-key", f"{BASE}id/municipality/06415000")
    assert part.conforms


def test_records_of_several_types_and_a_table_that_refers_to_them(there: Standing, thread: Executor) -> None:
    event = '<event/auftakt> a sr:Event ; dct:identifier "auftakt" ; dct:title "Auftakt"@de ; sr:municipality <municipality/06415000> .'
    grant = "Kennung;Titel (deutsch);Projekt;Empfänger;Förderbetrag;Währung;Förderprogramm;Quelle\n"
    grant += "neu;Bescheid;Sensornetz;Hanau;200000;EUR;starke-heimat-smarte-kommunen;https://www.hanau.de/\n"
    files = [Submitted("a.ttl", (SOUND + event).encode()), Submitted("grants.csv", grant.encode())]
    graph, table = check(files, there, SheetLimits(), thread, silent)
    assert (graph.record_type, graph.records, graph.conforms) == (None, 2, True)
    assert table.record_type is by_name("Grant")
    assert table.findings == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.ttl", "<a> <b> ", ["rdf-syntax"]),
        ("a.rdf", "<rdf:RDF>", ["rdf-syntax"]),
        ("a.rdf", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', ["rdf-syntax"]),
        ("a.jsonld", "{", ["rdf-syntax"]),
        ("a.jsonld", "[" * 100_000, ["rdf-syntax"]),
        ("a.ttl", "", ["no-records"]),
        ("a.ttl", "<a> <b> <c> .", ["no-records", "unknown-class"]),
        ("a.ttl", f"{PREFIXES} [] a sr:Project .", ["blank-node", "no-records"]),
        ("a.ttl", f"{PREFIXES} <project/x> a sr:Project ; schema:url <geo:50.1,8.6> .", ["no-records", "rdf-syntax"]),
        ("a.nt", "\xff", ["rdf-syntax"]),
    ],
)  # fmt: skip
def test_what_is_no_record_is_told(
    name: str, content: str, expected: list[str], there: Standing, thread: Executor
) -> None:
    part = received(name, content.encode("latin-1"), there, thread)
    assert sorted(codes(part)) == expected
    assert all(finding.message["de"] and finding.message["en"] for finding in part.findings)


NAMESPACE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def with_entities(declared: str, used: str) -> bytes:
    described = f'<rdf:Description rdf:about="&base;x"><dct:title>{used}</dct:title></rdf:Description>'
    root = f'<rdf:RDF xmlns:rdf="{NAMESPACE}" xmlns:dct="http://purl.org/dc/terms/">{described}</rdf:RDF>'
    return f'<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY base "{BASE}"> {declared}]>{root}'.encode()


def test_entities_of_rdf_xml_may_shorten_namespaces_and_nothing_else(there: Standing, thread: Executor) -> None:
    assert codes(received("a.rdf", with_entities("", "x"), there, thread)) == ["no-records", "unknown-class"]
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(10))
    for declared in (
        laughs,
        f'<!ENTITY a9 "{"x" * 5000}">',
        '<!ENTITY a9 SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a9 "x">',
    ):
        assert codes(received("a.rdf", with_entities(declared, "&a9;"), there, thread)) == ["file-unsafe"]


def test_too_many_statements_are_refused(there: Standing, thread: Executor) -> None:
    content = "".join(f"<a> <b> <c{n}> .\n" for n in range(300))
    (part,) = check([Submitted("a.ttl", content.encode())], there, SheetLimits(cells=200), thread, silent)
    assert codes(part) == ["file-too-large"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.TTL", b"", "TURTLE"),
        ("a.json", b'{"@context": {}}', "JSON_LD"),
        ("a.json", b"[]", None),
        ("a.xml", b"<?xml version='1.0'?><rdf:RDF/>", "RDF_XML"),
        ("", b"PREFIX sr: <x>", "TURTLE"),
        ("", b"Kennung;Titel", None),
        ("a.csv", b"@prefix", None),
        ("a.xlsx", b"PK", None),
    ],
)
def test_what_counts_as_rdf(name: str, content: bytes, expected: str | None) -> None:
    assert syntax(name, content) == (getattr(ox.RdfFormat, expected) if expected else None)
