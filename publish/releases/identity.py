"""Input and moment of a release; the same sources, settings, libraries and code give the same release."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

_SOFTWARE = (
    "smart-region-hessen",
    "brotli",
    "pyoxigraph",
    "pyshacl",
    "rdflib",
    "pandas",
    "pyarrow",
    "python-calamine",
    "shapely",
    "PyStemmer",
)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_CODE = ("harvest_check", "ontology", "shapes", "ingest", "publish")


def software() -> dict[str, str]:
    """Versions of the software that builds a release."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: metadata.version(name) for name in _SOFTWARE},
    }


def source_hash(base: str, page_size: int, inputs: dict[str, str], versions: dict[str, str]) -> str:
    """Hash of all inputs of a release: sources, settings, libraries, our own code, vocabulary and shapes."""
    relevant = {name: version for name, version in versions.items() if name != "python"}
    return _hash([base, page_size, inputs, relevant, _code()])


def release_id(source: str, previous: str | None) -> str:
    """Name of the release of a source after a release, from which it takes dates and tombstones."""
    text = source if previous is None else f"{source} {previous}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def made_with(base: str, versions: dict[str, str]) -> str:
    """Hash of all inputs of validation results other than records."""
    return _hash([base, versions, _code(), dt.datetime.now(dt.UTC).date().isoformat()])


def _hash(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _code() -> dict[str, str]:
    """SHA-256 of our own code, vocabulary and shapes."""
    return {
        name: hashlib.sha256(entry.read_bytes()).hexdigest()
        for package in _CODE
        for name, entry in _files(package_files(package), package)
    }


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    """All files of a package and of the packages below it."""
    for entry in folder.iterdir():
        if entry.is_file():
            yield f"{name}/{entry.name}", entry
        elif entry.name != "__pycache__":
            yield from _files(entry, f"{name}/{entry.name}")


def inputs(data: Path, tables: Iterable[str]) -> dict[str, str]:
    """SHA-256 of every input; a missing file has none; ingest reports it.

    :param data: directory with ``catalogue.ttl`` and the tables.
    :param tables: names of files in it.
    """
    names = ["catalogue.ttl", *sorted(set(tables))]
    return {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in names if (data / name).is_file()}


def after(moment: str) -> str:
    """The second after a moment."""
    return (dt.datetime.fromisoformat(moment) + dt.timedelta(seconds=1)).strftime(_MOMENT)


def moment() -> str:
    """Moment of the build (UTC), or that of SOURCE_DATE_EPOCH (reproducible-builds.org), as xsd:dateTime."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return moment.strftime(_MOMENT)
