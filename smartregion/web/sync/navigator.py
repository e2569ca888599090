"""Projects for the Smart City Navigator: files of the release, or the changes since a moment.

The files have their entries newest first, so the answer for a moment is the start of a file; ``navigator/cuts.json``
has the positions (see publish/formats/by_moment.py).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from publish.releases.contents import CUTS
from publish.releases.contents.sync import CutSection
from smartregion.web.http.negotiation import choose, wants_html
from smartregion.web.site import release_files, representations
from smartregion.web.site.site import published
from smartregion.web.sync import moments

blueprint = Blueprint("navigator", __name__, url_prefix="/navigator")

SUFFIXES: Final = ("json", "csv", "geojson", "xlsx", "jsonld")
"""Formats, the default first."""

_PARAMETER: Final = "modified_since"
_CHUNK: Final = 2**16
_MOST_IN_MEMORY: Final = 2**23

Range = tuple[int, int]


@blueprint.get("")
def about() -> ResponseReturnValue:
    """The page about the profile."""
    cached = representations.not_modified("html")
    if cached is not None:
        return cached
    files = {suffix: published().release.manifest.files[f"navigator/projects.{suffix}"] for suffix in SUFFIXES}
    return representations.finish(Response(render_template("navigator.html", files=files)), "html")


@blueprint.get("/schema.json")
def schema() -> ResponseReturnValue:
    """The JSON Schema of ``projects.json``."""
    return release_files.send("navigator/schema.json")


@blueprint.get("/projects")
@blueprint.get("/projects.<suffix>")
def projects(suffix: str | None = None) -> ResponseReturnValue:
    """All projects, or those that changed since a moment."""
    if suffix is None and wants_html():
        response = redirect(url_for(".about"), 303)
        response.headers["Vary"] = "Accept"
        return response
    chosen = suffix or choose(SUFFIXES)
    if chosen not in SUFFIXES:
        raise NotFound
    response = _changed(chosen) if _PARAMETER in request.args else release_files.send(f"navigator/projects.{chosen}")
    response.headers.add("Link", f'<{url_for(".schema")}>; rel="describedby"')
    if suffix is None:
        response.vary.add("Accept")
    return response


def _changed(suffix: str) -> Response:
    """The changes since the requested moment."""
    moment = _moment()
    path, described = published().release.file(f"navigator/projects.{suffix}")
    ((part, sections),) = published().read(CUTS)[suffix].items()
    ranges = [(section["start"], _end(section, moment)) for section in sections]
    if all(end == _end(section, "") for section, (_, end) in zip(sections, ranges, strict=True)):
        return release_files.send(f"navigator/projects.{suffix}")
    body = _cut_package(path, part, ranges) if part else _cut(path, ranges)
    response = Response(body, mimetype=described.media_type)
    tag = hashlib.sha256(f"{described.sha256} {ranges}".encode()).hexdigest()
    if not isinstance(body, bytes):
        response.content_length = sum(end - start for start, end in ranges)
    response.set_etag(tag[:32], weak=True)
    response.last_modified = published().modified
    response.cache_control.no_cache = True
    # Dates in the manifest are days; only the validator tells two releases of one day apart.
    request.environ.pop("HTTP_IF_MODIFIED_SINCE", None)
    response.make_conditional(request)
    return response


def _moment() -> str:
    """The requested moment, in the notation of the files."""
    return moments.asked(_PARAMETER).isoformat(timespec="seconds").replace("+00:00", "Z")


def _end(section: CutSection, moment: str) -> int:
    """End of a section for entries of this moment or later."""
    if section["cuts"] is None:
        return section["end"]
    return max((cut["end"] for cut in section["cuts"] if cut["moment"] >= moment), default=section["start"])


def _cut(path: Path, ranges: list[Range]) -> bytes | Iterator[bytes]:
    """The ranges of a file: small ones as a whole, so that they are compressed, larger ones in pieces."""
    if sum(end - start for start, end in ranges) > _MOST_IN_MEMORY:
        return _pieces(path, ranges)
    return b"".join(_pieces(path, ranges))


def _pieces(path: Path, ranges: list[Range]) -> Iterator[bytes]:
    with path.open("rb") as file:
        for start, end in ranges:
            file.seek(start)
            yield from _read(file, end - start)


def _read(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (piece := file.read(min(count, _CHUNK))):
        count -= len(piece)
        yield piece


def _cut_package(path: Path, part: str, ranges: list[Range]) -> bytes:
    """A workbook with a shortened table; all other parts of the package are unchanged, times included."""
    content = io.BytesIO()
    with zipfile.ZipFile(path) as full, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for info in full.infolist():
            with full.open(info.filename) as source, package.open(_fresh(info), "w") as target:
                wanted = ranges if info.filename == part else [(0, info.file_size)]
                for start, end in wanted:
                    source.seek(start)
                    for piece in _read(source, end - start):  # type: ignore[arg-type]
                        target.write(piece)
    return content.getvalue()


def _fresh(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The ZIP entry without sizes and checksum, which belong to the whole file."""
    fresh = zipfile.ZipInfo(info.filename, info.date_time)
    fresh.compress_type = zipfile.ZIP_DEFLATED
    return fresh
