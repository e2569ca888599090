"""Search results as files: CSV and JSON from the index, RDF from the graph."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any, Final

import pyoxigraph as ox
from flask import request

from smartregion.web.search.query import Search
from smartregion.web.search.view import record_facets
from smartregion.web.site import representations
from smartregion.web.site.search_index import Index, Row
from smartregion.web.site.site import published, site

LIMITS: Final = {"json": 10_000, "csv": 10_000, "ttl": 1_000, "jsonld": 1_000, "rdf": 1_000, "nt": 1_000}
"""Maximum number of records in one file; further ones are in the next file."""

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_FACETS: Final = ("field", "status", "district", "programme", "year")
_COLUMNS: Final = (
    "id", "url", "type", "title_de", "title_en", "description_de", "description_en", "beside", *_FACETS, "amount",
    "longitude", "latitude",
)  # fmt: skip
_ASKED_AT_ONCE: Final = 250

# The records come from our own index, so only IRIs that the graph has are written into the query.
_DESCRIPTION = """
CONSTRUCT {{ ?s ?p ?o . ?part ?q ?x }}
WHERE {{
  VALUES ?s {{ {iris} }}
  {{ ?s ?p ?o }}
  UNION {{ ?s ?link ?part . ?part ?q ?x FILTER(STRSTARTS(STR(?part), CONCAT(STR(?s), "#"))) }}
}}"""


def write(
    suffix: str, rows: Sequence[Row], search: Search, found: int, next_address: str | None, index: Index
) -> bytes:
    """Records as a file.

    :param found: number of records found in all.
    :param next_address: address of the next file.
    """
    match suffix:
        case "csv":
            return _csv(rows, index)
        case "json":
            return _json(rows, search, found, next_address, index)
        case _:
            return representations.write(_triples(rows), suffix)


def _record(row: Row, index: Index) -> dict[str, Any]:
    base, facets = published().release.manifest.base, record_facets(row)
    return {
        "id": f"{base}id/{row['iri']}",
        "url": f"{base}doc/{row['iri']}",
        "type": row["type"],
        **{name: row[name] for name in ("title_de", "title_en", "description_de", "description_en")},
        "beside": row["beside"] or None,
        **{name: facets.get(name, []) for name in _FACETS},
        "amount": float(row["amount"]) if row["amount"] else None,
        "longitude": row["longitude"],
        "latitude": row["latitude"],
    }


def _csv(rows: Sequence[Row], index: Index) -> bytes:
    """RFC 4180 with LF; several values are separated by ``; ``; names instead of keys.

    Text that a spreadsheet program would treat as a formula begins with an apostrophe
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        record = _record(row, index)
        for name in _FACETS:
            record[name] = "; ".join(_german(index, name, value) for value in record[name])
        record["amount"] = row["amount"]
        writer.writerow([_harmless(record[name]) for name in _COLUMNS])
    return text.getvalue().encode()


def _german(index: Index, facet: str, value: str) -> str:
    known = index.facets.get(facet, {}).get(value)
    return known.label["de"] if known else value


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _json(rows: Sequence[Row], search: Search, found: int, next_address: str | None, index: Index) -> bytes:
    base = published().release.manifest.base
    document = {
        "search": search.parameters(),
        "found": found,
        "next": base + next_address.removeprefix(f"{request.script_root}/") if next_address else None,
        "records": [_record(row, index) for row in rows],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _triples(rows: Sequence[Row]) -> representations.Triples:
    base, engine = published().release.manifest.base, site().private
    iris = [str(ox.NamedNode(f"{base}id/{row['iri']}")) for row in rows]
    found: representations.Triples = []
    for start in range(0, len(iris), _ASKED_AT_ONCE):
        text = _DESCRIPTION.format(iris=" ".join(iris[start : start + _ASKED_AT_ONCE]))
        found += representations.ask(engine.prepare(text), {})
    return representations.in_order(found)
