"""Pages that are written for people: the start page and the form for queries."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from engine import GRAPH_TYPES, TABLE_TYPES
from web import documents
from web.current import published
from web.language import lazy_gettext

blueprint = Blueprint("pages", __name__)

_PREFIXES = """PREFIX sr: <https://w3id.org/smart-region/ns#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
_EXAMPLES: Final = (
    (
        lazy_gettext("Die zehn Gemeinden mit der höchsten Fördersumme"),
        """SELECT ?municipality ?name (SUM(?amount) AS ?total) WHERE {
  ?grant a sr:Grant ; sr:recipient ?municipality ; schema:amount ?amount .
  ?municipality a sr:Municipality ; skos:prefLabel ?name .
}
GROUP BY ?municipality ?name
ORDER BY DESC(?total)
LIMIT 10""",
    ),
    (
        lazy_gettext("Projekte mit Handlungsfeld und federführender Stelle"),
        """SELECT ?project ?title ?field ?lead WHERE {
  ?project a sr:Project ; dct:title ?title ; sr:lead/skos:prefLabel ?lead ; dct:subject/skos:prefLabel ?field .
  FILTER(LANG(?title) = "de" && LANG(?field) = "de")
}
ORDER BY ?field ?title""",
    ),
    (
        lazy_gettext("Einwohnerzahl der Landkreise und kreisfreien Städte"),
        """SELECT ?name ?population WHERE {
  ?district a sr:District ; skos:prefLabel ?name ; sr:population ?population .
}
ORDER BY DESC(?population)""",
    ),
)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """What this service is, how much it holds, and where everything is."""
    manifest = published().release.manifest
    datasets = {name: entry for name, entry in manifest.datasets.items() if entry.record_class}
    records = sum(entry.records for entry in datasets.values())
    schemes = sorted(name.removeprefix("scheme/").removesuffix(".ttl") for name in manifest.files if _is_scheme(name))
    cached = documents.not_modified("html")
    if cached is not None:
        return cached
    text = render_template("start.html", manifest=manifest, datasets=datasets, records=records, schemes=schemes)
    return documents.finish(Response(text), "html")


def query_page() -> ResponseReturnValue:
    """A form for a query, with examples."""
    cached = documents.not_modified("html")
    if cached is not None:
        return cached
    examples = [(title, _PREFIXES + query) for title, query in _EXAMPLES]
    text = render_template("query.html", examples=examples, tables=TABLE_TYPES, graphs=GRAPH_TYPES)
    return documents.finish(Response(text), "html")


def _is_scheme(name: str) -> bool:
    return name.startswith("scheme/") and name.endswith(".ttl")
