"""German and English names of classes and properties, as the release gives them in ``labels.json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ontology


class Labels:
    """Looks up names by IRI.

    :param document: ``properties`` with names and order by IRI, ``classes`` with names; a class may have ``properties``
        of its own, whose names fit it better.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._properties: dict[str, dict[str, Any]] = document["properties"]
        self._classes: dict[str, dict[str, Any]] = document["classes"]

    def of_class(self, iri: str, language: str) -> str:
        """Name of a class; its prefixed name when the release has none."""
        return str(self._classes.get(iri, {}).get(language) or prefixed(iri))

    def of_property(self, iri: str, classes: Iterable[str], language: str) -> str:
        """Name of a property of a node of these classes; its prefixed name when the release has none."""
        return str(self._property(iri, classes).get(language) or prefixed(iri))

    def order(self, iri: str, classes: Iterable[str]) -> float:
        """Where the property stands among the others; unknown ones come last."""
        return float(self._property(iri, classes).get("order", 10_000))

    def _property(self, iri: str, classes: Iterable[str]) -> dict[str, Any]:
        for name in classes:
            own = self._classes.get(name, {}).get("properties", {})
            if iri in own:
                found: dict[str, Any] = own[iri]
                return found
        return self._properties.get(iri, {})


def prefixed(iri: str) -> str:
    """The IRI with a prefix of ours, or as it is."""
    for prefix, namespace in ontology.PREFIXES.items():
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri
