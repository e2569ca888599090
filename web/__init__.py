"""The web application: everything that reads a release and shows it to people, programs and portals."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

import ontology
import sparql_endpoint
from engine import Engine, Limits
from engine.cache import CachingEngine
from engine.embedded import EmbeddedEngine
from engine.processes import Snapshot
from publish.release import Releases
from smartregion_settings import Settings
from web import datasets, entities, files, health, language, pages, problems, security
from web.current import Current, Site

_COMPRESSED = [
    "text/html",
    "text/css",
    "text/csv",
    "text/tab-separated-values",
    "text/turtle",
    "application/json",
    "application/ld+json",
    "application/n-quads",
    "application/n-triples",
    "application/problem+json",
    "application/rdf+xml",
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "application/trig",
]


def create_app(settings: Settings) -> Flask:
    """The application over the releases below ``settings.var``.

    It starts without a release and answers 503 until there is one. The query processes start with the first query.
    """
    app = Flask(__name__)
    app.config.from_mapping(
        BABEL_TRANSLATION_DIRECTORIES="translations",
        BABEL_DEFAULT_LOCALE="de",
        COMPRESS_MIMETYPES=_COMPRESSED,
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_STREAMS=False,
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=None,
        MAX_CONTENT_LENGTH=2**20,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    current = Current(Releases(settings.var))
    public: Engine = _engine(settings, current, settings.query_workers, settings.query_queue)
    if settings.cache_megabytes and not settings.engine:
        public = CachingEngine(public, settings.var / "cache", settings.cache_megabytes)
    # Pages have a query process of their own: they stay quick while others keep all public ones busy.
    private = _engine(settings, current, 1, 4 * settings.query_queue)
    app.extensions["smartregion"] = Site(current, public, private, _stamp())
    language.register(app)
    problems.register(app)
    security.register(app)
    Compress(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(files.blueprint)
    app.register_blueprint(datasets.blueprint)
    app.register_blueprint(entities.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(
        sparql_endpoint.blueprint(
            public,
            address=lambda: f"{current().release.manifest.base}sparql",
            length=settings.query_length,
            page=pages.query_page,
        )
    )
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)  # type: ignore[method-assign]
    return app


def wsgi() -> Flask:
    """The application with settings from the environment, for a WSGI server."""
    return create_app(Settings())


def _engine(settings: Settings, current: Current, workers: int, queue: int) -> Engine:
    limits = Limits(
        seconds=settings.query_seconds,
        megabytes=settings.query_megabytes,
        result_megabytes=settings.result_megabytes,
        length=settings.query_length,
        depth=settings.query_depth,
        workers=workers,
        queue=queue,
    )
    if settings.engine:
        # Imported here because it is slow to import and seldom wanted.
        from engine.remote import RemoteEngine

        return RemoteEngine(settings.engine, limits, lambda: current().release.id, lambda: current().graphs())
    return EmbeddedEngine(lambda: _snapshot(current), limits, ontology.PREFIXES)


def _snapshot(current: Current) -> Snapshot:
    release = current().release
    return Snapshot(release.id, release.store)


def _stamp() -> str:
    """Hash of this package: pages change when it does, not only with the release."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".html", ".css", ".mo"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
