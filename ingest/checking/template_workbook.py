"""Templates as workbooks: a sheet for records, examples, explanations, and hidden sheets for lists and the mark."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

from ingest.checking.template_model import Column, Template
from ingest.files import output
from ingest.tables import template_marks as marks

_FIRST, _LAST = 2, 9999
"""Rows for records, counted from 0: below the header and the line of help."""
_LONGEST_LIST: Final = 32_000
_WIDTHS: Final = {"text": 32, "reference": 30, "concept": 26, "iri": 40}
_SHEETS: Final = {
    "examples": {"de": "Beispiele", "en": "Examples"},
    "explanations": {"de": "Erläuterungen", "en": "Explanations"},
    "lists": {"de": "Listen", "en": "Lists"},
}
_HEADINGS: Final = {
    "de": ("Spalte", "Pflicht", "Bedeutung", "Form", "Erlaubte Werte", "Regel"),
    "en": ("Column", "Mandatory", "Meaning", "Form", "Values allowed", "Rule"),
}
_FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "text": {"de": "Text", "en": "text"},
    "integer": {"de": "ganze Zahl", "en": "whole number"},
    "decimal": {"de": "Zahl", "en": "number"},
    "boolean": {"de": "ja oder nein", "en": "yes or no"},
    "date": {"de": "Tag: 2024-09-04 oder 04.09.2024", "en": "day: 2024-09-04 or 04.09.2024"},
    "partial-date": {
        "de": "Tag, Monat oder Jahr: 2024-09-04, 2024-09, 2024",
        "en": "day, month or year: 2024-09-04, 2024-09, 2024",
    },
    "iri": {"de": "Adresse", "en": "address"},
    "code": {"de": "Kennnummer", "en": "code"},
    "concept": {"de": "Wert aus der Liste", "en": "value of the list"},
    "reference": {
        "de": "Name oder Schlüssel eines Datensatzes",
        "en": "name or key of a record",
    },
}
_NOTES: Final = {
    "de": (
        "Eine Zeile je Datensatz, ab Zeile 3 des ersten Blattes. Spalten mit * sind Pflicht.",
        "Was nicht bekannt ist, bleibt leer; „k. A.“ und „-“ sind keine Werte.",
        "Mehrere Werte in einer Zelle werden durch Semikolon getrennt.",
        "Namen, Telefonnummern und E-Mail-Adressen von Personen gehören nicht hinein: Alles wird veröffentlicht.",
        "Prüfen, bevor Sie die Datei schicken: {address}",
    ),
    "en": (
        "One row for each record, from row 3 of the first sheet. Columns with * are mandatory.",
        "What is not known stays empty; “k. A.” and “-” are no values.",
        "Several values in a cell are separated by semicolons.",
        "Names, telephone numbers and e-mail addresses of persons do not belong here: everything is published.",
        "Check the file before you send it: {address}",
    ),
}
_TO_CHOOSE: Final = {
    "de": ("Nicht in der Liste", "Bitte einen Wert der Liste wählen."),
    "en": ("Not in the list", "Please choose a value of the list."),
}
_NO_NUMBER: Final = {
    "de": ("Keine passende Zahl", "Bitte eine Zahl im erlaubten Bereich eintragen, ohne Einheit."),
    "en": ("Not a suitable number", "Please enter a number in the range allowed, without unit."),
}
_NO_DAY: Final = {
    "de": ("Kein Tag", "Bitte einen Tag eintragen, z. B. 04.09.2024."),
    "en": ("Not a day", "Please enter a day, e.g. 2024-09-04."),
}


def write(made: Template, base: str) -> bytes:
    """The template as an XLSX file; the same for the same shapes and records.

    :param base: base IRI of the service.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": output.EPOCH, "title": made.record_type.label[made.language]})
    _Writer(book, made, base).write()
    book.close()
    return buffer.getvalue()


class _Writer:
    def __init__(self, book: Any, made: Template, base: str) -> None:
        self._book = book
        self._made = made
        self._base = base
        self._language = made.language
        self._formats = {
            "mandatory": book.add_format({"bold": True, "bg_color": "#0B4A8F", "font_color": "#FFFFFF", "border": 1}),
            "optional": book.add_format({"bold": True, "bg_color": "#DCE6F2", "border": 1}),
            "help": book.add_format({"italic": True, "font_color": "#4A5361", "text_wrap": True, "valign": "top"}),
            "text": book.add_format({"num_format": "@"}),
            "integer": book.add_format({"num_format": "0"}),
            "decimal": book.add_format({"num_format": "General"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "wrapped": book.add_format({"text_wrap": True, "valign": "top"}),
            "bold": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        }

    def write(self) -> None:
        """Write all sheets."""
        sheets = [self._made.record_type.label[self._language], *(name[self._language] for name in _SHEETS.values())]
        records, examples, explanations, lists = map(self._book.add_worksheet, sheets)
        self._write_records(records, lists, sheets[3])
        self._write_examples(examples)
        self._write_explanations(explanations)
        lists.hide()
        mark = marks.Mark(self._made.record_type.name, marks.version(self._made.record_type), sheets[0])
        hidden = self._book.add_worksheet(marks.SHEET)
        for number, row in enumerate(mark.rows()):
            for column, text in enumerate(row):
                hidden.write_string(number, column, text)
        hidden.very_hidden()
        records.activate()

    def _heading(self, sheet: Any, position: int, column: Column) -> None:
        name = f"{column.name} *" if column.field.required else column.name
        sheet.write_string(0, position, name, self._formats["mandatory" if column.field.required else "optional"])

    def _write_records(self, sheet: Any, lists: Any, lists_name: str) -> None:
        sheet.freeze_panes(_FIRST, 1)
        sheet.set_row(1, 90)
        for position, column in enumerate(self._made.columns):
            kind = column.field.kind
            shape = self._formats[kind if kind in ("integer", "decimal", "date") else "text"]
            sheet.set_column(position, position, _WIDTHS.get(kind, 18), shape)
            self._heading(sheet, position, column)
            sheet.write_string(1, position, column.help, self._formats["help"])
            rule = self._rule(position, column, lists_name)
            if rule:
                sheet.data_validation(_FIRST, position, _LAST, position, rule)
            if rule and "source" in rule:
                for number, choice in enumerate(column.choices):
                    lists.write_string(number, position, choice)

    def _rule(self, position: int, column: Column, lists_name: str) -> dict[str, Any] | None:
        """Data validation of the spreadsheet program for a column."""
        field = column.field
        if column.choices and len(column.choices) <= _LONGEST_LIST:
            letter = xl_col_to_name(position)
            source = f"='{lists_name}'!${letter}$1:${letter}${len(column.choices)}"
            # Several values, and keys instead of names, are valid although they are not in the list.
            strict = field.kind != "reference" and not field.many
            return {"validate": "list", "source": source, "show_error": strict, **_told(_TO_CHOOSE[self._language])}
        if field.kind in ("integer", "decimal"):
            return {"validate": field.kind, **_range(column), **_told(_NO_NUMBER[self._language])}
        if field.kind == "date":
            day = {"criteria": ">", "value": output.EPOCH.replace(year=1900)}
            return {"validate": "date", **day, **_told(_NO_DAY[self._language])}
        return None

    def _write_examples(self, sheet: Any) -> None:
        sheet.freeze_panes(1, 0)
        for position, column in enumerate(self._made.columns):
            sheet.set_column(position, position, _WIDTHS.get(column.field.kind, 18))
            self._heading(sheet, position, column)
            for row, example in enumerate(self._made.examples, start=1):
                sheet.write_string(row, position, example[column.field.term], self._formats["wrapped"])

    def _write_explanations(self, sheet: Any) -> None:
        sheet.set_column(0, 1, 24)
        sheet.set_column(2, 5, 50)
        notes = _NOTES[self._language]
        for row, note in enumerate(notes):
            sheet.write_string(row, 0, note.format(address=f"{self._base}validate"))
        start = len(notes) + 1
        for position, heading in enumerate(_HEADINGS[self._language]):
            sheet.write_string(start, position, heading, self._formats["bold"])
        for row, column in enumerate(self._made.columns, start=start + 1):
            for position, text in enumerate(self._explanation(column)):
                sheet.write_string(row, position, text, self._formats["bold" if position == 0 else "wrapped"])

    def _explanation(self, column: Column) -> Sequence[str]:
        field = column.field
        yes = {"de": "ja", "en": "yes"}[self._language] if field.required else ""
        allowed = ", ".join(column.choices) if field.kind in ("concept", "boolean") else ""
        form = _FORMS[field.kind][self._language]
        return column.name, yes, column.help, form, allowed, field.message[self._language]


def _told(told: Sequence[str]) -> dict[str, str]:
    return {"error_title": told[0], "error_message": told[1]}


def _range(column: Column) -> dict[str, Any]:
    least, most = column.least, column.field.maximum
    if least is not None and most is not None:
        return {"criteria": "between", "minimum": least, "maximum": most}
    if most is not None:
        return {"criteria": "<=", "value": most}
    if least is None:
        return {"criteria": ">=", "value": -1e15}
    return {"criteria": ">" if column.above else ">=", "value": least}
