"""The command line: parses options, calls functions, prints results.

Exit status: 0 done, 1 findings with ``--strict`` (``harvest-check`` and ``validate FILES``: any fault), 2 error, 3 not
made current because too much would vanish.
"""

from __future__ import annotations

from typing import Final

import click
from pydantic import ValidationError

from smartregion.cli.command import Commands, Failure, settings_message
from smartregion.settings import Settings

_WHERE: Final = {
    "build": "build:build_command",
    "init": "init:init_command",
    "validate": "validate:validate_command",
    "template": "validate:template_command",
    "releases": "releases:releases_group",
    "serve": "serve:serve_command",
    "run": "serve:run_command",
    "push": "push:push_command",
    "harvest-check": "harvest:harvest_check_command",
}
"""Module and name of each command. They are imported when they are called, because some import slowly."""


@click.group(cls=Commands, where=_WHERE, context_settings={"help_option_names": ["-h", "--help"]})
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


if __name__ == "__main__":
    main()
