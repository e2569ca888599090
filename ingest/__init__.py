"""Tables in, records and findings out."""

from ingest.findings.findings import Finding
from ingest.model import RecordType, by_name, record_types
from ingest.pipeline.pipeline import Collected, Ingested, Progress, ingest
from ingest.pipeline.sources import Part

__all__ = ["Collected", "Finding", "Ingested", "Part", "Progress", "RecordType", "by_name", "ingest", "record_types"]
