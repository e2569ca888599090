"""Findings as JSON, in the shape that ``/openapi.json`` describes."""

from __future__ import annotations

from typing import Any

from ingest.pipeline.sources import SourcePart


def document(part: SourcePart) -> dict[str, Any]:
    """The report on a file; ``record_type`` is empty if it is unknown or if there are several."""
    return {
        "conforms": part.conforms,
        "record_type": part.record_type.name if part.record_type else "",
        "records": part.records,
        "findings": [finding.to_json() for finding in part.findings],
    }
