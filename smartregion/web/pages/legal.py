"""Imprint, privacy and accessibility: the operator's texts, and facts about the software."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from smartregion.web.http.language import LANGUAGES, language
from smartregion.web.site import representations
from smartregion.web.site.site import site

blueprint = Blueprint("legal", __name__)

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""Raw HTML stays text, and links have http, https and mailto addresses only."""


@blueprint.get("/legal/<any(imprint, privacy, accessibility):name>")
def text(name: str) -> ResponseReturnValue:
    """One of the texts, or a placeholder that says what the operator has to supply."""
    if (cached := representations.not_modified("html")) is not None:
        return cached
    found = _supplied(name)
    page = render_template(
        f"legal-{name}.html",
        supplied=found and _html(found[1]),
        spoken_in=found and found[0],
        logs_texts=site().observer.texts,
    )
    return representations.finish(Response(page), "html")


def _supplied(name: str) -> tuple[str, str] | None:
    """Language and Markdown of the operator's text, in the language of the answer if there is one."""
    directory = site().legal
    for spoken in (language(), *LANGUAGES):
        path = Path(directory or "", f"{name}.{spoken}.md")
        if directory is not None and path.is_file():
            return spoken, path.read_text(encoding="utf-8")
    return None


def _html(markdown: str) -> Markup:
    """The text as HTML, with headings lowered by one, because the page has a first heading."""
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704 - made of Markdown without HTML
