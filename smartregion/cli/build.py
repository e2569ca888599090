"""``smartregion build``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from publish.builder import Outcome, build
from publish.releases.release import Releases
from smartregion.cli.command import (
    allow_shrink_option,
    base_option,
    data_option,
    override,
    say,
    validator,
    var_option,
    workers,
)
from smartregion.cli.progress import progress
from smartregion.cli.releases import refuse
from smartregion.cli.terminal import print_outcome
from smartregion.settings import Settings


@click.command("build")
@data_option
@var_option
@base_option
@click.option("--page-size", type=click.IntRange(min=1), help="Datasets on a page of the catalogue.")
@click.option("--strict", is_flag=True, help="Exit with status 1 when a record is withheld.")
@allow_shrink_option
@click.pass_obj
def build_command(
    settings: Settings,
    data: Path | None,
    var: Path | None,
    base: str | None,
    page_size: int | None,
    strict: bool,
    allow_shrink: bool,
) -> None:
    """Build a release from the source tables and make it the current one.

    Records with a violation are withheld and listed; all others are published. The same input gives the same release,
    which is then not built again. A release that drops more than SMARTREGION_SHRINK_PERCENT of the current datasets or
    records is built, but not made current, and the exit status is 3.

    \b
    Examples:
      smartregion build
      smartregion build --data data --base https://daten.example.org/ --strict
      smartregion build --allow-shrink
    """
    settings = override(settings, data=data, var=var, base=base, page_size=page_size)
    outcome = build_release(settings, 100 if allow_shrink else settings.shrink_percent)
    if strict and outcome.withheld:
        sys.exit(1)


def build_release(settings: Settings, percent: float) -> Outcome:
    """Build, print the result, and exit if the release was not made current."""
    started = time.monotonic()
    with progress() as report, workers() as executor:
        releases = Releases(settings.var)
        outcome = build(
            settings.data,
            settings.base,
            releases,
            executor,
            report,
            settings.page_size,
            percent,
            validator(settings),
            settings.boundaries,
            say,
        )
    print_outcome(outcome, time.monotonic() - started)
    if outcome.losses:
        refuse(releases, outcome.losses, outcome.release.id, percent)
    return outcome
