"""The command line: parses, calls, prints.

Exit status: 0 done, 1 findings with ``--strict`` (``harvest-check`` and ``validate FILES``: any fault), 2 error, 3 not
made current because too much would vanish.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import click
from pydantic import ValidationError
from rich.console import Console

from harvest_check import report
from harvest_check.check import Options, check, read_graphs
from harvest_check.http.client import Limits
from publish.builder import Outcome, build
from publish.push import Bearer, Login, push
from publish.releases.release import Releases
from smartregion.cli.command import (
    Commands,
    Failure,
    allow_shrink_option,
    base_option,
    data_option,
    override,
    say,
    settings_message,
    validator,
    var_option,
    workers,
)
from smartregion.cli.init import init_command
from smartregion.cli.progress import progress
from smartregion.cli.releases import refuse, releases_group
from smartregion.cli.terminal import print_outcome
from smartregion.cli.validate import template_command, validate_command
from smartregion.settings import Settings
from smartregion.web.server import check_address, serve


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="smart-region-hessen")
@click.pass_context
def main(context: click.Context) -> None:
    """Linked open data of the smart regions of Hesse: check, build and serve.

    Every option can also be set by an environment variable SMARTREGION_<NAME>, see docs/settings.md.

    \b
    Examples:
      smartregion init hessen               copy the records that come with the program into hessen/data
      smartregion run hessen                build them and serve them
      smartregion build                     build a release from data/ and make it current
      smartregion serve --port 8080         serve the current release
      smartregion releases list             show what has been built
    """
    try:
        context.obj = Settings()
    except ValidationError as error:
        raise Failure(settings_message(error)) from None


@main.command("build")
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

    Records with a violation are withheld and listed; all others are published. The same input gives the same
    release, which is then not built again. A release without more than SMARTREGION_SHRINK_PERCENT of the current
    datasets or records is built, but not made current, and the exit status is 3.

    \b
    Examples:
      smartregion build
      smartregion build --data data --base https://daten.example.org/ --strict
      smartregion build --allow-shrink
    """
    settings = override(settings, data=data, var=var, base=base, page_size=page_size)
    outcome = _build(settings, 100 if allow_shrink else settings.shrink_percent)
    if strict and outcome.withheld:
        sys.exit(1)


def _build(settings: Settings, percent: float) -> Outcome:
    """Build, tell what came of it, and exit if it was not made current."""
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


main.add_command(init_command)
main.add_command(validate_command)
main.add_command(template_command)
main.add_command(releases_group)


@main.command("serve")
@var_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--workers", type=int, help="Server processes.")
@click.pass_obj
def serve_command(
    settings: Settings, var: Path | None, host: str | None, port: int | None, workers: int | None
) -> None:
    """Serve the current release; a newly activated one is taken up without a restart.

    \b
    Examples:
      smartregion serve
      smartregion serve --host 0.0.0.0 --port 8080 --workers 4
    """
    settings = override(settings, var=var, host=host, port=port, workers=workers)
    Releases(settings.var).verify()
    serve(settings, on_ready=_say_ready)


@main.command("run")
@click.argument("directory", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.pass_obj
def run_command(settings: Settings, directory: Path | None, host: str | None, port: int | None) -> None:
    """Build a release and serve it, in one command.

    With a DIRECTORY, its data/ is built into its var/. Unless SMARTREGION_BASE says otherwise, the addresses of records
    begin with http://localhost:PORT/.

    \b
    Examples:
      smartregion run
      smartregion run hessen --port 8080
    """
    inside = {"data": directory / "data", "var": directory / "var"} if directory else {}
    base = None if "base" in settings.model_fields_set else f"http://localhost:{port or settings.port}/"
    settings = override(settings, host=host, port=port, base=base, **inside)
    check_address(settings)
    _build(settings, settings.shrink_percent)
    serve(settings, on_ready=_say_ready)


def _say_ready(address: str) -> None:
    click.echo(f"Ready: {address}  (stop with Ctrl+C)")


@main.command("push")
@click.option("--to", "store_url", required=True, metavar="URL", help="Graph store of a SPARQL 1.1 server.")
@click.option("--query", "query_url", required=True, metavar="URL", help="Query address of the same server.")
@click.option("--user", help="User name; the password is SMARTREGION_PUSH_PASSWORD, or asked for.")
@click.option("--chunk", type=click.FloatRange(min=0.1), default=4.0, show_default=True, help="MiB in one request.")
@click.option("--timeout", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds to wait.")
@var_option
@click.pass_obj
def push_command(
    settings: Settings,
    store_url: str,
    query_url: str,
    user: str | None,
    chunk: float,
    timeout: float,
    var: Path | None,
) -> None:
    """Load the current release into another SPARQL server; the same command goes on after an interruption.

    A bearer token is taken from SMARTREGION_PUSH_TOKEN. See docs/scale-out.md.

    \b
    Examples:
      smartregion push --to http://127.0.0.1:7878/store --query http://127.0.0.1:7878/query
    """
    settings = override(settings, var=var)
    auth = _login(user)
    with progress() as report:
        pushed = push(
            Releases(settings.var).verify(),
            store_url,
            query_url,
            auth=auth,
            chunk=int(chunk * 2**20),
            state=settings.var / "push.json",
            timeout=timeout,
            progress=report,
        )
    triples = sum(pushed.graphs.values())
    click.echo(
        f"Release {pushed.release}: {len(pushed.graphs)} graphs with {triples:,} triples are there, all counted."
    )


def _login(user: str | None) -> Bearer | Login | None:
    """Credentials from the environment, never from the command line, where other users would see them."""
    if token := os.environ.get("SMARTREGION_PUSH_TOKEN"):
        return Bearer(token)
    if user is None:
        return None
    return Login(user, os.environ.get("SMARTREGION_PUSH_PASSWORD") or click.prompt("Password", hide_input=True))


@main.command("harvest-check")
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
            limits=Limits(seconds=seconds, megabytes=megabytes),
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


if __name__ == "__main__":
    main()
