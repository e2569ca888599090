"""From a table to records: columns to fields, cells to values, names to links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pandas as pd

from ingest import values
from ingest.fields import Field, RecordType
from ingest.findings import Finding
from ingest.rdf import Node
from ingest.references import Concepts, Entry, Register, Resolution, hint, nearest, normalise
from ingest.tables import Table

# Columns of our own CSV dumps that say what the key says already.
_IGNORED = {"iri", "id", "type"}
_SEPARATOR = ";"


@dataclass(frozen=True)
class Bound:
    """A table whose columns are recognised.

    :ivar columns: field by column position.
    """

    table: Table
    record_type: RecordType
    columns: Mapping[int, Field]
    findings: tuple[Finding, ...]

    def positions(self, term: str) -> list[int]:
        """Positions of the columns that carry a term; a term may have several."""
        return [position for position, column in self.columns.items() if column.term == term]


@dataclass
class Mapped:
    """The records of a table.

    :ivar nodes: JSON-LD node by row.
    :ivar broken: rows whose key is missing, malformed or taken, so that their IRI is only a stand-in.
    :ivar explained: pairs of row and term that have a finding already, so that a value missing there needs no other.
    """

    bound: Bound
    nodes: dict[int, Node] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    explained: set[tuple[int, str]] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, row: int, position: int, value: str, **more: Any) -> None:
        """Record a finding at a cell."""
        table = self.bound.table
        record = self.nodes[row]["id"]
        self.findings.append(table.finding(code, row=row, position=position, value=value, record=record, **more))
        self.explained.add((row, self.bound.columns[position].term))


def bind(table: Table, record_type: RecordType, column_map: Mapping[str, str]) -> Bound:
    """Recognise the columns of a table.

    :param column_map: header in the file to term, where the source uses other headers (from the catalogue).
    """
    by_name: dict[str, Field] = {}
    for column in record_type.columns:
        for name in (column.term, *column.name.values()):
            by_name[normalise(name)] = column
    columns: dict[int, Field] = {}
    findings: list[Finding] = []
    for position, header in enumerate(table.headers):
        wanted = normalise(column_map.get(header, header))
        if wanted in by_name:
            columns[position] = by_name[wanted]
        elif wanted not in _IGNORED and (header or table.cells[position].any()):
            known = [name for column in record_type.columns for name in column.name.values()]
            similar: dict[str, Any] = hint(nearest(header, known))
            findings.append(table.finding("unknown-column", row=table.header_row, position=position, **similar))
    if record_type.key not in columns.values():
        name = record_type.key.name["de"]
        findings.append(table.finding("missing-column", row=table.header_row, header=name))
    return Bound(table, record_type, columns, tuple(findings))


def start(bound: Bound, taken: dict[str, tuple[str, int]]) -> Mapped:
    """Give every row its IRI.

    :param taken: IRIs that are in use already, with source and row; those of this table are added.
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
        if text and iri not in taken and well_formed.search(text):
            taken[iri] = (table.source, row)
            continue
        mapped.broken.add(row)
        # A record that cannot be published is checked all the same, under a name that nobody else has.
        node["id"] = f"{iri}~{row}"
        if position is None:
            mapped.explained.add((row, key.term))
        elif not text:
            mapped.add("missing-key", row, position, text, help_de=key.help["de"], help_en=key.help["en"])
        elif iri in taken:
            source, first = taken[iri]
            mapped.add("duplicate-key", row, position, text, source=source, source_row=first)
        else:
            mapped.add("malformed-key", row, position, text, help_de=key.message["de"], help_en=key.message["en"])
    return mapped


def entries(mapped: Mapped) -> Iterable[Entry]:
    """What the register needs to know of a table's records, so that others can refer to them."""
    bound = mapped.bound
    table = bound.table
    labels = [p for p, f in bound.columns.items() if f.role == "LabelRole" or f.term in ("officialName", "name_en")]
    keys = bound.positions(bound.record_type.key.term)
    successors = bound.positions("replacedBy")
    for row, node in mapped.nodes.items():
        names = tuple(name for position in labels if (name := table.cell(row, position)))
        yield Entry(
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
    """Read every cell and put its value into its record; what cannot be read becomes a finding."""
    bound = mapped.bound
    for position, column in sorted(bound.columns.items(), key=lambda item: (item[1].order, item[0])):
        cells = bound.table.cells[position]
        filled = cells[cells != ""]
        if column.many:
            filled = filled.str.split(_SEPARATOR).explode().str.strip()
            filled = filled[filled != ""]
        # Each different text is read once, however many rows carry it.
        codes, uniques = pd.factorize(filled)
        texts = [str(text) for text in uniques]
        read = _reader(column, texts, register)
        meanings = [read(text) for text in texts]
        for row, code in zip(filled.index.tolist(), codes.tolist(), strict=True):
            _put(mapped, row, position, column, texts[code], meanings[code])
    for row, node in mapped.nodes.items():
        if row in mapped.broken:
            # A key that is taken would make the record that owns it look like a duplicate, too.
            node.pop(bound.record_type.key.term, None)
        node["derivedFrom"] = [f"../source/{quote(bound.table.source)}#{_fragment(bound.table, row)}"]


def _fragment(table: Table, row: int) -> str:
    """Row of a table (RFC 7111, section 2.1); a workbook's sheet is named before it."""
    return f"row={row}" if table.sheet is None else f"sheet={quote(table.sheet)}&row={row}"


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
        # Two columns of one name: the shape says that one is too many.
        node[column.term] = [*_listed(node[column.term]), meaning.value]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _reader(column: Field, texts: Iterable[str], register: Register) -> Callable[[str], Resolution]:
    if column.kind == "reference":
        return lambda text: register.resolve(text, column.classes)
    if column.kind == "concept":
        return Concepts(column).resolve
    read = values.reader(column, values.number_style(texts) if column.kind in ("integer", "decimal") else "unknown")

    def resolve(text: str) -> Resolution:
        try:
            return Resolution(read(text))
        except values.Unreadable as problem:
            return Resolution(code=problem.code, details=problem.details)

    return resolve
