"""The rules of harvest-check, our own words for DCAT-AP, agree with the official shapes.

Sample feeds, sound and less sound ones, are spoilt in every way that shapes can see: statements left out, doubled, with
another kind of value. Each time both must name the same nodes and properties.

``SMARTREGION_SPOILT_FEEDS`` is how many ways of spoiling each sample feed are tried (default 40; there are up to 150).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pyshacl
import pytest
from conftest import PROFILES
from rdflib import OWL, RDF, SH, SKOS, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from harvest_check import mqa
from harvest_check.profiles import nodes, rules, short
from harvest_check.validation import prepared, validate

pytestmark = pytest.mark.slow

FEEDS = [
    "golden-sample-hessen-v3.ttl",
    "examples/v3.0-Dataset-und-Distribution.ttl",
    "examples/v3.0-DatasetSeries.ttl",
    "testcases/v3.0_shapes_quicktest.ttl",
    "testcases/v3.0_shapes_deprecated.ttl",
]
SAMPLE = int(os.environ.get("SMARTREGION_SPOILT_FEEDS", "40"))
Verdict = set[tuple[str, str, str]]
Official = Callable[[Graph, list[str]], Verdict]
EUROPEAN = PROFILES["DCAT-AP 3.0.1"]

# A code that is in no list, though its address says so: we know members by their address.
UNLISTED = "http://dcat-ap.de/def/contributors/bienenland"
# Where our German rules differ on purpose: a BY licence needs its text; an outdated geocoding, which GovData still
# reads, is no fault; and the official files look for availability in a namespace that does not exist (r5r#).
BEYOND = {None, "dcatde:politicalGeocodingURI", "dcatap:availability", "http://data.europa.eu/r5r#availability"}
GERMAN = [name for name in PROFILES["DCAT-AP.de 3.0"] if name.startswith("dcat-ap-de/") and "SHACL-DE" not in name]


@pytest.fixture(scope="module")
def official(acceptance: Path) -> Official:
    """Severity, node and property of all results of official shapes, with the code lists beside the feed."""
    code_lists = Graph()
    for path in [*(acceptance / "dcat-ap" / "vocab").iterdir(), *(acceptance / "dcat-ap-de" / "vocab").iterdir()]:
        code_lists.parse(path, format="turtle" if path.suffix == ".ttl" else "xml")

    @cache
    def shapes(names: tuple[str, ...]) -> Graph:
        return prepared([Graph().parse(acceptance / name, format="turtle") for name in names])

    def judge(feed: Graph, names: list[str]) -> Verdict:
        known = Graph()
        # The European shapes look at types, and what a feed does not type itself is untyped for most who read it.
        for node in feed.all_nodes() if names != EUROPEAN else ():
            for triple in code_lists.triples((node, None, None)):
                known.add(triple)
        return results(feed, feed + known, shapes(tuple(names)))

    return judge


def results(feed: Graph, data: Graph, shapes: Graph) -> Verdict:
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    assert isinstance(report, Graph)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
        if focus in feed.all_nodes():
            severity = str(report.value(result, SH.resultSeverity)).rpartition("#")[2].lower()
            found.add((severity, str(focus), short(path) if isinstance(path, URIRef) else "…"))
    return found


def without_lists(feed: Graph, verdict: Verdict) -> Verdict:
    """What the official shapes say of a member of a list (``skos:inScheme``) is said of the statement that names it."""
    lists = {str(path) for path in rules("dcat-ap-de.ttl").objects(None, SH.path)}
    kept = {result for result in verdict if result[2] != "skos:inScheme"}
    for severity, value, _ in verdict - kept:
        for subject, predicate, term in feed:
            typed = (subject, RDF.type, None) in feed
            if typed and str(term) == value != UNLISTED and str(predicate) in lists:
                kept.add((severity, str(subject), short(predicate)))
    return kept


def worst(verdict: Iterable[tuple[str, str, str]]) -> Verdict:
    """Of several results about one property the most severe, since we say one thing about one value."""
    found: dict[tuple[str, str], str] = {}
    for severity, focus, path in sorted(verdict, key=lambda result: ["violation", "warning", "info"].index(result[0])):
        found.setdefault((focus, path), severity)
    return {(severity, focus, path) for (focus, path), severity in found.items()}


def ours(feed: Graph, german: bool) -> Verdict:
    shapes = rules("dcat-ap-de.ttl") if german else rules("dcat-ap.ttl")
    report = validate([("http://example.org/feed", feed)], shapes, code_lists=Graph())
    return worst(
        (finding.severity, str(finding.subject), "…" if "|" in str(finding.property) else str(finding.property))
        for finding in report.findings
        if not german or finding.property not in BEYOND
    )


def spoilt(feed: Graph, seed: str) -> Iterator[tuple[str, Graph]]:
    """A sample of all ways to spoil one statement, the same in every run."""
    ways: list[tuple[str, tuple[Node, Node, Node], list[Node]]] = []
    for triple in sorted(feed, key=lambda triple: tuple(map(str, triple))):
        subject, predicate, value = triple
        if (value, RDF.rest, None) in feed or predicate in {RDF.first, RDF.rest}:
            continue
        ways.append(("left out", triple, []))
        if predicate == RDF.type:
            continue
        other = Literal("no address") if not isinstance(value, Literal) else URIRef("http://example.org/other")
        ways.append(("another kind", triple, [other]))
        if isinstance(value, Literal):
            ways.append(("doubled", triple, [value, Literal("another", datatype=value.datatype, lang=value.language)]))
            ways.append(("another datatype", triple, [Literal(str(value), datatype=URIRef("urn:datatype"))]))
        else:
            ways.append(("doubled", triple, [value, URIRef("http://example.org/other")]))
            ways.append(("another address", triple, [URIRef("http://example.org/other")]))
    chosen = random.Random(seed).sample(ways, min(SAMPLE, len(ways)))
    for name, (subject, predicate, value), values in chosen:
        copy = Graph()
        copy += feed
        copy.remove((subject, predicate, value))
        for one in values:
            copy.add((subject, predicate, one))
        yield f"{short(subject)} {short(predicate)} {name}", copy


@pytest.mark.parametrize("file", FEEDS)
def test_our_rules_for_dcat_ap_give_the_official_verdicts(official: Official, acceptance: Path, file: str) -> None:
    feed = Graph().parse(acceptance / "dcat-ap-de" / file, publicID="http://example.org/")
    assert ours(feed, german=False) == official(feed, EUROPEAN)
    disagreements = {}
    for way, changed in spoilt(feed, file):
        difference = ours(changed, german=False) ^ official(changed, EUROPEAN)
        if difference:
            disagreements[way] = difference
    assert disagreements == {}


@pytest.mark.parametrize("file", FEEDS)
def test_our_rules_for_dcat_ap_de_give_the_official_verdicts(official: Official, acceptance: Path, file: str) -> None:
    feed = Graph().parse(acceptance / "dcat-ap-de" / file, publicID="http://example.org/")

    def expected(graph: Graph) -> Verdict:
        return worst(result for result in without_lists(graph, official(graph, GERMAN)) if result[2] not in BEYOND)

    assert ours(feed, german=True) == expected(feed)
    disagreements = {}
    for way, changed in spoilt(feed, file):
        difference = ours(changed, german=True) ^ expected(changed)
        if difference:
            disagreements[way] = difference
    assert disagreements == {}


# The table of the Metadata Quality Assessment


def test_the_points_are_those_of_the_official_table(acceptance: Path) -> None:
    pv, dqv = "https://piveau.eu/ns/voc#", "http://www.w3.org/ns/dqv#"
    table = Graph().parse(acceptance / "dcat-ap" / "mqa" / "piveau-dqv-vocabulary.ttl")
    stated = {}
    for metric in nodes(table, URIRef(dqv + "Metric")):
        points, missing = (table.value(metric, URIRef(pv + name)) for name in ("trueScore", "falseScore"))
        if points is not None:
            dimension = str(table.value(metric, URIRef(dqv + "inDimension"))).rpartition("#")[2]
            # The vocabulary misspells this dimension twice.
            dimension = dimension.replace("reusablity", "reusability")
            stated[str(metric).removeprefix(pv)] = (dimension, int(points), int(missing or 0))
    assert {m.code: (m.dimension.lower(), m.points, m.missing) for m in mqa.metrics()} == stated
    assert sum(metric.points for metric in mqa.metrics()) == 405


@pytest.mark.parametrize(
    ("name", "file", "predicates"),
    [
        ("access_rights", "mqa/access-right-skos.rdf", []),
        ("file_types", "vocab/eu-file-type-20221214.rdf", []),
        ("non_proprietary", "mqa/edp-non-proprietary-format.rdf", []),
        ("machine_readable", "mqa/edp-machine-readable-format.rdf", []),
        ("licences", "mqa/edp-licences-skos.rdf", [SKOS.exactMatch, OWL.sameAs]),
    ],
)
def test_the_code_lists_are_those_of_data_europa_eu(
    acceptance: Path, name: str, file: str, predicates: list[URIRef]
) -> None:
    table = Graph().parse(acceptance / "dcat-ap" / file, format="xml")
    schemes = set(table.subjects(RDF.type, SKOS.ConceptScheme)) | set(table.objects(None, SKOS.inScheme))
    members = {node for node in table.subjects() if not isinstance(node, BNode)} - schemes
    members |= {value for predicate in predicates for value in table.objects(None, predicate)}
    assert mqa.listed(name) == {str(member) for member in members}
