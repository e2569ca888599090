"""Counts with their nouns, in German and English."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "violation": ("Fehler / error", "Fehler / errors"),
    "warning": ("Warnung / warning", "Warnungen / warnings"),
    "info": ("Hinweis / note", "Hinweise / notes"),
    "record": ("Datensatz / record", "Datensätze / records"),
    "change": ("Vorschlag übernommen / suggestion applied", "Vorschläge übernommen / suggestions applied"),
}
"""Nouns: singular and plural."""


def counted(number: int, thing: str) -> str:
    """A number with a noun of :data:`WORDS`."""
    one, many = WORDS[thing]
    return f"{number} {one if number == 1 else many}"
