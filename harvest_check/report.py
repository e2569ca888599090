"""Reports the result of a check: tables and sentences for people, JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harvest_check.check import Check
from harvest_check.dumps import Dump
from harvest_check.mqa import metrics

_COLOURS: Final = {"violation": "red", "warning": "yellow", "info": "cyan"}
_ALIKE: Final = 5
"""Maximum number of findings of one kind that are printed."""


def to_json(check: Check) -> dict[str, Any]:
    """Everything as a JSON object."""
    return {
        "address": check.address,
        "faultless": check.faultless,
        "pages": list(check.pages),
        "triples": check.triples,
        "datasets": [
            {
                "iri": score.dataset,
                "title": score.title,
                "points": score.points,
                "rating": score.rating,
                "dimensions": score.dimensions(),
                "metrics": dict(score.met),
            }
            for score in check.scores
        ],
        "addresses": {"asked": check.asked, "broken": list(check.broken), "elsewhere": check.elsewhere},
        "dumps": [
            {
                "distribution": dump.distribution,
                "address": dump.address,
                "mediaType": dump.media_type,
                "bytes": dump.size,
                "triples": dump.triples,
                "rows": dump.rows,
            }
            for dump in check.dumps
        ],
        "endpoints": list(check.endpoints),
        "findings": [finding.to_json() for finding in check.findings],
    }


def show(check: Check, console: Console, every: bool = False) -> None:
    """Print tables and findings.

    :param every: all findings of a kind, not only the first ones, and all files.
    """
    if check.scores:
        _show_scores(check, console)
        _show_metrics(check, console)
    if check.dumps:
        _show_dumps(check, console, every)
    _show_findings(check, console, every)
    console.print(
        f"{len(check.pages)} pages, {check.datasets} datasets, {check.triples:,} triples; "
        f"{check.asked} addresses asked, {len(check.broken)} broken; {len(check.dumps)} files read; "
        f"{len(check.endpoints)} SPARQL endpoints asked",
        highlight=False,
        soft_wrap=True,
    )
    counts: Counter[str] = Counter(finding.severity for finding in check.findings)
    console.print(", ".join(f"{counts[severity]} {severity}" for severity in _COLOURS), highlight=False)


def _show_scores(check: Check, console: Console) -> None:
    dimensions = list(dict.fromkeys(metric.dimension for metric in metrics()))
    table = Table("dataset", box=None)
    for name in (*dimensions, "points"):
        table.add_column(name, justify="right")
    table.add_column("rating")
    for score in check.scores:
        sums = score.dimensions()
        table.add_row(
            escape(_name(score.dataset)), *(str(sums[name]) for name in dimensions), str(score.points), score.rating
        )
    console.print(table)
    total = sum(metric.points for metric in metrics())
    mean = sum(score.points for score in check.scores) / len(check.scores)
    full = sum(score.points == total for score in check.scores)
    console.print(f"MQA: {mean:.0f} of {total} points on average; {full} of {len(check.scores)} datasets have all.\n")


def _show_metrics(check: Check, console: Console) -> None:
    table = Table("dimension", "metric", box=None)
    for name in ("points", "datasets"):
        table.add_column(name, justify="right")
    for metric in metrics():
        met = [score.met[metric.code] for score in check.scores]
        unknown = f" ({met.count(None)} not asked)" if None in met else ""
        table.add_row(metric.dimension, metric.title, str(metric.points), f"{met.count(True)}/{len(met)}{unknown}")
    console.print(table)
    console.print()


def _show_dumps(check: Check, console: Console, every: bool) -> None:
    """Files one by one, or added up by media type."""
    groups: dict[str, list[Dump]] = {}
    for dump in check.dumps:
        groups.setdefault(dump.address if every else dump.media_type, []).append(dump)
    table = Table("file" if every else "files by media type", box=None)
    for name in ("bytes", "triples", "rows"):
        table.add_column(name, justify="right")
    for name, group in sorted(groups.items()):
        sums = [
            sum(dump.size for dump in group),
            _sum(dump.triples for dump in group),
            _sum(dump.rows for dump in group),
        ]
        numbers = ("" if number is None else f"{number:,}" for number in sums)
        table.add_row(escape(name if every else f"{len(group):>4} {name}"), *numbers)
    console.print(table)
    console.print()


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _show_findings(check: Check, console: Console, every: bool) -> None:
    shown: Counter[str] = Counter()
    order = list(_COLOURS)
    for finding in sorted(check.findings, key=lambda finding: order.index(finding.severity)):
        shown[finding.code] += 1
        if shown[finding.code] > _ALIKE and not every:
            continue
        colour = _COLOURS[finding.severity]
        places = [finding.subject, finding.property, finding.address, None if finding.subject else finding.page]
        place = escape(" ".join(_line(part) for part in places if part))
        console.print(
            f"[{colour}]{finding.severity:<9}[/] [bold]{finding.code}[/] {place}", highlight=False, soft_wrap=True
        )
        for language in ("de", "en"):
            console.print(f"          {finding.message[language]}", markup=False, highlight=False, soft_wrap=True)
    for code, number in shown.items():
        if number > _ALIKE and not every:
            console.print(f"… {number - _ALIKE} more of {code}; --every shows all.", highlight=False)


def _name(iri: str) -> str:
    return _line(iri.rstrip("/").rpartition("/")[2] or iri)


def _line(text: str) -> str:
    """One line of text of a feed, which cannot control the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
