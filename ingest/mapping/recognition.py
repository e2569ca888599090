"""Opens files, recognises their columns, and selects the sheets of a workbook that contain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.files.grids import SheetLimits
from ingest.findings.findings import Finding, Text, UnreadableError
from ingest.mapping import mapping
from ingest.mapping.mapping import Bound
from ingest.model import RecordType, by_name, record_types, searched
from ingest.tables import headers, tables
from ingest.tables.tables import Table

_REASONS: Mapping[str, Text] = {
    "hidden": {"de": "es ist ausgeblendet", "en": "it is hidden"},
    "other": {
        "de": "seine Überschriften passen nicht zu dieser Art von Datensätzen",
        "en": "its headers do not fit this record type",
    },
}


@dataclass(frozen=True)
class Opened:
    """A file and its recognised tables.

    :ivar source: its name.
    :ivar record_type: None if it is unknown.
    :ivar bound: the tables that hold records.
    :ivar findings: about the file and the tables without records.
    """

    source: str
    record_type: RecordType | None
    bound: Sequence[Bound] = ()
    findings: Sequence[Finding] = ()


def open_path(path: Path, record_type: RecordType, column_map: Mapping[str, str]) -> Opened:
    """Open a file of the catalogue, which may have no records yet; parameters as for :func:`open_content`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Opened(path.name, record_type, (), (UnreadableError("file-missing", path.name).finding,))
    except OSError as error:
        problem = UnreadableError("file-unreadable", path.name, detail=error.strerror)
        return Opened(path.name, record_type, (), (problem.finding,))
    return open_content(path.name, content, SheetLimits(), record_type, column_map, empty="empty-table")


def open_content(
    source: str,
    content: bytes,
    limits: SheetLimits,
    record_type: RecordType | None = None,
    column_map: Mapping[str, str] | None = None,
    empty: str = "no-records",
) -> Opened:
    """Open a file; errors become findings.

    :param source: its name.
    :param record_type: type of its records; None to detect it.
    :param column_map: header in the file to term, where the source uses other headers.
    :param empty: the kind of finding when there are no records.
    """
    column_map = column_map or {}
    types = [record_type] if record_type else list(record_types().values())
    try:
        found = tables.parse(source, content, headers.known_headings(types, column_map), limits)
    except UnreadableError as problem:
        return Opened(source, record_type, (), (problem.finding,))
    mark = found[0].mark
    if record_type is None:
        candidates = [by_name(mark.record_type)] if mark else _guess(found)
        if len(candidates) != 1:
            about = [finding for table in found for finding in table.findings]
            return Opened(source, None, (), (*about, _undecided(found[0], candidates)))
        (record_type,) = candidates
    return _bound(found, record_type, column_map, empty)


def _guess(found: Sequence[Table]) -> list[RecordType]:
    names = [found[0].source, *(table.sheet for table in found if table.sheet)]
    return headers.guess([table.headers for table in found], names)


def _undecided(table: Table, candidates: Sequence[RecordType]) -> Finding:
    if not candidates:
        names = searched()[0].columns[:3]
        shown = {language: ", ".join(column.name[language] for column in names) for language in ("de", "en")}
        return table.finding("type-unknown", row=table.header_row, example_de=shown["de"], example_en=shown["en"])
    labels = {language: ", ".join(each.label[language] for each in candidates) for language in ("de", "en")}
    return table.finding("type-unclear", row=table.header_row, types_de=labels["de"], types_en=labels["en"])


def _bound(found: Sequence[Table], record_type: RecordType, column_map: Mapping[str, str], empty: str) -> Opened:
    """Select the tables with the key and another column, or else the table with most recognised columns."""
    visible = [table for table in found if table.visible] or list(found)
    candidates = [mapping.bind(table, record_type, column_map) for table in visible]
    best = max(candidates, key=lambda bound: len(bound.columns))
    chosen = [
        bound for bound in candidates if record_type.key.term not in bound.missing and len(bound.columns) > 1
    ] or [best]
    taken = {bound.table.sheet for bound in chosen}
    skipped = [_skipped(table) for table in found if table.sheet not in taken]
    mark = found[0].mark
    outdated = [found[0].finding("template-outdated")] if mark and mark.is_outdated else []
    nothing = [] if any(len(bound.table.cells) for bound in chosen) else [best.table.finding(empty)]
    return Opened(best.table.source, record_type, chosen, (*skipped, *outdated, *nothing))


def _skipped(table: Table) -> Finding:
    reason = _REASONS["other" if table.visible else "hidden"]
    return table.finding("sheet-skipped", name=table.sheet, reason_de=reason["de"], reason_en=reason["en"])
