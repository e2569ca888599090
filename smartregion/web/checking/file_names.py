"""Cleans the names of submitted files for pages, headers and file names."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 150
"""Characters: short enough for every file system, with an addition and in UTF-8."""

_LONGEST_SUFFIX: Final = 12
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of control, invisible and direction characters, and of code points that are no characters."""


def clean(name: str | None) -> str:
    """The last part of a name, in paths of any system, without invisible characters; "" if nothing is left.

    It has no control or format characters and no line breaks, so it cannot end a header or hide a suffix. The stem of a
    name that is too long is truncated.
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
