"""Reads tables into records and findings."""

from ingest.findings.findings import Finding
from ingest.model import RecordType, by_name, record_types
from ingest.pipeline.pipeline import Collected, Ingested, Progress, ingest
from ingest.pipeline.sources import SourcePart

__all__ = [
    "Collected",
    "Finding",
    "Ingested",
    "Progress",
    "RecordType",
    "SourcePart",
    "by_name",
    "ingest",
    "record_types",
]
