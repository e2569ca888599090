"""Sends a file of the release, unchanged or compressed, with a validator and a date that depend on its content.

A compressed form is another representation with a validator of its own (RFC 9110, 8.8.3.3).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import Response, request, send_file
from werkzeug.exceptions import NotFound

from publish.releases.manifest import SUFFIXES, Packed
from publish.releases.release import DamagedRelease, damage_of
from smartregion.web.site.current import midnight
from smartregion.web.site.site import published


def send(name: str, download: str | None = None, media_type: str | None = None) -> Response:
    """Send a file in the content coding that the client prefers.

    :param download: file name for the client, by default the last part of its own.
    :param media_type: media type of the answer, by default its own.
    :raises NotFound: there is no such file for the public.
    """
    try:
        path, described = published().release.public(name)
    except KeyError:
        raise NotFound from None
    coding = request.accept_encodings.best_match((*described.packed, "identity"))
    packed = described.packed.get(coding or "")
    suffix = SUFFIXES[coding] if coding and packed else ""
    expected = packed or Packed(described.bytes, described.sha256)
    kind = media_type or described.media_type
    # The same bytes with another media type are another representation.
    tag = expected.sha256 if kind == described.media_type else f"{expected.sha256} {kind}"
    path = _whole(f"{name}{suffix}", Path(f"{path}{suffix}"), expected)
    response = _answer(path, kind, download or PurePosixPath(name).name, tag, described.modified)
    if coding and packed:
        response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    return response


def send_gzip(name: str) -> Response:
    """Send the compressed form of this file as a separate file.

    :raises NotFound: there is none.
    """
    try:
        path, described = published().release.public(name)
        packed = described.packed["gzip"]
    except KeyError:
        raise NotFound from None
    suffix = SUFFIXES["gzip"]
    download = PurePosixPath(name).name + suffix
    path = _whole(f"{name}{suffix}", Path(f"{path}{suffix}"), packed)
    return _answer(path, "application/gzip", download, packed.sha256, described.modified)


def _whole(name: str, path: Path, expected: Packed) -> Path:
    """The path of a file with the recorded size: caches would keep a truncated file under the whole's validator.

    :raises DamagedRelease: it has not.
    """
    if damage := damage_of(f"files/{name}", path, expected):
        raise DamagedRelease(published().release.id, [damage])
    return path


def _answer(path: Path, media_type: str, download: str, tag: str, modified: str) -> Response:
    # Dates in the manifest are days; only the validator tells two releases of one day apart.
    request.environ.pop("HTTP_IF_MODIFIED_SINCE", None)
    return send_file(path, mimetype=media_type, download_name=download, etag=tag, last_modified=midnight(modified))
