"""A file of the release as an answer: as it is or compressed, with a validator and a date that come from its content.

A compressed form is another representation with a validator of its own (RFC 9110, 8.8.3.3).
"""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Response, request, send_file
from werkzeug.exceptions import NotFound

from publish.release import SUFFIXES
from web.current import midnight, published


def send(name: str, download: str | None = None, media_type: str | None = None) -> Response:
    """The file of this name, in the content coding that the client likes best.

    :param download: the name under which a client may keep it, by default the last part of its own.
    :param media_type: under which it is sent, by default its own.
    :raises NotFound: there is no such file for the public.
    """
    try:
        path, described = published().release.public(name)
    except KeyError:
        raise NotFound from None
    coding = request.accept_encodings.best_match((*described.packed, "identity"))
    packed = described.packed.get(coding or "")
    media_type = media_type or described.media_type
    tag = packed.sha256 if packed else described.sha256
    response = _answer(
        str(path) + (SUFFIXES[coding] if coding and packed else ""),
        media_type,
        download or PurePosixPath(name).name,
        # The same bytes as something else are another representation.
        tag if media_type == described.media_type else f"{tag} {media_type}",
        described.modified,
    )
    if coding and packed:
        response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    return response


def send_gzip(name: str) -> Response:
    """The compressed form of this file as a file of its own.

    :raises NotFound: there is none.
    """
    try:
        path, described = published().release.public(name)
        packed = described.packed["gzip"]
    except KeyError:
        raise NotFound from None
    suffix = SUFFIXES["gzip"]
    download = PurePosixPath(name).name + suffix
    return _answer(f"{path}{suffix}", "application/gzip", download, packed.sha256, described.modified)


def _answer(path: str, media_type: str, download: str, tag: str, modified: str) -> Response:
    # Dates in the manifest are days; only the validator tells two releases of one day apart.
    request.environ.pop("HTTP_IF_MODIFIED_SINCE", None)
    return send_file(path, mimetype=media_type, download_name=download, etag=tag, last_modified=midnight(modified))
