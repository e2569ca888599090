"""State of the service: for load balancers, supervisors, and Prometheus."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from publish.releases.release import DamagedRelease, ReleaseError
from smartregion.web.site.site import published, site
from sparql_engine import TABLE_TYPES, QueryError

blueprint = Blueprint("health", __name__)

_HEADERS = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Ready: 200 if a release is current, all its files have the recorded size, its store and its search index
    answer a query, and query processes are alive; else 503 with the reason.
    """
    try:
        release = published().release
        engine = site().private
        engine.query(engine.prepare("ASK { ?s ?p ?o }"), TABLE_TYPES[0]).read()
        health = site().public.health()
        if damages := release.damages(content=False):
            return _failing("release-damaged", str(damages[0]))
        published().search.check()
    except DamagedRelease as error:
        return _failing("release-damaged", str(error.damages[0]))
    except sqlite3.DatabaseError as error:
        return _failing("release-damaged", f"search.sqlite: {error}")
    except ReleaseError:
        return _failing("no-release")
    except QueryError as error:
        return _failing(error.kind)
    if not health.alive:
        return _failing("no-query-processes")
    state = {"live": True, "ready": True, "release": release.id, "store": "open"}
    return jsonify(**state, workers=health.workers, busy=health.busy, waiting=health.waiting), 200, _HEADERS


@blueprint.get("/healthz/live")
def live() -> ResponseReturnValue:
    """Live: this process answers. Restarting the process would not solve other problems."""
    return jsonify(live=True), 200, _HEADERS


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Metrics in the text format of Prometheus."""
    body, media_type = site().observer.figures(request.headers.get("Accept", ""))
    return Response(body, content_type=media_type, headers=_HEADERS)


def _failing(reason: str, detail: str = "") -> ResponseReturnValue:
    return jsonify(live=True, ready=False, reason=reason, **({"detail": detail} if detail else {})), 503, _HEADERS
