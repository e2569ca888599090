"""Maps and charts: pictures of the build, each with its table, its query and downloads."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from publish.releases.contents import FIGURES
from publish.releases.contents.common import Texts
from publish.releases.contents.pages import FigureRow, FigureTable
from smartregion.web.http.language import language, number
from smartregion.web.site import release_files, representations
from smartregion.web.site.display import Value, href
from smartregion.web.site.site import published

blueprint = Blueprint("figures", __name__, url_prefix="/figures")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """All pictures."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    found = published().read(FIGURES)
    shown = [_shown(figure, found["columns"]) for figure in found["figures"]]
    return representations.finish(Response(render_template("figures.html", figures=shown)), "html")


@blueprint.get("/<name>.svg")
def picture(name: str) -> ResponseReturnValue:
    """One picture, in the language of the answer."""
    response = release_files.send(f"figures/{name}.{language()}.svg")
    response.vary.add("Accept-Language")
    response.headers["Content-Language"] = language()
    return response


@blueprint.get("/<name>.csv")
def table(name: str) -> ResponseReturnValue:
    """The table of a picture."""
    return release_files.send(f"figures/{name}.csv")


def _shown(figure: FigureTable, columns: Mapping[str, Texts]) -> dict[str, Any]:
    """A figure in the language of the page."""
    spoken, name = language(), figure["name"]
    return {
        "name": name,
        "title": figure["title"][spoken],
        "text": figure["text"][spoken],
        "svg": _svg(name),
        "head": [columns[column][spoken] for column in (*figure["things"], *figure["columns"])],
        "things": len(figure["things"]),
        "rows": [_row(row, figure["columns"]) for row in figure["rows"]],
        "query": figure["query"],
        "endpoint": url_for("sparql.sparql", query=figure["query"]),
    }


def _row(row: FigureRow, columns: list[str]) -> list[Value]:
    things = [Value(thing["names"][language()], href(thing["iri"])) for thing in row["things"]]
    pairs = zip(row["values"], columns, strict=True)
    return things + [Value(value if column == "year" else number(Decimal(value))) for value, column in pairs]


def _svg(name: str) -> Markup | None:
    """The picture as an element of the page; the build has drawn and escaped it."""
    file = f"figures/{name}.{language()}.svg"
    if file not in published().release.manifest.files:
        return None
    return Markup(published().release.file(file)[0].read_text(encoding="utf-8"))  # noqa: S704 - see above
