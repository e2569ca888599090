"""The page and the interface that check files; no part of a file is stored after its request."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, make_response, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ontology import SR
from publish.releases.contents import FINDINGS
from smartregion.web.checking import openapi, report
from smartregion.web.checking.processes import Checked, Checker, CheckError, Job, Output
from smartregion.web.checking.uploads import Upload, Uploads
from smartregion.web.http.incoming import client
from smartregion.web.http.language import gettext, language
from smartregion.web.http.negotiation import MEDIA_TYPES, choose, split
from smartregion.web.http.problems import Problem
from smartregion.web.site import release_files, representations
from smartregion.web.site.site import published

blueprint = Blueprint("validate", __name__)

OUTPUTS: Final = ("view", "marked", "fixed", "report")
_KEPT_IN_PAGE: Final = 4 * 2**20
"""Maximum size of a file that its page contains, so that users can download copies without choosing it again."""
_STATUS: Final = {
    "check-busy": 503,
    "check-timeout": 504,
    "check-too-large": 422,
    "check-failed": 500,
    "type-unknown": 400,
}


@dataclass(frozen=True)
class Checking:
    """The objects that check files for the application.

    :ivar uploads: reads submitted files.
    """

    checker: Checker
    uploads: Uploads


def _checking() -> Checking:
    return cast(Checking, current_app.extensions["smartregion.checking"])


@blueprint.get("/validate")
def page() -> ResponseReturnValue:
    """The form."""
    _checking().checker.prepare()
    return representations.not_modified("html") or representations.finish(Response(_page()), "html")


@blueprint.post("/validate")
def check() -> ResponseReturnValue:
    """Check a file; return a report or a copy."""
    try:
        upload = _checking().uploads.from_form()
        output = request.form.get("output", "view")
        wanted: Output = cast(Output, output) if output in ("marked", "fixed") else "view"
        checked = _checked(upload, request.form.get("type", ""), wanted)
    except Problem as problem:
        response = make_response(_page(problem=problem), problem.status)
    else:
        response = _shown(upload, checked, output)
    response.cache_control.no_store = True
    return response


def _shown(upload: Upload, checked: Checked, output: str) -> Response:
    stem = PurePosixPath(upload.source).stem
    if checked.kind in ("marked", "fixed"):
        suffixes = {"marked": gettext("geprüft"), "fixed": gettext("korrigiert")}
        return _download(checked.body, f"{stem}-{suffixes[checked.kind]}.{checked.suffix}")
    view = json.loads(checked.body)
    if output == "report":
        name = gettext("Prüfbericht")
        return _download(report.render([view], language()).encode(), f"{stem}-{name}.html")
    return make_response(_page(view=report.prepared(view), upload=upload))


def _download(content: bytes, name: str) -> Response:
    """A download; if a client displays it instead, ``sandbox`` (CSP3) gives it an own origin."""
    media_type = MEDIA_TYPES[PurePosixPath(name).suffix.removeprefix(".")]
    response = send_file(io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _checked(upload: Upload, record_type: str, output: Output) -> Checked:
    try:
        return _checking().checker.check(Job(upload.source, upload.content, record_type, output), client())
    except CheckError as error:
        raise Problem(error.kind, _STATUS[error.kind], _advice(error.kind)) from None


def _advice(kind: str) -> str:
    match kind:
        case "check-busy":
            return gettext("Gerade werden viele Dateien geprüft. Bitte in einer Minute noch einmal versuchen.")
        case "check-timeout" | "check-too-large":
            return gettext("Die Datei in kleinere aufteilen, oder leere, nur formatierte Bereiche löschen.")
        case "type-unknown":
            return gettext("Es gibt: %(types)s", types=", ".join(_types()))
        case _:
            return gettext("Der Fehler liegt nicht an der Anfrage. Bitte später noch einmal versuchen.")


def _page(view: dict[str, Any] | None = None, upload: Upload | None = None, problem: Problem | None = None) -> str:
    carried = ""
    if upload is not None and len(upload.content) <= _KEPT_IN_PAGE:
        carried = base64.b64encode(upload.content).decode()
    return render_template(
        "validate.html",
        view=view,
        upload=upload,
        carried=carried,
        problem=problem,
        types=_types(),
        chosen=_typed("type", problem),
        typed={name: _typed(name, problem) for name in ("table", "link")},
        outputs=OUTPUTS,
        megabytes=_checking().uploads.megabytes,
        links=_checking().uploads.links,
        explained=url_for(".findings"),
    )


def _typed(field: str, problem: Problem | None) -> str:
    """The text of a field, to show it again; a file that is too large is not read."""
    is_read = request.method == "POST" and (problem is None or problem.kind not in ("request-too-large", "check-busy"))
    return request.form.get(field, "") if is_read else ""


def _templates() -> list[list[str]]:
    """Record type, language and suffix of each template."""
    files = published().release.manifest.files
    return [name.partition("/")[2].split(".") for name in files if name.startswith("templates/")]


def _types() -> dict[str, str]:
    """Names and labels of the record types with a template."""
    labels = published().labels
    found = {name: labels.of_class(str(SR[name]), language()) for name, _, _ in sorted(_templates())}
    return dict(sorted(found.items(), key=lambda item: item[1]))


@blueprint.post("/api/validate")
def validate() -> ResponseReturnValue:
    """Check a file; return the report as JSON (see ``/openapi.json``)."""
    upload = _checking().uploads.from_interface()
    record_type = request.args.get("type") or (request.form.get("type") if request.mimetype.startswith("multi") else "")
    checked = _checked(upload, record_type or "", "document")
    response = Response(checked.body, mimetype="application/json")
    response.cache_control.no_store = True
    return response


@blueprint.get("/openapi.json")
def description() -> ResponseReturnValue:
    """The description of the interface (OpenAPI 3.1)."""
    cached = representations.not_modified("json")
    if cached is not None:
        return cached
    base, files = published().release.manifest.base, {f"{name}.{suffix}" for name, _, suffix in _templates()}
    described = openapi.document(base, list(_types()), files, _checking().uploads.megabytes)
    text = json.dumps(described, ensure_ascii=False, indent=1) + "\n"
    return representations.finish(Response(text, mimetype="application/json"), "json")


@blueprint.get("/templates/<name>")
def template(name: str) -> ResponseReturnValue:
    """A template, or the JSON Schema of records, in the language of the request."""
    stem, suffix = split(name)
    if suffix is None or "." in stem:
        raise NotFound
    response = release_files.send(f"templates/{stem}.{language()}.{suffix}", name)
    response.vary.add("Accept-Language")
    response.headers["Content-Language"] = language()
    return response


@blueprint.get("/findings")
@blueprint.get("/findings.<any(json):suffix>")
def findings(suffix: str | None = None) -> ResponseReturnValue:
    """Explanations of the kinds of finding."""
    chosen = suffix or choose(["json", "html"])
    if chosen == "json":
        response = release_files.send("findings.json")
        if suffix is None:
            response.vary.add("Accept")
            response.headers["Content-Location"] = url_for(".findings", suffix="json")
        return response
    page = render_template("findings.html", kinds=published().read(FINDINGS))
    return representations.not_modified("html") or representations.finish(Response(page), "html")
