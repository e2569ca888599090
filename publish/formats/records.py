"""The dumps of the records of a dataset: one writer for each format of :data:`publish.releases.formats.FORMATS`.

To add a format of records, add its row there and its writer to :data:`WRITERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from publish.formats import dumps, parquet, tabular
from publish.formats.dumps import DatasetDump, Files

WRITERS: Final[Mapping[str, Callable[[Files, DatasetDump], None]]] = {
    **{suffix: partial(dumps.write_syntax, suffix) for suffix in dumps.GRAPH_FORMATS},
    "jsonld": dumps.write_compact,
    "csv": tabular.write_csv,
    "geojson": tabular.write_geojson,
    "parquet": parquet.write,
}
"""By suffix. A writer may write no file, for example GeoJSON without coordinates."""


def write(files: Files, dump: DatasetDump) -> None:
    """Write the records in every format."""
    for writer in WRITERS.values():
        writer(files, dump)
