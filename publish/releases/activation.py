"""Makes a release current, unless too many records would vanish: portals delete what a catalogue no longer lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from publish.releases.history import History, Remains, describe
from publish.releases.release import Release, Releases
from publish.releases.succession import last_known

WHOLE: Final = "all records"
DATASETS: Final = "datasets"

_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Loss:
    """Records or datasets that one release has and another does not.

    :ivar name: a dataset, :data:`WHOLE` or :data:`DATASETS`.
    :ivar before: how many there were.
    :ivar gone: the missing ones: records relative to ``{base}id/``, or names of datasets.
    """

    name: str
    before: int
    gone: list[str]

    @property
    def percent(self) -> float:
        """Share of the missing ones."""
        return 100 * len(self.gone) / self.before


def activate(releases: Releases, release: Release, most_percent: float) -> list[Loss]:
    """Make a release current, if it drops at most a share of the content of the current one.

    The share counts for the datasets, for all records, and for the records of each dataset. Addresses
    are compared: new records do not compensate for missing ones.

    :param most_percent: maximum share; 100 allows everything.
    :returns: the losses that prevented it; empty if it was activated.
    :raises ReleaseError: the release is empty.
    """
    excessive = [loss for loss in losses(last_known(releases), release) if loss.percent > most_percent]
    if not excessive:
        releases.activate(release.id)
    return excessive


def losses(old: Release | None, new: Release) -> list[Loss]:
    """The datasets and records of the old release that the new one lacks; only losses that are not empty."""
    if old is None:
        return []
    moved = _moved(old.manifest.base, new.manifest.base)
    before = History.of(old).records
    kept = set() if moved else {iri for part in History.of(new).records.values() for iri in part}
    datasets = _loss(DATASETS, _datasets(old), set() if moved else _datasets(new))
    whole = _loss(WHOLE, {iri for part in before.values() for iri in part}, kept)
    parts = [_loss(name, set(part), kept) for name, part in sorted(before.items())]
    return [loss for loss in (datasets, whole, *parts) if loss.gone]


def _datasets(release: Release) -> set[str]:
    """Names of the datasets that the catalogue lists."""
    start = f"feed/{release.manifest.feed.default}/dataset/"
    return {PurePosixPath(name).stem for name in release.manifest.files if name.startswith(start)}


def names(release: Release, loss: Loss, most: int) -> list[str]:
    """Names of the first missing records."""
    if loss.name == DATASETS:
        return loss.gone[:most]
    datasets = {iri: name for name, part in History.of(release).records.items() for iri in part}
    described = describe(release, {iri: datasets[iri] for iri in loss.gone[:most]})
    return [f"{_title(description)} ({iri})" for iri, description in described.items()]


def _title(description: Remains) -> str:
    return description.title.get("de") or next(iter(description.title.values()), "")


def _moved(old: str, new: str) -> bool:
    """Whether all addresses change; no portal has read addresses on ``localhost``."""
    return old != new and urlsplit(old).hostname not in _LOCAL


def _loss(name: str, before: set[str], kept: set[str]) -> Loss:
    return Loss(name, len(before), sorted(before - kept))
