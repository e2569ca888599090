"""What was found in the sources, and how the catalogue is rated."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from publish.releases.contents.common import Texts, closed

Severity = Literal["violation", "warning", "info"]


@closed
class KindOfFinding(TypedDict):
    """A kind of finding; without a severity, that of the shape holds."""

    severity: Severity | None
    title: Texts
    help: Texts


@closed
class ReportedFinding(TypedDict):
    """A finding: where (file, sheet, row, column letter, header), what is wrong and what would be right."""

    code: str
    severity: Severity
    source: str
    sheet: str | None
    row: int | None
    column: str | None
    header: str | None
    value: str | None
    message: Texts
    suggestion: str | None
    record: NotRequired[str | None]


@closed
class DatasetRecords(TypedDict):
    """How many records of a dataset are published and withheld."""

    records: int
    withheld: int


@closed
class QualityReport(TypedDict):
    """All findings, with numbers by dataset and severity; records are IRIs relative to ``{base}id/``."""

    datasets: dict[str, DatasetRecords]
    severities: dict[Severity, int]
    withheld: list[str]
    findings: list[ReportedFinding]


@closed
class DatasetFindings(TypedDict):
    """The findings of a dataset, and how many of each severity."""

    counts: dict[Severity, int]
    findings: list[ReportedFinding]


@closed
class StatusReport(TypedDict):
    """The findings by dataset, and those that withhold records by record."""

    datasets: dict[str, DatasetFindings]
    withheld: dict[str, list[ReportedFinding]]


@closed
class AssessedDataset(TypedDict):
    """Points of a dataset, in all and by dimension."""

    name: str
    points: int
    rating: str
    dimensions: dict[str, int]


@closed
class AssessedMetric(TypedDict):
    """A metric, its points, and how many datasets meet it."""

    code: str
    dimension: str
    title: Texts
    points: int
    met: int


@closed
class Assessment(TypedDict):
    """What the Metadata Quality Assessment of data.europa.eu gives our catalogue."""

    total: int
    datasets: list[AssessedDataset]
    metrics: list[AssessedMetric]


@closed
class MimRequirement(TypedDict):
    """A requirement of a MIM and our answer; ``see`` has addresses of the service."""

    id: str
    asks: Texts
    outcome: str
    answer: Texts
    see: list[str]
    anchor: str


@closed
class Mim(TypedDict):
    """A Minimal Interoperability Mechanism."""

    name: str
    title: Texts
    address: str
    requirement: list[MimRequirement]


@closed
class Mims(TypedDict):
    """What we claim of the MIMs."""

    version: str
    specification: str
    mim: list[Mim]
