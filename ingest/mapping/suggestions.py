"""Finds the intended value of a text that cannot be read: a suggestion if it is certain, a hint if it is likely."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from ingest.characters import plain
from ingest.findings.findings import Text
from ingest.mapping import values
from ingest.model import Field

_PLACEHOLDERS: Final = frozenset(
    ("-", "--", "---", "–", "—", "/", "?", "??", ".", "…", "...", "k.a.", "k.a", "n/a", "n.a.", "keineangabe")
)
_PLACEHOLDERS_OF_VALUES: Final = _PLACEHOLDERS | {
    *("keineangaben", "unbekannt", "nichtbekannt", "n.bek.", "nochnichtbekannt", "offen", "nochoffen", "entfällt"),
    *("folgt", "wirdnachgereicht", "n.v.", "nichtvorhanden", "keine", "keiner", "tbd", "tba", "unknown", "none"),
    *("null", "nan"),
}
_GARBLED: Final = re.compile("[ÂÃâ][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]")
_NUMBER: Final = re.compile(
    r"(?P<about>(?:ca|circa|rund|etwa|ungefähr|knapp|gut|fast|über|mehr als|bis zu|max(?:imal)?|mind(?:estens)?)\b\.?"
    r"|[~≈<>])?\s*(?P<sign>[+-]?)(?P<digits>\d[\d.,'’ \u00a0\u202f]*?)(?:,-{1,2})?\s*"
    r"(?P<unit>tsd\.?|tausend|mio\.?|millionen|million|mrd\.?|milliarden|milliarde|t(?=\s?(?:€|eur))|k(?=\s?€))?"
    r"\s*(?P<money>€|eur|euro)?",
    re.I,
)
_EURO_FIRST: Final = re.compile(r"(€|eur|euro)\s*", re.I)
_ENGLISH: Final = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}")
_SWISS: Final = re.compile(r"\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?")
_WEEKDAY: Final = re.compile(
    r"(?:mo|di|mi|do|fr|sa|so)(?:ntag|enstag|ttwoch|nnerstag|eitag|mstag|nnabend)?\.?,? +(?=\d)", re.I
)
_TIME: Final = re.compile(r"[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: Uhr|Z)?$")
_ABOUT_TIME: Final = re.compile(
    r"(?:ca\.?|circa|etwa|seit|ab|bis|anfang|mitte|ende|frühjahr|sommer|herbst|winter|vsl\.?|voraussichtlich"
    r"|(?:\d|[IVX]+)\. ?quartal|q[1-4])[ /]*(\d{4})",
    re.I,
)


@dataclass(frozen=True)
class Repair:
    """The intended value.

    :ivar suggestion: the right value, if it is certain.
    :ivar hint: the likely value otherwise.
    """

    suggestion: str | None = None
    hint: Text | None = None


def is_placeholder(text: str, field: Field) -> bool:
    """Whether a text means a missing value; columns of text allow only unambiguous placeholders."""
    word = re.sub(r"\s+", "", text).casefold()
    return word in (_PLACEHOLDERS if field.kind == "text" else _PLACEHOLDERS_OF_VALUES)


def ungarbled(text: str) -> str | None:
    """The original text if UTF-8 was read as Windows-1252; None if the text is correct."""
    if not _GARBLED.search(text):
        return None
    try:
        # Windows-1252 leaves five bytes undefined; programs keep them as control characters.
        octets = b"".join(
            char.encode("latin-1") if "\x80" <= char <= "\x9f" else char.encode("windows-1252") for char in text
        )
        return unicodedata.normalize("NFC", octets.decode("utf-8"))
    except UnicodeError:
        return None


def repair(text: str, field: Field) -> Repair:
    """The intended value of a text that is invalid for a field."""
    match field.kind:
        case "integer" | "decimal":
            return _number(text)
        case "date" | "partial-date":
            return _date(text, partial=field.kind == "partial-date")
        case "iri":
            return Repair(_address(text, field))
        case "code":
            return Repair(_last_segment(text, field))
        case "text":
            return Repair(values.without_controls(text))
        case _:
            return Repair()


def shaped(text: str, field: Field) -> str | None:
    """The text in the form of the field's pattern, if only the notation differs."""
    if field.pattern is None:
        return None
    compact = re.sub(r"\s+", "", plain(text))
    unsuffixed = compact.removesuffix(".0")
    zeroed = f"0{unsuffixed}" if unsuffixed.isdigit() else compact
    tried = (
        compact,
        zeroed,
        compact.upper(),
        compact.lower(),
        "EUR" if compact.casefold() in ("€", "euro") else compact,
    )
    pattern = re.compile(field.pattern)
    return next((form for form in tried if form != text and pattern.search(field.prefix + form)), None)


def key(text: str, field: Field) -> str | None:
    """The intended key: an official key without spaces or in its short form; an identifier in its form."""
    pattern = re.compile(field.pattern or "")
    digits = re.sub(r"[\s.-]", "", plain(text).removesuffix(".0"))
    candidates = [digits, digits[:5] + digits[9:]] if digits.isdigit() else []
    candidates.append(_slug(text))
    return next((candidate for candidate in candidates if candidate and pattern.search(candidate)), None)


def padded(text: str, field: Field) -> str | None:
    """An official key with its lost leading zero."""
    restored = f"0{text.removesuffix('.0')}"
    return restored if restored.isdigit() and re.search(field.pattern or r"^\b$", restored) else None


def _slug(text: str) -> str:
    spelt = plain(text).casefold()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("&", " und ")):
        spelt = spelt.replace(letter, letters)
    letters_only = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters_only).strip("-")


def _number(text: str) -> Repair:
    found = _NUMBER.fullmatch(_EURO_FIRST.sub("", text, count=1) if _EURO_FIRST.match(text) else text)
    if found is None:
        return Repair()
    has_unit, has_money = bool(found["unit"]), bool(found["money"])
    value = _digits(found["digits"].strip(), thousands=has_money and not has_unit)
    if value is None:
        return Repair()
    amount = value.scaleb(_power(found["unit"])) if has_unit else value
    written = _written(-amount if found["sign"] == "-" else amount)
    if not found["about"]:
        return Repair(written)
    return Repair(None, {"de": f"Gemeint ist wohl {written}. ", "en": f"Perhaps {written} is meant. "})


def _power(unit: str) -> int:
    word = unit.casefold()
    if word.startswith(("mrd", "milliard")):
        return 9
    return 6 if word.startswith("mi") else 3


def _digits(text: str, *, thousands: bool) -> Decimal | None:
    compact = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?:\D|$))", "", text)
    if _ENGLISH.fullmatch(compact):
        return Decimal(compact.replace(",", ""))
    if _SWISS.fullmatch(compact):
        return Decimal(re.sub("['’]", "", compact).replace(",", "."))
    return values.decimal(compact, "german" if thousands else "unknown")


def _written(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".").replace(".", ",") if "." in text else text


def _date(text: str, *, partial: bool) -> Repair:
    text = plain(text)
    if there := _day_in_germany(text):
        return Repair(there)
    if found := re.fullmatch(r"(\d{4})(\d{2})(\d{2})|(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?", text):
        return Repair(values.day("-".join(part for part in found.groups() if part)))
    if (year := _typed_year(text)) is not None:
        return Repair(None, {"de": f"Gemeint ist wohl das Jahr {year}. ", "en": f"Perhaps the year {year} is meant. "})
    if partial and (short := _short_month(text)):
        return Repair(
            None,
            {
                "de": f"Gemeint sind wohl Monat und Jahr, {short}; das Jahr braucht vier Ziffern. ",
                "en": f"Perhaps a month and a year, {short}, are meant; the year needs four digits. ",
            },
        )
    bare = _TIME.sub("", _WEEKDAY.sub("", text))
    if bare != text and (day := values.day(bare)):
        return Repair(day)
    if found := re.fullmatch(r"(\d{4})/(\d{1,2})/(\d{1,2})", bare):
        return Repair(values.day("-".join(found.groups())))
    if found := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", bare):
        first, second, in_year = found.groups()
        readings = {values.day(f"{in_year}-{month}-{day}") for day, month in ((first, second), (second, first))} - {
            None
        }
        if len(readings) == 1:
            return Repair(readings.pop())
        return Repair(None, _either(sorted(filter(None, readings))))
    if partial and (found := re.fullmatch(r"(\d{1,2})-(\d{4})", bare)) and 1 <= int(found[1]) <= 12:
        return Repair(f"{found[2]}-{int(found[1]):02}")
    return Repair(None, _about(bare, partial=partial))


def _day_in_germany(text: str) -> str | None:
    """The day at which a moment with a time zone is in Germany."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})", text):
        return None
    try:
        return dt.datetime.fromisoformat(text).astimezone(_GERMANY).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _typed_year(text: str) -> int | None:
    """The year that somebody typed into a cell that shows dates: programs take it for a number of days since 1900."""
    day = values.day_of_any_year(text)
    serial = (day - _FIRST_SERIAL).days if day else 0
    return serial if _YEARS[0] <= serial <= _YEARS[1] else None


def _short_month(text: str) -> str | None:
    """September 2024 as spreadsheet programs show it in little room: Sep 24, Sep-24, 24-Sep."""
    found = re.fullmatch(r"([^\W\d]+)\.?[ ./'-]+(\d{2})", text)
    number = values.month(found[1]) if found else None
    return f"20{found[2]}-{number:02}" if found and number else None


def _either(readings: list[str]) -> Text:
    if not readings:
        return _NO_DAY
    return {"de": f"Gemeint sein kann {' oder '.join(readings)}. ", "en": f"It may mean {' or '.join(readings)}. "}


_NO_DAY: Final[Text] = {"de": "Diesen Tag gibt es nicht. ", "en": "There is no such day. "}
_SHORT_YEAR: Final[Text] = {"de": "Das Jahr braucht vier Ziffern. ", "en": "The year needs four digits. "}
_SERIAL: Final[Text] = {
    "de": "Das ist wohl die innere Zahl eines Datums; die Zelle als Datum formatieren. ",
    "en": "This is probably the internal number of a date; format the cell as a date. ",
}
_GERMANY: Final = ZoneInfo("Europe/Berlin")
_FIRST_SERIAL: Final = dt.date(1899, 12, 30)
_YEARS: Final = (1950, 2100)
_PERIOD: Final[Text] = {
    "de": "Beginn und Ende haben eigene Spalten. ",
    "en": "Start and end have columns of their own. ",
}
_DATES: Final[Mapping[str, Text]] = {
    r"\d{1,2}\. ?\d{1,2}\. ?\d{4}|\d{4}-\d{1,2}-\d{1,2}": _NO_DAY,
    r"(?:\d{1,2}[./-] ?){1,2}\d{2}": _SHORT_YEAR,
    r"[2-5]\d{4}": _SERIAL,
    r"\d{4} ?[/–-] ?\d{2,4}|.*\d{4} ?(?:-|–|bis) ?.*\d{4}": _PERIOD,
}


def _about(text: str, *, partial: bool) -> Text | None:
    for pattern, hint in _DATES.items():
        if re.fullmatch(pattern, text):
            return hint
    if partial and (found := _ABOUT_TIME.fullmatch(text)):
        return {"de": f"Gemeint ist wohl {found[1]}. ", "en": f"Perhaps {found[1]} is meant. "}
    return None


def _address(text: str, field: Field) -> str | None:
    if field.prefix == "mailto:":
        mailbox = re.sub(r"\s*[(\[{]\s*at\s*[)\]}]\s*", "@", text, flags=re.I)
        return mailbox if re.search(field.pattern or "", f"mailto:{mailbox}") else None
    if re.fullmatch(r"www\.[\w.-]+\.[a-z]{2,}(?:/\S*)?", text, re.I):
        return f"https://{text}"
    return None


def _last_segment(text: str, field: Field) -> str | None:
    segment = re.split(r"[/#:]", text.rstrip("/"))[-1]
    return segment if segment != text and re.search(field.pattern or r"^\b$", field.prefix + segment) else None
