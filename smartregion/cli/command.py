"""What the commands share: how they fail, their common options, and where their work is done."""

from __future__ import annotations

import errno
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from harvest_check.check import HarvestError
from ingest.pipeline.catalogue import CatalogueError
from ingest.validation.validation import Validator, fast, reference
from publish.builder import BuildError
from publish.push import PushError
from publish.releases.release import ReleaseError
from smartregion.settings import Settings
from smartregion.web.server import ServerError


class Failure(click.ClickException):
    """An error that a person can mend: one sentence, no traceback, exit status 2."""

    exit_code = 2


def settings_message(error: ValidationError) -> str:
    """Which settings are wrong, and why."""
    lines = [f"SMARTREGION_{str(part['loc'][0]).upper()}: {part['msg']}" for part in error.errors()]
    return "\n".join(["Wrong setting:", *lines])


def override(settings: Settings, **given: Any) -> Settings:
    """The settings with the options of a command, checked as if they had come from the environment."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**{**settings.model_dump(), **chosen})
    except ValidationError as error:
        raise Failure(settings_message(error)) from None


def validator(settings: Settings) -> Validator:
    """How records are validated."""
    return reference if settings.reference_validation else fast


data_option = click.option("--data", type=click.Path(path_type=Path), help="Directory of the tables and catalogue.ttl.")
var_option = click.option("--var", type=click.Path(path_type=Path), help="Directory of the releases.")
allow_shrink_option = click.option(
    "--allow-shrink", is_flag=True, help="Make it current however much vanishes; portals delete what is gone."
)
base_option = click.option("--base", help="Base IRI of everything that is published.")


class Commands(click.Group):
    """Commands whose errors that a person can mend are one sentence and status 2: a :class:`Failure`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (BuildError, CatalogueError, HarvestError, PushError, ReleaseError, ServerError) as error:
            raise Failure(str(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever reads the output has gone; click ends quietly
            raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


def say(line: str) -> None:
    """Something that an operator should know, on standard error."""
    click.echo(line, err=True)


@contextmanager
def workers() -> Iterator[Executor]:
    """A process for each processor; spawned, because forking a process with threads is not safe."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as executor:
        yield executor
