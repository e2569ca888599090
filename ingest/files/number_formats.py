"""Number formats of spreadsheet programs (ECMA-376 part 1, 18.8.30), where they change the meaning of a value."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

Shown = Literal["percent", "month", "year"]
"""A value shown as percent, or a date without its day, or without day and month."""

_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_TYPED_YEAR: Final = "1905-"
"""What programs make of a year that is typed into a cell for dates: with its day, it is told as that."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def meaning(code: str) -> Shown | None:
    """How a number format changes a value; None if it shows the whole value."""
    plain = _QUOTED.sub("", code.partition(";")[0]).lower()
    if "%" in plain:
        return "percent"
    if "y" not in plain or "d" in plain:
        return None
    return "month" if "m" in plain else "year"


def as_shown(text: str, shown: Shown | None) -> str:
    """The value as displayed: 0.9 as 90 %, a date without a day as its month or year."""
    if shown == "percent":
        try:
            return f"{(Decimal(text) * 100).normalize():f} %"
        except InvalidOperation:
            return text
    if shown is None or not _DAY.fullmatch(text) or text.startswith(_TYPED_YEAR):
        return text
    return text[:7] if shown == "month" else text[:4]
