"""Reads the text of a cell as a value of the kind of a field.

Each reader takes one text and gives the value in its canonical lexical form (the store would canonicalise it
anyway, and dumps, store and hashes must agree), or raises :class:`UnreadableValue` with the kind of finding.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

import pyoxigraph as ox

from ingest.model import Field, Kind

NumberStyle = Literal["german", "plain", "unknown"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_LOST = "\ufffd"
_GERMAN = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d+,\d+")
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?")
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}\.\d{3}")
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?:\D|$))")
_PER_CENT = 100.0
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar january jan jän", "februar february feb", "märz march mär mrz", "april apr", "mai may",
            "juni june jun", "juli july jul", "august aug", "september sep sept", "oktober october okt oct",
            "november nov", "dezember december dez dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_EARLIEST, _LATEST = 1000, 2200
_TYPED_YEARS = dt.date(1905, 5, 3), dt.date(1905, 9, 30)
"""What spreadsheet programs make of a year from 1950 to 2100 that was typed into a cell for dates."""
_TRUE = {"ja", "j", "yes", "y", "true", "wahr", "x", "1"}
_FALSE = {"nein", "n", "no", "false", "falsch", "0"}


class UnreadableValue(ValueError):
    """The text is no value of the kind; ``code`` is the kind of finding, ``details`` fill its sentence."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def number_style(texts: Iterable[str]) -> NumberStyle:
    """The notation of numbers in a column, from its unambiguous cells."""
    texts = [_SPACED.sub("", text) for text in texts]
    if any(_GERMAN.fullmatch(text) and not _AMBIGUOUS.fullmatch(text) for text in texts):
        return "german"
    if any("." in text and _PLAIN.fullmatch(text) and not _AMBIGUOUS.fullmatch(text) for text in texts):
        return "plain"
    return "unknown"


def reader(field: Field, style: NumberStyle) -> Callable[[str], Any]:
    """The function that reads a cell of this field.

    :param style: notation of numbers in the column (see :func:`number_style`).
    :returns: a function from stripped, non-empty text to a JSON-LD value; it raises :class:`UnreadableValue`.
    """
    if field.kind in ("integer", "decimal"):
        # Below 1,000 three digits after the point can only be a fraction: coordinates, percentages.
        known: NumberStyle = "plain" if field.maximum is not None and field.maximum < 1000 else style
        number = _decimal if field.kind == "decimal" else _integer
        if field.maximum == _PER_CENT:
            return lambda text: number(text.removesuffix("%").rstrip(), known)
        return lambda text: number(text, known)
    if field.kind in ("iri", "code"):
        read = _iri if field.kind == "iri" else _code
        return lambda text: read(text, field.prefix)
    simple: dict[Kind, Callable[[str], Any]] = {
        "text": _text,
        "boolean": _boolean,
        "date": _date,
        "partial-date": _partial_date,
    }
    return simple[field.kind]


def _text(text: str) -> str:
    if _CONTROL.search(text) or _LOST in text:
        raise UnreadableValue("type-text")
    return unicodedata.normalize("NFC", text)


def without_controls(text: str) -> str | None:
    """The text without control characters; None if characters are lost that cannot be restored."""
    return None if _LOST in text else unicodedata.normalize("NFC", _CONTROL.sub("", text)).strip()


def decimal(text: str, style: NumberStyle) -> Decimal | None:
    """Read a number in any notation that :func:`reader` accepts."""
    try:
        return _number(text, style, "type-decimal")
    except UnreadableValue:
        return None


def day(text: str) -> str | None:
    """Read a day in any notation that :func:`reader` accepts; return it in ISO 8601."""
    try:
        return _date(text)
    except UnreadableValue:
        return None


def _number(text: str, style: NumberStyle, code: str) -> Decimal:
    compact = _SPACED.sub("", text)
    if _AMBIGUOUS.fullmatch(compact) and style == "unknown":
        thousands = compact.replace(".", "")
        raise UnreadableValue("ambiguous-number", thousands=thousands, fraction=compact)
    if _GERMAN.fullmatch(compact) and not (style == "plain" and _AMBIGUOUS.fullmatch(compact)):
        return Decimal(compact.replace(".", "").replace(",", "."))
    if _PLAIN.fullmatch(compact):
        return Decimal(compact)
    raise UnreadableValue(code)


def _decimal(text: str, style: NumberStyle) -> str:
    value = _number(text, style, "type-decimal")
    lexical = format(value, "f")
    return lexical.rstrip("0").rstrip(".") if "." in lexical else str(int(value))


def _integer(text: str, style: NumberStyle) -> str:
    # A whole number has no fraction, so a point before three digits can only group thousands.
    value = _number(text, "german" if style == "unknown" else style, "type-integer")
    if value != value.to_integral_value():
        raise UnreadableValue("type-integer")
    return str(int(value))


def _boolean(text: str) -> str:
    word = text.casefold()
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    raise UnreadableValue("type-boolean")


def _day(year: str, month: str, day: str, code: str) -> str:
    try:
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise UnreadableValue(code) from None
    if not _EARLIEST <= found.year <= _LATEST or _TYPED_YEARS[0] <= found <= _TYPED_YEARS[1]:
        raise UnreadableValue(code)
    return found.isoformat()


def day_of_any_year(text: str) -> dt.date | None:
    """The day that a text is, also one that no record can have."""
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text) or re.fullmatch(r"(\d{2})\.(\d{2})\.(\d{4})", text)
    if match is None:
        return None
    year, month, day = match.groups() if len(match[1]) == 4 else match.groups()[::-1]
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _date(text: str, code: str = "type-date") -> str:
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T00:00(?::00)?)?", text):
        return _day(match[1], match[2], match[3], code)
    if match := re.fullmatch(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})", text):
        return _day(match[3], match[2], match[1], code)
    if (match := re.fullmatch(r"(\d{1,2})\.? ([^\W\d]+)\.? (\d{4})", text)) and (number := month(match[2])):
        return _day(match[3], str(number), match[1], code)
    raise UnreadableValue(code)


def month(word: str) -> int | None:
    """The number of the month of this name, short or long, in German or English."""
    return _MONTHS.get(word.casefold())


def _partial_date(text: str) -> dict[str, str]:
    """Read a date with its precision: xsd:date, xsd:gYearMonth or xsd:gYear."""
    if re.fullmatch(r"\d{4}", text):
        return {"@value": text, "@type": "xsd:gYear"}
    year_month = None
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})", text):
        year_month = match[1], int(match[2])
    elif match := re.fullmatch(r"(\d{1,2})[./] ?(\d{4})", text):
        year_month = match[2], int(match[1])
    elif (match := re.fullmatch(r"([^\W\d]+)\.? (\d{4})", text)) and (number := month(match[1])):
        year_month = match[2], number
    if year_month is not None:
        if not 1 <= year_month[1] <= 12:
            raise UnreadableValue("type-partial-date")
        return {"@value": f"{year_month[0]}-{year_month[1]:02}", "@type": "xsd:gYearMonth"}
    return {"@value": _date(text, "type-partial-date"), "@type": "xsd:date"}


def _iri(text: str, scheme: str) -> str:
    """An absolute address (RFC 3987); a mailbox may be written without its scheme."""
    if scheme and "@" in text and not text.startswith(scheme):
        text = scheme + text
    try:
        parts = urlsplit(ox.NamedNode(text).value)
    except ValueError:
        raise UnreadableValue("type-iri") from None
    if parts.scheme in ("http", "https") and not parts.netloc:
        raise UnreadableValue("type-iri")
    return text


def _code(text: str, prefix: str) -> str:
    code = text.removeprefix(prefix)
    if not _CODE.fullmatch(code):
        raise UnreadableValue("type-code")
    return code
