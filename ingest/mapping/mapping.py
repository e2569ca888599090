"""Maps a table to records: columns to fields, cells to values, names to links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import pandas as pd

from ingest.findings.findings import Finding
from ingest.findings.fragments import fragment
from ingest.mapping import suggestions as repair
from ingest.mapping import values
from ingest.model import Field, RecordType
from ingest.rdf import Node
from ingest.references import Concepts, Referable, Register, Resolution, hint, nearest, normalise
from ingest.tables import headers
from ingest.tables.tables import Table

SEPARATOR = ";"
"""Between the values of a cell that may have several."""

# Redundant columns of our own CSV dumps; for columns of names see headers.is_beside.
_IGNORED = {"iri", "id", "type"}
_OTHER_SEPARATORS = (
    re.compile(r"\s*[,|\n]\s*|\s+(?:/|und|u\.|and|sowie|&)\s+"),
    re.compile(r"\s*[,|\n/]\s*"),
)
_SUM = re.compile(
    r"(?:(?:zwischen|gesamt|end)?summe|gesamt|insgesamt|gesamtergebnis|ergebnis|(?:sub|grand )?total|sum|Σ)\b", re.I
)
_SUM_CELLS = 4
_SHOWN = 80
_MEANING_NOTHING = {"placeholder", "formula"}
"""Findings at a cell that do not explain a missing value."""


@dataclass(frozen=True)
class Bound:
    """A table with recognised columns.

    :ivar columns: field by column position.
    :ivar missing: terms of mandatory fields that have no column.
    """

    table: Table
    record_type: RecordType
    columns: Mapping[int, Field]
    findings: tuple[Finding, ...]
    missing: frozenset[str]

    def positions(self, term: str) -> list[int]:
        """Positions of the columns that carry a term; a term may have several."""
        return [position for position, column in self.columns.items() if column.term == term]


@dataclass
class Mapped:
    """The records of a table.

    :ivar nodes: JSON-LD node by row.
    :ivar broken: rows whose key is missing, malformed or already used; they have temporary IRIs.
    :ivar explained: pairs of row and term with a finding, so that a missing value there needs no further one.
    :ivar readers: function that reads the texts of a column, by position.
    """

    bound: Bound
    nodes: dict[int, Node] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    explained: set[tuple[int, str]] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    readers: dict[int, Callable[[str], Resolution]] = field(default_factory=dict)

    def add(self, code: str, row: int, position: int, value: str, **more: Any) -> None:
        """Add a finding at a cell."""
        table, column = self.bound.table, self.bound.columns[position]
        record = self.nodes[row]["id"]
        found = table.finding(code, row=row, position=position, value=value, record=record, path=column.path, **more)
        self.findings.append(found)
        if code not in _MEANING_NOTHING:
            self.explained.add((row, column.term))

    def withheld(self) -> set[int]:
        """Rows that cannot be published: all rows if a mandatory column is missing."""
        if self.bound.missing:
            return set(self.nodes)
        bad = {finding.row for finding in self.findings if finding.severity == "violation" and finding.row is not None}
        return (bad | self.broken) & self.nodes.keys()


def bind(table: Table, record_type: RecordType, column_map: Mapping[str, str]) -> Bound:
    """Recognise the columns of a table and omit rows that are not records.

    :param column_map: header in the file to term, where the source uses other headers (from the catalogue).
    """
    columns = {
        position: column
        for position, header in enumerate(table.headers)
        if header and (column := headers.recognise(header, record_type, column_map))
    }
    findings: list[Finding] = []
    for position, header in enumerate(table.headers):
        if position in columns or normalise(header) in _IGNORED or headers.is_beside(header, columns.values()):
            continue
        if header or table.cells[position].any():
            findings.append(_unknown_column(table, record_type, position, columns))
    present = {column.term for column in columns.values()}
    absent = [column for column in record_type.columns if column.required and column.term not in present]
    findings += [
        table.finding("missing-column", row=table.header_row, header=column.name["de"], path=column.path)
        for column in absent
    ]
    strays = _stray_rows(table, record_type, columns)
    findings += [table.finding("stray-row", row=row, value=text) for row, text in strays.items()]
    missing = frozenset(column.term for column in absent)
    return Bound(table.without(strays), record_type, columns, tuple(findings), missing)


def _unknown_column(table: Table, record_type: RecordType, position: int, columns: Mapping[int, Field]) -> Finding:
    header = table.headers[position]
    known = [name for column in record_type.columns for name in column.name.values()]
    suggestion = headers.misspelt(header, record_type, list(columns.values())) if header else None
    similar: dict[str, Any] = hint([suggestion] if suggestion else nearest(header, known))
    return table.finding(
        "unknown-column",
        row=table.header_row,
        position=position,
        value=header,
        suggestion=suggestion,
        **similar,
    )


def _stray_rows(table: Table, record_type: RecordType, columns: Mapping[int, Field]) -> dict[int, str]:
    """Rows that contain only a heading, a note or a sum, with their text."""
    if len(columns) < 3:
        return {}
    keys = [position for position, column in columns.items() if column.term == record_type.key.term]
    well_formed = re.compile(record_type.key.pattern or "")
    filled = (table.cells != "").sum(axis=1)
    strays = {}
    for row in filled.index[filled <= _SUM_CELLS]:
        texts = [text for text in table.cells.loc[row] if text]
        is_alone = len(texts) == 1 or (texts and _SUM.match(texts[0]))
        if is_alone and not any(well_formed.search(table.cell(row, position)) for position in keys):
            strays[int(row)] = texts[0][:_SHOWN]
    return strays


def start(bound: Bound, taken: dict[str, tuple[str, int]], standing: Register | None = None) -> Mapped:
    """Assign an IRI to every row.

    :param taken: IRIs in use, with source and row; the function adds those of this table.
    :param standing: the existing records, if the table changes or extends them.
    """
    mapped = Mapped(bound, findings=[*bound.table.findings, *bound.findings])
    record_type, table = bound.record_type, bound.table
    key = record_type.key
    position = next(iter(bound.positions(key.term)), None)
    keys = table.column(position) if position is not None else [""] * len(table.cells)
    well_formed = re.compile(key.pattern or "")
    for row, text in zip(table.rows(), keys, strict=True):
        iri = f"{record_type.segment}/{quote(text, safe='')}"
        node: Node = {"id": iri, "type": record_type.name}
        mapped.nodes[row] = node
        former = standing.former(text, record_type.iri) if standing else None
        if text and iri not in taken and well_formed.search(text) and former is None:
            taken[iri] = (table.source, row)
            continue
        mapped.broken.add(row)
        # Records that cannot be published are validated, too, under a unique temporary name.
        node["id"] = f"{iri}~{row}"
        if position is None:
            mapped.explained.add((row, key.term))
        elif former is not None:
            mapped.add("former-key", row, position, text, **former)
        elif iri in taken:
            _repeated(mapped, row, position, text, taken[iri])
        elif (row, position) not in table.errors and not table.formulas.get((row, position)):
            _wrong_key(mapped, row, position, text, standing)
    _note_formulas(mapped)
    return mapped


def _repeated(mapped: Mapped, row: int, position: int, text: str, first: tuple[str, int]) -> None:
    source, source_row = first
    cells = mapped.bound.table.cells
    is_same = source == mapped.bound.table.source and source_row in cells.index
    if is_same and list(cells.loc[row]) == list(cells.loc[source_row]):
        mapped.add("duplicate-row", row, position, text, source_row=source_row)
    else:
        mapped.add("duplicate-key", row, position, text, source=source, source_row=source_row)


def _wrong_key(mapped: Mapped, row: int, position: int, text: str, standing: Register | None) -> None:
    key = mapped.bound.record_type.key
    if not text or repair.is_placeholder(text, key):
        mapped.add("missing-key", row, position, text, hint_de=key.help["de"], hint_en=key.help["en"])
    elif padded := repair.padded(text, key):
        mapped.add("lost-zero", row, position, text, suggestion=padded)
    else:
        named = standing.key_of(text, mapped.bound.record_type.iri) if standing else None
        suggestion = named or repair.key(text, key)
        hints = {f"hint_{language}": said for language, said in key.message.items()}
        mapped.add("malformed-key", row, position, text, suggestion=suggestion, **hints)


def _note_formulas(mapped: Mapped) -> None:
    """Report errors and formulas: a formula without a result at its cell, others once per column."""
    table, columns = mapped.bound.table, mapped.bound.columns
    for (row, position), error in table.errors.items():
        if row in mapped.nodes and position in columns:
            mapped.add("cell-error", row, position, error)
    stored: dict[int, list[int]] = {}
    for (row, position), formula in table.formulas.items():
        if row not in mapped.nodes or position not in columns or (row, position) in table.errors:
            continue
        if table.cell(row, position):
            stored.setdefault(position, []).append(row)
        else:
            mapped.add("formula-without-value", row, position, f"={formula}", formula=f"={formula}")
    for position, rows in stored.items():
        mapped.add("formula", rows[0], position, table.cell(rows[0], position), **_further(len(rows) - 1))


def _further(count: int) -> dict[str, str]:
    if not count:
        return {"cells_de": "Die Zelle enthält", "cells_en": "The cell contains"}
    return {
        "cells_de": f"Diese und {count} weitere Zellen der Spalte enthalten",
        "cells_en": f"This and {count} more cells of the column contain",
    }


def entries(mapped: Mapped) -> Iterable[Referable]:
    """The entries of a table for the register, by which other records refer to them."""
    bound = mapped.bound
    table = bound.table
    labels = [p for p, f in bound.columns.items() if f.role == "LabelRole" or f.term in ("officialName", "name_en")]
    keys = bound.positions(bound.record_type.key.term)
    successors = bound.positions("replacedBy")
    for row, node in mapped.nodes.items():
        names = tuple(name for position in labels if (name := table.cell(row, position)))
        yield Referable(
            iri=node["id"],
            record_class=bound.record_type.iri,
            key=table.cell(row, keys[0]) if keys else "",
            names=names,
            source=table.source,
            row=row,
            usable=row not in mapped.broken,
            successor=table.cell(row, successors[0]) if successors else None,
        )


def fill(mapped: Mapped, register: Register) -> None:
    """Read every cell into its record; values that cannot be read become findings."""
    bound = mapped.bound
    for position, column in sorted(bound.columns.items(), key=lambda item: (item[1].order, item[0])):
        cells = bound.table.cells[position]
        filled = cells[cells != ""]
        if column.many:
            filled = filled.str.split(SEPARATOR).explode().str.strip()
            filled = filled[filled != ""]
        # Read each distinct text once.
        codes, uniques = pd.factorize(filled)
        texts = [str(text) for text in uniques]
        read = mapped.readers[position] = _reader(column, texts, register)
        meanings = [read(text) for text in texts]
        for row, code in zip(filled.index.tolist(), codes.tolist(), strict=True):
            _put(mapped, row, position, column, texts[code], meanings[code])
    for row, node in mapped.nodes.items():
        if row in mapped.broken:
            # A key that is already used would also make its first record a duplicate.
            node.pop(bound.record_type.key.term, None)
        node["derivedFrom"] = [f"../source/{quote(bound.table.source)}#{fragment(row, sheet=bound.table.sheet)}"]


def _put(mapped: Mapped, row: int, position: int, column: Field, text: str, meaning: Resolution) -> None:
    if meaning.code is not None:
        mapped.add(meaning.code, row, position, text, suggestion=meaning.suggestion, **meaning.details)
    if meaning.value is None:
        return
    node = mapped.nodes[row]
    if column.many:
        values_so_far: list[Any] = node.setdefault(column.term, [])
        if meaning.value not in values_so_far:
            values_so_far.append(meaning.value)
    elif column.term not in node:
        node[column.term] = meaning.value
    else:
        # Two columns with the same name give two values; the shape reports this.
        node[column.term] = [*_listed(node[column.term]), meaning.value]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _reader(column: Field, texts: Iterable[str], register: Register) -> Callable[[str], Resolution]:
    read = _plain_reader(column, texts, register)

    def resolve(text: str) -> Resolution:
        if repair.is_placeholder(text, column):
            return Resolution(code="placeholder", suggestion="")
        if meant := repair.ungarbled(text):
            return Resolution(code="garbled-text", suggestion=meant)
        found = read(text)
        if found.value is None and found.suggestion is None and column.many and (meant := _separated(text, read)):
            return replace(found, suggestion=meant, details={**found.details, **hint([meant])})
        return found

    return resolve


def _separated(text: str, read: Callable[[str], Resolution]) -> str | None:
    """Replace another separator between several values by the right one."""
    for separator in _OTHER_SEPARATORS:
        parts = [part for part in separator.split(text) if part]
        if len(parts) > 1 and all(read(part).code is None for part in parts):
            return f"{SEPARATOR} ".join(parts)
    return None


def _plain_reader(column: Field, texts: Iterable[str], register: Register) -> Callable[[str], Resolution]:
    if column.kind == "reference":
        return lambda text: register.resolve(text, column.classes)
    if column.kind == "concept":
        return Concepts(column).resolve
    read = values.reader(column, values.number_style(texts) if column.kind in ("integer", "decimal") else "unknown")

    def resolve(text: str) -> Resolution:
        try:
            return Resolution(read(text))
        except values.UnreadableValue as problem:
            meant = repair.repair(text, column)
            hints = {f"hint_{language}": said for language, said in (meant.hint or {}).items()}
            return Resolution(code=problem.code, suggestion=meant.suggestion, details={**hints, **problem.details})

    return resolve
