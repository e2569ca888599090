"""Moments in the parameters of an address (ISO 8601)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from flask import request

from smartregion.web.http.language import gettext
from smartregion.web.http.problems import Problem

_LOST_PLUS: Final = re.compile(r"(.+[T ][0-9:.,]+) ([0-9]{2}(?::?[0-9]{2})?)")


def asked(parameter: str) -> dt.datetime:
    """The moment in a parameter, in UTC; a moment without an offset is in UTC, a day means its start.

    A plus sign in an address is a space after decoding (URL Standard, 5.1); before an offset, it is read as a plus
    sign.

    :raises Problem: there is not exactly one, or it is not an ISO 8601 date, or date and time.
    """
    found = request.args.getlist(parameter)
    try:
        (text,) = found
        moment = dt.datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        detail = gettext(
            "%(parameter)s muss genau einmal angegeben sein: ein Tag wie 2026-11-22 oder ein Zeitpunkt wie "
            "2026-11-22T08:00:00Z.",
            parameter=parameter,
        )
        raise Problem("parameter-invalid", 400, detail, parameter=parameter) from None
