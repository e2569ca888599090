"""What the release holds as files: catalogue, statistics, vocabulary, shapes, dumps, sources; sent as they are.

A file's validator is its SHA-256 from the manifest, so it stays valid from one release to the next. A gzip file beside
it is another representation with a validator of its own (RFC 9110, 8.8.3.3).
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pyoxigraph as ox
from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from web import documents
from web.current import midnight, published, site
from web.documents import SUFFIXES, Triples
from web.negotiation import MEDIA_TYPES, choose, split, wants_html
from web.nodes import Naming, node, subjects

blueprint = Blueprint("files", __name__)

_MOST_RECORDS = 1000
_DATASET = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
CONSTRUCT { ?s ?p ?o . ?o ?name ?text }
WHERE {
  ?dataset a dcat:Dataset .
  ?s ?p ?o FILTER(?s = ?dataset || STRSTARTS(STR(?s), CONCAT(STR(?dataset), "#")))
  OPTIONAL { ?o ?name ?text VALUES ?name { %s } }
}"""


@blueprint.get("/catalog")
@blueprint.get("/catalog.<suffix>")
def catalog(suffix: str | None = None) -> ResponseReturnValue:
    """The catalogue in DCAT-AP.de: a page for people, RDF for portals."""
    return _family("catalog", suffix, "catalog.html")
