"""``smartregion push``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from publish.push import Bearer, Login, push
from publish.releases.release import Releases
from smartregion.cli.command import override, var_option
from smartregion.cli.progress import progress
from smartregion.settings import Settings


@click.command("push")
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
