"""German or English: by ``?lang=``, else by Accept-Language, else German."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_babel import Babel, get_locale

LANGUAGES = ("de", "en")


def register(app: Flask) -> None:
    """Let the application speak both languages; a language that was chosen stays in all links."""
    Babel(app, locale_selector=_select)
    app.url_defaults(_keep_choice)
    app.jinja_env.globals.update(language=language, languages=LANGUAGES)


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
