"""Records as CSV, with names beside keys, and as GeoJSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from rdflib import SKOS, Literal

import ontology
from ingest.model import Field, by_name, ranked
from ingest.rdf import Node
from ingest.tables import headers
from publish.formats import csvw
from publish.formats.dumps import DatasetDump, Files


def write_csv(files: Files, dump: DatasetDump) -> None:
    """Write one row per record, with the headers of templates so that users can submit it, and its CSVW description.

    RFC 4180 with LF; several values are separated by ``; ``; only columns with a value. Beside a column of keys
    of other records or of concepts is one with their names.
    """
    columns = dump.columns
    with files.path(f"dump/{dump.name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        beside = [heading for column in columns for heading in (column.name["de"], headers.beside(column)) if heading]
        writer.writerow(["IRI", *beside])
        for record in dump.records:
            writer.writerow([f"{dump.base}id/{record['id']}", *_cells(record, columns, dump.by_iri)])
    files.done(f"dump/{dump.name}.csv", dump.name)
    csvw.write(files, dump.name, dump.record_type, columns, dump.base)


def _cells(record: Node, columns: Iterable[Field], by_iri: Mapping[str, Node]) -> Iterator[str]:
    for column in columns:
        value = record.get(column.term)
        yield cell(value, column)
        if headers.beside(column):
            values = value if isinstance(value, list) else [] if value is None else [value]
            yield csvw.SEPARATOR.join(_name(each, column, by_iri) for each in values)


def _name(value: str, column: Field, by_iri: Mapping[str, Node]) -> str:
    """The name of a key; the key itself if it has none."""
    if column.kind == "concept":
        return concept_names().get(column.prefix + value, value)
    if (found := by_iri.get(value)) is None:
        return value
    return cell(found.get(by_name(found["type"]).label_term, value), column)


@cache
def concept_names() -> Mapping[str, str]:
    """German names of all concepts by their IRI."""
    labels = ontology.schemes().subject_objects(SKOS.prefLabel)
    return {str(concept): str(text) for concept, text in labels if isinstance(text, Literal) and text.language == "de"}


def cell(value: Any, column: Field) -> str:
    """A value of a record as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, list):
        return csvw.SEPARATOR.join(cell(item, column) for item in value)
    if isinstance(value, dict):
        return str(value["@value"])
    if column.kind == "boolean":
        return "ja" if value == "true" else "nein"
    return str(value)


def write_geojson(files: Files, dump: DatasetDump) -> None:
    """Write the records with a location as points (RFC 7946); no file if there are none."""
    features = list(_features(dump))
    if not features:
        return
    with files.path(f"dump/{dump.name}.geojson").open("w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file, ensure_ascii=False, indent=1)
        file.write("\n")
    files.done(f"dump/{dump.name}.geojson", dump.name)


def _features(dump: DatasetDump) -> Iterator[dict[str, Any]]:
    label_term = dump.record_type.label_term
    for record in dump.records:
        coordinates = point(record, dump.by_iri)
        if coordinates is None:
            continue
        properties = {term: value for term, value in record.items() if term not in ("id", "latitude", "longitude")}
        yield {
            "type": "Feature",
            "id": f"{dump.base}id/{record['id']}",
            "geometry": {"type": "Point", "coordinates": coordinates},
            "properties": {"label": record[label_term], **properties},
        }


def point(record: Node, by_iri: Mapping[str, Node]) -> list[float] | None:
    """Longitude and latitude of a record, or of the nearest linked record with a location."""
    return placed(record, by_iri)[0]


def placed(record: Node, by_iri: Mapping[str, Node]) -> tuple[list[float] | None, str]:
    """Longitude and latitude of a record, and the IRI of the record that has them: itself or the nearest that does."""
    if "longitude" in record and "latitude" in record:
        return [float(record["longitude"]), float(record["latitude"])], record["id"]
    for field in ranked("placing"):
        value = record.get(field.term)
        for iri in value if isinstance(value, list) else [value]:
            if isinstance(iri, str) and iri in by_iri:
                found = placed(by_iri[iri], by_iri)
                if found[0]:
                    return found
    return None, ""
