"""Making a release current, unless too much would vanish: portals delete what a catalogue does not list any more."""

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
    """What one release has and another has not.

    :ivar name: a dataset, :data:`WHOLE` or :data:`DATASETS`.
    :ivar before: how many there were.
    :ivar gone: which of them are not there any more: records relative to ``{base}id/``, or names of datasets.
    """

    name: str
    before: int
    gone: list[str]

    @property
    def percent(self) -> float:
        """Share of what is gone."""
        return 100 * len(self.gone) / self.before


def activate(releases: Releases, release: Release, most_percent: float) -> list[Loss]:
    """Make a release the current one, if it drops at most a share of what the current one has.

    The share counts for the datasets, for all records, and for the records of each dataset. What counts is the
    address: as many new records do not make up for old ones.

    :param most_percent: 100 lets everything pass.
    :returns: why it was not done; nothing when it was.
    :raises ReleaseError: the release is empty.
    """
    excessive = [loss for loss in losses(last_known(releases), release) if loss.percent > most_percent]
    if not excessive:
        releases.activate(release.id)
    return excessive


def losses(old: Release | None, new: Release) -> list[Loss]:
    """What the new release has not of the old one's datasets and records, only where something is gone."""
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
    """How the first of the lost things are called."""
    if loss.name == DATASETS:
        return loss.gone[:most]
    datasets = {iri: name for name, part in History.of(release).records.items() for iri in part}
    described = describe(release, {iri: datasets[iri] for iri in loss.gone[:most]})
    return [f"{_title(description)} ({iri})" for iri, description in described.items()]


def _title(description: Remains) -> str:
    return description.title.get("de") or next(iter(description.title.values()), "")


def _moved(old: str, new: str) -> bool:
    """Whether all addresses change; those of one machine have never been read by a portal."""
    return old != new and urlsplit(old).hostname not in _LOCAL


def _loss(name: str, before: set[str], kept: set[str]) -> Loss:
    return Loss(name, len(before), sorted(before - kept))
