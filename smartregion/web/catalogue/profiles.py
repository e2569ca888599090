"""Chooses the application profile: by ``?profile=``, else by Accept-Profile, else the default.

Content Negotiation by Profile (https://www.w3.org/TR/dx-prof-conneg/), sections 7.2 (headers) and 7.3 (query string,
with our own key). A profile is named by its IRI, in angle brackets or not, or by the token in Link headers.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Response, request

from publish.releases.manifest import Feed
from smartregion.web.http.problems import not_acceptable

_WISH: Final = re.compile(r"\s*(?:<([^<>]*)>|([^\s,;<>]+))\s*(?:;\s*q\s*=\s*([0-9.]{1,5})\s*)?(?:,|$)")


def choose(feed: Feed) -> str:
    """The token of the profile that the client prefers; in an address, the first known one.

    :raises Problem: the address names only unknown profiles. A header with unknown profiles gets the default.
    """
    tokens = {name: token for token, iri in feed.profiles.items() for name in (token, iri)}
    if "profile" in request.args:
        wishes = [name for name, _ in _wishes(request.args["profile"])]
        found = next((tokens[name] for name in wishes if name in tokens), None)
        if found is None:
            raise not_acceptable(feed.profiles)
        return found
    wanted = [wish for wish in _wishes(request.headers.get("Accept-Profile", "")) if wish[0] in tokens and wish[1] > 0]
    best = max(wanted, key=lambda wish: wish[1], default=None)
    return tokens[best[0]] if best else feed.default


def describe(response: Response, feed: Feed, chosen: str) -> None:
    """Add headers with the profile of the answer and the tokens of all profiles (section 7.2.1.2)."""
    response.headers["Content-Profile"] = f"<{feed.profiles[chosen]}>"
    response.vary.add("Accept-Profile")
    response.headers.add("Link", f'<{feed.profiles[chosen]}>; rel="profile"')
    for token, iri in feed.profiles.items():
        response.headers.add(
            "Link", f'<http://www.w3.org/ns/dx/prof/Profile>; rel="type"; token="{token}"; anchor="{iri}"'
        )


def _wishes(text: str) -> list[tuple[str, float]]:
    """Names of profiles with their weights (RFC 9110, 12.4.2), in order."""
    return [(iri or name, _weight(weight)) for iri, name, weight in _WISH.findall(text)]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
