"""The report on files as a self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader

SEVERITIES: Final = ("violation", "warning", "info")
_HERE: Final = Path(__file__).parents[1]


def render(views: Sequence[dict[str, Any]], language: str) -> str:
    """The page.

    :param views: see :func:`ingest.reports.view.view`.
    :param language: ``de`` or ``en``.
    """
    return (
        _environment(language)
        .get_template("report.html")
        .render(views=[prepared(view) for view in views], language=lambda: language, style=_style())
    )


def prepared(view: dict[str, Any]) -> dict[str, Any]:
    """A view with its findings counted by severity and assigned to cells.

    ``cells`` has the findings of a cell under sheet, row and column letter; of a whole row under the letter "".
    """
    cells: dict[tuple[str | None, int, str], list[dict[str, Any]]] = {}
    for finding in view["findings"]:
        if finding["row"] is not None:
            cells.setdefault((finding["sheet"], finding["row"], finding["column"] or ""), []).append(finding)
    counts = {severity: sum(finding["severity"] == severity for finding in view["findings"]) for severity in SEVERITIES}
    return {**view, "cells": cells, "counts": counts}


def worst(findings: Sequence[dict[str, Any]]) -> str:
    """The highest severity among findings."""
    return min((finding["severity"] for finding in findings), key=SEVERITIES.index, default="")


@cache
def _style() -> str:
    return files("smartregion.web").joinpath("static", "site.css").read_text(encoding="utf-8")


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations = Translations.load(_HERE / "translations", [language])
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["worst"] = worst
    return environment
