"""``smartregion validate`` and ``smartregion template``: checks of files, and templates."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, TypeVar

import click
from rich.console import Console

from ingest import Progress, RecordType, SourcePart, record_types
from ingest.checking import fixes, submission, templates
from ingest.checking.template_model import Language
from ingest.files.grids import SheetLimits
from ingest.findings.findings import UnreadableError
from ingest.pipeline.existing_records import standing
from ingest.reports import marked, pipelines, shacl, terminal
from ingest.reports.document import document
from ingest.reports.view import view
from publish.builder import inspect
from smartregion.cli.command import Failure, base_option, data_option, override, validator, workers
from smartregion.cli.progress import progress
from smartregion.settings import Settings
from smartregion.web.checking import report

_STYLES: Final = ("text", "json", "sarif", "junit", "turtle", "html")
_MOST_ROWS: Final = 1000
T = TypeVar("T")
_TEMPLATES: Final = {"xlsx": "xlsx", "csv": "csv", "json-schema": "json"}


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@base_option
@click.option("--type", "type_name", metavar="TYPE", help="Record type of the files; by default their headers tell it.")
@click.option(
    "--format",
    "style",
    type=click.Choice(_STYLES),
    default="text",
    show_default=True,
    help="For people (text, html), programs (json, turtle) or pipelines (sarif, junit).",
)
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Of an HTML report.")
@click.option("--marked", type=click.Path(dir_okay=False, path_type=Path), help="Write the workbook with its marks.")
@click.option("--fix", type=click.Path(dir_okay=False, path_type=Path), help="Write a copy with the suggestions.")
@click.option("--strict", is_flag=True, help="Exit with status 1 also for warnings; without FILES, for violations.")
@click.pass_obj
def validate_command(
    settings: Settings,
    files: tuple[Path, ...],
    data: Path | None,
    base: str | None,
    type_name: str | None,
    style: str,
    language: str,
    marked: Path | None,
    fix: Path | None,
    strict: bool,
) -> None:
    """Say which cell of FILES is wrong, and what would be right; without FILES, of the source tables.

    FILES are tables (XLSX, XLS, ODS, CSV, JSON) or RDF. They are checked against the rules and against the records in
    the data directory, which they may refer to, change or join. Exit status: 0 in order, 1 something has to be mended,
    2 error.

    \b
    Examples:
      smartregion validate
      smartregion validate projects.xlsx --marked projects-marked.xlsx --fix projects-fixed.xlsx
      smartregion validate incoming/*.csv --type Project --format sarif > findings.sarif
    """
    settings = override(settings, data=data, base=base)
    copies = [copy for copy in (marked, fix) if copy is not None]
    if copies and (len(files) != 1 or any(copy.resolve() == files[0].resolve() for copy in copies)):
        raise Failure("--marked and --fix write a copy of one file, under another name.")
    with progress() as report, workers() as executor:
        if files:
            record_type = _record_type(type_name) if type_name else None
            parts = _check(settings, files, record_type, executor, report)
        else:
            parts = list(inspect(settings.data, settings.base, executor, report, validator(settings)).parts)
    paths = files or [settings.data / part.source for part in parts]
    _write_report(parts, paths, style, language, settings.base)
    if marked is not None:
        _write_marked(parts[0], files[0].read_bytes(), marked)
    if fix is not None:
        _write_fixed(parts[0], files[0].read_bytes(), fix)
    wrong = {finding.severity for part in parts for finding in part.findings}
    if ("violation" in wrong and (files or strict)) or ("warning" in wrong and files and strict):
        sys.exit(1)


def _check(
    settings: Settings, files: Sequence[Path], record_type: RecordType | None, executor: Executor, report: Progress
) -> list[SourcePart]:
    there = standing(settings.data, settings.base)
    sent = [submission.Submitted(path.name, path.read_bytes(), record_type) for path in files]
    return submission.check(sent, there, SheetLimits(), executor, report, validator(settings))


def _record_type(name: str) -> RecordType:
    types = {each.name.lower(): each for each in record_types().values()}
    if name.lower() not in types:
        raise Failure(f"There is no record type {name}. There are: {', '.join(each.name for each in types.values())}.")
    return types[name.lower()]


@click.command("template")
@click.argument("type_name", metavar="TYPE")
@data_option
@base_option
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Of its headings.")
@click.option(
    "--format",
    "style",
    type=click.Choice(list(_TEMPLATES)),
    default="xlsx",
    show_default=True,
    help="A workbook with drop-down lists, a CSV file, or a JSON Schema for programs.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; by default TYPE.xlsx.")
@click.pass_obj
def template_command(
    settings: Settings,
    type_name: str,
    data: Path | None,
    base: str | None,
    language: Language,
    style: str,
    output: Path | None,
) -> None:
    """Write an empty table for records of TYPE, with help, lists to choose from, and examples.

    It is made from the shapes and from the records in the data directory. A file that is there already is left alone.

    \b
    Examples:
      smartregion template Project
      smartregion template Grant --language en --format json-schema --output grants.schema.json
    """
    settings = override(settings, data=data, base=base)
    record_type = _record_type(type_name)
    there = standing(settings.data, settings.base)
    path = output or Path(f"{record_type.name}.{_TEMPLATES[style]}")
    try:
        with path.open("xb") as file:
            file.write(templates.written(record_type, language, _TEMPLATES[style], there))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}. Name another file with --output.") from None
    click.echo(path)


def _write_report(parts: Sequence[SourcePart], paths: Sequence[Path], style: str, language: str, base: str) -> None:
    """Write the report to standard output.

    :param paths: of the files, in the same order.
    :param style: one of :data:`_STYLES`.
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


def _write_marked(part: SourcePart, content: bytes, path: Path) -> None:
    """Write the marked workbook.

    :raises click.UsageError: the file is no table, or its copy cannot be written there.
    """
    _write(path, ".xlsx", _readable(lambda: marked.marked(part, content, SheetLimits())))


def _write_fixed(part: SourcePart, content: bytes, path: Path) -> None:
    """Write the copy with the suggestions, and list them on standard error; raises as :func:`_write_marked`."""
    suffix = _readable(lambda: fixes.suffix(part, content))
    copy, changes = _readable(lambda: fixes.fixed(part, content, SheetLimits()))
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
