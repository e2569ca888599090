"""What several test modules share: where the real sources are, and short ways to ask."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
BASE = "http://localhost:8000/"


def silent(phase: str, done: int, total: int) -> None:
    """No progress."""


def select(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    """Rows of a SELECT over the union of all graphs, as texts."""
    prefixes = {"sr": "https://w3id.org/smart-region/ns#", "schema": "https://schema.org/"}
    prefixes |= {"dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#"}
    prefixes |= {"skos": "http://www.w3.org/2004/02/skos/core#", "geo": "http://www.opengis.net/ont/geosparql#"}
    solutions = store.query(query, prefixes=prefixes, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    return [tuple("" if term is None else term.value for term in row) for row in solutions]  # type: ignore[union-attr]
