"""Shared code of the commands: errors, common options, and worker processes."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from smartregion.settings import Settings

if TYPE_CHECKING:
    from ingest.validation.validation import Validator


_MENDABLE: Final = {
    "harvest_check.check": "HarvestError",
    "ingest.pipeline.catalogue": "CatalogueError",
    "publish.builder": "BuildError",
    "publish.push": "PushError",
    "publish.releases.release": "ReleaseError",
    "smartregion.web.server": "ServerError",
}
"""Classes of errors that a person can correct, by module."""


class Failure(click.ClickException):
    """An error that a person can correct: one sentence, no traceback, exit status 2."""

    exit_code = 2


def settings_message(error: ValidationError) -> str:
    """Which settings are wrong, and why."""
    lines = [f"SMARTREGION_{str(part['loc'][0]).upper()}: {part['msg']}" for part in error.errors()]
    return "\n".join(["Wrong setting:", *lines])


def override(settings: Settings, **given: Any) -> Settings:
    """The settings with the options of a command, validated like environment variables."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**{**settings.model_dump(), **chosen})
    except ValidationError as error:
        raise Failure(settings_message(error)) from None


def validator(settings: Settings) -> Validator:
    """The validation function of the settings."""
    # Imported here, as below, because it is slow to import and few commands need it.
    from ingest.validation.validation import fast, reference

    return reference if settings.reference_validation else fast


data_option = click.option("--data", type=click.Path(path_type=Path), help="Directory of the tables and catalogue.ttl.")
var_option = click.option("--var", type=click.Path(path_type=Path), help="Directory of the releases.")
allow_shrink_option = click.option(
    "--allow-shrink", is_flag=True, help="Make it current however much vanishes; portals delete what is gone."
)
base_option = click.option("--base", help="Base IRI of everything that is published.")


class Commands(click.Group):
    """Commands that are imported when they are called; errors that a person can correct give one sentence, status 2.

    :param where: module of this package and name in it, by command: ``{"build": "build:build_command"}``.
    """

    def __init__(self, *args: Any, where: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._where = where or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return [*super().list_commands(ctx), *self._where]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in self._where:
            return super().get_command(ctx, cmd_name)
        module, _, name = self._where[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"smartregion.cli.{module}"), name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except _mendable() as error:
            raise Failure(str(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader of the output has closed it; click ends quietly
            raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


def _mendable() -> tuple[type[Exception], ...]:
    """The errors that a person can correct, of the loaded modules: others cannot have been raised."""
    return tuple(getattr(sys.modules[module], name) for module, name in _MENDABLE.items() if module in sys.modules)


def say(line: str) -> None:
    """Print a warning for the operator on standard error."""
    click.echo(line, err=True)


@contextmanager
def workers() -> Iterator[Executor]:
    """One process for each processor; spawned, because forking a process with threads is not safe."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as executor:
        yield executor
