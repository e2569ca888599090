"""``smartregion harvest-check``."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console

from harvest_check import report
from harvest_check.check import Options, check, read_graphs
from harvest_check.http.client import HttpLimits
from smartregion.cli.progress import progress
from smartregion.settings import Settings


@click.command("harvest-check")
@click.argument("address", metavar="[URL]", required=False)
@click.option("--shapes", multiple=True, metavar="FILE_OR_URL", help="SHACL instead of our own rules; repeatable.")
@click.option("--code-list", multiple=True, metavar="FILE_OR_URL", help="RDF that these shapes expect; repeatable.")
@click.option("--external", is_flag=True, help="Ask addresses at other hosts, too.")
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Limit of one request.")
@click.option("--megabytes", type=click.IntRange(min=1), default=512, show_default=True, help="Limit of one file, MiB.")
@click.option("--connections", type=click.IntRange(1, 32), default=4, show_default=True, help="Requests at a time.")
@click.option("--pages", type=click.IntRange(min=1), default=1000, show_default=True, help="Pages to read at most.")
@click.option("--every", is_flag=True, help="Show every finding, not only the first of each kind.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def harvest_check_command(
    settings: Settings,
    address: str | None,
    shapes: tuple[str, ...],
    code_list: tuple[str, ...],
    external: bool,
    seconds: float,
    megabytes: int,
    connections: int,
    pages: int,
    every: bool,
    as_json: bool,
) -> None:
    """Look at a DCAT feed from outside, as harvesters do; by default at our own, {base}catalog.

    Walks all pages, asks every address, reads every dump again, validates, computes the quality score of data.europa.eu
    (MQA, 405 points) and compares SPARQL counts with VoID. See docs/harvest-check.md.

    \b
    Exit status: 0 no fault, 1 faults, 2 it could not be looked at.

    \b
    Examples:
      smartregion harvest-check
      smartregion harvest-check https://daten.example.org/catalog.ttl --external --json
    """
    with progress() as bars:
        options = Options(
            limits=HttpLimits(seconds=seconds, megabytes=megabytes),
            connections=connections,
            external=external,
            most_pages=pages,
            shapes=read_graphs(shapes),
            code_lists=read_graphs(code_list),
        )
        found = check(address or f"{settings.base}catalog", options, bars)
    if as_json:
        click.echo(json.dumps(report.to_json(found), ensure_ascii=False, indent=1))
    else:
        report.show(found, Console(), every)
    sys.exit(0 if found.faultless else 1)
