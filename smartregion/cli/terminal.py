"""Output of the command line: tables and findings."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from publish.builder import Outcome
from publish.releases.activation import Loss, names
from publish.releases.release import Release

_NAMES_SHOWN = 3


def print_outcome(outcome: Outcome, seconds: float) -> None:
    """Print the result of a build as a table."""
    manifest = outcome.release.manifest
    table = Table("dataset", box=None)
    for heading in ("records", "withheld", "triples"):
        table.add_column(heading, justify="right")
    for name, entry in manifest.datasets.items():
        table.add_row(name, f"{entry.records:,}", f"{entry.withheld:,}", f"{entry.triples:,}")
    console = Console()
    console.print(table)
    counts = ", ".join(f"{number} {severity}" for severity, number in outcome.severities.items()) or "none"
    console.print(f"Findings: {counts} (details: {outcome.release.path / 'files' / 'quality.json'})")
    what = f"built in {seconds:.1f} s" if outcome.fresh else "already built from the same input"
    state = "NOT made current" if outcome.losses else "now current"
    console.print(f"Release {manifest.id}: {manifest.triples:,} triples, {what}, {state}.")


def print_losses(old: Release | None, losses: list[Loss], release_id: str, percent: float) -> None:
    """Print what would vanish and how to continue, in German and English.

    :param old: the current release.
    :param losses: the losses that prevent the activation of the other one.
    :param percent: maximum share that may vanish.
    """
    table = Table("", box=None)
    for heading in ("now / jetzt", "gone / entfällt", "%"):
        table.add_column(heading, justify="right")
    table.add_column("for example / zum Beispiel", overflow="fold")
    for loss in losses:
        some = "\n".join(names(old, loss, _NAMES_SHOWN)) if old else ""
        table.add_row(loss.name, f"{loss.before:,}", f"{len(loss.gone):,}", f"{loss.percent:.0f}", some)
    console = Console(stderr=True)
    console.print(table)
    for sentence in (
        f"More than {percent:g} % would vanish, and portals delete what is gone. The current release stays.",
        f"Mehr als {percent:g} % würden entfallen, und Portale löschen, was fehlt. Es bleibt bei der aktuellen.",
        "If that is what you want / Wenn es so gewollt ist:",
    ):
        console.print(sentence, soft_wrap=True)
    console.print(f"  smartregion releases activate {release_id} --allow-shrink", soft_wrap=True, highlight=False)
