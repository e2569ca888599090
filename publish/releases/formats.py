"""The table of formats: one row has all properties of a format.

Negotiation, dumps, distributions, links on pages, compression and uploads use it.
To add a format, add a row; a format of the records also needs a writer (:mod:`publish.formats.records`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Distribution:
    """Properties of a format as a DCAT distribution: it is open, machine-readable, and in the EU's list of file types.

    :ivar file_type: its name in https://publications.europa.eu/resource/authority/file-type.
    :ivar standard: address of its specification.
    :ivar use: its purpose, by language.
    :ivar bulk: whether it is used for large amounts, and so also offered compressed.
    """

    file_type: str
    standard: str
    use: dict[str, str]
    bulk: bool = False


@dataclass(frozen=True)
class Format:
    """A format.

    :ivar suffix: of names of files and of addresses.
    :ivar media_type: as it is registered (https://www.iana.org/assignments/media-types/).
    :ivar label: name for people.
    :ivar answer: whether an address without suffix may be answered in it.
    :ivar aliases: older and private media types that clients still use.
    :ivar subset: suffix of a format whose documents are all documents of this one, too.
    :ivar sent: whether users may submit files in it for checks.
    :ivar compressible: whether gzip and brotli make it smaller.
    :ivar distribution: None if it is not a distribution of a dataset.
    """

    suffix: str
    media_type: str
    label: str
    answer: bool = True
    aliases: tuple[str, ...] = ()
    subset: str | None = None
    sent: bool = False
    compressible: bool = True
    distribution: Distribution | None = field(default=None, repr=False)


_ROWS: Final = (
    Format(
        "ttl",
        "text/turtle",
        "Turtle",
        aliases=("application/x-turtle", "application/turtle", "text/n3", "text/rdf+n3", "application/n3"),
        sent=True,
        distribution=Distribution(
            "RDF_TURTLE",
            "https://www.w3.org/TR/turtle/",
            {"de": "RDF, für Menschen lesbar.", "en": "RDF, readable for people."},
        ),
    ),
    Format(
        "nt",
        "application/n-triples",
        "N-Triples",
        aliases=("text/plain", "text/ntriples"),
        sent=True,
        distribution=Distribution(
            "RDF_N_TRIPLES",
            "https://www.w3.org/TR/n-triples/",
            {
                "de": "RDF, eine Aussage je Zeile: zum Laden in eine Datenbank und zum Vergleichen.",
                "en": "RDF, one statement a line: for loading into a database and for comparing.",
            },
            bulk=True,
        ),
    ),
    Format(
        "rdf",
        "application/rdf+xml",
        "RDF/XML",
        aliases=("application/xml", "text/xml"),
        sent=True,
        distribution=Distribution(
            "RDF_XML",
            "https://www.w3.org/TR/rdf-syntax-grammar/",
            {"de": "RDF für Programme, die XML lesen.", "en": "RDF for programs that read XML."},
        ),
    ),
    Format(
        "jsonld",
        "application/ld+json",
        "JSON-LD",
        aliases=("application/json", "application/x-json+ld"),
        sent=True,
        distribution=Distribution(
            "JSON_LD",
            "https://www.w3.org/TR/json-ld11/",
            {
                "de": "Für Programme, die JSON lesen, mit der Bedeutung von RDF.",
                "en": "For programs that read JSON, with the meaning of RDF.",
            },
        ),
    ),
    Format(
        "trig",
        "application/trig",
        "TriG",
        aliases=("application/x-trig",),
        subset="ttl",
        sent=True,
        distribution=Distribution(
            "RDF_TRIG",
            "https://www.w3.org/TR/trig/",
            {
                "de": "RDF mit benannten Graphen, für Menschen lesbar.",
                "en": "RDF with named graphs, readable for people.",
            },
        ),
    ),
    Format(
        "nq",
        "application/n-quads",
        "N-Quads",
        aliases=("text/nquads", "text/x-nquads"),
        subset="nt",
        sent=True,
        distribution=Distribution(
            "RDF_N_QUADS",
            "https://www.w3.org/TR/n-quads/",
            {
                "de": "RDF mit benannten Graphen, eine Aussage je Zeile: zum Laden in eine Datenbank.",
                "en": "RDF with named graphs, one statement a line: for loading into a database.",
            },
            bulk=True,
        ),
    ),
    Format(
        "json",
        "application/json",
        "JSON",
        sent=True,
        distribution=Distribution(
            "JSON",
            "https://www.rfc-editor.org/rfc/rfc8259",
            {"de": "Für Programme, die JSON lesen.", "en": "For programs that read JSON."},
        ),
    ),
    Format(
        "csv",
        "text/csv",
        "CSV",
        sent=True,
        distribution=Distribution(
            "CSV",
            "https://www.rfc-editor.org/rfc/rfc4180",
            {
                "de": "Tabelle mit einer Zeile je Eintrag und deutschen Überschriften.",
                "en": "Table with one row for each record and German headings.",
            },
        ),
    ),
    Format(
        "geojson",
        "application/geo+json",
        "GeoJSON",
        aliases=("application/vnd.geo+json",),
        distribution=Distribution(
            "GEOJSON",
            "https://www.rfc-editor.org/rfc/rfc7946",
            {
                "de": "Für Karten: ein Punkt je Eintrag, der einen Ort hat.",
                "en": "For maps: one point for each record that has a place.",
            },
        ),
    ),
    # No distribution, because data.europa.eu counts it as neither open nor machine readable: docs/harvesters.md.
    Format("parquet", "application/vnd.apache.parquet", "Parquet", compressible=False),
    Format(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel",
        sent=True,
        compressible=False,
    ),
    Format("html", "text/html", "HTML", aliases=("application/xhtml+xml",)),
    Format("tsv", "text/tab-separated-values", "TSV", answer=False, sent=True),
    Format("atom", "application/atom+xml", "Atom", answer=False),
    Format("xml", "application/xml", "XML", answer=False),
    Format("svg", "image/svg+xml", "SVG", answer=False),
    Format("txt", "text/plain", "Text", answer=False),
    Format("xls", "application/vnd.ms-excel", "Excel 97", answer=False, sent=True),
    Format(
        "ods", "application/vnd.oasis.opendocument.spreadsheet", "OpenDocument", False, sent=True, compressible=False
    ),
)

FORMATS: Final = {row.suffix: row for row in _ROWS}
"""All formats by suffix, the default first."""


def by_media_type(media_type: str) -> Format | None:
    """The format with this media type, aliases excepted; None if the table has none."""
    return next((row for row in _ROWS if row.media_type == media_type), None)
