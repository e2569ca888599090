"""German or English: by ``?lang=``, else by Accept-Language, else German."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask, request
from flask_babel import Babel, format_date, format_decimal, get_locale

LANGUAGES = ("de", "en")


def register(app: Flask) -> None:
    """Let the application speak both languages; a language that was chosen stays in all links."""
    Babel(app, locale_selector=_select)
    app.url_defaults(_keep_choice)
    app.jinja_env.globals.update(language=language)
    app.jinja_env.filters.update(number=format_decimal, day=_day, size=_size)


def language() -> str:
    """The language of this answer, ``de`` or ``en``."""
    return get_locale().language


def _chosen() -> str | None:
    wish = request.args.get("lang", "")
    return wish if wish in LANGUAGES else None


def _select() -> str:
    return _chosen() or request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


def _keep_choice(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint != "static" and (wish := _chosen()):
        values.setdefault("lang", wish)


def _day(date: str) -> str:
    return format_date(dt.date.fromisoformat(date), format="long")


def _size(count: int) -> str:
    """Bytes as people write them, in the units of IEC 80000-13."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1000:
            break
        value /= 1024
    return f"{format_decimal(value, format='#,##0.#' if unit != 'B' else '#,##0')} {unit}"
