"""How much of what funders say of their programmes is here: counted from the records, for pages and as RDF.

Written to ``completeness.json``. A grant falls under a statement when it is of its programme, in its areas and not
dated outside its time. Grants without a date may be of that time or later: they are counted as well, and told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pyoxigraph as ox

from ingest.model import with_role
from ingest.rdf import Node
from ontology import PREFIXES, SR
from publish.pictures.funding import Award, Funding, date
from publish.releases.contents.common import Texts
from publish.releases.contents.pages import Completeness, StatementCoverage

_TOLERANCE: Final = Decimal("0.01")
"""Share by which a sum may differ from a rounded one and still agree with it."""


@dataclass(frozen=True)
class Covered:
    """A statement with the grants that fall under it."""

    statement: Node
    awards: Sequence[Award]

    @property
    def total(self) -> Decimal:
        """Sum of the known amounts in euros."""
        return _sum(self.awards)

    @property
    def dated(self) -> list[Award]:
        """The grants that are known to be of the time of the statement."""
        return [award for award in self.awards if award.date is not None]

    @property
    def counts(self) -> str | None:
        """How the number of grants compares with the stated one, see :func:`_verdict`; None when none is stated."""
        stated = self.statement.get("announcedProjects")
        if stated is None:
            return None
        return _verdict(Decimal(str(stated)), Decimal(len(self.dated)), Decimal(len(self.awards)), Decimal(0))

    @property
    def sums(self) -> str | None:
        """The same of the sum; a rounded one need not be met exactly."""
        stated = self.statement.get("announcedAmount")
        if stated is None:
            return None
        allowed = _TOLERANCE if str(self.statement.get("approximate")).lower() == "true" else Decimal(0)
        return _verdict(Decimal(str(stated)), _sum(self.dated), self.total, allowed)


def covered(records: Mapping[str, Node], funding: Funding) -> list[Covered]:
    """All statements: the programme with most of them first, whole programmes before parts, the latest first."""
    found = [node for node in records.values() if node["type"] in with_role("statement")]
    ordered = sorted(found, key=lambda node: str(node["id"]))
    ordered = sorted(ordered, key=lambda node: date(node.get("asOf")) or "", reverse=True)
    often = Counter(str(node.get("programme")) for node in found)
    ordered = sorted(ordered, key=lambda node: (-often[str(node.get("programme"))], bool(node.get("concerns"))))
    return [Covered(node, [award for award in funding.awards if _falls_under(award, node)]) for node in ordered]


def document(records: Mapping[str, Node], funding: Funding) -> Completeness:
    """What the page about the service tells; IRIs are relative to ``{base}id/``, numbers are text.

    ``years`` has for each programme that a statement is about the grants of each year, and ``fields`` those of each
    field of action of the funded projects.
    """
    statements = covered(records, funding)
    programmes = dict.fromkeys(
        str(found.statement["programme"]) for found in statements if "programme" in found.statement
    )
    return {
        "statements": [_told(found) for found in statements],
        "programmes": {
            programme: {
                "title": _texts(records.get(programme, {}), "title"),
                "years": _years([award for award in funding.awards if award.programme == programme]),
                "fields": _fields([award for award in funding.awards if award.programme == programme], records),
            }
            for programme in programmes
        },
        "records": {
            "sourced": sum("source" in node for node in records.values()),
            "read": sum("accessed" in node for node in records.values()),
            "last": max((str(node["accessed"]) for node in records.values() if "accessed" in node), default=None),
        },
    }


def summary(records: Mapping[str, Node], funding: Funding, base: str) -> Iterator[ox.Triple]:
    """How much of each statement is published, as RDF."""
    integer, decimal = (ox.NamedNode(PREFIXES["xsd"] + name) for name in ("integer", "decimal"))
    for found in covered(records, funding):
        subject = ox.NamedNode(f"{base}id/{found.statement['id']}")
        count = ox.Literal(str(len(found.awards)), datatype=integer)
        yield ox.Triple(subject, ox.NamedNode(SR.publishedGrants), count)
        total = ox.Literal(f"{found.total.normalize():f}", datatype=decimal)
        yield ox.Triple(subject, ox.NamedNode(SR.publishedSum), total)


def _falls_under(award: Award, statement: Node) -> bool:
    areas = statement.get("concerns")
    if award.programme != statement.get("programme") or (areas and not award.units & set(areas)):
        return False
    if award.date is None:
        return "start" not in statement
    first, last = date(statement.get("start")) or "", date(statement.get("asOf")) or "9999"
    # As text, at the precision that both have: the month of a day, the year of a month.
    return award.date >= first[: len(award.date)] and award.date[: len(last)] <= last


def _verdict(stated: Decimal, dated: Decimal, all_of_them: Decimal, allowed: Decimal) -> str:
    """``agrees``; ``fewer`` or ``more`` here than stated; ``open`` where it depends on grants without a date."""
    if abs(all_of_them - stated) <= allowed * stated:
        return "agrees"
    if all_of_them < stated:
        return "fewer"
    return "more" if dated > stated * (1 + allowed) else "open"


def _sum(awards: Sequence[Award]) -> Decimal:
    return sum((award.amount for award in awards if award.amount is not None), Decimal(0))


def _told(found: Covered) -> StatementCoverage:
    node = found.statement
    return {
        "id": node["id"],
        "title": _texts(node, "title"),
        "programme": node.get("programme"),
        "partly": bool(node.get("concerns")),
        "projects": _text(node.get("announcedProjects")),
        "amount": _text(node.get("announcedAmount")),
        "missing": node.get("missingNote"),
        "searched": date(node.get("lastSearched")),
        "grants": len(found.awards),
        "undated": sum(award.date is None for award in found.awards),
        "unknown": sum(award.amount is None for award in found.awards),
        "total": str(found.total),
        "counts": found.counts,
        "sums": found.sums,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(node: Mapping[str, Any], term: str) -> Texts:
    german = str(node.get(f"{term}_de", ""))
    return {"de": german, "en": str(node.get(f"{term}_en", german))}


def _years(awards: Sequence[Award]) -> dict[str, int]:
    counted = Counter(award.year or "" for award in awards)
    return dict(sorted(counted.items(), key=lambda entry: entry[0] or "9999"))


def _fields(awards: Sequence[Award], records: Mapping[str, Node]) -> dict[str, int]:
    """Grants by field of action of their projects; one with several counts in each."""
    fields = [
        {field for project in award.projects for field in records.get(project, {}).get("field", ())} for award in awards
    ]
    return dict(sorted(Counter(field for found in fields for field in found).items()))
