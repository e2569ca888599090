"""The previous release of a build, which determines dates, name and earliest moment."""

from __future__ import annotations

from collections.abc import Callable

from publish.releases import identity
from publish.releases.history import FILE, History
from publish.releases.release import Release, ReleaseError, Releases


def current(releases: Releases, warn: Callable[[str], None]) -> Release | None:
    """The current release, if it exists and is intact.

    :param warn: called with the reason why it cannot be used.
    """
    if releases.current_id() is None:
        return None
    try:
        return releases.verify()
    except ReleaseError as error:
        warn(str(error))
        return None


def last_known(releases: Releases) -> Release | None:
    """The release from which dates and tombstones continue: the current one, or the last with a readable history.

    Other files of it may be damaged.
    """
    now = releases.current_id()
    for release_id in sorted(releases.ids(), key=lambda name: name != now):
        try:
            release = releases.look_at(release_id)
        except ReleaseError:
            continue
        if FILE in release.manifest.files and release.is_whole(FILE):
            return release
    return None


def name(releases: Releases, source: str, previous: Release | None) -> tuple[str, bool]:
    """The name of the release of a source, and whether it has to be written: it may exist.

    A damaged release is not overwritten, because other processes may be reading it; the replacement has another name.

    :param source: hash of all its inputs.
    :param previous: the release that it follows.
    """
    release_id = identity.release_id(source, previous.id if previous else None)
    there = set(releases.ids())
    while release_id in there:
        try:
            releases.verify(release_id)
        except ReleaseError:
            release_id = identity.release_id(source, release_id)
        else:
            return release_id, False
    return release_id, True


def moment(previous: Release | None, warn: Callable[[str], None]) -> str:
    """The moment of a build (``xsd:dateTime``, UTC): not before any known moment, even if the clock was set back.

    A date that goes back would hide a change from clients that ask for changes since a moment.

    :param previous: the release that it follows.
    :param warn: called if the clock is wrong.
    """
    now, latest = identity.moment(), History.of(previous).latest
    if now >= latest:
        return now
    following = identity.after(latest)
    warn(f"The clock says {now}, but something was published at {latest}. Dates go on from there: {following}.")
    return following
