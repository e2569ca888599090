"""Pages of the data model: vocabulary, concept schemes, shapes, and record types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

import ontology
from publish.releases.contents import RECORDS, RULES, SCHEMES, VOCABULARY
from publish.releases.contents.common import Texts
from smartregion.web.http.language import lazy_gettext
from smartregion.web.site import representations
from smartregion.web.site.display import Value, href
from smartregion.web.site.site import published

blueprint = Blueprint("vocabulary", __name__)

_SEARCHED: Final = {"field-of-action": "field", "project-status": "status"}
"""Filter of the search by the scheme that its values come from."""

_ALL_SCHEMES: Final = "concept-schemes"
"""The dataset of all concept schemes."""

_USING: Final = """PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT DISTINCT ?record ?type WHERE {{
  ?record ?property <{concept}> ; rdf:type ?type .
  FILTER(STRSTARTS(STR(?record), "{base}id/"))
}}
ORDER BY ?record
"""

_KINDS: Final = {
    "text": lazy_gettext("Text"),
    "integer": lazy_gettext("ganze Zahl"),
    "decimal": lazy_gettext("Zahl, auch mit Komma"),
    "boolean": lazy_gettext("ja oder nein"),
    "date": lazy_gettext("Datum"),
    "partial-date": lazy_gettext("Datum, Monat oder Jahr"),
    "iri": lazy_gettext("Webadresse"),
    "code": lazy_gettext("Kennung"),
    "concept": lazy_gettext("ein Wert der Liste"),
    "reference": lazy_gettext("Eintrag, nach Schlüssel oder Name"),
}

_CONSTRAINTS: Final = {
    "sh:minCount": lazy_gettext("mindestens"),
    "sh:maxCount": lazy_gettext("höchstens"),
    "sh:datatype": lazy_gettext("Datentyp"),
    "sh:class": lazy_gettext("vom Typ"),
    "sh:nodeKind": lazy_gettext("Art des Werts"),
    "sh:pattern": lazy_gettext("Muster"),
    "sh:minLength": lazy_gettext("Zeichen mindestens"),
    "sh:maxLength": lazy_gettext("Zeichen höchstens"),
    "sh:minInclusive": lazy_gettext("kleinster Wert"),
    "sh:maxInclusive": lazy_gettext("größter Wert"),
    "sh:in": lazy_gettext("einer von"),
    "sh:languageIn": lazy_gettext("Sprache"),
    "sh:or": lazy_gettext("eines von"),
    "sh:disjoint": lazy_gettext("nicht derselbe Wert wie"),
    "sh:lessThanOrEquals": lazy_gettext("nicht größer als"),
    "sh:sparql": lazy_gettext("Abfrage"),
}
"""Requirements of constraints in words; others are shown by their name."""


def ontology_page(stem: str, suffixes: list[str]) -> str:
    """Every term of the vocabulary with its texts, its uses and changes."""
    vocabulary = published().read(VOCABULARY)
    return render_template("ontology.html", stem=stem, suffixes=suffixes, vocabulary=vocabulary, term=_term)


def shapes_page(stem: str, suffixes: list[str]) -> str:
    """Rules of valid records, by record type."""
    rules = published().read(RULES)
    return render_template(
        "shapes.html", stem=stem, suffixes=suffixes, rules=rules, constraints=_CONSTRAINTS, term=_term
    )


def scheme_page(stem: str, suffixes: list[str]) -> str:
    """A concept scheme as a tree."""
    scheme = published().read(SCHEMES)[stem.removeprefix("scheme/")]
    return render_template(
        "scheme.html", stem=stem, suffixes=suffixes, scheme=scheme, term=_term, using=_using, labels=_segment_labels()
    )


@blueprint.get("/scheme")
def schemes() -> ResponseReturnValue:
    """All concept schemes."""
    all_in = _ALL_SCHEMES if _ALL_SCHEMES in published().release.manifest.datasets else None
    return _page("schemes.html", schemes=published().read(SCHEMES), all_in=all_in)


@blueprint.get("/records")
def records() -> ResponseReturnValue:
    """All record types."""
    return _page("records.html", types=published().read(RECORDS))


@blueprint.get("/records/<segment>")
def record(segment: str) -> ResponseReturnValue:
    """The fields of a record type; two types may share a part of their addresses.

    :raises NotFound: there is no such type.
    """
    types = [entry for entry in published().read(RECORDS) if entry["segment"] == segment]
    if not types:
        raise NotFound
    return _page("record.html", types=sorted(types, key=lambda entry: -entry["records"]), kinds=_KINDS, term=_term)


def _page(template: str, **values: Any) -> Response:
    if (cached := representations.not_modified("html")) is not None:
        return cached
    return representations.finish(Response(render_template(template, **values)), "html")


def _term(name: str) -> Value:
    """A term by its short name or IRI, with a link to its explanation."""
    prefix, colon, local = name.partition(":")
    known = colon and prefix in ontology.PREFIXES and not local.startswith("//")
    return Value(name, href(ontology.PREFIXES[prefix] + local if known else name))


def _using(scheme: str, concept: Mapping[str, str]) -> str:
    """Address of the records that use a concept: a search, or a query on the query page."""
    if scheme in _SEARCHED:
        return url_for("search.results", **{_SEARCHED[scheme]: concept["notation"]})  # type: ignore[arg-type]
    query = _USING.format(concept=concept["iri"], base=published().release.manifest.base)
    return f"{url_for('sparql.sparql')}#query={quote(query)}"


def _segment_labels() -> dict[str, Texts]:
    """Names of the record types by the segment of their addresses."""
    found = published().read(RECORDS)
    types = sorted(found, key=lambda entry: entry["records"])
    return {entry["segment"]: entry["label"] for entry in types}
