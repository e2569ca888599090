"""Counts the rows of a serialised answer for the log, in one pass over its bytes, without parsing."""

from __future__ import annotations

import mmap
import re

_PATTERNS = {
    # A row is an object whose first member is a term; inside a string, a quote never follows a brace directly.
    "application/sparql-results+json": re.compile(rb'\{"[^"]+":\{"type":'),
    "application/sparql-results+xml": re.compile(rb"<result>"),
    "text/csv": re.compile(rb'"[^"]*+"|\n'),
    "text/tab-separated-values": re.compile(rb"\n"),
}
_WITH_HEADING = {"text/csv", "text/tab-separated-values"}


def count_rows(media_type: str, answer: bytes | mmap.mmap) -> int:
    """The number of solutions in an answer to SELECT.

    A solution in which nothing is bound is not counted in JSON.

    :param media_type: one of :data:`sparql_engine.TABLE_TYPES`.
    :param answer: the whole answer.
    """
    found = sum(not match[0].startswith(b'"') for match in _PATTERNS[media_type].finditer(answer))
    return max(0, found - (media_type in _WITH_HEADING))
