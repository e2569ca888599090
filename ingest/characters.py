"""What the eye takes as equal: characters that nobody sees, and the many kinds of space and dash."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = (0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))
_INVISIBLE: Final = dict.fromkeys((*_UNSEEN, *range(0xFE00, 0xFE10), 0xFEFF))
"""Soft hyphen, joiners, marks of direction, variation selectors, byte order mark."""

_DASHES: Final = dict.fromkeys((*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-")
_SPACES: Final = re.compile(r"\s+")


def visible(text: str) -> str:
    """The text without characters that nobody sees, and without space around it."""
    return (text if text.isascii() else text.translate(_INVISIBLE)).strip()


def plain(text: str) -> str:
    """The same with one kind of space and of dash, for what is compared: headings, keys, names."""
    return _SPACES.sub(" ", visible(text).translate(_DASHES))
