"""The current release and its data, read once, on first use."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import pyoxigraph as ox

from publish.releases.contents import LABELS, MAP, QUALITY, ReleaseContent, T
from publish.releases.contents.reports import ReportedFinding
from publish.releases.manifest import Manifest
from publish.releases.release import Release, ReleaseError, Releases
from smartregion.web.site.labels import Labels
from smartregion.web.site.maps import HesseMap
from smartregion.web.site.search_index import Index


@dataclass(frozen=True)
class Published:
    """An opened release."""

    release: Release
    labels: Labels

    _contents: dict[str, Any] = field(default_factory=dict, compare=False)

    def read(self, content: ReleaseContent[T]) -> T:
        """The content of a file of the release, read on first use.

        :raises KeyError: the release has no such file.
        """
        if content.name not in self._contents:
            self._contents[content.name] = self.release.read(content)
        found: T = self._contents[content.name]
        return found

    @property
    def modified(self) -> dt.datetime:
        """Moment of its last change."""
        return midnight(self.release.manifest.modified)

    def graphs(self) -> list[str]:
        """IRIs of the named graphs."""
        manifest = self.release.manifest
        names = [name for name in manifest.datasets if name != "all"]
        return [f"{manifest.base}graph/{name}" for name in (*names, "catalog", "history", "summary", "void")]

    @cached_property
    def tombstones(self) -> dict[str, list[ox.Triple]]:
        """Tombstones by IRI, read on first use."""
        found: dict[str, list[ox.Triple]] = {}
        for quad in ox.parse(path=self.release.file("tombstones.nt")[0], format=ox.RdfFormat.N_TRIPLES):
            found.setdefault(quad.subject.value, []).append(quad.triple)
        return found

    @cached_property
    def map(self) -> HesseMap | None:
        """The map of the districts; None when no municipality has coordinates."""
        return HesseMap(self.release.read(MAP)) if MAP.name in self.release.manifest.files else None

    @cached_property
    def search(self) -> Index:
        """The search index."""
        return Index(self.release.search, self.release.manifest.search.records)

    @cached_property
    def withheld(self) -> dict[str, list[ReportedFinding]]:
        """The findings that keep records from being published, by record, relative to ``{base}id/``."""
        quality = self.release.read(QUALITY)
        found: dict[str, list[ReportedFinding]] = {record: [] for record in quality["withheld"]}
        for finding in quality["findings"]:
            if finding["severity"] == "violation" and finding["record"] in found:
                found[finding["record"]].append(finding)
        return found


def midnight(date: str) -> dt.datetime:
    """The start of a day (UTC) of a manifest."""
    return dt.datetime.fromisoformat(date).replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class KeptRelease:
    """Summary of a release on disk.

    :ivar built: when it was written.
    :ivar manifest: its manifest; None if it is damaged, or written by another version of the software.
    """

    id: str
    built: dt.datetime
    manifest: Manifest | None

    @classmethod
    def read(cls, releases: Releases, name: str) -> Self:
        """The release of this name."""
        written = releases.written(name) / 1e9
        try:
            # The thousands of file names are not needed here.
            manifest = replace(releases.open(name).manifest, files={})
        except ReleaseError:
            manifest = None
        return cls(name, dt.datetime.fromtimestamp(written, dt.UTC), manifest)


class Current:
    """The current release; call it at every request, it costs one ``readlink`` while nothing changes."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self._lock = threading.Lock()
        self._known: Published | None = None
        self._kept: dict[str, KeptRelease] = {}

    def kept(self) -> list[KeptRelease]:
        """The releases on disk, the most recently written first."""
        ids = self._releases.ids()
        for name in ids:
            if name not in self._kept:
                self._kept[name] = KeptRelease.read(self._releases, name)
        return [self._kept[name] for name in ids]

    def activated(self) -> dt.datetime | None:
        """Moment of the last activation, or None before the first."""
        switch = self._releases.switch()
        return dt.datetime.fromtimestamp(switch[1] / 1e9, dt.UTC) if switch else None

    def __call__(self) -> Published:
        """The current release.

        :raises ReleaseError: there is none.
        """
        known = self._known
        if known is not None and known.release.id == self._releases.current_id():
            return known
        with self._lock:
            release = self._releases.open()
            if self._known is None or self._known.release.id != release.id:
                self._known = Published(release, Labels(release.read(LABELS)))
            return self._known
