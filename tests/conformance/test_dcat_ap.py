"""Our catalogue before the official shapes, after the judge has been judged itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD, Graph, Literal, URIRef
from support import DATASETS

from ontology import PREFIXES

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]

CLEAN = [
    ("DCAT-AP 3.0.1", "dcat-ap-de-3.0"),
    ("DCAT-AP.de 3.0", "dcat-ap-de-3.0"),
    ("DCAT-AP.de 2.0", "dcat-ap-de-2.0"),
]
"""Official shapes that a rendering conforms to without any result, and the rendering."""

ACCEPTED = {
    "DCAT-AP 3.0.1 code lists": {
        ("Warning", str(DCTERMS.publisher)),
        ("Warning", str(DCTERMS.spatial)),
        ("Violation", "http://spdx.org/rdf/terms#algorithm"),
    },
    "DCAT-AP 3.0.1 recommendations": {("Warning", str(DCAT.endDate))},
}
"""What the EU's further shapes say and we leave; docs/harvesters.md gives the reasons."""


def severities(results: Iterable[Any]) -> dict[str, int]:
    return dict(Counter(result.severity for result in results))


# The judge: reference results of SOURCES.md


@pytest.mark.parametrize(
    ("profile", "file", "expected"),
    [
        ("DCAT-AP 3.0.1", "golden-sample-hessen-v3.ttl", {}),
        ("DCAT-AP.de 3.0", "golden-sample-hessen-v3.ttl", {"Warning": 1}),
        ("DCAT-AP.de 3.0", "testcases/v3.0_shapes_quicktest.ttl", {}),
        ("DCAT-AP.de 3.0", "testcases/v3.0_shapes_deprecated.ttl", {"Warning": 11}),
        ("DCAT-AP.de 2.0", "golden-sample-hessen-v2.ttl", {}),
    ],
)
def test_the_judge_gives_the_reference_results(
    judge: Any, acceptance: Path, profile: str, file: str, expected: dict[str, int]
) -> None:
    assert severities(judge(profile, Graph().parse(acceptance / "dcat-ap-de" / file))) == expected


@pytest.mark.parametrize(
    ("file", "violations"), [("v3.0-Dataset-und-Distribution.ttl", 3), ("v3.0-DatasetSeries.ttl", 5)]
)
def test_the_judge_finds_the_known_faults_of_the_official_examples(
    judge: Any, acceptance: Path, file: str, violations: int
) -> None:
    results = judge("DCAT-AP.de 3.0", Graph().parse(acceptance / "dcat-ap-de" / "examples" / file))
    assert severities(results).get("Violation") == violations


def _spoil(catalogue: Graph, subject: URIRef, predicate: URIRef, value: Literal | URIRef | None) -> Graph:
    spoilt = Graph()
    spoilt += catalogue
    spoilt.remove((subject, predicate, None))
    if value is not None:
        spoilt.add((subject, predicate, value))
    return spoilt


@pytest.mark.parametrize(
    ("name", "predicate", "value"),
    [
        ("dataset/projects", DCTERMS.title, None),
        ("dataset/projects", DCTERMS.publisher, None),
        ("dataset/projects", DCAT.theme, URIRef("https://example.org/theme")),
        ("dataset/projects", DCTERMS.identifier, URIRef("https://example.org/projects")),
        ("dataset/projects", DCTERMS.accessRights, Literal("public")),
        ("dataset/projects#csv", DCTERMS.license, None),
        ("dataset/projects#csv", DCAT.byteSize, Literal(1)),
        ("dataset/projects#csv", DCAT.mediaType, Literal("text/csv")),
        ("dataset/vocabulary#period", DCAT.startDate, None),
        ("catalog#publisher", RDF.type, None),
        ("sparql#service", DCAT.endpointURL, None),
    ],
)
def test_the_judge_sees_when_our_catalogue_is_spoilt(
    judge: Any,
    published_catalogue: Graph,
    node: Callable[[str], URIRef],
    name: str,
    predicate: URIRef,
    value: Literal | URIRef | None,
) -> None:
    spoilt = _spoil(published_catalogue, node(name), predicate, value)
    assert "Violation" in severities(judge("DCAT-AP.de 3.0", spoilt))


# Our catalogue


@pytest.mark.parametrize(("profile", "token"), CLEAN)
def test_every_page_and_the_whole_are_without_violation_and_warning(
    judge: Any, renderings: Mapping[str, list[Graph]], profile: str, token: str
) -> None:
    pages = renderings[token]
    assert len(pages) == len(DATASETS) + 1
    for page in pages:
        assert judge(profile, page) == []


@pytest.mark.parametrize("profile", ACCEPTED)
def test_only_what_is_documented_is_left(judge: Any, published_catalogue: Graph, profile: str) -> None:
    found = judge(profile, published_catalogue)
    assert {(result.severity, result.path) for result in found} == ACCEPTED[profile]
    text = (REPOSITORY / "docs" / "harvesters.md").read_text(encoding="utf-8")
    for _, path in ACCEPTED[profile]:
        assert f"`{prefixed(path)}`" in text


def prefixed(iri: str) -> str:
    return next(f"{name}:{iri.removeprefix(ns)}" for name, ns in PREFIXES.items() if iri.startswith(ns))


@pytest.mark.parametrize(
    ("profile", "token"), [("DCAT-AP.de 2.0", "dcat-ap-de-3.0"), ("DCAT-AP.de 3.0", "dcat-ap-de-2.0")]
)
def test_versions_2_and_3_contradict_each_other(
    judge: Any, renderings: Mapping[str, list[Graph]], profile: str, token: str
) -> None:
    """Which is why there are two."""
    assert "Violation" in severities(judge(profile, renderings[token][0]))


def test_the_dashboard_of_govdata_finds_no_defect(judge: Any, published_catalogue: Graph) -> None:
    found = severities(judge("GovData", published_catalogue))
    distributions = len(set(published_catalogue.subjects(RDF.type, DCAT.Distribution)))
    # The counters fire for every distribution; every other severity is a defect.
    assert found == {"count_Distributions": distributions, "count_Distributions_Licenses": distributions}


# What the Metadata Quality Assessment of data.europa.eu asks for, beyond what the shapes check


def test_every_format_is_known_open_and_machine_readable(acceptance: Path, published_catalogue: Graph) -> None:
    def concepts(path: str) -> set[Any]:
        return set(Graph().parse(acceptance / "dcat-ap" / path, format="xml").subjects())

    formats = set(published_catalogue.objects(None, DCTERMS["format"]))
    assert formats
    assert formats <= concepts("vocab/eu-file-type-20221214.rdf")
    assert formats <= concepts("mqa/edp-non-proprietary-format.rdf")
    assert formats <= concepts("mqa/edp-machine-readable-format.rdf")


def test_every_media_type_is_registered(acceptance: Path, published_catalogue: Graph) -> None:
    registered = set(Graph().parse(acceptance / "dcat-ap" / "vocab" / "iana-media-types.ttl").subjects())
    # The stored copy of the registry lacks most of text/*.
    registered |= {URIRef(f"https://www.iana.org/assignments/media-types/text/{name}") for name in ("csv", "turtle")}
    assert set(published_catalogue.objects(None, DCAT.mediaType)) <= registered


def test_every_licence_is_in_the_list_of_dcat_ap_de(acceptance: Path, published_catalogue: Graph) -> None:
    (file,) = (acceptance / "dcat-ap-de" / "vocab").glob("licenses-*.rdf")
    listed = set(Graph().parse(file, format="xml").subjects(SKOS.inScheme))
    assert set(published_catalogue.objects(None, DCTERMS.license)) <= listed


def test_every_licence_is_known_to_data_europa_eu(acceptance: Path, published_catalogue: Graph) -> None:
    """Its list has some of the German licences themselves, and others as the same as one of its own."""
    text = (acceptance / "dcat-ap" / "mqa" / "edp-licences-skos.rdf").read_text(encoding="utf-8")
    known = set(re.findall(r'rdf:(?:about|resource)="([^"]+)"', text))
    assert {str(licence) for licence in published_catalogue.objects(None, DCTERMS.license)} <= known


def test_all_access_rights_are_in_the_list_of_the_eu(acceptance: Path, published_catalogue: Graph) -> None:
    listed = Graph().parse(acceptance / "dcat-ap" / "vocab" / "eu-access-right-20220316.ttl")
    assert set(published_catalogue.objects(None, DCTERMS.accessRights)) <= set(listed.subjects(SKOS.inScheme))


@pytest.mark.parametrize(
    ("kind", "predicates"),
    [
        (
            DCAT.Dataset,
            [
                DCAT.keyword,
                DCAT.theme,
                DCTERMS.spatial,
                DCTERMS.temporal,
                DCTERMS.accessRights,
                DCAT.contactPoint,
                DCTERMS.publisher,
                DCAT.distribution,
            ],
        ),
        (
            DCAT.Distribution,
            [
                DCAT.accessURL,
                DCAT.downloadURL,
                DCTERMS["format"],
                DCAT.mediaType,
                DCTERMS.license,
                DCTERMS.rights,
                DCAT.byteSize,
                DCTERMS.issued,
                DCTERMS.modified,
            ],
        ),
    ],
    ids=["datasets", "distributions"],
)
def test_every_metric_finds_its_property(published_catalogue: Graph, kind: URIRef, predicates: list[URIRef]) -> None:
    resources = set(published_catalogue.subjects(RDF.type, kind))
    assert resources
    missing = [(r, p) for r in resources for p in predicates if (r, p, None) not in published_catalogue]
    assert missing == []


def test_dates_and_sizes_have_the_datatypes_of_version_3(published_catalogue: Graph) -> None:
    types = {
        predicate: {
            value.datatype for value in published_catalogue.objects(None, predicate) if isinstance(value, Literal)
        }
        for predicate in (DCAT.byteSize, DCTERMS.modified)
    }
    assert types == {DCAT.byteSize: {XSD.nonNegativeInteger}, DCTERMS.modified: {XSD.date}}


def test_the_publisher_is_an_office(published_catalogue: Graph) -> None:
    (publisher,) = set(published_catalogue.objects(None, DCTERMS.publisher))
    assert (publisher, RDF.type, FOAF.Agent) in published_catalogue
    assert [str(name) for name in published_catalogue.objects(publisher, FOAF.name)] == [
        "Geschäftsstelle Smarte Region Hessen"
    ]
