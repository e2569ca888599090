"""The English texts are complete and fresh, and the compiled file is what the source says."""

from __future__ import annotations

import ast
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from support import some

WEB = Path(__file__).resolve().parents[3] / "smartregion" / "web"
FOLDER = WEB / "translations" / "en" / "LC_MESSAGES"
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def catalogue() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def extracted() -> set[str | tuple[str, ...]]:
    with (WEB / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(WEB, methods, options, keywords=KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def test_every_text_is_translated_and_nothing_else() -> None:
    found = extracted()
    assert len(found) > 50
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue() if message.id}
    assert known == found, "run make translations"


def test_no_text_is_hidden_in_an_f_string() -> None:
    """Babel does not find it there before Python 3.12, so that it would stay German."""
    hidden = {
        f"{path.name}:{call.lineno}"
        for path in WEB.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
    }
    assert hidden == set()


def test_no_translation_is_empty_or_fuzzy_or_loses_a_value() -> None:
    for message in some(catalogue()):
        if not message.id:
            continue
        pairs = zip(_forms(message.id), _forms(message.string or ""), strict=True)
        assert not message.fuzzy, message.id
        for source, target in pairs:
            assert target, message.id
            assert _names(source) == _names(target), message.id


def test_the_compiled_file_is_what_the_source_says() -> None:
    with (FOLDER / "messages.mo").open("rb") as file:
        compiled = texts(read_mo(file))
    assert compiled == texts(catalogue()), "run make setup"


def texts(messages: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {_forms(message.id): _forms(message.string) for message in messages if message.id}


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _names(text: str) -> set[str]:
    """Names of the values in a text, such as ``%(count)s``."""
    return {part.partition(")")[0] for part in text.split("%(")[1:]}
