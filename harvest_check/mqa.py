"""The Metadata Quality Assessment of data.europa.eu (MQA), metric by metric: 405 points at most.

A dataset has its own points and those of its best distribution, as in piveau's scoring; ``docs/harvest-check.md`` has
our rules where the methodology says nothing. The table and the code lists are in ``mqa.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from rdflib import DCAT, DCTERMS, Graph, URIRef
from rdflib.term import Node

from harvest_check.findings import FeedFinding, found
from harvest_check.profiles import nodes

_MEDIA_TYPE: Final = re.compile(
    r"https?://www\.iana\.org/assignments/media-types/"
    r"(application|audio|font|haptics|image|message|model|multipart|text|video)/[\w.+-]+"
)
# Metrics that fail because of another finding: a broken address, a violated shape.
_FOUND_ELSEWHERE: Final = frozenset({"accessUrlStatusCode", "downloadUrlStatusCode", "dcatApCompliance"})


@dataclass(frozen=True)
class Metric:
    """One row of the table.

    :ivar missing: points if it is not met; -5 for format and media type.
    """

    code: str
    dimension: str
    on: str
    points: int
    missing: int
    title: str
    title_de: str
    rule: str


@dataclass(frozen=True)
class Score:
    """The score of one dataset.

    :ivar met: for each metric whether dataset and best distribution meet it; None if it was not checked.
    :ivar lacking: for each metric all distributions that do not meet it, or the dataset.
    """

    dataset: str
    title: str
    met: Mapping[str, bool | None]
    lacking: Mapping[str, Sequence[str]]

    @property
    def points(self) -> int:
        """Of 405."""
        return sum(metric.points if self.met[metric.code] else metric.missing for metric in metrics())

    @property
    def rating(self) -> str:
        """Excellent, Good, Sufficient or Bad."""
        ratings: dict[str, int] = _table()["rating"]
        return next(name for name, least in ratings.items() if self.points > least)

    def dimensions(self) -> dict[str, int]:
        """Points by dimension."""
        sums: dict[str, int] = {}
        for metric in metrics():
            points = metric.points if self.met[metric.code] else metric.missing
            sums[metric.dimension] = sums.get(metric.dimension, 0) + points
        return sums


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("harvest_check.profiles").joinpath("mqa.toml").read_text(encoding="utf-8"))


@cache
def metrics() -> tuple[Metric, ...]:
    """The table, in the order of the methodology."""
    return tuple(Metric(**{"missing": 0, **row}) for row in _table()["metric"])


@cache
def listed(name: str) -> frozenset[str]:
    """A code list: ``licences``, ``file_types``, ``non_proprietary``, ``machine_readable`` or ``access_rights``."""
    return frozenset(space + local for space, names in _table()[name].items() for local in names)


def assess(
    graph: Graph,
    compliant: Callable[[Node], bool],
    answers: Callable[[str], bool | None],
    left_out: Set[Node] = frozenset(),
) -> list[Score]:
    """Scores of all datasets of a feed.

    :param compliant: whether no node of a dataset violates DCAT-AP.
    :param answers: whether an address answers HEAD with success; None if it was not requested.
    :param left_out: datasets without a score.
    """
    return [
        _score(graph, dataset, compliant(dataset), answers)
        for dataset in nodes(graph, DCAT.Dataset)
        if dataset not in left_out
    ]


def _score(graph: Graph, dataset: Node, compliant: bool, answers: Callable[[str], bool | None]) -> Score:
    own = _of_dataset(graph, dataset, compliant)
    distributions = sorted(set(graph.objects(dataset, DCAT.distribution)), key=str)
    each = {d: _of_distribution(graph, d, answers) for d in distributions}
    rows = [metric for metric in metrics() if metric.on == "distribution"]
    if each:
        best = max(each.values(), key=lambda met: sum(m.points if met[m.code] else m.missing for m in rows))
    else:
        dates = {"dateIssuedAvailability": DCTERMS.issued, "dateModifiedAvailability": DCTERMS.modified}
        best = {m.code: m.code in dates and _any(graph, dataset, dates[m.code]) for m in rows}
    lacking: dict[str, list[str]] = {code: [str(dataset)] for code, met in own.items() if not met}
    for metric in rows:
        short = [str(d) for d, met in each.items() if met[metric.code] is False]
        if short:
            lacking[metric.code] = short
    title = next(iter(sorted(map(str, graph.objects(dataset, DCTERMS.title)))), "")
    return Score(str(dataset), title, own | best, lacking)


def _any(graph: Graph, node: Node, predicate: URIRef) -> bool:
    return (node, predicate, None) in graph


def _of_dataset(graph: Graph, dataset: Node, compliant: bool) -> dict[str, bool | None]:
    rights = set(map(str, graph.objects(dataset, DCTERMS.accessRights)))
    return {
        "keywordAvailability": _any(graph, dataset, DCAT.keyword),
        "categoryAvailability": _any(graph, dataset, DCAT.theme),
        "spatialAvailability": _any(graph, dataset, DCTERMS.spatial),
        "temporalAvailability": _any(graph, dataset, DCTERMS.temporal),
        "dcatApCompliance": compliant,
        "accessRightsAvailability": bool(rights),
        "accessRightsVocabularyAlignment": bool(rights) and rights <= listed("access_rights"),
        "contactPointAvailability": _any(graph, dataset, DCAT.contactPoint),
        "publisherAvailability": _any(graph, dataset, DCTERMS.publisher),
    }


def _of_distribution(graph: Graph, node: Node, answers: Callable[[str], bool | None]) -> dict[str, bool | None]:
    formats = set(map(str, graph.objects(node, DCTERMS["format"])))
    media_types = set(map(str, graph.objects(node, DCAT.mediaType)))
    licences = set(map(str, graph.objects(node, DCTERMS.license)))
    aligned = formats <= listed("file_types") and all(map(_MEDIA_TYPE.fullmatch, media_types))
    return {
        "accessUrlStatusCode": _best(answers(str(url)) for url in graph.objects(node, DCAT.accessURL)),
        "downloadUrlAvailability": _any(graph, node, DCAT.downloadURL),
        "downloadUrlStatusCode": _best(answers(str(url)) for url in graph.objects(node, DCAT.downloadURL)),
        "formatAvailability": bool(formats),
        "mediaTypeAvailability": bool(media_types),
        "formatMediaTypeVocabularyAlignment": bool(formats) and bool(media_types) and aligned,
        "formatMediaTypeNonProprietary": bool(formats & listed("non_proprietary")),
        "formatMediaTypeMachineInterpretable": bool(formats & listed("machine_readable")),
        "licenceAvailability": bool(licences),
        "knownLicence": bool(licences & listed("licences")),
        "rightsAvailability": _any(graph, node, DCTERMS.rights),
        "byteSizeAvailability": _any(graph, node, DCAT.byteSize),
        "dateIssuedAvailability": _any(graph, node, DCTERMS.issued),
        "dateModifiedAvailability": _any(graph, node, DCTERMS.modified),
    }


def _best(outcomes: Iterator[bool | None]) -> bool | None:
    """Of several addresses the best counts."""
    found_outcomes = list(outcomes)
    if any(found_outcomes):
        return True
    return None if None in found_outcomes else False


def judge(scores: Sequence[Score]) -> Iterator[FeedFinding]:
    """One finding for each metric that a dataset or any of its distributions does not meet."""
    for metric in metrics():
        if metric.code in _FOUND_ELSEWHERE:
            continue
        for score in scores:
            for node in score.lacking.get(metric.code, ()):
                lost = metric.points - metric.missing
                yield found(
                    "mqa-metric",
                    subject=node,
                    prop=metric.code,
                    title=metric.title_de,
                    title_en=metric.title,
                    lost=lost,
                    points=metric.points,
                    rule=metric.rule,
                )
