"""What is wrong with a feed, said so that its operator can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harvest_check.kinds import KINDS, Severity, Text


@dataclass(frozen=True)
class FeedFinding:
    """One thing to mend, or to know, at a place in a feed.

    :ivar subject: IRI of the dataset, distribution or other node.
    :ivar property: what about it, as a prefixed name.
    :ivar address: what was fetched, or could not be.
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
    """A finding of a kind with the placeholders of its template filled.

    :param severity: instead of the kind's own, where the rule that was broken says how much it matters.
    :raises KeyError: no such kind, or a placeholder is not given.
    """
    kind = KINDS[code]
    shown = {name: _short(str(value)) for name, value in details.items()}
    message = {language: template.format(**shown) for language, template in kind.template.items()}
    place = None if subject is None else str(subject)
    return FeedFinding(code, severity or kind.severity, message, page, place, prop, address)


def _short(text: str, limit: int = 300) -> str:
    """One printable line: what a foreign feed says must not steer the terminal that it is shown on."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
