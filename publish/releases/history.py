"""When each record was published, changed and deleted: found by comparing a release with the one before.

The history is part of each release (``history.json``) and contains everything known, so that older releases can be
deleted. From it come ``dct:issued`` and ``dct:modified`` of each record, and the tombstones of deleted ones
(``as:Tombstone``, https://www.w3.org/TR/activitystreams-vocabulary/#dfn-tombstone).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pyoxigraph as ox

import ontology
from ingest import Ingested
from ingest.pipeline.catalogue import Source
from publish.releases.contents import HISTORY
from publish.releases.contents.sync import Absence, Dates, RecordHistory
from publish.releases.release import Release

FILE: Final = HISTORY.name

_DATE_TIME: Final = ox.NamedNode(ontology.PREFIXES["xsd"] + "dateTime")
_TYPE: Final = ox.NamedNode(ontology.PREFIXES["rdf"] + "type")
_TITLE: Final = ox.NamedNode(ontology.PREFIXES["dct"] + "title")
_ISSUED: Final = ox.NamedNode(ontology.PREFIXES["dct"] + "issued")
_MODIFIED: Final = ox.NamedNode(ontology.PREFIXES["dct"] + "modified")
_REPLACED_BY: Final = ox.NamedNode(ontology.PREFIXES["dct"] + "isReplacedBy")
_LABEL: Final = ox.NamedNode(ontology.PREFIXES["skos"] + "prefLabel")
_TOMBSTONE: Final = ox.NamedNode(ontology.PREFIXES["as"] + "Tombstone")
_FORMER_TYPE: Final = ox.NamedNode(ontology.PREFIXES["as"] + "formerType")
_DELETED: Final = ox.NamedNode(ontology.PREFIXES["as"] + "deleted")


@dataclass(frozen=True)
class Absent:
    """A record that was published and no longer is.

    :ivar deleted: when it was deleted; None for one that is only withheld.
    """

    dataset: str
    dates: Dates
    types: list[str]
    title: dict[str, str]
    replaced_by: list[str]
    deleted: str | None


@dataclass(frozen=True)
class History:
    """The history of all records up to a release; IRIs are relative to ``{base}id/``.

    :ivar records: dates of the published records, by dataset and IRI.
    :ivar absent: those that are not published any more, by IRI.
    :ivar projects: dates of the projects as the Navigator profile shows them, with places and grants.
    """

    records: dict[str, dict[str, Dates]] = field(default_factory=dict)
    absent: dict[str, Absent] = field(default_factory=dict)
    projects: dict[str, Dates] = field(default_factory=dict)

    def document(self) -> RecordHistory:
        """The history as it is written, the same for the same history."""
        return RecordHistory(
            records={name: dict(sorted(part.items())) for name, part in sorted(self.records.items())},
            absent={iri: cast(Absence, vars(entry)) for iri, entry in sorted(self.absent.items())},
            projects=dict(sorted(self.projects.items())),
        )

    @classmethod
    def of(cls, release: Release | None) -> History:
        """The history that a release carries; empty if it has none."""
        if release is None or FILE not in release.manifest.files:
            return cls()
        found = release.read(HISTORY)
        absent = {iri: Absent(**entry) for iri, entry in found["absent"].items()}
        return cls(found["records"], absent, found["projects"])

    @property
    def latest(self) -> str:
        """The last moment at which something was published, changed or deleted; empty if nothing was."""
        dates = [*self.projects.values(), *(each for part in self.records.values() for each in part.values())]
        deleted = [entry.deleted for entry in self.absent.values() if entry.deleted]
        return max([*(each.modified for each in dates), *deleted], default="")

    @property
    def tombstones(self) -> dict[str, Absent]:
        """The deleted records."""
        return {iri: absent for iri, absent in self.absent.items() if absent.deleted is not None}


def contents(dump: Path, base: str) -> dict[str, str]:
    """A hash for each record of a dump in canonical N-Triples.

    The row number is not included: inserting a record above another one does not change it.
    """
    statement = re.compile(
        rb"<%sid/([^#>]*)[^>]*> <(?!%swasDerivedFrom>)" % (re.escape(base.encode()), ontology.PREFIXES["prov"].encode())
    )

    def record(line: bytes) -> bytes | None:
        found = statement.match(line)
        return found[1] if found else None

    hashes: dict[bytes, bytes] = {}
    with dump.open("rb") as file:
        for iri, lines in groupby(file, record):
            if iri is not None:
                hashes[iri] = hashlib.blake2b(hashes.get(iri, b"") + b"".join(lines), digest_size=16).digest()
    return {iri.decode(): found.hex() for iri, found in hashes.items()}


def dated(contents: Mapping[str, str], known: Mapping[str, Dates], now: str) -> dict[str, Dates]:
    """Update dates: they stay while the content is the same.

    :param contents: hash of each thing.
    :param now: moment of the build.
    """
    result = {}
    for iri, content in contents.items():
        before = known.get(iri)
        if before is None:
            result[iri] = Dates(content, now, now)
        else:
            result[iri] = before if before.content == content else Dates(content, before.issued, now)
    return result


def succeed(
    before: History,
    previous: Release | None,
    contents: Mapping[str, Mapping[str, str]],
    withheld: Collection[str],
    unknown: Collection[str],
    now: str,
) -> History:
    """The history up to a new release.

    :param before: the history of the previous release.
    :param contents: hash of each record, by dataset and IRI.
    :param withheld: records that are in the sources, but not published because of a finding.
    :param unknown: datasets whose sources could not be read completely, so that nothing is known to be deleted.
    :param now: moment of the build.
    """
    known = {iri: dates for part in before.records.values() for iri, dates in part.items()}
    # A record that returns after its deletion is new.
    known |= {
        iri: absent.dates if absent.deleted is None else Dates("", absent.dates.issued, now)
        for iri, absent in before.absent.items()
    }
    records = {name: dated(part, known, now) for name, part in contents.items()}
    living = {iri for part in records.values() for iri in part}
    left = {iri: name for name, part in before.records.items() for iri in part if iri not in living}
    absent = {iri: entry for iri, entry in before.absent.items() if iri not in living}
    absent |= {
        iri: Absent(left[iri], known[iri], description.types, description.title, description.replaced_by, None)
        for iri, description in (describe(previous, left) if previous else {}).items()
    }
    for iri, entry in absent.items():
        if entry.deleted is None and iri not in withheld and entry.dataset not in unknown:
            absent[iri] = replace(entry, deleted=now)
    return History(records, absent)


def unreadable(listed: Iterable[Source], ingested: Ingested) -> set[str]:
    """Datasets with possibly unrecognised records: a file or a key could not be read."""
    # A table that was read and has no rows any more says that all its records are gone: no violation.
    unread = {
        finding.source for finding in ingested.findings if finding.row is None and finding.severity == "violation"
    }
    names = {source.dataset for source in listed if source.file in unread}
    for name, part in ingested.datasets.items():
        published = {node["id"] for node in part.records}
        # A row without a usable key has a temporary one (see ingest.mapping.mapping.start).
        if any("~" in node["id"] and node["id"].partition("~")[0] not in published for node in part.withheld):
            names.add(name)
    return names


class Remains(NamedTuple):
    """Description of a deleted record."""

    types: list[str]
    title: dict[str, str]
    replaced_by: list[str]


def describe(release: Release, records: Mapping[str, str]) -> dict[str, Remains]:
    """Types, names and successors of records, from the dumps of a release; none from a damaged dump.

    :param records: name of the dataset of each record, by IRI relative to ``{base}id/``.
    """
    home = f"{release.manifest.base}id/"
    found = {iri: Remains([], {}, []) for iri in records}
    for dataset in sorted(set(records.values())):
        dump = f"dump/{dataset}.nt"
        if dump in release.manifest.files and release.is_whole(dump):
            for quad in ox.parse(path=release.file(dump)[0], format=ox.RdfFormat.N_TRIPLES):
                iri = str(quad.subject.value).removeprefix(home)
                if records.get(iri) == dataset:
                    _tell(found[iri], quad.predicate, quad.object, home)
    return found


def _tell(description: Remains, predicate: ox.NamedNode, value: Any, home: str) -> None:
    if isinstance(value, ox.Literal) and predicate in (_TITLE, _LABEL):
        description.title.setdefault(value.language or "", value.value)
    elif isinstance(value, ox.NamedNode) and predicate == _TYPE:
        description.types.append(value.value)
    elif isinstance(value, ox.NamedNode) and predicate == _REPLACED_BY and value.value.startswith(home):
        description.replaced_by.append(value.value[len(home) :])


def dates_graph(history: History, base: str) -> list[ox.Triple]:
    """``dct:issued`` and ``dct:modified`` of each published record."""
    triples = []
    for part in history.records.values():
        for iri, dates in part.items():
            subject = ox.NamedNode(f"{base}id/{iri}")
            triples.append(ox.Triple(subject, _ISSUED, _moment(dates.issued)))
            triples.append(ox.Triple(subject, _MODIFIED, _moment(dates.modified)))
    return triples


def tombstones_graph(history: History, base: str) -> list[ox.Triple]:
    """The tombstones of deleted records."""
    triples = []
    for iri, absent in history.tombstones.items():
        subject = ox.NamedNode(f"{base}id/{iri}")
        triples.append(ox.Triple(subject, _TYPE, _TOMBSTONE))
        triples.append(ox.Triple(subject, _ISSUED, _moment(absent.dates.issued)))
        triples.append(ox.Triple(subject, _DELETED, _moment(str(absent.deleted))))
        triples += [ox.Triple(subject, _FORMER_TYPE, ox.NamedNode(name)) for name in absent.types]
        triples += [
            ox.Triple(subject, _TITLE, ox.Literal(text, language=language) if language else ox.Literal(text))
            for language, text in absent.title.items()
        ]
        triples += [ox.Triple(subject, _REPLACED_BY, ox.NamedNode(f"{base}id/{heir}")) for heir in absent.replaced_by]
    return triples


def _moment(text: str) -> ox.Literal:
    return ox.Literal(text, datatype=_DATE_TIME)
