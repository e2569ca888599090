"""Records: ``/id/…`` identifies a thing and redirects to ``/doc/…``, the document about it, by 303 See Other.

Deleted records answer 410 Gone with a tombstone, withheld ones 404 (decision 17).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

import ontology
from publish.releases.contents.reports import ReportedFinding
from smartregion.web.http.language import language, lazy_gettext
from smartregion.web.http.negotiation import MEDIA_TYPES, choose, split
from smartregion.web.http.problems import Problem
from smartregion.web.records.citation import cite
from smartregion.web.records.descriptions import Description, describe
from smartregion.web.records.entity_page import EntityPage
from smartregion.web.records.guidance import guide
from smartregion.web.site import representations
from smartregion.web.site.display import Naming, node
from smartregion.web.site.representations import OFFERED, SUFFIXES, Triples
from smartregion.web.site.site import published, site
from sparql_engine import TABLE_TYPES

blueprint = Blueprint("entities", __name__)

_FORMER_TYPE: Final = ontology.PREFIXES["as"] + "formerType"
_TITLE: Final = ontology.PREFIXES["dct"] + "title"
_WITHHELD: Final = lazy_gettext("Er erscheint, sobald der Fehler in seiner Quelle behoben ist.")

_SUCCESSOR = """
PREFIX dct: <http://purl.org/dc/terms/>
SELECT DISTINCT ?s ?by WHERE { ?s ?p ?o OPTIONAL { ?s dct:isReplacedBy ?by } }"""


@blueprint.get("/id/<segment>/<key>")
def identify(segment: str, key: str) -> ResponseReturnValue:
    """Redirect from a thing to its document; from a former one to its successor."""
    engine = site().private
    answer = engine.query(engine.prepare(_SUCCESSOR), TABLE_TYPES[0], bindings={"s": _thing(segment, key)})
    rows = list(ox.parse_query_results(answer.read(), ox.QueryResultsFormat.JSON))  # type: ignore[arg-type]
    if not rows:
        return _absent(segment, key, choose(OFFERED))
    base = published().release.manifest.base
    successors = [row["by"].value for row in rows if row["by"] is not None and row["by"].value.startswith(base)]
    if len(successors) == 1:
        response = redirect(f"{request.script_root}/{successors[0][len(base) :]}", 301)
    else:
        response = redirect(url_for(".document", segment=segment, name=key), 303)
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/doc/<segment>/<name>")
def document(segment: str, name: str) -> ResponseReturnValue:
    """The document about a record: its properties, its parts, and records that refer to it."""
    key, suffix = split(name)
    suffix = suffix or choose(OFFERED)
    if suffix not in OFFERED:
        raise NotFound
    if (cached := representations.not_modified(suffix)) is not None:
        return cached
    description = describe(_thing(segment, key))
    if description is None:
        return _absent(segment, key, suffix)
    body: bytes | str = _page(description) if suffix == "html" else representations.write(description.triples, suffix)
    return representations.respond(body, suffix, f"doc/{segment}/{key}")


def _absent(segment: str, key: str, suffix: str) -> Response:
    """The answer for a record that is not published (RFC 9110, 15.5.5 and 15.5.11).

    :raises NotFound: it was not deleted.
    :raises Problem: it is withheld.
    """
    iri = _thing(segment, key).value
    if iri not in published().tombstones:
        record = f"{segment}/{key}"
        if (findings := published().withheld.get(record)) is not None:
            see = url_for("service.status", record=record, _anchor=record)
            reasons = [_reason(finding) for finding in findings]
            raise Problem("record-withheld", 404, str(_WITHHELD), see=see, findings=reasons)
        raise NotFound
    triples = representations.in_order(published().tombstones[iri])
    if suffix == "html":
        body: bytes | str = _tombstone_page(iri, triples, f"/doc/{quote(segment)}/{quote(key)}")
    else:
        body = representations.write(triples, suffix)
    response = representations.respond(body, suffix, f"doc/{segment}/{key}")
    response.status_code = 410
    # An error has no validator: conditions do not apply to it (RFC 9110, 13.2.1).
    del response.headers["ETag"], response.headers["Last-Modified"]
    return response


def _reason(finding: ReportedFinding) -> dict[str, str | int | None]:
    """The reason why a record is not published, in the language of the answer."""
    place = {name: finding[name] for name in ("source", "sheet", "row", "column", "header", "value", "code")}
    return {**place, "message": finding["message"][language()]}


def _tombstone_page(iri: str, triples: Triples, path: str) -> str:
    shown = node(iri, triples, Naming(triples))
    types = [triple.object.value for triple in triples if triple.predicate.value == _FORMER_TYPE]  # type: ignore[union-attr]
    kinds = [published().labels.of_class(former, language()) for former in types]
    rows = [row for row in shown.rows if row.iri not in (_FORMER_TYPE, _TITLE)]
    shown = replace(shown, kinds=kinds, rows=rows)
    return render_template("tombstone.html", node=shown, path=path, suffixes=SUFFIXES)


def _thing(segment: str, key: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(f"{published().release.manifest.base}id/{segment}/{key}")
    except ValueError:
        raise NotFound from None


def _page(description: Description) -> str:
    page = EntityPage(description)
    segment, _, key = description.iri.removeprefix(f"{published().release.manifest.base}id/").partition("/")
    return render_template(
        "entity.html",
        page=page,
        guidance=guide(description),
        iri=description.iri,
        segment=segment,
        key=key,
        citation=cite(description.iri, page.title, page.dataset, page.provenance.modified),
        json_ld=representations.embedded(description.triples),
        map=published().map,
        path=request.path.removesuffix(".html"),
        suffixes=SUFFIXES,
        media_types=MEDIA_TYPES,
    )
