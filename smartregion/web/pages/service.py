"""Pages about the service: downloads, harvesting, and status."""

from __future__ import annotations

import itertools
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from publish.releases.contents import ASSESSMENT, COMPLETENESS, FINDINGS, RECORDS, SCHEMA_ORG, STATUS
from publish.releases.formats import FORMATS
from publish.releases.manifest import ReleaseFile
from smartregion.web.catalogue.feed import SUFFIXES
from smartregion.web.http.language import language, lazy_gettext
from smartregion.web.site import representations
from smartregion.web.site.site import published, site

blueprint = Blueprint("service", __name__)

_MOST_WITHHELD: Final = 500
"""Maximum number of withheld records on the page; each also has its own address."""

_FAMILIES: Final = (
    ("dump/catalog.", lazy_gettext("Katalog (DCAT-AP.de), vollständig")),
    ("ontology.", lazy_gettext("Vokabular")),
    ("shapes.", lazy_gettext("Regeln (SHACL)")),
    ("shapes/catalogue.", lazy_gettext("Regeln für den Katalog (SHACL)")),
    ("context.jsonld", lazy_gettext("JSON-LD-Kontext")),
    ("scheme/", lazy_gettext("Begriffslisten, einzeln")),
    ("examples.", lazy_gettext("Beispielabfragen")),
    ("history.", lazy_gettext("Änderungsdaten")),
    ("tombstones.", lazy_gettext("Gelöschte Einträge")),
    ("void.", lazy_gettext("Statistik (VoID)")),
    ("quality.json", lazy_gettext("Prüfbericht (JSON)")),
    ("navigator/projects.", lazy_gettext("Projekte für den Smart City Navigator")),
    ("living-in-eu.", lazy_gettext("Living-in.EU und die MIMs")),
    ("source/", lazy_gettext("Quelltabellen")),
)
"""Files that belong to no dataset of records, by the beginning of their name."""

_LICENCES: Final = {
    "http://dcat-ap.de/def/licenses/dl-zero-de/2.0": "Datenlizenz Deutschland – Zero – Version 2.0",
    "http://dcat-ap.de/def/licenses/dl-by-de/2.0": "Datenlizenz Deutschland – Namensnennung – Version 2.0",
    "http://dcat-ap.de/def/licenses/cc-by/4.0": "CC BY 4.0",
    "http://dcat-ap.de/def/licenses/cc-zero": "CC0 1.0",
}
"""Names of common licences (https://www.dcat-ap.de/def/licenses/); others are shown by their IRI."""

_NOT_SERVED: Final = frozenset({"history.json"})


@blueprint.get("/downloads")
def downloads() -> ResponseReturnValue:
    """Every file with size, hash and licence; and the stored releases."""
    manifest = published().release.manifest
    described = published().read(SCHEMA_ORG)
    dumps: dict[str, list[tuple[str, str, ReleaseFile]]] = {}
    for name, file in manifest.files.items():
        if name.startswith("dump/") and file.dataset:
            dumps.setdefault(file.dataset, []).append((name, _format(name), file))
    families = [
        (label, [(name, _format(name), file) for name, file in manifest.files.items() if _belongs(name, start)])
        for start, label in _FAMILIES
    ]
    text = render_template(
        "downloads.html",
        datasets=_first("all", {name: entry for name, entry in manifest.datasets.items() if name in dumps}),
        dumps=dumps,
        described=described,
        families=[(label, files) for label, files in families if files],
        licences=_LICENCES,
        kept=site().current.kept(),
        base=manifest.base,
        current=manifest.id,
    )
    # The list of stored releases may change while the release stays the same.
    return _unkept(text)


@blueprint.get("/harvesters")
def harvesters() -> ResponseReturnValue:
    """The addresses of the feed in each profile, and of all other interfaces that programs fetch regularly."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    manifest = published().release.manifest
    datasets = [
        name for name in manifest.datasets if f"feed/{manifest.feed.default}/dataset/{name}.nt" in manifest.files
    ]
    text = render_template(
        "harvesters.html", manifest=manifest, feed=manifest.feed, datasets=datasets, suffixes=SUFFIXES[:-1]
    )
    return representations.finish(Response(text), "html")


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """The release, the quality of its records, reasons for withheld ones, and the state of the endpoint.

    With ``?record=`` only that withheld record is explained.
    """
    now, asked = published(), request.args.get("record", "")
    types = now.read(RECORDS)
    manifest, report = now.release.manifest, now.read(STATUS)
    withheld = report["withheld"]
    narrowed = asked in withheld
    shown = {asked: withheld[asked]} if narrowed else dict(itertools.islice(withheld.items(), _MOST_WITHHELD))
    text = render_template(
        "status.html",
        manifest=manifest,
        release=next(kept for kept in site().current.kept() if kept.id == manifest.id),
        activated=site().current.activated(),
        started=site().started,
        health=site().public.health(),
        report=report,
        withheld=shown,
        narrowed=narrowed,
        records={entry["segment"]: entry["label"] for entry in types[::-1]},
        mqa=now.read(ASSESSMENT),
        kinds=now.read(FINDINGS),
        completeness=now.read(COMPLETENESS),
        fields={value: known.label[language()] for value, known in now.search.facets.get("field", {}).items()},
    )
    return _unkept(text)


def _unkept(text: str) -> Response:
    response = Response(text)
    response.cache_control.no_store = True
    response.vary.update(["Accept-Language"])
    return response


def _format(name: str) -> str:
    suffix = name.rpartition(".")[2]
    return FORMATS[suffix].label if suffix in FORMATS else suffix.upper()


def _belongs(name: str, start: str) -> bool:
    return name.startswith(start) and name not in _NOT_SERVED


def _first(name: str, entries: dict[str, Any]) -> dict[str, Any]:
    return {**({name: entries[name]} if name in entries else {}), **entries}
