"""Tables as SVG: bars, columns, a matrix and the shaded map; without scripts and styles, so that any page may use them.

Colours are presentation attributes, which a style sheet overrides: a picture alone is readable on white; in a page its
classes use the colours of the page, also in dark mode (decision 29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import floor, log10
from typing import Any, Final
from xml.sax.saxutils import escape

from publish.pictures.figures import Figure, Name, Value

WIDTH: Final = 480
SHADES: Final = ("#e2eaf3", "#bacde2", "#91aecd", "#3c6ea5", "#0b4a8f")
"""Colours from low to high values; classes ``shade-1`` and so on."""

_INK, _FAINT, _BAR, _LINE, _NONE = "#1b1f24", "#4a5361", "#0b4a8f", "#c5ccd6", "#f7f8fa"
_FONT: Final = 14
_LETTER: Final = 0.56
_ROW: Final = 42


def bars(figure: Figure, measure: str, language: str) -> str:
    """A horizontal bar for each row, under its name.

    :param measure: the column that is drawn.
    """
    rows = [(things[0].names[language], values[figure.columns.index(measure)]) for things, values in figure.rows]
    most = max((float(value) for _, value in rows), default=0) or 1
    parts = []
    for number, (name, value) in enumerate(rows):
        top = number * _ROW
        shown = _shown(value, measure, language) if value else _UNKNOWN[language]
        room = WIDTH - 10 - len(shown) * _FONT * _LETTER
        length = max(float(value) / most * room, 1)
        parts += [
            _text(0, top + 14, _fitting(name, WIDTH), "label"),
            _bar(0, top + 20, length, 14),
            _text(length + 6, top + 32, shown, "value"),
        ]
    return _svg(figure, language, len(rows) * _ROW, parts)


def columns(figure: Figure, measure: str, language: str) -> str:
    """A column for each year; years between the first and the last without a row are empty."""
    found = {int(str(values[0])): values[figure.columns.index(measure)] for _, values in figure.rows}
    years = range(min(found), max(found) + 1) if found else range(0)
    most, step, floor_line = max((float(v) for v in found.values()), default=0) or 1, WIDTH / max(len(years), 1), 210
    parts = [f'<path class="axis" d="M0 {floor_line}.5H{WIDTH}" stroke="{_LINE}"/>']
    for number, year in enumerate(years):
        middle, value = (number + 0.5) * step, found.get(year, 0)
        height = float(value) / most * 170
        parts += [
            _bar(middle - step * 0.36, floor_line - height, step * 0.72, height),
            _text(middle, floor_line - height - 7, _short(value, measure, language), "value", "middle"),
            _text(middle, floor_line + 19, str(year), "label", "middle"),
        ]
    return _svg(figure, language, floor_line + 30, parts)


def matrix(figure: Figure, order: Sequence[Name], language: str) -> str:
    """A table with a number in each field.

    :param order: of the columns.
    """
    down: dict[str, dict[str, int]] = {}
    for (row, column), (value,) in figure.rows:
        down.setdefault(_short_name(row.names[language]), {})[column.iri] = int(value)
    used = {iri for cells in down.values() for iri in cells}
    across = {name.iri: name.names[language] for name in order if name.iri in used}
    left, top, high, right = 164, 150, 24, WIDTH - 62
    wide = (right - left) / max(len(across), 1)
    breaks = _breaks([value for cells in down.values() for value in cells.values()])
    parts = [
        f'<text class="label" transform="translate({left + (n + 0.6) * wide:.1f} {top - 8}) rotate(-50)" fill="{_INK}">'
        f"{escape(_fitting(name, 200))}</text>"
        for n, name in enumerate(across.values())
    ]
    parts.append(_cell(left, top, right - left, len(down) * high, 0))
    for n, (name, cells) in enumerate(down.items()):
        y = top + n * high
        parts.append(_text(left - 8, y + 16, _fitting(name, left - 8), "label", "end"))
        for m, iri in enumerate(across):
            value, x = cells.get(iri, 0), left + m * wide
            if value:
                shade = _shade(value, breaks)
                parts.append(_cell(x, y, wide, high, shade))
                kind = "on-dark" if shade > 3 else "value"
                parts.append(_text(x + wide / 2, y + 16, str(value), kind, "middle", "#fff" if shade > 3 else _INK))
    return _svg(figure, language, top + len(down) * high + 2, parts)


def shaded_map(figure: Figure, measure: str, areas: Mapping[str, Any], base: str, language: str) -> str:
    """The map of districts, darker where there is more.

    :param areas: ``map.json``, see :mod:`publish.pictures.areas`.
    """
    values = {things[0].iri: numbers[figure.columns.index(measure)] for things, numbers in figure.rows}
    breaks, scale = _breaks(values.values()), WIDTH / areas["width"]
    parts = [f'<g transform="scale({scale:g})">']
    for area in areas["areas"]:
        value = values.get(f"{base}id/{area['record']}")
        shade = 0 if value is None else _shade(value, breaks)
        shown = _UNKNOWN[language] if value is None else _shown(value, measure, language)
        parts.append(
            f'<path class="area shade-{shade}" d="{area["path"]}" fill="{(_NONE, *SHADES)[shade]}" stroke="{_FAINT}" '
            f'stroke-width="2" fill-rule="evenodd"><title>{escape(area["name"])}: {shown}</title></path>'
        )
    parts.append("</g>")
    y = areas["height"] * scale + 12
    for number, (shade, meaning) in enumerate(legend(breaks, measure, language)):
        parts.append(_cell(0, y + number * 22, 26, 16, shade))
        parts.append(_text(34, y + number * 22 + 13, meaning, "label"))
    y += (len(breaks) + 2) * 22 + 12
    notes = [_OFFICIAL] if areas["official"] else _SCHEMATIC[language]
    parts += [_text(0, y + number * 17, note, "note", size=12) for number, note in enumerate(notes)]
    return _svg(figure, language, round(y + len(notes) * 17), parts)


def legend(breaks: Sequence[float], measure: str, language: str) -> list[tuple[int, str]]:
    """The legend of shades, from low to high."""
    up_to, over = {"de": ("bis {}", "über {}"), "en": ("up to {}", "over {}")}[language]
    number = [_shown(Decimal(str(value)), measure, language) for value in breaks]
    entries = [(n, up_to.format(text)) for n, text in enumerate(number, 1)]
    last = [(len(breaks) + 1, over.format(number[-1]))] if number else []
    return [(0, _UNKNOWN[language]), *entries, *last]


_UNKNOWN: Final = {"de": "kein Betrag bekannt", "en": "no amount known"}
_OFFICIAL: Final = "© BKG"
_SCHEMATIC: Final = {
    "de": ("Flächen schematisch, aus den Koordinaten der Gemeinden berechnet;", "keine amtlichen Grenzen."),
    "en": ("Areas are schematic, computed from the coordinates of municipalities;", "not official boundaries."),
}


def _svg(figure: Figure, language: str, height: int, parts: Iterable[str]) -> str:
    name, height = f"{figure.name}-title", max(height, 40)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="{name}" lang="{language}" '
            f'font-family="system-ui, sans-serif" font-size="{_FONT}">',
            f'<title id="{name}">{escape(figure.title[language])}</title>',
            *parts,
            "</svg>\n",
        ]
    )


def _text(
    x: float, y: float, text: str, kind: str, anchor: str = "start", fill: str = _INK, size: int | None = None
) -> str:
    more = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' font-size="{size}"' if size else "")
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{more} fill="{fill}">{escape(text)}</text>'


def _bar(x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{_BAR}"/>'


def _short_name(district: str) -> str:
    return district.removeprefix("Landkreis ").replace(" (kreisfreie Stadt)", " (Stadt)")


def _cell(x: float, y: float, width: float, height: float, shade: int) -> str:
    fill = (_NONE, *SHADES)[shade]
    return (
        f'<rect class="area shade-{shade}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" '
        f'fill="{fill}" stroke="{_LINE}"/>'
    )


def _fitting(text: str, room: float) -> str:
    most = int(room / (_FONT * _LETTER))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _breaks(values: Iterable[Value]) -> list[float]:
    """Up to four upper limits of shades: quintiles as round numbers."""
    ordered = sorted(float(value) for value in values)
    if not ordered:
        return []
    found = {_round(ordered[min(len(ordered) * share // 5, len(ordered) - 1)]) for share in range(1, 5)}
    return [limit for limit in sorted(found) if limit < ordered[-1]]


def _round(value: float) -> float:
    """Round to one or one and a half digits: 1, 1.5, 2, 3, ... 10."""
    if value <= 0:
        return 0.0
    power = 10.0 ** floor(log10(value))
    digit = value / power
    rounded = 1.5 if 1.25 <= digit < 1.75 and power >= 10 else round(digit)
    return float(f"{rounded * power:g}")


def _shade(value: Value, breaks: Sequence[float]) -> int:
    return 1 + sum(float(value) > limit for limit in breaks)


def _shown(value: Value, measure: str, language: str) -> str:
    """A value as people write it."""
    number = Decimal(value)
    text = _grouped(number, 2 if number % 1 else 0, language)
    if measure not in ("total", "perHead"):
        return text
    return f"{text} €" if language == "de" else f"€{text}"


def _short(value: Value, measure: str, language: str) -> str:
    """A value in short form: sums in millions."""
    if not value:
        return "0"
    if measure != "total":
        return _shown(value, measure, language)
    millions = _grouped(Decimal(value) / 1_000_000, 1, language)
    return f"{millions} Mio. €" if language == "de" else f"€{millions}m"


def _grouped(number: Decimal, digits: int, language: str) -> str:
    text = f"{number:,.{digits}f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))
