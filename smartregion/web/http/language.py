"""German or English: by ``?lang=``, else by Accept-Language, else German. The only module that uses Flask-Babel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlencode

import flask_babel  # type: ignore[import-untyped]
from flask import Flask, request

LANGUAGES = ("de", "en")

_DATA = frozenset(
    {"static", "files.dump", "files.single", "files.source", "navigator.projects", "navigator.schema", "search.file"}
)


def register(app: Flask) -> None:
    """Make the application bilingual; all links keep a chosen language."""
    flask_babel.Babel(app, locale_selector=_select)
    app.url_defaults(_keep_choice)
    app.jinja_env.globals.update(language=language, spoken=spoken)
    app.jinja_env.filters.update(
        number=number, euros=euros, day=day, partial_day=partial_day, moment=moment, size=size, said=said
    )


def language() -> Literal["de", "en"]:
    """The language of this answer."""
    return "en" if flask_babel.get_locale().language == "en" else "de"


def spoken(code: str | None = None) -> str:
    """The address of this page in a language, or in that of the browser.

    It has no host, because cached answers are the same for all names of the service.
    """
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    query = urlencode([*given, ("lang", code)] if code else given)
    return f"{quote(request.script_root + request.path)}{'?' if query else ''}{query}"


def gettext(text: str, **values: str) -> str:
    """Translate a German text to the language of this answer."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, count: int) -> str:
    """Translate the singular or plural text for a number, ``num`` in both, to the language of this answer."""
    return str(flask_babel.ngettext(one, many, count))


def lazy_gettext(text: str) -> Any:
    """Like :func:`gettext`, but translated when it is converted to a string."""
    return flask_babel.lazy_gettext(text)


def said(texts: Mapping[str, str]) -> str:
    """The text in the language of this answer, or in the language that exists."""
    return texts.get(language()) or next(iter(texts.values()), "")


def number(value: int | Decimal) -> str:
    """A number with up to nine decimals."""
    return str(flask_babel.format_decimal(value, format="#,##0.#########"))


def euros(value: int | Decimal) -> str:
    """A sum of euros, with cents if it has any."""
    whole = {"de": "#,##0 ¤", "en": "¤#,##0"}[language()] if value % 1 == 0 else None
    return str(flask_babel.format_currency(value, "EUR", format=whole, currency_digits=whole is None))


def day(date: str) -> str:
    """An ISO date; raises ValueError for anything else."""
    return str(flask_babel.format_date(dt.date.fromisoformat(date), format="long"))


def moment(time: dt.datetime) -> str:
    """A moment, to the minute, in UTC."""
    return f"{flask_babel.format_datetime(time, format='long', rebase=False)}".replace(" +0000", " UTC")


def month(date: str) -> str:
    """An ISO year and month; raises ValueError for anything else."""
    return str(flask_babel.format_date(dt.date.fromisoformat(f"{date}-01"), format="LLLL yyyy"))


def partial_day(date: str) -> str:
    """An ISO date with its precision: a day, a month or a year."""
    return day(date) if len(date) == 10 else month(date) if len(date) == 7 else date


def size(count: int) -> str:
    """Bytes, in the units of IEC 80000-13."""
    power = min((count.bit_length() - 1) // 10, 3) if count else 0
    value = flask_babel.format_decimal(count / 1024**power, format="#,##0.#" if power else "#,##0")
    return f"{value} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def _chosen() -> str | None:
    wish = request.args.get("lang", "")
    return wish if wish in LANGUAGES else None


def _select() -> str:
    wishes = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return _chosen() or next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])


def _keep_choice(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint not in _DATA and (wish := _chosen()):
        values.setdefault("lang", wish)
