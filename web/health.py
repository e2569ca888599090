"""How the service is: for load balancers, for whoever starts it, and for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from engine import TABLE_TYPES, QueryError
from publish.release import ReleaseError
from web.current import published, site

blueprint = Blueprint("health", __name__)

_HEADERS = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Ready: 200 when a release is current, its store answers a query and query processes are alive; else 503."""
    try:
        release = published().release
        engine = site().private
        engine.query(engine.prepare("ASK { ?s ?p ?o }"), TABLE_TYPES[0]).read()
        health = site().public.health()
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
    """Live: this process answers. Restarting it would not help with anything else."""
    return jsonify(live=True), 200, _HEADERS


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Figures in the text format of Prometheus."""
    body, media_type = site().observer.figures(request.headers.get("Accept", ""))
    return Response(body, content_type=media_type, headers=_HEADERS)


def _failing(reason: str) -> ResponseReturnValue:
    return jsonify(live=True, ready=False, reason=reason), 503, _HEADERS
