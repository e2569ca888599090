"""Shared objects of the application, and the release of a request."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import current_app, g

from smartregion.web.site.current import Current, Published
from smartregion.web.site.observation import Observer
from sparql_engine import Engine, Limits


@dataclass(frozen=True)
class Site:
    """Shared objects of the application.

    :ivar current: the current release.
    :ivar public: the engine of the SPARQL endpoint.
    :ivar private: the engine of the pages.
    :ivar limits: of a query to the endpoint.
    :ivar observer: of the queries to the endpoint.
    :ivar stamp: identifies the code and templates.
    :ivar legal: directory of the operator's legal texts.
    :ivar started: when this process made the application.
    """

    current: Current
    public: Engine
    private: Engine
    limits: Limits
    observer: Observer
    stamp: str
    legal: Path | None
    started: dt.datetime


def site() -> Site:
    """The site of the application that handles this request."""
    return cast(Site, current_app.extensions["smartregion"])


def published() -> Published:
    """The release that was current when this request first asked for it.

    :raises ReleaseError: there is none.
    """
    if "published" not in g:
        g.published = site().current()
    return cast(Published, g.published)
