"""Somebody who only wants to read: asks again and again from an address of their own, and notes how long it took."""

from __future__ import annotations

import http.client
import ssl
import statistics
import time
from dataclasses import dataclass, field

PATHS = (
    "/healthz/live",
    "/",
    "/dataset/projects",
    "/doc/municipality/06411000",
    "/search?q=wlan",
    "/sparql?query=ASK%7B%7D",
)
_FROM = ("127.0.0.21", "127.0.0.22", "127.0.0.23")
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 15.0


@dataclass
class Seen:
    """What honest people saw.

    :ivar seconds: of each request, connection included.
    :ivar faults: what was not answered with 200 in time.
    """

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Half of the requests took no longer, in seconds."""
        return statistics.median(self.seconds)

    @property
    def most(self) -> float:
        """Nine of ten requests took no longer, in seconds."""
        return statistics.quantiles(self.seconds, n=10)[-1]

    def __str__(self) -> str:
        worst = f"{max(self.seconds):.3f}" if self.seconds else "-"
        return f"{len(self.seconds)} answers, median {self.median:.3f} s, 90 % {self.most:.3f} s, worst {worst} s"


def ask(port: int, tls: ssl.SSLContext | None, seconds: float) -> Seen:
    """Ask all paths in turn for so long, each time by a new connection, and each at least twice."""
    seen, end, turn = Seen(), time.monotonic() + seconds, 0
    while time.monotonic() < end or turn < 2 * len(PATHS):
        path, source = PATHS[turn % len(PATHS)], _FROM[turn % len(_FROM)]
        turn += 1
        began = time.monotonic()
        try:
            status = _status(port, tls, path, source)
        except OSError as error:
            seen.faults.append(f"{path}: {error!r}")
        else:
            seen.seconds.append(time.monotonic() - began)
            if status != 200:
                seen.faults.append(f"{path}: {status}")
        time.sleep(_PAUSE_SECONDS)
    return seen


def _status(port: int, tls: ssl.SSLContext | None, path: str, source: str) -> int:
    made: http.client.HTTPConnection
    if tls is None:
        made = http.client.HTTPConnection("localhost", port, _PATIENCE_SECONDS, (source, 0))
    else:
        made = http.client.HTTPSConnection(
            "localhost", port, timeout=_PATIENCE_SECONDS, source_address=(source, 0), context=tls
        )
    try:
        made.request("GET", path, headers={"Accept": "text/html,*/*;q=0.8"})
        answer = made.getresponse()
        answer.read()
        return answer.status
    finally:
        made.close()
