"""Numbers of things in words, German and English side by side."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "violation": ("Fehler / error", "Fehler / errors"),
    "warning": ("Warnung / warning", "Warnungen / warnings"),
    "info": ("Hinweis / note", "Hinweise / notes"),
    "record": ("Datensatz / record", "Datensätze / records"),
    "change": ("Vorschlag übernommen / suggestion applied", "Vorschläge übernommen / suggestions applied"),
}
"""What is counted: one of it, and several or none."""


def counted(number: int, thing: str) -> str:
    """So many of one of :data:`WORDS`."""
    one, many = WORDS[thing]
    return f"{number} {one if number == 1 else many}"
