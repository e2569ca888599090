"""Detects the type of a file from its content."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from ingest.files.archives import main_part
from ingest.files.delimited import is_utf_16
from ingest.findings.findings import Text, UnreadableError

_HEAD = 4096
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError),
    *(ParseError, DefusedXmlException),
)
"""What reading a damaged archive raises."""


@dataclass(frozen=True)
class Content:
    """A file type.

    :ivar name: ``csv``, ``json``, ``xlsx``, ``xlsb``, ``xls`` or ``ods``.
    :ivar misnamed: the suffix of the file, if it belongs to another type.
    """

    name: str
    misnamed: str | None = None

    @property
    def label(self) -> Text:
        """Its name for people."""
        return _LABELS[self.name]


_LABELS: dict[str, Text] = {
    "csv": {"de": "eine Textdatei (CSV)", "en": "a text file (CSV)"},
    "json": {"de": "eine JSON-Datei", "en": "a JSON file"},
    "xlsx": {"de": "eine XLSX-Datei", "en": "an XLSX file"},
    "xlsb": {"de": "eine XLSB-Datei", "en": "an XLSB file"},
    "xls": {"de": "eine XLS-Datei", "en": "an XLS file"},
    "ods": {"de": "eine ODS-Datei", "en": "an ODS file"},
}
_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".xlsb": "xlsb", ".xls": "xls", ".ods": "ods",
}  # fmt: skip
_STRANGERS: tuple[tuple[bytes, Text], ...] = (
    (b"%PDF-", {"de": "ein PDF-Dokument", "en": "a PDF document"}),
    (b"\x89PNG", {"de": "ein Bild (PNG)", "en": "a picture (PNG)"}),
    (b"\xff\xd8\xff", {"de": "ein Bild (JPEG)", "en": "a picture (JPEG)"}),
    (b"GIF8", {"de": "ein Bild (GIF)", "en": "a picture (GIF)"}),
    (b"{\\rtf", {"de": "ein Textdokument (RTF)", "en": "a text document (RTF)"}),
    (b"\x1f\x8b", {"de": "ein gepacktes Archiv (gzip)", "en": "a packed archive (gzip)"}),
    (b"7z\xbc\xaf", {"de": "ein gepacktes Archiv (7z)", "en": "a packed archive (7z)"}),
    (b"Rar!", {"de": "ein gepacktes Archiv (RAR)", "en": "a packed archive (RAR)"}),
    (b"MIME-Version:", {"de": "eine Webseite (MHTML)", "en": "a web page (MHTML)"}),
)
_WEB_PAGE: Text = {"de": "eine Webseite (HTML)", "en": "a web page (HTML)"}
_OLD_XML: Text = {"de": "eine XML-Kalkulationstabelle 2003", "en": "an XML Spreadsheet 2003"}
_XML: Text = {"de": "ein XML-Dokument", "en": "an XML document"}
_LETTER: Text = {"de": "ein Textdokument", "en": "a text document"}
_SLIDES: Text = {"de": "eine Präsentation", "en": "a presentation"}
_OTHER: Text = {"de": "von unbekannter Art", "en": "of an unknown kind"}


def sniff(source: str, content: bytes) -> Content:
    """Detect the file type.

    :param source: name of the file; its suffix decides only between text formats.
    :raises UnreadableError: the file is not a table.
    """
    suffix = PurePath(source).suffix.lower()
    name = _name(source, suffix, content)
    promised = _SUFFIXES.get(suffix)
    return Content(name, suffix if promised not in (None, name) else None)


def _name(source: str, suffix: str, content: bytes) -> str:
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _zipped(source, content)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound(source, content)
    for mark, label in _STRANGERS:
        if content.startswith(mark):
            raise _no_table(source, label)
    if b"\x00" in content[:_HEAD] and not is_utf_16(content):
        raise UnreadableError("file-unreadable", source, detail="Binärdatei / binary")
    start = content[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        raise _no_table(source, _marked_up(start.lower()))
    if suffix in (".json", ".jsonl", ".ndjson") or (suffix not in _SUFFIXES and start[:1] in (b"[", b"{")):
        return "json"
    return "csv"


def _marked_up(start: bytes) -> Text:
    if any(mark in start for mark in (b"<html", b"<table", b"<!doctype html")):
        return _WEB_PAGE
    return _OLD_XML if b"urn:schemas-microsoft-com:office:spreadsheet" in start else _XML


def _zipped(source: str, content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            main = main_part(archive)
            kind = archive.read("mimetype")[:200].decode("ascii", "replace") if "mimetype" in names else ""
            protected = "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml")
    except _BROKEN as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None
    if protected:
        raise UnreadableError("file-protected", source)
    if "opendocument.spreadsheet" in kind:
        return "ods"
    for suffix, found in ((".xml", "xlsx"), (".bin", "xlsb")):
        if main.endswith(suffix):
            return found
    if any(name.endswith(".iwa") for name in names):
        raise UnreadableError("file-numbers", source)
    if "opendocument.text" in kind or "word/document.xml" in names:
        raise _no_table(source, _LETTER)
    if "opendocument.presentation" in kind or "ppt/presentation.xml" in names:
        raise _no_table(source, _SLIDES)
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    raise UnreadableError("file-archive", source, names=shown or "leer / empty")


def _compound(source: str, content: bytes) -> str:
    """An OLE file ([MS-CFB]): detect it by the names of streams in its directory."""

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise UnreadableError("file-protected", source)
    if has("Workbook") or has("Book"):
        return "xls"
    raise _no_table(source, _LETTER if has("WordDocument") else _OTHER)


def _no_table(source: str, label: Text) -> UnreadableError:
    return UnreadableError("file-kind", source, kind_de=label["de"], kind_en=label["en"])
