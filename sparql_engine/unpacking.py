"""Bodies of requests that come compressed (RFC 9110, 8.4), unpacked up to a size."""

from __future__ import annotations

import zlib
from typing import Final

_WINDOW: Final = 32 + zlib.MAX_WBITS
"""Tells zlib to find out whether it is gzip or zlib."""

CODINGS: Final = ("gzip", "deflate")
"""Content codings that are read."""


class TooLarge(Exception):
    """It unpacks to more than is allowed."""


class Damaged(Exception):
    """It is not what its content coding says, or breaks off."""


def unpack(body: bytes, coding: str, most: int) -> bytes:
    """The body without its content coding.

    :param coding: value of ``Content-Encoding``, in lower case; "" and ``identity`` for none.
    :param most: bytes that it may unpack to.
    :raises KeyError: the content coding is not among :data:`CODINGS`, or there are several.
    """
    name = coding.strip().removeprefix("x-")
    if name in ("", "identity"):
        return body
    if name not in CODINGS:
        raise KeyError(coding)
    reader = zlib.decompressobj(_WINDOW)
    try:
        unpacked = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise Damaged(str(error)) from None
    if len(unpacked) > most:
        raise TooLarge
    if not reader.eof or reader.unused_data:
        raise Damaged("It breaks off, or something follows it.")
    return unpacked
