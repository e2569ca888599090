"""Reads submitted files: a file, a pasted table, a link, or a body. They are in memory only during the request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header

from harvest_check.http.client import Client, HttpLimits
from publish.releases.formats import FORMATS
from smartregion.web.checking.file_names import clean
from smartregion.web.http.incoming import client
from smartregion.web.http.language import gettext
from smartregion.web.http.problems import Problem, coding_damaged, coding_unsupported
from sparql_engine.admission import Admission
from sparql_engine.errors import EngineBusy
from sparql_engine.unpacking import Damaged, TooLarge, unpack

UPLOADS: Final = 8
"""Number of requests whose file is read at the same time; a client can keep a thread busy for as long as it sends."""

LINKS: Final = 8
"""Number of links that are fetched at the same time; counted separately, so that slow servers do not block uploads."""

_UPLOADS_OF_A_CLIENT: Final = 3
_LINKS_OF_A_CLIENT: Final = 2
_LINK_SECONDS: Final = 20.0
_REDIRECTS: Final = 5
_OVERHEAD: Final = 2**16
_PASTED: Final = "Eingabe"
_SUFFIXES: Final = {row.media_type: f".{row.suffix}" for row in FORMATS.values() if row.sent}


@dataclass(frozen=True)
class Upload:
    """A submitted file.

    :ivar source: its name as :func:`smartregion.web.checking.file_names.clean` makes it.
    """

    source: str
    content: bytes


@dataclass(frozen=True)
class _Link:
    """The address of a file that a client submits."""

    address: str


class Uploads:
    """Reads files from a limited number of requests at the same time.

    :param megabytes: largest file, in MiB.
    :param links: whether links are fetched.
    """

    def __init__(self, megabytes: int, *, links: bool) -> None:
        self.megabytes = megabytes
        self.links = links
        self._uploads = Admission(UPLOADS, 0, _UPLOADS_OF_A_CLIENT)
        self._links = Admission(LINKS, 0, _LINKS_OF_A_CLIENT)

    def from_form(self) -> Upload:
        """The file of a form: the file of the previous check, a file, a pasted table or a link.

        :raises Problem: there is none, it is too large, or the link cannot be fetched.
        """
        return self._reading(self._form)

    def from_interface(self) -> Upload:
        """The file of a program: the form field ``file``, or the body; raises as :meth:`from_form`."""
        if request.mimetype == "multipart/form-data":
            return self._reading(self._file)
        return self._reading(self._body)

    def _reading(self, read: Callable[[], Upload | _Link | None]) -> Upload:
        # The file of the previous check returns in Base64, pasted tables in a form.
        request.max_content_length = request.max_form_memory_size = self.megabytes * 2**20 * 3 // 2 + _OVERHEAD
        try:
            with self._uploads.place(client(), 0):
                found = read()
            if isinstance(found, _Link):
                with self._links.place(client(), 0):
                    found = self._linked(found.address)
        except EngineBusy:
            raise Problem("check-busy", 503, gettext("Bitte in einigen Sekunden noch einmal versuchen.")) from None
        except RequestEntityTooLarge:
            raise self._too_large() from None
        if found is None:
            raise Problem(
                "file-missing", 400, gettext("Bitte eine Datei wählen, eine Tabelle einfügen oder einen Link angeben.")
            )
        if len(found.content) > self.megabytes * 2**20:
            raise self._too_large()
        return found

    def _too_large(self) -> Problem:
        advice = gettext(
            "Erlaubt sind %(value)s MiB. Große Tabellen auf mehrere Dateien verteilen.", value=str(self.megabytes)
        )
        return Problem("request-too-large", 413, advice, limit="upload_megabytes", value=self.megabytes)

    def _form(self) -> Upload | _Link | None:
        if "content" in request.form:
            return _sent_before(request.form["content"], request.form.get("source", ""))
        if (file := self._file()) is not None:
            return file
        if text := request.form.get("table", "").strip():
            return Upload(_PASTED, text.encode())
        if link := request.form.get("link", "").strip():
            return _Link(link)
        return None

    @staticmethod
    def _file() -> Upload | None:
        file = request.files.get("file")
        if file is None:
            return None
        content = file.read()
        # A browser sends an empty part without a name when no file was chosen.
        return Upload(clean(file.filename) or _PASTED, content) if content or file.filename else None

    def _body(self) -> Upload | None:
        content = request.get_data(cache=False)
        try:
            content = unpack(content, request.headers.get("Content-Encoding", "").lower(), self.megabytes * 2**20)
        except KeyError:
            raise coding_unsupported() from None
        except Damaged:
            raise coding_damaged() from None
        except TooLarge:
            raise self._too_large() from None
        _, options = parse_options_header(request.headers.get("Content-Disposition"))
        name = options.get("filename") or f"{_PASTED}{_SUFFIXES.get(request.mimetype, '')}"
        return Upload(clean(name) or _PASTED, content) if content else None

    def _linked(self, link: str) -> Upload:
        """The file at a link. Network errors of addresses that are not public are not reported."""
        if not self.links:
            raise Problem(
                "link-refused", 422, gettext("Links werden hier nicht geladen. Bitte die Datei selbst senden.")
            )
        limits = HttpLimits(seconds=_LINK_SECONDS, megabytes=self.megabytes, redirects=_REDIRECTS)
        with Client("", limits, agent="smartregion-validate/1") as http:
            answer = http.get(link)
            if answer.late:
                advice = gettext(
                    "Die Datei war nach %(seconds)s s noch nicht da. Bitte die Datei selbst senden.",
                    seconds=f"{_LINK_SECONDS:g}",
                )
                raise Problem("link-refused", 422, advice)
            if answer.trouble == "limit":
                raise self._too_large()
            if not answer.ok or answer.body is None:
                advice = gettext(
                    "Dort ist keine öffentliche Datei: Es muss eine Adresse mit http:// oder https:// sein, die ohne"
                    " Anmeldung erreichbar ist."
                )
                raise Problem("link-refused", 422, advice)
            _, options = parse_options_header(answer.headers.get("Content-Disposition", ""))
            name = options.get("filename") or unquote(urlsplit(answer.final).path)
            suffix = "" if PurePosixPath(name).suffix else _SUFFIXES.get(answer.media_type, "")
            return Upload(clean(name + suffix) or _PASTED, answer.body.read_bytes())


def _sent_before(encoded: str, name: str) -> Upload | None:
    try:
        return Upload(clean(name) or _PASTED, base64.b64decode(encoded, validate=True))
    except binascii.Error:
        return None
