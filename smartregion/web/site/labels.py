"""German and English names of classes and properties, from ``labels.json`` of the release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ontology
from publish.releases.contents.model import ClassLabels


class Labels:
    """Looks up names by IRI.

    :ivar essentials: the properties (IRIs) at the top of a page, in this order.
    :ivar apart: the properties that pages show separately.
    :param document: ``properties`` with names and order by IRI, ``classes`` with names; a class may have ``properties``
        of its own, with more specific names; ``groups`` of properties with names and order; ``incoming``: the
        properties by which records may refer to those of a class.
    """

    def __init__(self, document: ClassLabels) -> None:
        self._properties: Mapping[str, Mapping[str, Any]] = document["properties"]
        self._classes: Mapping[str, Mapping[str, Any]] = document["classes"]
        self._incoming = document["incoming"]
        self.groups: Mapping[str, Mapping[str, Any]] = document["groups"]
        self.essentials = document["essentials"]
        self.apart = frozenset(document["apart"])

    def of_class(self, iri: str, language: str) -> str:
        """Name of a class; its prefixed name if the release has none."""
        return str(self._classes.get(iri, {}).get(language) or prefixed(iri))

    def plural(self, iri: str, language: str) -> str:
        """Name of the records of a class; the name of the class if the release has none."""
        return str(self._classes.get(iri, {}).get("plural", {}).get(language) or self.of_class(iri, language))

    def rank(self, iri: str) -> int:
        """Rank of the list of records of a class on pages of other records; classes without a rank come last."""
        return int(self._classes.get(iri, {}).get("rank") or 10_000)

    def has_role(self, role: str, classes: Iterable[str]) -> bool:
        """Whether records of one of these classes have a role (``sr:recordRole``)."""
        return any(role in self._classes.get(name, {}).get("roles", ()) for name in classes)

    def of_property(self, iri: str, classes: Iterable[str], language: str) -> str:
        """Name of a property of a node of these classes; its prefixed name if the release has none."""
        return str(self._property(iri, classes).get(language) or prefixed(iri))

    def order(self, iri: str, classes: Iterable[str]) -> float:
        """Rank of a property; unknown ones come last."""
        return float(self._property(iri, classes).get("order", 10_000))

    def group(self, iri: str, classes: Iterable[str]) -> str | None:
        """The group (IRI) that the property belongs to; None for an unknown one."""
        found = self._property(iri, classes).get("group")
        return str(found) if found else None

    def group_name(self, iri: str, language: str) -> str:
        """Name of a group."""
        return str(self.groups[iri][language])

    def dataset(self, iri: str) -> str | None:
        """Name of the dataset that holds the records of a class."""
        found = self._classes.get(iri, {}).get("dataset")
        return str(found) if found else None

    def incoming(self, iri: str) -> list[str]:
        """The properties by which records may refer to those of a class."""
        return self._incoming.get(iri, [])

    def _property(self, iri: str, classes: Iterable[str]) -> Mapping[str, Any]:
        for name in classes:
            own = self._classes.get(name, {}).get("properties", {})
            if iri in own:
                found: Mapping[str, Any] = own[iri]
                return found
        return self._properties.get(iri, {})


def prefixed(iri: str) -> str:
    """The IRI with one of our prefixes, or unchanged."""
    for prefix, namespace in ontology.PREFIXES.items():
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri
