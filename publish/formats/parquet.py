"""Records as Parquet: typed columns named by terms of the context; points for records with coordinates (GeoParquet).

Columns do not depend on the records, so that files of two releases can be read as one table. Dates that may be a month
or year are texts; decimals have nine places, as many as coordinates need.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import shapely

from ingest.model import Field, Kind
from ingest.rdf import Node
from publish.formats.dumps import DatasetDump, Files
from publish.formats.tabular import point

_IRI: Final = "iri"
_GEOMETRY: Final = "geometry"
_TYPES: Final[dict[Kind, pa.DataType]] = {
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 9),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "integer": lambda value: int(str(value)),
    "decimal": lambda value: Decimal(str(value)),
    "boolean": lambda value: str(value).lower() == "true",
    "date": lambda value: dt.date.fromisoformat(str(value)),
}


def write(files: Files, dump: DatasetDump) -> None:
    """Write ``dump/<name>.parquet``.

    References and concepts are IRIs. ``geometry`` is the location of a record or of the record that it refers to
    (https://geoparquet.org/releases/v1.1.0/); the column exists if one record has a location.
    """
    columns = dump.record_type.columns
    arrays = [pa.array([f"{dump.base}id/{record['id']}" for record in dump.records], pa.string())]
    for column in columns:
        values = [_value(record, column, dump.base) for record in dump.records]
        arrays.append(pa.array(values, _type(column)))
    fields = [pa.field(_IRI, pa.string(), nullable=False), *(_field(column) for column in columns)]
    metadata = {}
    points = [point(record, dump.by_iri) for record in dump.records]
    if placed := [found for found in points if found]:
        arrays.append(pa.array([None if found is None else _wkb(found) for found in points], pa.binary()))
        fields.append(pa.field(_GEOMETRY, pa.binary()))
        metadata["geo"] = json.dumps(_geo(placed))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata))
    name = f"dump/{dump.name}.parquet"
    pq.write_table(table, files.path(name), compression="zstd")
    files.done(name, dump.name)


def _type(column: Field) -> pa.DataType:
    of_one = _TYPES.get(column.kind, pa.string())
    return pa.list_(of_one) if column.many else of_one


def _field(column: Field) -> pa.Field:
    """A column with its names and its property, for programs that show them."""
    told = {"property": column.path, **{f"label:{language}": name for language, name in sorted(column.name.items())}}
    return pa.field(column.term, _type(column), metadata=told)


def _value(record: Node, column: Field, base: str) -> Any:
    value = record.get(column.term)
    if value is None:
        return None
    if column.many:
        return [_one(each, column, base) for each in (value if isinstance(value, list) else [value])]
    return _one(value, column, base)


def _one(value: Any, column: Field, base: str) -> Any:
    text = value["@value"] if isinstance(value, dict) else value
    if column.kind == "reference":
        return f"{base}id/{text}"
    if column.kind == "concept":
        return column.prefix + text
    return _READERS.get(column.kind, str)(text)


def _wkb(coordinates: list[float]) -> bytes:
    return bytes(shapely.to_wkb(shapely.Point(coordinates), byte_order=1))


def _geo(points: list[list[float]]) -> dict[str, Any]:
    """The metadata of the geometry; coordinates are longitude and latitude (OGC:CRS84, the default)."""
    east, north = zip(*points, strict=True)
    described = {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "bbox": [min(east), min(north), max(east), max(north)],
    }
    return {"version": "1.1.0", "primary_column": _GEOMETRY, "columns": {_GEOMETRY: described}}
