"""What a release measures of its own data (``publish.catalogue.quality``)."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from rdflib import RDF, URIRef
from support import BASE, DATA, some

import ontology
from ingest import Collected, Finding, Ingested, record_types
from ingest.pipeline.catalogue import Source, read, sources
from ontology import SR
from publish.catalogue.quality import measure
from publish.releases.release import Release


def ingested(valid: int, withheld: int, *findings: Finding) -> Ingested:
    kind = next(iter(record_types().values()))
    part = Collected("projects", kind, [{"id": str(n)} for n in range(valid)], [{"id": "x"}] * withheld)
    parts: list[Any] = [SimpleNamespace(findings=list(findings))]
    return Ingested({"projects": part, "events": Collected("events", kind)}, parts)


def finding(severity: str, source: str) -> Finding:
    return Finding("code", severity, {"de": "", "en": ""}, source)  # type: ignore[arg-type]


SOURCES = [
    Source(URIRef("urn:a"), "projects", "a.csv", "urn:shape"),
    Source(URIRef("urn:b"), "projects", "b.csv", "urn:shape"),
    Source(URIRef("urn:c"), "events", "c.csv", "urn:shape"),
]


def test_records_and_warnings_of_all_tables_of_a_dataset_count() -> None:
    found = [finding("warning", "a.csv"), finding("warning", "b.csv"), finding("warning", "c.csv")]
    measured = measure(ingested(19, 1, *found, finding("violation", "a.csv"), finding("info", "a.csv")), SOURCES)
    assert measured["projects"] == {
        SR.conformingRecords: Decimal("0.95"),
        SR.withheldRecords: 1,
        SR.recordWarnings: 2,
    }


def test_of_a_dataset_without_records_nothing_is_measured() -> None:
    assert "events" not in measure(ingested(1, 0), SOURCES)


def test_every_metric_of_the_vocabulary_is_measured() -> None:
    metrics = set(ontology.vocabulary().subjects(RDF.type, URIRef(ontology.PREFIXES["dqv"] + "Metric")))
    assert measure(ingested(1, 0), SOURCES)["projects"].keys() == metrics


def test_the_catalogue_says_what_the_quality_report_says(release: Release) -> None:
    """Each dataset that is read from a table has its three measurements."""
    listed = sources(read(DATA / "catalogue.ttl", BASE), BASE)
    text = release.file("dump/catalog.nt")[0].read_text(encoding="utf-8")
    for source in some(listed):
        assert text.count(f"<{BASE}dataset/{source.dataset}#quality-withheldRecords> <{SR}") == 0
        assert text.count(f"<{BASE}dataset/{source.dataset}> <{ontology.PREFIXES['dqv']}hasQualityMeasurement>") == 3
