"""Names of files that somebody sends, made fit to be shown, written into headers and used as names of files again."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 150
"""Characters: with an addition and in UTF-8 it is still a name for every file system."""

_LONGEST_SUFFIX: Final = 12
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of what steers, hides, turns the direction of writing, or is no character."""


def clean(name: str | None) -> str:
    """The last part of a name, as any system writes paths, without what nobody sees; "" when nothing is left.

    It has no control or format characters and no line breaks, so it can end no header and hides no suffix. A name that
    is too long loses the end of its stem.
    """
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", name or "")
        if character.isspace() or unicodedata.category(character) not in _UNSEEN
    )
    words = " ".join(visible.replace("\\", "/").rpartition("/")[2].split()).rstrip(".")
    path = PurePosixPath(words)
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    stem = words.removesuffix(suffix) if suffix else words
    return f"{stem[: _LONGEST - len(suffix)].rstrip()}{suffix}"
