"""The web application: reads a release and serves it to people, programs and portals."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

from flask import Flask
from flask_compress import Compress

import ontology
import sparql_endpoint
from publish.releases.formats import FORMATS
from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.catalogue import datasets, downloads, feed, vocabulary
from smartregion.web.checking import report, validate
from smartregion.web.checking.multipart import FormRequest
from smartregion.web.checking.processes import Checker, CheckLimits, FileLimits, Records
from smartregion.web.checking.uploads import Uploads
from smartregion.web.http import assets, gateway, incoming, language, negotiation, problems, security
from smartregion.web.http.answer_cache import WarmAnswers
from smartregion.web.http.gateway import Gateway
from smartregion.web.http.outgoing import Outgoing
from smartregion.web.http.ranges import RangedResponse
from smartregion.web.pages import figures, legal, pages, query, service
from smartregion.web.records import entities
from smartregion.web.search import page as search
from smartregion.web.site import health
from smartregion.web.site.current import Current
from smartregion.web.site.observation import Observer
from smartregion.web.site.site import Site
from smartregion.web.sync import discovery, navigator
from sparql_engine import Engine, Limits
from sparql_engine.cache import CachingEngine
from sparql_engine.embedded import EmbeddedEngine
from sparql_engine.processes import Snapshot

_WORTH_A_FILE = 0.01
"""Seconds: answers of faster queries are not cached on disk."""

_UNPACKED = 25
"""Maximum ratio of unpacked size to size of a workbook; XML of tables compresses to a tenth."""

_COMPRESSED: Final = sorted(
    {
        "text/css",
        "text/javascript",
        "application/problem+json",
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "application/x-suggestions+json",
    }.union(row.media_type for row in FORMATS.values() if row.compressible)
)


BLUEPRINTS: Final = (
    pages.blueprint,
    feed.blueprint,
    downloads.blueprint,
    navigator.blueprint,
    discovery.blueprint,
    search.blueprint,
    datasets.blueprint,
    entities.blueprint,
    figures.blueprint,
    health.blueprint,
    validate.blueprint,
    service.blueprint,
    vocabulary.blueprint,
    legal.blueprint,
)
"""All blueprints except the SPARQL endpoint."""


def create_app(settings: Settings) -> Flask:
    """Make the application for the releases below ``settings.var``.

    It starts without a release and answers 503 until there is one. The query processes start with the first query.
    """
    app = Flask("smartregion.web")
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
    app.request_class, app.response_class = FormRequest, RangedResponse
    releases = Releases(settings.var)
    current = Current(releases)
    limits = _limits(settings)
    public: Engine = _engine(settings, current, limits)
    if settings.cache_megabytes and not settings.engine:
        public = CachingEngine(public, settings.var / "cache", settings.cache_megabytes, _WORTH_A_FILE)
    # Pages have a separate query process, so they stay fast while all public ones are busy.
    workers = limits.workers if settings.engine else 1
    private = _engine(settings, current, replace(limits, workers=workers, queue=4 * limits.queue))
    observer = Observer(current, settings.query_workers, texts=settings.log_queries)
    app.extensions["smartregion"] = Site(
        current=current,
        public=public,
        private=private,
        limits=limits,
        observer=observer,
        stamp=_stamp(settings.legal),
        legal=settings.legal,
        started=dt.datetime.now(dt.UTC),
    )
    app.extensions["smartregion.checking"] = validate.Checking(_checker(settings, current), _uploads(settings))
    language.register(app)
    app.jinja_env.filters["worst"] = report.worst
    problems.register(app)
    security.register(app)
    gateway.register(app)
    assets.register(app)
    Compress(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(
        sparql_endpoint.blueprint(
            public,
            sparql_endpoint.Host(
                address=lambda: f"{current().release.manifest.base}sparql",
                client=incoming.client,
                accepted=negotiation.accepted,
                aliases=negotiation.ALIASES,
                length=settings.query_length,
                bodies=incoming.places_for_queries(),
                page=query.query_page,
                observing=observer.observing,
            ),
        )
    )
    if settings.warm_megabytes and not settings.engine:
        app.wsgi_app = WarmAnswers(app.wsgi_app, releases.switch, settings.warm_megabytes, observer.record)  # type: ignore[method-assign]
    app.wsgi_app = Outgoing(app.wsgi_app, app)  # type: ignore[method-assign]
    app.wsgi_app = Gateway(app.wsgi_app, app, settings.base, settings.proxies)  # type: ignore[method-assign]
    return app


def wsgi() -> Flask:
    """Make the application with settings from the environment, for a WSGI server; it logs to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return create_app(Settings())


def _limits(settings: Settings) -> Limits:
    return Limits(
        seconds=settings.query_seconds,
        megabytes=settings.query_megabytes,
        result_megabytes=settings.result_megabytes,
        length=settings.query_length,
        depth=settings.query_depth,
        workers=settings.query_workers,
        queue=settings.query_queue,
        services=frozenset(settings.services.split()),
    )


def _engine(settings: Settings, current: Current, limits: Limits) -> Engine:
    if settings.engine:
        # Imported here because it imports slowly and is rarely needed.
        from sparql_engine.remote import RemoteEngine

        return RemoteEngine(settings.engine, limits, lambda: current().release.id, lambda: current().graphs())
    return EmbeddedEngine(lambda: _snapshot(current, settings.memory_triples), limits, ontology.PREFIXES)


def _checker(settings: Settings, current: Current) -> Checker:
    def records() -> Records:
        release = current().release
        return Records(release.id, release.path / "files" / "source", release.manifest.base)

    unpacked = settings.upload_megabytes * 2**20 * _UNPACKED
    limits = CheckLimits(
        seconds=settings.check_seconds,
        megabytes=settings.check_megabytes,
        workers=settings.check_workers,
        queue=settings.check_queue,
        file=FileLimits(settings.upload_rows, settings.upload_cells, unpacked),
    )
    return Checker(records, limits, reference=settings.reference_validation)


def _uploads(settings: Settings) -> Uploads:
    return Uploads(settings.upload_megabytes, links=settings.links)


def _snapshot(current: Current, most: int) -> Snapshot:
    release = current().release
    return Snapshot(release.id, release.store, in_memory=release.manifest.triples <= most)


def _stamp(legal: Path | None) -> str:
    """Hash of this package and of the operator's texts, because pages change with these, too."""
    digest = hashlib.sha256()
    for directory in (Path(__file__).parent, *([legal] if legal else [])):
        for path in sorted(directory.rglob("*")):
            if path.is_file() and path.suffix in {".py", ".html", ".css", ".js", ".svg", ".mo", ".md"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
