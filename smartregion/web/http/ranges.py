"""Parts of files: which ``Range`` headers are valid and which are ignored (RFC 9110, 14.1.2 and 14.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import Response
from werkzeug.http import parse_if_range_header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Request

# One range: "first-", "first-last" or "-length". Several ranges and invalid ones get the whole file.
_RANGE: Final = re.compile(
    r"bytes[ \t]*=[ \t]*(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<length>\d{1,18}))[ \t]*", re.I | re.A
)


class RangedResponse(Response):
    """A response with ranges according to the standard."""

    def make_conditional(
        self,
        request_or_environ: WSGIEnvironment | Request,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> RangedResponse:
        """See :meth:`werkzeug.wrappers.Response.make_conditional`."""
        environ = request_or_environ if isinstance(request_or_environ, dict) else request_or_environ.environ
        wanted = _wanted(environ, complete_length or 0)
        asked = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        if wanted:
            asked["HTTP_RANGE"] = wanted
        super().make_conditional(asked, accept_ranges, complete_length)
        return self


def _wanted(environ: WSGIEnvironment, length: int) -> str | None:
    """The range to send; None for the whole.

    Only GET has ranges. A condition needs a strong validator (RFC 9110, 13.1.5), and dates are weak here: a file may
    change twice a day.
    """
    found = _RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    condition = environ.get("HTTP_IF_RANGE", "")
    is_weak = condition.startswith("W/") or parse_if_range_header(condition).date is not None
    if found is None or is_weak or environ["REQUEST_METHOD"] != "GET":
        return None
    if found["length"] is not None:
        # A suffix longer than the file means the whole file; an empty one cannot be satisfied.
        return f"bytes={max(length - int(found['length']), 0)}-" if int(found["length"]) else f"bytes={length}-"
    if found["last"] and int(found["last"]) < int(found["first"]):
        return None
    return f"bytes={int(found['first'])}-{found['last']}"
