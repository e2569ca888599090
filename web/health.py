"""Whether the service works: for load balancers, and for whoever starts it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from engine import TABLE_TYPES, QueryError
from publish.release import ReleaseError
from web.current import published, site

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 when a release is current, its store answers a query and query processes are alive; else 503."""
    headers = {"Cache-Control": "no-store"}
    try:
        release = published().release
        engine = site().private
        engine.query(engine.prepare("ASK { ?s ?p ?o }"), TABLE_TYPES[0]).read()
        workers = site().public.health()
    except ReleaseError:
        return jsonify(status="failing", reason="no-release"), 503, headers
    except QueryError as error:
        return jsonify(status="failing", reason=error.kind), 503, headers
    status = "ok" if workers.alive else "failing"
    state = {"status": status, "release": release.id, "workers": workers.workers, "alive": workers.alive}
    return jsonify(state), 200 if workers.alive else 503, headers
