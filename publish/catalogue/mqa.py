"""The score of our catalogue in the Metadata Quality Assessment of data.europa.eu, calculated by ``harvest_check``.

The build requests no address: one of ours counts as answering if the release has the file. ``smartregion
harvest-check`` requests all of them.
"""

from __future__ import annotations

from typing import Any, Final

from rdflib import Graph
from rdflib.term import Node

from harvest_check import feed, mqa, validation
from harvest_check.profiles import rules
from ingest.validation.screening import surely_conforms
from publish.formats.dumps import Files

_MOST_DATASETS: Final = 200


def table(files: Files, base: str, datasets: int) -> dict[str, Any] | None:
    """Points by dataset and by metric.

    :param files: of the release, the catalogue among them.
    :param base: base IRI of the service; ends with a slash.
    :param datasets: how many it has; a catalogue with very many is not scored, because validating it takes long.
    """
    if datasets > _MOST_DATASETS:
        return None
    catalogue = Graph(bind_namespaces="none").parse(files.path("dump/catalog.nt"), format="nt")
    violators = violating(catalogue)

    def answers(url: str) -> bool | None:
        return True if url.removeprefix(base) in files.described else None

    scores = mqa.assess(catalogue, lambda dataset: not feed.closure(catalogue, dataset) & violators, answers)
    return {
        "total": sum(metric.points for metric in mqa.metrics()),
        "datasets": [
            {
                "name": score.dataset.removeprefix(f"{base}dataset/"),
                "points": score.points,
                "rating": score.rating,
                "dimensions": score.dimensions(),
            }
            for score in sorted(scores, key=lambda score: score.dataset)
        ],
        "metrics": [
            {
                "code": metric.code,
                "dimension": metric.dimension,
                "title": {"de": metric.title_de, "en": metric.title},
                "points": metric.points,
                "met": sum(bool(score.met[metric.code]) for score in scores),
            }
            for metric in mqa.metrics()
        ],
    }


def violating(catalogue: Graph) -> set[Node]:
    """Nodes that violate DCAT-AP; pySHACL, which takes most of the time of a small build, is asked only in doubt."""
    chosen, lists = rules("dcat-ap.ttl"), validation.known_concepts(catalogue)
    if surely_conforms(catalogue + lists, chosen):
        return set()
    return validation.validate([("catalogue", catalogue)], chosen, lists).violating
