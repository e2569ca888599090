"""Observes queries: one log line for each, and metrics for Prometheus.

The log does not identify clients. It has the text of a query only if a setting asks for it; the hash of the text shows
repeated queries.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import request

from publish.releases.release import ReleaseError
from smartregion.web.http.answer_cache import OBSERVATION
from smartregion.web.site.current import Current
from sparql_endpoint import Observation
from sparql_engine import QueryError

if TYPE_CHECKING:
    from prometheus_client import Metric

_LOG = logging.getLogger("smartregion.queries")
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"


class Observer:
    """Counts and logs the queries of this server process.

    The metrics of several server processes are added up through files in the directory ``PROMETHEUS_MULTIPROC_DIR``
    (https://prometheus.github.io/client_python/multiprocess/).

    :param current: the current release; its counts are also metrics.
    :param workers: query processes of this server process.
    :param texts: write the text of each query to the log.
    """

    def __init__(self, current: Current, workers: int, *, texts: bool) -> None:
        # Imported here because its import decides whether processes share metrics.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        from prometheus_client.multiprocess import MultiProcessCollector

        self._texts = texts
        own = CollectorRegistry()
        self._queries = Counter("smartregion_queries", "Queries by outcome.", ["outcome"], registry=own)
        self._kept = Counter("smartregion_cache_hits", "Answers that were there already.", ["place"], registry=own)
        self._seconds = Histogram(
            "smartregion_query_seconds", "Time to a complete answer or an error.", buckets=_BUCKETS, registry=own
        )
        self._active = Gauge(
            "smartregion_queries_active",
            "Queries that run or wait.",
            registry=own,
            multiprocess_mode="livesum",
        )
        processes = Gauge(
            "smartregion_query_processes",
            "Queries that may run at a time.",
            registry=own,
            multiprocess_mode="livesum",
        )
        processes.set(workers)
        self._registry = own
        if _DIRECTORY in os.environ:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._registry.register(_ReleaseCollector(current))

    @property
    def texts(self) -> bool:
        """Whether the text of each query is written to the log."""
        return self._texts

    @contextmanager
    def observing(self) -> Iterator[Observation]:
        """Observe a request; a request without a query or an error is not recorded."""
        seen = request.environ[OBSERVATION] = Observation()
        started = time.perf_counter()
        self._active.inc()
        try:
            yield seen
        except QueryError as error:
            seen.outcome = error.kind
            raise
        finally:
            self._active.dec()
            if seen.text or seen.outcome != "answered":
                self.record(seen, time.perf_counter() - started, "disk")

    def record(self, seen: Observation, seconds: float, place: str) -> None:
        """Count and log one query.

        :param place: the cache of the answer, ``disk`` or ``memory``.
        """
        self._queries.labels(seen.outcome).inc()
        self._seconds.observe(seconds)
        if seen.kept:
            self._kept.labels(place).inc()
        if _LOG.isEnabledFor(logging.INFO):
            line = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "query": hashlib.sha256(seen.text.strip().encode()).hexdigest()[:16],
                "outcome": seen.outcome,
                "ms": round(1000 * seconds, 2),
                "rows": seen.rows,
                "bytes": seen.bytes,
                "type": seen.media_type,
                "kept": place if seen.kept else None,
            }
            if self._texts:
                line["text"] = seen.text
            _LOG.info(json.dumps(line, ensure_ascii=False))

    def figures(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the text format of Prometheus or OpenMetrics, and its media type."""
        from prometheus_client.exposition import choose_encoder

        _forget_ended_processes()
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _ReleaseCollector:
    """Metrics of the release, read on each request."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        try:
            manifest = self._current().release.manifest
        except ReleaseError:
            return
        info = GaugeMetricFamily("smartregion_release", "Triples of the current release.", labels=["release"])
        info.add_metric([manifest.id], manifest.triples)
        yield info
        records = GaugeMetricFamily("smartregion_records", "Records of each dataset.", labels=["dataset"])
        withheld = GaugeMetricFamily("smartregion_records_withheld", "Records withheld.", labels=["dataset"])
        for name, entry in manifest.datasets.items():
            records.add_metric([name], entry.records)
            withheld.add_metric([name], entry.withheld)
        yield records
        yield withheld


def _forget_ended_processes() -> None:
    """Forget active queries of server processes that were killed."""
    for path in Path(os.environ.get(_DIRECTORY, os.devnull)).glob("gauge_live*_*.db"):
        if not Path(f"/proc/{path.stem.rpartition('_')[2]}").exists():
            path.unlink(missing_ok=True)
