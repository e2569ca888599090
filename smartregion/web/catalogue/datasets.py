"""Pages of datasets: description in the catalogue, downloads, and a list of records."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyoxigraph as ox
from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

import ontology
from publish.releases.contents import SCHEMA_ORG
from smartregion.web.catalogue.feed import OFFERED, SUFFIXES, answer
from smartregion.web.http.language import language, lazy_gettext
from smartregion.web.http.negotiation import choose, split
from smartregion.web.site import representations
from smartregion.web.site.display import NAMES, Naming, Value, href, node, subjects
from smartregion.web.site.representations import Triples
from smartregion.web.site.site import published, site

blueprint = Blueprint("datasets", __name__)

_MOST_RECORDS = 1000
_IS_NAME: Final = f"?name IN ({', '.join(f'<{iri}>' for iri in NAMES)})"

_RECORDS = f"""
CONSTRUCT {{ ?s ?name ?text }}
WHERE {{ ?s a ?class ; ?name ?text FILTER({_IS_NAME}) }}
ORDER BY ?s
LIMIT {4 * _MOST_RECORDS}"""

_SHOWN: Final = {
    ontology.PREFIXES[prefix] + local: label
    for prefix, local, label in (
        ("dct", "description", lazy_gettext("Beschreibung")),
        ("dct", "publisher", lazy_gettext("Herausgeber")),
        ("dct", "license", lazy_gettext("Lizenz")),
        ("dcatde", "licenseAttributionByText", lazy_gettext("Namensnennung")),
        ("dct", "rights", lazy_gettext("Rechte")),
        ("dct", "provenance", lazy_gettext("Herkunft")),
        ("dcat", "theme", lazy_gettext("Thema")),
        ("dcat", "keyword", lazy_gettext("Schlagwörter")),
        ("dct", "accrualPeriodicity", lazy_gettext("Aktualisierung")),
        ("dct", "issued", lazy_gettext("Veröffentlicht")),
        ("dct", "modified", lazy_gettext("Geändert")),
        ("dcat", "contactPoint", lazy_gettext("Kontakt")),
    )
}
"""Properties of the catalogue on a page, in this order."""


@blueprint.get("/dataset/<name>")
def dataset(name: str) -> ResponseReturnValue:
    """The part of the catalogue about a dataset, or its page."""
    stem, suffix = split(name)
    chosen = suffix or choose(OFFERED)
    if chosen != "html":
        return answer(f"/dataset/{stem}", f"dataset/{stem}", chosen)
    manifest = published().release.manifest
    description = f"feed/{manifest.feed.default}/dataset/{stem}.nt"
    if description not in manifest.files:
        raise NotFound
    if (cached := representations.not_modified("html")) is not None:
        return cached
    path, _ = published().release.file(description)
    quads = ox.parse(path=path, format=ox.RdfFormat.N_TRIPLES)
    triples = representations.in_order(quad.triple for quad in quads)
    return representations.finish(Response(_page(stem, f"{manifest.base}dataset/{stem}", triples)), "html")


def _page(name: str, iri: str, triples: Triples) -> str:
    manifest = published().release.manifest
    found = {row.iri: row for row in node(iri, triples, Naming(triples)).rows}
    rows = [replace(found[shown], label=str(label)) for shown, label in _SHOWN.items() if shown in found]
    downloads = {
        file.removeprefix("dump/"): described
        for file, described in manifest.files.items()
        if file.startswith("dump/") and described.dataset == name
    }
    return render_template(
        "dataset.html",
        name=name,
        iri=iri,
        entry=manifest.datasets[name],
        rows=rows,
        downloads=downloads,
        records=_records(name),
        suffixes=SUFFIXES,
        schema_org=published().read(SCHEMA_ORG)[language()].get(name),
    )


def _records(name: str) -> list[Value]:
    """Links to the first records, by name."""
    manifest, engine = published().release.manifest, site().private
    record_class = manifest.datasets[name].record_class
    if record_class is None:
        return []
    graph = f"{manifest.base}graph/{name}"
    triples = representations.ask(engine.prepare(_RECORDS), {"class": ox.NamedNode(record_class)}, (graph,))
    naming = Naming(triples)
    links = [Value(naming[iri], href(iri)) for iri in subjects(triples)]
    return sorted(links, key=lambda link: link.text.casefold())[:_MOST_RECORDS]
