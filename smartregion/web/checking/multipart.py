"""Forms with files as programs send them (RFC 7578): also with names in Windows-1252, unlike werkzeug."""

from __future__ import annotations

from typing import IO, Final

from flask import Request
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

_CHUNK: Final = 2**16

_Forms = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


class _Decoder(MultipartDecoder):
    """Decodes headers of parts as UTF-8 or else as Windows-1252."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            return super()._parse_headers(data)
        except UnicodeDecodeError:
            return super()._parse_headers(bytes(data).decode("cp1252", "replace").encode())


class FormParser(FormDataParser):
    """Reads forms; an invalid or incomplete form counts as empty."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> _Forms:
        """See :meth:`werkzeug.formparser.FormDataParser.parse`."""
        boundary = (options or {}).get("boundary", "")
        if mimetype != "multipart/form-data" or not boundary.isascii():
            return super().parse(stream, mimetype, content_length, options)
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, FileStorage]] = []
        decoder = _Decoder(boundary.encode(), self.max_form_memory_size, max_parts=self.max_form_parts)
        part: Field | File = Field(name="", headers=Headers())
        body = self.stream_factory(content_length, None, None)
        try:
            while not isinstance(event := decoder.next_event(), Epilogue):
                if isinstance(event, NeedData):
                    decoder.receive_data(stream.read(_CHUNK) or None)
                elif isinstance(event, Field | File):
                    part, body = event, self.stream_factory(content_length, None, None)
                elif isinstance(event, Data):
                    body.write(event.data)
                    if not event.more_data:
                        body.seek(0)
                        if isinstance(part, File):
                            files.append((part.name, FileStorage(body, part.filename, part.name, headers=part.headers)))
                        else:
                            fields.append((part.name, body.read().decode("utf-8", "replace")))
        except ValueError:
            return stream, self.cls(), self.cls()
        return stream, self.cls(fields), self.cls(files)


class FormRequest(Request):
    """A request that uses this parser."""

    form_data_parser_class = FormParser
