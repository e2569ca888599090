"""Tables in, records and findings out."""

from ingest.fields import RecordType, by_name, record_types
from ingest.findings import Finding
from ingest.parts import Part
from ingest.pipeline import Collected, Ingested, Progress, ingest

__all__ = ["Collected", "Finding", "Ingested", "Part", "Progress", "RecordType", "by_name", "ingest", "record_types"]
