"""Decompresses bodies of requests (RFC 9110, 8.4), up to a size."""

from __future__ import annotations

import zlib
from typing import Final

_WINDOW: Final = 32 + zlib.MAX_WBITS
"""Makes zlib detect gzip or zlib."""

CODINGS: Final = ("gzip", "deflate")
"""Supported content codings."""


class TooLarge(Exception):
    """The decompressed body exceeds the limit."""


class Damaged(Exception):
    """The body does not match its content coding, or is incomplete."""


def unpack(body: bytes, coding: str, most: int) -> bytes:
    """Decompress a body.

    :param coding: value of ``Content-Encoding``, in lower case; "" and ``identity`` for none.
    :param most: maximum size of the decompressed body, in bytes.
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
