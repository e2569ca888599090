"""The table of formats, and Parquet as programs that nobody here wrote read it."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import PurePosixPath

import duckdb
import pandas as pd
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import shapely
from support import some

from ingest.model import by_name
from publish.formats.records import WRITERS
from publish.releases.formats import FORMATS
from publish.releases.release import Release


def test_no_two_formats_share_a_media_type() -> None:
    assert [name for name, times in Counter(row.media_type for row in FORMATS.values()).items() if times > 1] == []
    assert {suffix: row.suffix for suffix, row in FORMATS.items()} == {suffix: suffix for suffix in FORMATS}


def test_every_writer_has_a_row_that_says_what_the_format_is_good_for() -> None:
    for suffix in some(WRITERS):
        distribution = FORMATS[suffix].distribution
        if suffix == "parquet":
            assert distribution is None, "data.europa.eu does not know it"
        else:
            assert distribution is not None, suffix
            assert distribution.use.keys() == {"de", "en"}, suffix


def test_every_file_of_a_release_is_of_a_format_of_the_table(release: Release) -> None:
    for name, file in some(release.manifest.files.items()):
        suffix = PurePosixPath(name).suffix.removeprefix(".").lower()
        # Some documents in JSON have media types of their own: schemas, metadata of tables.
        if suffix not in ("json", "csv-metadata"):
            assert file.media_type == FORMATS[suffix].media_type, name


def parquet(release: Release, name: str) -> str:
    return str(release.file(f"dump/{name}.parquet")[0])


def test_every_dataset_of_records_is_there_as_parquet(release: Release) -> None:
    for name, entry in some(release.manifest.datasets.items()):
        if entry.record_class is not None:
            assert len(pd.read_parquet(parquet(release, name))) == entry.records, name
            assert not release.file(f"dump/{name}.parquet")[1].packed, name


def test_columns_have_types_and_several_values_are_lists(release: Release) -> None:
    grants = pd.read_parquet(parquet(release, "grants"), dtype_backend="pyarrow")
    assert str(grants.dtypes["amount"]) == "decimal128(38, 9)[pyarrow]"
    rows = pq.read_table(parquet(release, "grants")).to_pylist()
    lists = [row["project"] for row in rows if row["project"] is not None]
    assert all(iri.startswith("http://localhost:8000/id/project/") for iris in some(lists) for iri in iris)
    dates = [row["accessed"] for row in pq.read_table(parquet(release, "projects")).to_pylist()]
    assert all(date is None or isinstance(date, dt.date) for date in dates)


def test_columns_do_not_depend_on_what_the_records_have(release: Release) -> None:
    schema = pq.read_schema(parquet(release, "projects"))
    assert [name for name in schema.names if name not in ("iri", "geometry")] == [
        column.term for column in by_name("Project").columns
    ]
    assert schema.field("lead").metadata[b"label:de"].decode() == "Federführung"


def test_duckdb_sums_and_joins_what_the_dumps_say(release: Release) -> None:
    projects, grants = parquet(release, "projects"), parquet(release, "grants")
    query = """SELECT count(*), sum(g.amount)
        FROM (SELECT amount, unnest(project) AS iri FROM read_parquet(?)) g JOIN read_parquet(?) p ON p.iri = g.iri"""
    row = duckdb.connect().execute(query, [grants, projects]).fetchone()
    assert row is not None
    expected = [row for row in pq.read_table(grants).to_pylist() for _ in row["project"] or ()]
    assert row[0] == len(expected)
    assert row[1] == sum(row["amount"] or 0 for row in expected)


def test_geoparquet_has_the_points_of_geojson(release: Release) -> None:
    path, _ = release.file("dump/municipalities.geojson")
    features = {
        feature["id"]: feature["geometry"]["coordinates"]
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]
    }
    table = pq.read_table(parquet(release, "municipalities"))
    points = {
        row["iri"]: list(shapely.from_wkb(row["geometry"]).coords[0])
        for row in table.to_pylist()
        if row["geometry"] is not None
    }
    assert points == features
    geo = json.loads(table.schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["bbox"] == pytest.approx(shapely.total_bounds(shapely.points([*points.values()])))
