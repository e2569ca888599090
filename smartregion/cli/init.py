"""``smartregion init``: copies the records of the wheel into a directory."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from smartregion.cli.command import Failure

_RECORDS: Final = "smartregion_data"
"""Directory in site-packages into which ``data/`` is installed."""


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path))
def init_command(directory: Path) -> None:
    """Copy the real records of Hesse and their catalogue into DIRECTORY/data, to build from or to replace by your own.

    Nothing that is there is written over.

    \b
    Examples:
      smartregion init hessen
    """
    target = directory / "data"
    try:
        target.mkdir(parents=True)
        for path in _records():
            shutil.copyfile(path, target / path.name)
    except FileExistsError:
        raise Failure(f"{target} is there already and is not written over. Take another directory.") from None
    except OSError as error:
        raise Failure(f"{error.filename or target}: {error.strerror}.") from None
    click.echo(f"Copied the tables and catalogue.ttl to {target}.")
    click.echo(f"Next: smartregion run {directory}")


def _records() -> list[Path]:
    spec = find_spec(_RECORDS)
    places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    # In an editable installation, one of the places is a hook and no directory.
    found = [path for place in places if place.is_dir() for path in sorted(place.iterdir()) if path.is_file()]
    if not found:
        raise Failure("The records are not part of this installation. Install it again from the wheel.")
    return found
