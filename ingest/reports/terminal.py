"""Findings for a terminal: by file and row, in German with English beneath."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from ingest.findings.findings import Finding, Severity
from ingest.pipeline.sources import SourcePart
from ingest.reports.counted import counted

_NAMES: Final[dict[Severity, tuple[str, str, str]]] = {
    "violation": ("red", "Fehler", "error"),
    "warning": ("yellow", "Warnung", "warning"),
    "info": ("cyan", "Hinweis", "note"),
}


def show(parts: Sequence[SourcePart], console: Console) -> None:
    """Print the findings of files and how many there are."""
    for part in parts:
        _heading(part, console)
        for place, findings in groupby(part.findings, key=_place):
            console.print(Text(f"  {place}" if place else "  Datei / file", style="bold"), soft_wrap=True)
            for finding in findings:
                _finding(finding, console)
    counts = Counter(finding.severity for part in parts for finding in part.findings)
    told = ", ".join(counted(counts[severity], severity) for severity in _NAMES)
    console.print(Text(told), highlight=False)


def _heading(part: SourcePart, console: Console) -> None:
    line = Text(_printable(part.source), style="bold underline")
    if part.record_type is not None:
        label = part.record_type.label
        line.append(f"  {label['de']} / {label['en']}", style="not bold not underline")
    line.append(f"  {counted(part.records, 'record')}", style="not bold not underline")
    if not part.findings:
        line.append("  in Ordnung / in order", style="green not bold not underline")
    console.print(line, soft_wrap=True)


def _place(finding: Finding) -> str:
    if finding.node is not None:
        return _printable(finding.node)
    sheet = f"{_printable(finding.sheet)}, " if finding.sheet else ""
    if finding.row is None:
        return sheet.removesuffix(", ")
    # A row without a valid key has a temporary key.
    record = f"  {finding.record}" if finding.record and "~" not in finding.record else ""
    return f"{sheet}Zeile / row {finding.row}{record}"


def _finding(finding: Finding, console: Console) -> None:
    colour, de, en = _NAMES[finding.severity]
    line = Text("    ")
    line.append(f"{de} / {en}", style=colour)
    if finding.row is not None and finding.column:
        line.append(f"  {finding.column}{finding.row}", style="bold")
    if finding.header:
        line.append(f"  {_printable(finding.header)}")
    line.append(f"  {finding.code}", style="dim")
    console.print(line, soft_wrap=True, highlight=False)
    for language in ("de", "en"):
        console.print(Text(f"      {_printable(finding.message[language])}"), soft_wrap=True, highlight=False)


def _printable(text: str) -> str:
    """Remove control characters, which would control the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


def show_changes(changes: Iterable[tuple[Finding, str]], console: Console) -> None:
    """Print the old and new values of a copy with the suggestions applied."""
    changes = list(changes)
    console.print(Text(counted(len(changes), "change")), highlight=False)
    for finding, new in changes:
        sheet = f"{finding.sheet}, " if finding.sheet else ""
        place = _printable(f"{sheet}{finding.column}{finding.row}  {finding.header}")
        old, told = _printable(finding.value or ""), f"„{_printable(new)}“" if new else "leer / empty"
        console.print(Text(f"  {place}: „{old}“ → {told}"), soft_wrap=True, highlight=False)
