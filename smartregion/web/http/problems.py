"""Errors: RFC 9457 for programs, a page with the same content for browsers, in German and English."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from publish.releases.release import DamagedRelease, ReleaseError
from smartregion.web.http import addresses
from smartregion.web.http.language import gettext, language, lazy_gettext
from smartregion.web.http.negotiation import wants_html
from sparql_engine import QueryError
from sparql_engine.unpacking import CODINGS

NAMESPACE: Final = "https://w3id.org/smart-region/problem#"
"""A problem's ``type`` is this and its kind: the same in both languages and in every installation."""

_RETRY_SECONDS = 5
_ELSEWHERE: Final = lazy_gettext("Alle Daten gibt es als Download unter /dump/all.nq.")
_TITLES: Final = {
    "query-missing": lazy_gettext("Die Abfrage fehlt"),
    "query-repeated": lazy_gettext("Es ist mehr als eine Abfrage"),
    "not-utf-8": lazy_gettext("Die Anfrage ist nicht in UTF-8"),
    "too-many-parameters": lazy_gettext("Die Anfrage hat zu viele Parameter"),
    "graph-not-iri": lazy_gettext("Ein Graph ist keine IRI"),
    "format-unfit": lazy_gettext("Das Ergebnis passt nicht in dieses Format"),
    "host-invalid": lazy_gettext("Der Name des Hosts ist ungültig"),
    "not-acceptable": lazy_gettext("Kein gewünschtes Format ist verfügbar"),
    "body-unsupported": lazy_gettext("Der Medientyp der Anfrage wird nicht unterstützt"),
    "coding-unsupported": lazy_gettext("Die Kompression der Anfrage wird nicht unterstützt"),
    "coding-damaged": lazy_gettext("Die komprimierte Anfrage ist beschädigt"),
    "query-syntax": lazy_gettext("Die Abfrage ist kein gültiges SPARQL"),
    "query-too-long": lazy_gettext("Die Abfrage ist zu lang"),
    "query-too-deep": lazy_gettext("Die Abfrage ist zu tief geschachtelt"),
    "service-refused": lazy_gettext("SERVICE ist hier nicht erlaubt"),
    "update-refused": lazy_gettext("Änderungen sind hier nicht erlaubt"),
    "query-too-large": lazy_gettext("Die Abfrage braucht zu viel Speicher"),
    "result-too-large": lazy_gettext("Das Ergebnis ist zu groß"),
    "query-timeout": lazy_gettext("Die Abfrage dauert zu lange"),
    "engine-busy": lazy_gettext("Zu viele Abfragen zur gleichen Zeit"),
    "engine-failed": lazy_gettext("Die Abfrage konnte nicht beantwortet werden"),
    "release-damaged": lazy_gettext("Die Veröffentlichung ist beschädigt"),
    "no-release": lazy_gettext("Es ist noch nichts veröffentlicht"),
    "not-found": lazy_gettext("Nicht gefunden"),
    "record-withheld": lazy_gettext("Der Eintrag ist zurückgehalten"),
    "parameter-invalid": lazy_gettext("Ein Parameter ist ungültig"),
    "method-not-allowed": lazy_gettext("Methode nicht erlaubt"),
    "request-too-large": lazy_gettext("Die Anfrage ist zu groß"),
    "range-not-satisfiable": lazy_gettext("Dieser Ausschnitt ist nicht verfügbar"),
    "internal-error": lazy_gettext("Interner Fehler"),
    "file-missing": lazy_gettext("Es ist keine Datei dabei"),
    "type-unknown": lazy_gettext("Diese Art von Datensätzen gibt es nicht"),
    "link-refused": lazy_gettext("Der Link führt zu keiner Datei"),
    "answers-busy": lazy_gettext("Zu viele große Antworten zur gleichen Zeit"),
    "check-busy": lazy_gettext("Zu viele Prüfungen zur gleichen Zeit"),
    "check-timeout": lazy_gettext("Die Prüfung dauert zu lange"),
    "check-too-large": lazy_gettext("Die Prüfung braucht zu viel Speicher"),
    "check-failed": lazy_gettext("Die Datei konnte nicht geprüft werden"),
}
_STATUS: Final = {
    "query-missing": 400,
    "query-repeated": 400,
    "not-utf-8": 400,
    "too-many-parameters": 400,
    "graph-not-iri": 400,
    "not-acceptable": 406,
    "format-unfit": 406,
    "body-unsupported": 415,
    "coding-unsupported": 415,
    "coding-damaged": 400,
    "query-syntax": 400,
    "query-too-long": 413,
    "query-too-deep": 400,
    "service-refused": 403,
    "update-refused": 400,
    "query-too-large": 422,
    "result-too-large": 422,
    "query-timeout": 504,
    "engine-busy": 503,
    "engine-failed": 500,
}
"""HTTP status of each kind of :class:`sparql_engine.QueryError` (SPARQL 1.1 Protocol, 2.1.7, leaves most of them open).

A query that exceeds a limit of memory or size will do so again: 422, a client error. A query that exceeds its time gets
504; repeating it rarely helps. Only 503, with Retry-After, asks the client to repeat the request.
"""

_KINDS: Final = {404: "not-found", 405: "method-not-allowed", 413: "request-too-large", 416: "range-not-satisfiable"}


class Problem(Exception):
    """An error with a message from the code that raises it.

    :param kind: one of the kinds of problem.
    :param detail: what is wrong and how to correct it, in the language of the answer.
    :param members: further members of the problem details object.
    """

    def __init__(self, kind: str, status: int, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status = status
        self.detail = detail
        self.members = members

    @property
    def title(self) -> str:
        """Its title, in the language of the answer."""
        return str(_TITLES[self.kind])


def not_acceptable(offered: Iterable[str]) -> Problem:
    """The problem of a request that accepts no offered format."""
    return Problem("not-acceptable", 406, gettext("Angeboten werden: %(types)s", types=", ".join(offered)))


def coding_unsupported() -> Problem:
    """The problem of a body with an unsupported content coding."""
    detail = gettext("Unterstützt werden: %(types)s", types=", ".join(CODINGS))
    return Problem("coding-unsupported", 415, detail)


def coding_damaged() -> Problem:
    """The problem of a body that cannot be decompressed."""
    return Problem("coding-damaged", 400, _explanation("coding-damaged"))


def register(app: Flask) -> None:
    """Show every error of the application as a problem."""
    app.register_error_handler(Problem, known)
    app.register_error_handler(QueryError, _query_error)
    app.register_error_handler(ReleaseError, _no_release)
    app.register_error_handler(DamagedRelease, _damaged)
    app.register_error_handler(sqlite3.DatabaseError, _damaged)
    app.register_error_handler(HTTPException, _http_error)


def known(error: Problem) -> Response:
    """Convert a problem to an answer."""
    return _problem(error.kind, error.status, error.detail, error.members)


def _query_error(error: QueryError) -> Response:
    if error.kind == "engine-failed":
        current_app.logger.error("A query could not be answered: %s", error)
    members = {} if error.limit is None else {"limit": error.limit, "value": error.value}
    return _problem(error.kind, _STATUS[error.kind], _advice(error), members)


def _no_release(_: ReleaseError) -> Response:
    return _problem("no-release", 503, gettext("Sobald eine Veröffentlichung erstellt ist, erscheint sie hier."), {})


def _damaged(error: Exception) -> Response:
    current_app.logger.error("The release is damaged: %s", error)
    advice = gettext("Ein Teil der Daten ist gerade nicht lesbar. Bitte später noch einmal versuchen.")
    return _problem("release-damaged", 503, advice, {})


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status == 404 and (better := addresses.better()) is not None:
        return better
    kind = _KINDS.get(status, "internal-error")
    response = _problem(kind, status, _explanation(kind), {})
    for name, value in error.get_headers(request.environ):
        if name not in response.headers:
            response.headers[name] = value
    return response


def _problem(kind: str, status: int, detail: str, members: dict[str, Any]) -> Response:
    document = {
        "type": NAMESPACE + kind,
        "title": str(_TITLES[kind]),
        "status": status,
        "detail": detail,
        "instance": request.path,
        **members,
    }
    if wants_html():
        response = Response(render_template("problem.html", problem=document), status, mimetype="text/html")
    else:
        text = json.dumps(document, ensure_ascii=False) + "\n"
        response = Response(text, status, mimetype="application/problem+json")
    response.headers["Content-Language"] = language()
    response.vary.update(["Accept", "Accept-Language"])
    response.cache_control.no_store = True
    if kind == "coding-unsupported":
        # Supported content codings (RFC 9110, 12.5.3).
        response.headers["Accept-Encoding"] = ", ".join(CODINGS)
    if status == 503:
        response.retry_after = _RETRY_SECONDS
    return response


def _advice(error: QueryError) -> str:
    """The error of a query and how to correct it."""
    value = "" if error.value is None else f"{error.value:.10g}"
    match error.kind:
        case "query-syntax":
            return gettext("Meldung des Parsers: %(message)s", message=str(error))
        case "not-acceptable":
            return gettext("Angeboten werden: %(types)s", types=str(error))
        case "body-unsupported" | "coding-unsupported":
            return gettext("Unterstützt werden: %(types)s", types=str(error))
        case "query-too-long":
            return gettext("Erlaubt sind %(value)s Zeichen. Lange Listen auf mehrere Abfragen verteilen.", value=value)
        case "query-too-deep":
            return gettext("Erlaubt sind %(value)s Ebenen von Klammern. VALUES und flache Muster helfen.", value=value)
        case "service-refused":
            return gettext(
                "SERVICE darf nur ausdrücklich erlaubte Server nennen. Meldung: %(message)s", message=str(error)
            )
        case "graph-not-iri":
            return gettext(
                "default-graph-uri und named-graph-uri müssen absolute IRIs sein: %(message)s", message=str(error)
            )
        case "format-unfit":
            return gettext("XML kann manche Zeichen und Namen nicht darstellen. JSON, CSV und Turtle können es.")
        case "update-refused":
            return gettext("Dieser Endpunkt beantwortet SELECT, ASK, CONSTRUCT und DESCRIBE.")
        case "query-too-large":
            help_ = gettext("Erlaubt sind %(value)s MiB. Engere Muster oder LIMIT helfen.", value=value)
            return f"{help_} {_ELSEWHERE}"
        case "result-too-large" if error.limit == "rows":
            return gettext("Erlaubt sind %(value)s Zeilen. Mit LIMIT und OFFSET kommt es in Teilen.", value=value)
        case "result-too-large":
            help_ = gettext("Erlaubt sind %(value)s MiB. Mit LIMIT und OFFSET kommt es in Teilen.", value=value)
            return f"{help_} {_ELSEWHERE}"
        case "query-timeout":
            help_ = gettext("Erlaubt sind %(value)s Sekunden. Engere Muster oder LIMIT helfen.", value=value)
            return f"{help_} {_ELSEWHERE}"
        case "engine-busy":
            return gettext("Bitte in einigen Sekunden noch einmal fragen.")
        case _:
            return _explanation(error.kind)


def _explanation(kind: str) -> str:
    match kind:
        case "not-found":
            return gettext("Unter dieser Adresse gibt es nichts. Die Startseite führt zu allen Daten.")
        case "method-not-allowed":
            return gettext("Die erlaubten Methoden stehen im Kopffeld Allow.")
        case "query-missing" | "query-repeated":
            return gettext("Der Parameter query gehört genau einmal in die Anfrage.")
        case "not-utf-8" | "coding-damaged" | "too-many-parameters" | "request-too-large" | "range-not-satisfiable":
            return gettext("Die Anfrage muss geändert werden, bevor sie beantwortet werden kann.")
        case _:
            return gettext("Der Fehler liegt nicht an der Anfrage. Bitte später noch einmal versuchen.")
