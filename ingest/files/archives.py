"""Checks the ZIP archives of workbooks (ECMA-376 part 2; ODF 1.3 part 2) before any parser opens them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from typing import IO, Any
from xml.parsers import expat

from defusedxml.ElementTree import fromstring

from ingest.files.grids import SheetLimits
from ingest.findings.findings import Place, UnreadableError, cell_name

_CHUNK = 2**16
_RELATIONSHIPS = "_rels/.rels"


class _DoctypeError(Exception):
    """An XML file declares a document type: it may declare entities, and no workbook needs one."""


class _XmlRootError(Exception):
    """The root element has begun: no document type can follow."""


def check(source: str, content: bytes, limits: SheetLimits) -> None:
    """Check that an archive is safe to unpack and parse.

    :raises UnreadableError: it unpacks to too much, is damaged or encrypted, or its XML declares a document type.
    """
    with opened(source, content) as archive:
        entries = archive.infolist()
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableError("file-protected", source)
        if sum(entry.file_size for entry in entries) > limits.unpacked:
            raise _unsafe(
                source,
                f"entpackt ist sie größer als {limits.unpacked // 2**20} MiB",
                f"unpacked it is larger than {limits.unpacked // 2**20} MiB",
            )
        if any(count > 1 for count in Counter(entry.filename for entry in entries).values()):
            raise _unsafe(source, "ein Teil kommt mehrfach vor", "a part occurs more than once")
        # The sizes in the directory may be false; reading to the end verifies them.
        if (damaged := archive.testzip()) is not None:
            raise UnreadableError("file-unreadable", source, detail=damaged)
        for entry in entries:
            if entry.filename.endswith((".xml", ".rels", ".vml")):
                with archive.open(entry) as part:
                    _check_prologue(source, part)


def _check_prologue(source: str, part: IO[bytes]) -> None:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _raise_doctype
    parser.StartElementHandler = _raise_root
    try:
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk)
    except _DoctypeError:
        raise _unsafe(source, "ihr XML definiert eigene Entitäten", "its XML declares entities of its own") from None
    except _XmlRootError:
        return
    except expat.ExpatError as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None


def _raise_doctype(*_: object) -> None:
    raise _DoctypeError


def _raise_root(*_: object) -> None:
    raise _XmlRootError


def opened(source: str, content: bytes) -> zipfile.ZipFile:
    """Open the archive; errors while reading become findings.

    :raises UnreadableError: it is damaged.
    """
    try:
        return _Archive(io.BytesIO(content), source)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableError("file-unreadable", source, detail=error) from None


class _Archive(zipfile.ZipFile):
    """An archive whose errors are findings."""

    def __init__(self, file: io.BytesIO, source: str) -> None:
        super().__init__(file)
        self._source = source

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        super().__exit__(kind, error, trace)
        broken = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
        if isinstance(error, broken):
            raise UnreadableError("file-unreadable", self._source, detail=error) from None


def main_part(archive: zipfile.ZipFile) -> str:
    """The part that is the document, whatever its name (ECMA-376 part 2, 9.3); empty if the package names none.

    :raises ParseError: the relationships are no XML.
    """
    if _RELATIONSHIPS not in archive.namelist():
        return ""
    with archive.open(_RELATIONSHIPS) as part:
        found = fromstring(part.read(_CHUNK))
    targets = (each.get("Target", "") for each in found if each.get("Type", "").endswith("/officeDocument"))
    return next(targets, "").removeprefix("/")


def too_wide(source: str, limits: SheetLimits, last: Place) -> UnreadableError:
    """The finding for a cell outside the limits: readers allocate memory for the whole range."""
    cell = cell_name(last)
    return UnreadableError(
        "file-too-large",
        source,
        limit=limits.cells,
        what_de=f"Zellen; ihre Einträge reichen bis {cell}",
        what_en=f"cells; its entries reach as far as {cell}",
    )


def _unsafe(source: str, de: str, en: str) -> UnreadableError:
    return UnreadableError("file-unsafe", source, detail_de=de, detail_en=en)
