"""What ``smartregion validate`` writes: the report in its forms, and the copies of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import click
from rich.console import Console

from ingest import Part, fixes
from ingest.findings import UnreadableError
from ingest.grids import Limits
from ingest.reports import marked, pipelines, shacl, terminal
from ingest.reports.document import document
from ingest.reports.view import view
from web import report

STYLES: Final = ("text", "json", "sarif", "junit", "turtle", "html")
_MOST_ROWS: Final = 1000
T = TypeVar("T")


def write_report(parts: Sequence[Part], paths: Sequence[Path], style: str, language: str, base: str) -> None:
    """Write what was found to standard output.

    :param paths: of the files, in the same order.
    :param style: one of :data:`STYLES`.
    :param language: ``de`` or ``en``, for HTML; other forms have both.
    :param base: base IRI of the service.
    """
    match style:
        case "json":
            documents = [document(part) for part in parts]
            _echo_json(documents[0] if len(documents) == 1 else documents)
        case "sarif":
            _echo_json(pipelines.sarif(parts, base, [path.as_posix() for path in paths]))
        case "junit":
            click.echo(pipelines.junit(parts), nl=False)
        case "turtle":
            click.echo(shacl.turtle(parts, base), nl=False)
        case "html":
            click.echo(report.render([view(part, _MOST_ROWS) for part in parts], language))
        case _:
            terminal.show(parts, Console())


def _echo_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def write_marked(part: Part, content: bytes, path: Path) -> None:
    """Write the marked workbook.

    :raises click.UsageError: the file is no table, or its copy cannot be written there.
    """
    _write(path, ".xlsx", _readable(lambda: marked.marked(part, content, Limits())))


def write_fixed(part: Part, content: bytes, path: Path) -> None:
    """Write the copy with the suggestions, and list them on standard error; raises as :func:`write_marked`."""
    suffix = _readable(lambda: fixes.suffix(part, content))
    copy, changes = _readable(lambda: fixes.fixed(part, content, Limits()))
    _write(path, f".{suffix}", copy)
    terminal.show_changes(changes, Console(stderr=True))


def _readable(make: Callable[[], T]) -> T:
    try:
        return make()
    except UnreadableError as problem:
        message = problem.finding.message
        raise click.UsageError(f"{message['de']}\n{message['en']}") from None


def _write(path: Path, suffix: str, content: bytes) -> None:
    if path.suffix.lower() != suffix:
        raise click.UsageError(f"The copy is a {suffix[1:].upper()} file: {path.with_suffix(suffix)}")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
