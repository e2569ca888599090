"""Writes the files for pages: the map, the related records, the figures and the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest import record_types
from ingest.rdf import Node
from publish.formats.dumps import Files
from publish.pictures import areas, charts, completeness, neighbours, overview
from publish.pictures.boundaries import Boundaries
from publish.pictures.figures import Figure, figures, options, texts
from publish.pictures.funding import Funding
from publish.releases.contents import COMPLETENESS, FIGURES, MAP, NEIGHBOURS, OVERVIEW

LANGUAGES = ("de", "en")


def write(
    files: Files, records: Mapping[str, Node], funding: Funding, boundaries: Boundaries | None, base: str
) -> None:
    """Write all files.

    :param records: all records, by IRI relative to ``{base}id/``.
    :param boundaries: official ones; without them the areas of the map are schematic.
    :raises BoundariesError: a district has no official boundary.
    """
    drawn = areas.draw(records, boundaries)
    if drawn is not None:
        files.content(MAP, drawn)
    files.content(NEIGHBOURS, neighbours.find(records, record_types().values(), funding))
    files.content(OVERVIEW, overview.overview(records, funding))
    files.content(COMPLETENESS, completeness.document(records, funding))
    made = figures(records, funding, base)
    for figure in made:
        files.write(f"figures/{figure.name}.csv", figure.csv().encode())
        for language in LANGUAGES:
            picture = _picture(figure, drawn, base, language)
            if picture is not None:
                files.write(f"figures/{figure.name}.{language}.svg", picture.encode())
    files.content(FIGURES, {"columns": texts()["columns"], "figures": [_document(figure) for figure in made]})


def _picture(figure: Figure, drawn: Mapping[str, Any] | None, base: str, language: str) -> str | None:
    match figure.name:
        case "funding-by-year":
            return charts.columns(figure, "total", language)
        case "projects-by-year":
            return charts.columns(figure, "projects", language)
        case "projects-by-status":
            return charts.bars(figure, "projects", language)
        case "fields-by-district":
            return charts.matrix(figure, list(options("field").values()), language)
        case "funding-per-head":
            return None if drawn is None else charts.shaded_map(figure, "perHead", drawn, base, language)
        case _:
            return charts.bars(figure, "total", language)


def _document(figure: Figure) -> dict[str, Any]:
    """A figure as the page needs it; numbers are text."""
    return {
        "name": figure.name,
        "title": figure.title,
        "text": figure.text,
        "query": figure.query,
        "things": figure.things,
        "columns": figure.columns,
        "rows": [
            {"things": [vars(thing) for thing in things], "values": [str(value) for value in values]}
            for things, values in figure.rows
        ],
    }
