"""The query page: a form that works without scripts, and the data for the editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ontology import queries as examples
from publish.releases.contents import MAP
from smartregion.web.http.language import gettext, language, lazy_gettext
from smartregion.web.site import representations
from smartregion.web.site.site import published, site

_EDITOR: Final = "vendor/yasqe.js"

_TEXTS: Final = {
    "query": lazy_gettext("Abfrage"),
    "running": lazy_gettext("Die Abfrage läuft …"),
    "stopped": lazy_gettext("Die Abfrage wurde abgebrochen."),
    "unreachable": lazy_gettext("Der Dienst ist nicht zu erreichen: %(message)s"),
    "time": lazy_gettext("Beantwortet in %(seconds)s s"),
    "found": lazy_gettext("%(count)s Zeilen in %(seconds)s s"),
    "triples": lazy_gettext("%(count)s Aussagen in %(seconds)s s"),
    "empty": lazy_gettext("Dazu ist nichts verzeichnet."),
    "yes": lazy_gettext("Ja"),
    "no": lazy_gettext("Nein"),
    "views": lazy_gettext("Ansicht der Antwort"),
    "table": lazy_gettext("Tabelle"),
    "mapView": lazy_gettext("Karte"),
    "chartView": lazy_gettext("Diagramm"),
    "raw": lazy_gettext("Rohtext"),
    "cut": lazy_gettext("Hier steht nur der Anfang; vollständig ist die Datei."),
    "rows": lazy_gettext("Zeilen %(from)s bis %(to)s von %(of)s"),
    "filter": lazy_gettext("Zeilen mit dem Text"),
    "back": lazy_gettext("Zurück"),
    "next": lazy_gettext("Weiter"),
    "number": lazy_gettext("Zahl"),
    "label": lazy_gettext("Beschriftung"),
    "chart": lazy_gettext("%(number)s je %(label)s"),
    "first": lazy_gettext("(die ersten %(count)s von %(of)s Zeilen)"),
    "map": lazy_gettext("%(count)s Punkte der Antwort"),
    "link": lazy_gettext("Link auf diese Seite"),
    "hints": lazy_gettext("Vorschläge"),
    "as": lazy_gettext("Als"),
    "copy": lazy_gettext("Kopieren"),
    "copied": lazy_gettext("Kopiert"),
    "selected": lazy_gettext("Ausgewählt; kopieren mit Strg+C"),
    "use": lazy_gettext("In den Editor"),
    "examples": lazy_gettext("%(count)s von %(of)s Beispielen"),
    "prefix": lazy_gettext("Zeile %(line)s: Das Präfix %(prefix)s: ist nicht erklärt."),
    "unexpected": lazy_gettext("Zeile %(line)s: „%(found)s“ passt hier nicht. Möglich wäre: %(expected)s"),
    "wrong": lazy_gettext("Zeile %(line)s: „%(found)s“ passt hier nicht."),
}
"""Texts of the scripts, with placeholders for values."""


def query_page() -> ResponseReturnValue:
    """The form with its examples and limits."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    found = examples.load(published().release.manifest.base)
    keywords = sorted({word for example in found for word in example.keywords[language()]}, key=str.casefold)
    text = render_template(
        "query.html",
        examples=found,
        keywords=keywords,
        limits=site().limits,
        editor=_editor(),
        page=_page(),
    )
    return representations.finish(Response(text), "html")


def _page() -> dict[str, Any]:
    """Data for the scripts."""
    base = published().release.manifest.base
    return {
        "base": base,
        "root": request.script_root,
        "path": f"{request.script_root}{request.path}",
        "endpoint": f"{base}sparql",
        "completion": url_for("files.single", name="completion.json"),
        "editor": _editor(),
        "language": language(),
        "land": _land(),
        "texts": {name: str(text) for name, text in _TEXTS.items()},
    }


def _land() -> dict[str, Any] | None:
    """The map of the districts for the scripts; None without one."""
    if "map.json" not in published().release.manifest.files:
        return None
    drawn = published().read(MAP)
    return {
        **{name: drawn[name] for name in ("width", "height", "plane")},
        "paths": [area["path"] for area in drawn["areas"]],
        "note": gettext("Grenzen: © BKG")
        if drawn["official"]
        else gettext("Flächen schematisch: aus den Koordinaten der Gemeinden berechnet, keine amtlichen Grenzen."),
    }


def _editor() -> str | None:
    """Address of the editor's bundle, or None if it was not built."""
    built = Path(current_app.static_folder or "", _EDITOR).is_file()
    return url_for("static", filename=_EDITOR) if built else None
