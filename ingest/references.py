"""Finds the record or concept that a cell refers to, by key, official name or label."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from rapidfuzz import fuzz, process
from rdflib import SKOS, URIRef
from rdflib import Literal as RdfLiteral

import ontology
from ingest.characters import plain
from ingest.model import Field, by_name, with_role

_TITLES = (
    (
        re.compile(r"(?:magistrat der|gemeindevorstand der)? ?(?:\w*stadt|gemeinde|markt|kommune) ", re.I),
        "unit",
        "",
    ),
    (re.compile(r"(?:kreisausschuss des )?(?:landkreise?s?|kreis|lk) ", re.I), "district", "Landkreis "),
    (re.compile(r"(?:kreisausschuss des )", re.I), "district", ""),
)
_CLOSE = 70.0  # of 100; below, a suggestion misleads more often than it helps


def normalise(name: str) -> str:
    """A name without case, spacing and dots, so that ``v.d.Höhe`` and ``v. d. Höhe`` are the same."""
    return re.sub(r"[\s.]+", "", unicodedata.normalize("NFKC", plain(name)).casefold())


def nearest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like a text, best first; none when nothing is close."""
    found = process.extract(
        text, list(dict.fromkeys(names)), scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=_CLOSE, limit=limit
    )
    return [name for name, _, _ in found]


@dataclass(frozen=True)
class Referable:
    """A record that others may refer to.

    :ivar iri: relative to ``{base}id/``.
    :ivar usable: False when its own key is missing or malformed, so that no link to it can be made.
    :ivar successor: for a key that no longer exists, its successor, as written in its table.
    """

    iri: str
    record_class: str
    key: str
    names: tuple[str, ...]
    source: str
    row: int
    usable: bool = True
    successor: str | None = None


@dataclass(frozen=True)
class Resolution:
    """The meaning of a text; ``code`` names the kind of finding, if there is one.

    :ivar value: JSON-LD value: relative IRI, notation, literal; None when the text has no meaning here.
    """

    value: Any = None
    code: str | None = None
    suggestion: str | None = None
    details: dict[str, object] = field(default_factory=dict)


class Register:
    """All records of all tables, by class, key and name."""

    def __init__(self, base: str, entries: Iterable[Referable]) -> None:
        self._prefix = f"{base}id/"
        self._by_key: dict[tuple[str, str], Referable] = {}
        self._by_iri: dict[str, Referable] = {}
        self._by_name: dict[tuple[str, str], list[Referable]] = defaultdict(list)
        self._by_class: dict[str, list[Referable]] = defaultdict(list)
        self._former: dict[str, Referable] = {}
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Referable) -> None:
        if entry.successor is not None:
            for name in (entry.key, *map(normalise, entry.names)):
                self._former.setdefault(name, entry)
            return
        if entry.usable:
            self._by_key.setdefault((entry.record_class, entry.key), entry)
            self._by_iri.setdefault(entry.iri, entry)
        for name in dict.fromkeys(map(normalise, entry.names)):
            self._by_name[entry.record_class, name].append(entry)
        self._by_class[entry.record_class].append(entry)

    def resolve(self, text: str, classes: Sequence[str]) -> Resolution:
        """Find the record that a cell refers to.

        :param text: key, ``segment/key``, full IRI or name.
        :param classes: IRIs of the classes allowed; if a name fits several, the first class takes precedence.
        """
        relative = text.removeprefix(self._prefix)
        if (entry := self._by_iri.get(relative)) and entry.record_class in classes:
            return Resolution(entry.iri)
        keys = (text, _unspaced(text))
        for record_class, key in product(classes, keys):
            if entry := self._by_key.get((record_class, key)):
                return Resolution(entry.iri)
        for record_class in classes:
            if found := self._by_name.get((record_class, normalise(text))):
                return self._one_of(found)
        return self._successor(text, classes) or self._unknown(text, classes)

    def former(self, key: str, record_class: str) -> dict[str, object] | None:
        """For the key of a municipality that no longer exists, its name and its successor.

        :param record_class: IRI of the class that the record with this key is to have.
        """
        entry = self._former.get(key)
        if entry is None or entry.key != key or entry.record_class == record_class:
            return None
        today = self._today(entry, [record_class])
        return {"former": entry.names[0] if entry.names else key, "successor": _label(today) if today else "?"}

    def key_of(self, name: str, record_class: str) -> str | None:
        """The key of the one record of a class that has this name."""
        found = {entry.key for entry in self._by_name.get((record_class, normalise(name)), ()) if entry.usable}
        return next(iter(found)) if len(found) == 1 else None

    @staticmethod
    def _one_of(found: list[Referable]) -> Resolution:
        # A duplicate row has the same name and is withheld.
        found = [entry for entry in found if entry.usable] or found
        if len({entry.iri for entry in found}) > 1:
            candidates = ", ".join(f"{entry.key} ({entry.names[0]}, {entry.source})" for entry in found[:5])
            return Resolution(code="ambiguous-reference", details={"candidates": candidates})
        entry = found[0]
        if entry.usable:
            return Resolution(entry.iri)
        return Resolution(code="withheld-reference", details={"source": entry.source, "source_row": entry.row})

    def _successor(self, text: str, classes: Sequence[str]) -> Resolution | None:
        former = self._former.get(text) or self._former.get(normalise(text))
        today = self._today(former, classes) if former else None
        if today is None:
            return None
        return Resolution(today.iri, "outdated-key", suggestion=today.key, details={"successor": _label(today)})

    def _today(self, former: Referable, classes: Sequence[str]) -> Referable | None:
        """The record that replaces one that no longer exists."""
        if former.successor is None:
            return None
        keyed = (self._by_key.get((record_class, former.successor)) for record_class in classes)
        if today := next(filter(None, keyed), None):
            return today
        name = normalise(former.successor)
        named = [entry for record_class in classes for entry in self._by_name.get((record_class, name), ())]
        return named[0] if len(named) == 1 else None

    def _unknown(self, text: str, classes: Sequence[str]) -> Resolution:
        entries = [entry for record_class in classes for entry in self._by_class[record_class]]
        digits = text.removesuffix(".0")
        if digits.isdigit() and (successor := self._successor(f"0{digits}", classes)):
            return successor
        if digits.isdigit() and (padded := [entry for entry in entries if entry.key == f"0{digits}"]):
            return Resolution(code="lost-zero", suggestion=padded[0].key)
        if titled := self._titled(text, classes):
            return Resolution(code="unknown-reference", suggestion=titled.key, details=hint([titled.names[0]]))
        names = nearest(text, [name for entry in entries for name in (*entry.names[:1], entry.key)])
        return Resolution(code="unknown-reference", details=hint(names))

    def _titled(self, text: str, classes: Sequence[str]) -> Referable | None:
        """The one record whose name has a title before it that says its class: Stadt Hanau, LK Fulda."""
        for pattern, role, before in _TITLES:
            titled = [iri for iri in (by_name(name).iri for name in sorted(with_role(role))) if iri in classes]
            if titled and (match := pattern.match(text)):
                wanted = normalise(before + text[match.end() :])
                found = [entry for iri in titled for entry in self._by_name.get((iri, wanted), ()) if entry.usable]
                if len({entry.iri for entry in found}) == 1:
                    return found[0]
        return None


def _unspaced(text: str) -> str:
    """A key as it is when statistics offices print it with spaces (06 4 15 000), or text processors with dashes."""
    compact = re.sub(r"\s", "", text)
    return compact if compact.isdigit() else plain(text).replace(" ", "")


def _label(entry: Referable) -> str:
    return f"{entry.names[0]} ({entry.key})" if entry.names else entry.key


def hint(candidates: Sequence[str]) -> dict[str, object]:
    """A sentence with candidates, for the placeholders ``hint_de`` and ``hint_en``."""
    if not candidates:
        return {"hint_de": "Ein ähnlicher Wert wurde nicht gefunden.", "hint_en": "No similar value was found."}
    quoted_de = ", ".join(f"„{name}“" for name in candidates)
    quoted_en = ", ".join(f"“{name}”" for name in candidates)
    return {"hint_de": f"Gemeint sein könnte: {quoted_de}.", "hint_en": f"Perhaps: {quoted_en}."}


class Concepts:
    """The value list of one field: notations by notation, label or IRI."""

    def __init__(self, concepts: Field) -> None:
        graph = ontology.everything()
        self._prefix = concepts.prefix
        self._notations: dict[str, str] = {}
        self._labels: list[str] = []
        for option in concepts.options:
            notation = option.removeprefix(concepts.prefix)
            labels = [
                label
                for predicate in (SKOS.prefLabel, SKOS.altLabel)
                for label in graph.objects(URIRef(option), predicate)
                if isinstance(label, RdfLiteral)
            ]
            for name in (notation, *map(str, labels)):
                self._notations[normalise(name)] = notation
            self._labels += [str(label) for label in labels if label.language == "de"]

    def resolve(self, text: str) -> Resolution:
        """Find the concept; the resolution's value is its notation."""
        notation = self._notations.get(normalise(text.removeprefix(self._prefix)))
        if notation is not None:
            return Resolution(notation)
        return Resolution(code="unknown-concept", details=hint(nearest(text, self._labels) or sorted(self._labels)))
