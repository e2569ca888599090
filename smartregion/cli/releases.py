"""``smartregion releases``: lists, verifies, activates and prunes releases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from publish.releases.activation import Loss, activate
from publish.releases.release import DamagedRelease, ReleaseError, Releases
from publish.releases.succession import last_known
from smartregion.cli.command import Failure, allow_shrink_option, override, say, var_option
from smartregion.cli.terminal import print_losses
from smartregion.settings import Settings

_SHRUNK = 3


@click.group("releases")
def releases_group() -> None:
    """List, verify, activate and prune releases.

    \b
    Examples:
      smartregion releases list
      smartregion releases verify
      smartregion releases activate 0123456789abcdef
      smartregion releases prune --keep 3
    """


@releases_group.command("list")
@var_option
@click.pass_obj
def list_command(settings: Settings, var: Path | None) -> None:
    """Show the releases, the latest first; the current one is marked."""
    releases = Releases(override(settings, var=var).var)
    table = Table("", "release", "modified", "records", "withheld", "triples", "base", box=None)
    current = releases.current_id()
    for release_id in releases.ids():
        mark = "*" if release_id == current else ""
        try:
            manifest = releases.verify(release_id).manifest
        except ReleaseError as error:
            table.add_row(mark, release_id)
            say(str(error))
            continue
        withheld = sum(entry.withheld for entry in manifest.datasets.values())
        table.add_row(
            mark,
            release_id,
            manifest.modified,
            f"{manifest.records:,}",
            f"{withheld:,}",
            f"{manifest.triples:,}",
            manifest.base,
        )
    Console().print(table)


@releases_group.command("activate")
@click.argument("release_id")
@var_option
@allow_shrink_option
@click.pass_obj
def activate_command(settings: Settings, release_id: str, var: Path | None, allow_shrink: bool) -> None:
    """Make a release the current one, for example to go back; guarded like a build.

    \b
    Examples:
      smartregion releases activate 0123456789abcdef
      smartregion releases activate 0123456789abcdef --allow-shrink
    """
    settings = override(settings, var=var)
    releases = Releases(settings.var)
    percent = 100 if allow_shrink else settings.shrink_percent
    losses = activate(releases, releases.verify(release_id), percent)
    if losses:
        refuse(releases, losses, release_id, percent)
    click.echo(f"Current release: {release_id}")


@releases_group.command("verify")
@click.argument("release_id", required=False)
@var_option
@click.pass_obj
def verify_command(settings: Settings, release_id: str | None, var: Path | None) -> None:
    """Compare every file of a release, by default the current one, with what was written, and look for others.

    \b
    Exit status: 0 all is as it was written, 2 something is not; what, line by line.

    \b
    Examples:
      smartregion releases verify
      smartregion releases verify 0123456789abcdef
    """
    releases = Releases(override(settings, var=var).var)
    try:
        release = releases.verify(release_id)
    except DamagedRelease as error:
        for damage in error.damages:
            click.echo(str(damage))
        raise
    if strangers := release.strangers():
        raise Failure("\n".join(f"{name} was not written by the build." for name in strangers))
    click.echo(f"Release {release.id} is as it was written: {len(release.manifest.files):,} files, store, index.")


@releases_group.command("prune")
@click.option("--keep", type=click.IntRange(min=1), default=5, show_default=True, help="How many to keep.")
@var_option
@click.pass_obj
def prune_command(settings: Settings, keep: int, var: Path | None) -> None:
    """Delete old releases; the current one always stays."""
    deleted = Releases(override(settings, var=var).var).prune(keep)
    click.echo(f"Deleted: {', '.join(deleted) or 'nothing'}")


def refuse(releases: Releases, losses: list[Loss], release_id: str, percent: float) -> NoReturn:
    """Print what would vanish, and exit with status 3."""
    print_losses(last_known(releases), losses, release_id, percent)
    sys.exit(_SHRUNK)
