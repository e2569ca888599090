"""What can be wrong with a record or a table, said so that the person who sent it can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["violation", "warning", "info"]
Text = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    :ivar code: stable identifier, e.g. ``type-decimal``.
    :ivar severity: ``violation`` withholds the record; ``warning`` and ``info`` do not.
    :ivar template: German and English sentence with ``str.format`` placeholders.
    """

    code: str
    severity: Severity
    template: Text


def _kind(code: str, severity: Severity, de: str, en: str) -> Kind:
    return Kind(code, severity, {"de": de, "en": en})


_CATALOGUE = (
    _kind(
        "file-unreadable",
        "violation",
        "Die Datei lässt sich nicht lesen ({detail}). Richtig wäre eine CSV-, TSV-, XLSX-, ODS- oder JSON-Datei.",
        "The file cannot be read ({detail}). It should be a CSV, TSV, XLSX, ODS or JSON file.",
    ),
    _kind(
        "file-missing",
        "violation",
        "Die im Katalog genannte Datei fehlt. Richtig wäre: die Datei ablegen oder ihren Eintrag im Katalog entfernen.",
        "The file named in the catalogue is missing. Put it in place or remove its entry from the catalogue.",
    ),
    _kind(
        "file-empty",
        "violation",
        "Die Tabelle enthält keine Kopfzeile. Richtig wäre: eine Zeile mit Spaltennamen, darunter die Datensätze.",
        "The table has no header. It should have one row of column names with the records below.",
    ),
    _kind(
        "encoding",
        "info",
        "Die Datei ist in {encoding} kodiert und wurde so gelesen. Empfohlen ist UTF-8.",
        "The file is encoded in {encoding} and was read as such. UTF-8 is recommended.",
    ),
    _kind(
        "surplus-cells",
        "violation",
        "Die Zeile hat {found} Zellen, die Kopfzeile nur {expected}. "
        "Richtig wäre: Text, der das Trennzeichen enthält, in Anführungszeichen setzen.",
        "The row has {found} cells, the header only {expected}. Put text that contains the delimiter in quotes.",
    ),
    _kind(
        "unknown-column",
        "warning",
        "Die Spalte „{header}“ ist nicht bekannt und wurde nicht übernommen. {hint_de}",
        "The column “{header}” is unknown and was not taken over. {hint_en}",
    ),
    _kind(
        "missing-column",
        "violation",
        "Die Pflichtspalte „{header}“ fehlt; ohne sie kann kein Datensatz veröffentlicht werden. "
        "Richtig wäre: die Spalte ergänzen.",
        "The mandatory column “{header}” is missing; no record can be published without it. Add the column.",
    ),
    _kind(
        "missing-key",
        "violation",
        "Das Pflichtfeld „{header}“ ist leer. {help_de}",
        "The mandatory field “{header}” is empty. {help_en}",
    ),
    _kind(
        "malformed-key",
        "violation",
        "„{value}“ ist kein gültiger Wert für „{header}“. {help_de}",
        "“{value}” is not a valid value for “{header}”. {help_en}",
    ),
    _kind(
        "duplicate-key",
        "violation",
        "„{value}“ ist schon in {source}, Zeile {source_row} vergeben. Richtig wäre eine eigene Kennung je Datensatz.",
        "“{value}” is already used in {source}, row {source_row}. Every record needs a key of its own.",
    ),
    _kind(
        "type-integer",
        "violation",
        "„{value}“ ist keine ganze Zahl. Richtig wäre zum Beispiel 97956.",
        "“{value}” is not a whole number. Right would be, for example, 97956.",
    ),
    _kind(
        "type-decimal",
        "violation",
        "„{value}“ ist keine Zahl. Richtig wäre zum Beispiel 1200000 oder 1200000,50.",
        "“{value}” is not a number. Right would be, for example, 1200000 or 1200000.50.",
    ),
    _kind(
        "ambiguous-number",
        "violation",
        "„{value}“ kann {thousands} oder {fraction} bedeuten. Richtig wäre: die Zahl ohne Tausenderpunkt schreiben.",
        "“{value}” may mean {thousands} or {fraction}. Write the number without a thousands separator.",
    ),
    _kind(
        "type-boolean",
        "violation",
        "„{value}“ ist weder ja noch nein. Richtig wäre „ja“ oder „nein“.",
        "“{value}” is neither yes nor no. Right would be “ja” or “nein”.",
    ),
    _kind(
        "type-date",
        "violation",
        "„{value}“ ist kein Datum. Richtig wäre zum Beispiel 2024-09-04 oder 04.09.2024.",
        "“{value}” is not a date. Right would be, for example, 2024-09-04 or 04.09.2024.",
    ),
    _kind(
        "type-partial-date",
        "violation",
        "„{value}“ ist kein Datum. Richtig wäre zum Beispiel 2024-09-04, 04.09.2024, 2024-09 oder 2024.",
        "“{value}” is not a date. Right would be, for example, 2024-09-04, 04.09.2024, 2024-09 or 2024.",
    ),
    _kind(
        "type-iri",
        "violation",
        "„{value}“ ist keine vollständige Adresse. Richtig wäre zum Beispiel https://www.hessen.de/.",
        "“{value}” is not a complete address. Right would be, for example, https://www.hessen.de/.",
    ),
    _kind(
        "type-code",
        "violation",
        "„{value}“ ist keine Kennnummer. Erlaubt sind Buchstaben, Ziffern und Bindestriche.",
        "“{value}” is not a code. Letters, digits and hyphens are allowed.",
    ),
    _kind(
        "type-text",
        "violation",
        "Der Text enthält Steuerzeichen, die sich nicht veröffentlichen lassen. Richtig wäre: sie entfernen.",
        "The text contains control characters that cannot be published. Remove them.",
    ),
    _kind(
        "unknown-concept",
        "violation",
        "„{value}“ steht nicht in der Werteliste von „{header}“. {hint_de}",
        "“{value}” is not in the value list of “{header}”. {hint_en}",
    ),
    _kind(
        "unknown-reference",
        "violation",
        "„{value}“ ist in „{header}“ nicht bekannt. {hint_de}",
        "“{value}” is not known in “{header}”. {hint_en}",
    ),
    _kind(
        "ambiguous-reference",
        "violation",
        "„{value}“ ist mehrdeutig. Richtig wäre einer der Schlüssel: {candidates}.",
        "“{value}” is ambiguous. Use one of the keys: {candidates}.",
    ),
    _kind(
        "outdated-key",
        "warning",
        "„{value}“ gibt es nicht mehr; eingesetzt wurde die Nachfolgegemeinde {successor}. "
        "Richtig wäre: den Wert durch {successor} ersetzen.",
        "“{value}” no longer exists; its successor {successor} was used. Replace the value by {successor}.",
    ),
    _kind(
        "withheld-reference",
        "warning",
        "„{value}“ verweist auf einen zurückgehaltenen Datensatz ({source}, Zeile {source_row}); "
        "der Verweis fehlt, bis jener berichtigt ist.",
        "“{value}” refers to a withheld record ({source}, row {source_row}); the link is left out until it is mended.",
    ),
)

KINDS = {kind.code: kind for kind in _CATALOGUE}


@dataclass(frozen=True)
class Finding:
    """One thing to mend, or to know, at a place in a source.

    :ivar row: row as the spreadsheet program numbers it (RFC 7111: the header is row 1); None for the whole file.
    :ivar column: column letter; None when the column is absent or the whole row is meant.
    :ivar record: IRI of the record, relative to ``{base}id/``, where known.
    """

    code: str
    severity: Severity
    message: Text
    source: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    header: str | None = None
    value: str | None = None
    suggestion: str | None = None
    record: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object; keys as in the validation API."""
        return {
            "code": self.code,
            "severity": self.severity,
            "source": self.source,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "header": self.header,
            "value": self.value,
            "message": self.message,
            "suggestion": self.suggestion,
            "record": self.record,
        }


def message(code: str, **details: object) -> tuple[Severity, Text]:
    """Severity and text of a kind of finding with its placeholders filled.

    :raises KeyError: no such kind, or a placeholder of its template is not given.
    """
    kind = KINDS[code]
    return kind.severity, {lang: template.format(**details).strip() for lang, template in kind.template.items()}


def column_letter(position: int) -> str:
    """Name of the column at a position counted from 0, as spreadsheet programs write it: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
