"""Findings: faults of a feed, with messages for its operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harvest_check.kinds import KINDS, Severity, Text


@dataclass(frozen=True)
class FeedFinding:
    """A fault or note at a place in a feed.

    :ivar subject: IRI of the dataset, distribution or other node.
    :ivar property: its property, as a prefixed name.
    :ivar address: the requested address.
    """

    code: str
    severity: Severity
    message: Text
    page: str | None = None
    subject: str | None = None
    property: str | None = None
    address: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return {
            "code": self.code,
            "severity": self.severity,
            "page": self.page,
            "subject": self.subject,
            "property": self.property,
            "address": self.address,
            "message": self.message,
        }


def found(
    code: str,
    *,
    severity: Severity | None = None,
    page: str | None = None,
    subject: object = None,
    prop: str | None = None,
    address: str | None = None,
    **details: object,
) -> FeedFinding:
    """Make a finding of a kind with the placeholders of its template filled.

    :param severity: replaces that of the kind, if the violated rule has its own.
    :raises KeyError: no such kind, or a placeholder is not given.
    """
    kind = KINDS[code]
    shown = {name: _short(str(value)) for name, value in details.items()}
    message = {language: template.format(**shown) for language, template in kind.template.items()}
    place = None if subject is None else str(subject)
    return FeedFinding(code, severity or kind.severity, message, page, place, prop, address)


def _short(text: str, limit: int = 300) -> str:
    """One printable line, so that text of a feed cannot control the terminal."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
