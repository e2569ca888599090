"""``smartregion serve`` and ``smartregion run``."""

from __future__ import annotations

from pathlib import Path

import click

from publish.releases.release import Releases
from smartregion.cli.command import override, var_option
from smartregion.settings import Settings
from smartregion.web.server import check_address, serve


@click.command("serve")
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


@click.command("run")
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
    # Imported here because it is slow to import and serving does not need it.
    from smartregion.cli.build import build_release

    build_release(settings, settings.shrink_percent)
    serve(settings, on_ready=_say_ready)


def _say_ready(address: str) -> None:
    click.echo(f"Ready: {address}  (stop with Ctrl+C)")
