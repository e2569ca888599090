"""Files with their records and findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from ingest.findings.findings import Finding
from ingest.mapping.mapping import Bound, Mapped
from ingest.mapping.recognition import Opened
from ingest.model import RecordType
from ingest.pipeline import explanation as explain
from ingest.rdf import Node
from ingest.validation.shacl import ValidationResult


class SourcePart(ABC):
    """A file with its records and findings.

    :ivar source: its name.
    """

    source: str

    @property
    @abstractmethod
    def record_type(self) -> RecordType | None:
        """Type of its records; None if it is unknown, or if there are several types."""

    @property
    @abstractmethod
    def findings(self) -> list[Finding]:
        """All findings: about the file, then in the order of its records."""

    @abstractmethod
    def nodes(self) -> Iterable[Node]:
        """Its records."""

    @abstractmethod
    def note(self, result: ValidationResult) -> None:
        """Add the finding for a validation result about one of its records."""

    @property
    def records(self) -> int:
        """Number of its records."""
        return sum(1 for _ in self.nodes())

    @property
    def conforms(self) -> bool:
        """Whether it has no violation."""
        return not any(finding.severity == "violation" for finding in self.findings)

    @property
    def tables(self) -> Sequence[Bound]:
        """The tables that hold its records; RDF has none."""
        return ()


class TablePart(SourcePart):
    """A file of tables.

    :ivar mapped: the records of each of its tables.
    """

    def __init__(self, opened: Opened, mapped: Sequence[Mapped]) -> None:
        self.source = opened.source
        self.mapped = mapped
        self._opened = opened
        self._rows = {node["id"]: (table, row) for table in mapped for row, node in table.nodes.items()}

    @property
    def record_type(self) -> RecordType | None:
        """See :class:`SourcePart`."""
        return self._opened.record_type

    @property
    def tables(self) -> Sequence[Bound]:
        """See :class:`SourcePart`."""
        return self._opened.bound

    @property
    def findings(self) -> list[Finding]:
        """See :class:`SourcePart`."""
        return [*self._opened.findings, *(finding for table in self.mapped for finding in _in_order(table))]

    def nodes(self) -> Iterable[Node]:
        """See :class:`SourcePart`."""
        return (node for table in self.mapped for node in table.nodes.values())

    def note(self, result: ValidationResult) -> None:
        """See :class:`SourcePart`."""
        table, row = self._rows[result.record]
        finding = explain.explain(result, table, row)
        if finding is not None:
            table.findings.append(finding)


def _in_order(table: Mapped) -> list[Finding]:
    return sorted(table.findings, key=lambda f: (f.row or 0, len(f.column or ""), f.column or "", f.code))
