"""The questions that are asked of every engine: what researchers and portals ask, in SPARQL 1.1.

Each has a running number in it, so that no text is asked twice unless it is meant to: it chooses the key, the place or
the date, and where those are few, a LIMIT or a lower bound that makes no difference to the work.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass, field
from string import Template

from benchmarks.generate import ROOT

BASE = "http://localhost:8000/"

_PREFIXES = """PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX sr: <https://w3id.org/smart-region/ns#>
PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""

LOOKUP = """SELECT ?property ?value WHERE {
  ?project dct:identifier "projekt-$key" ; a sr:Project ; ?property ?value .
} LIMIT $many"""

_NEAR = """SELECT ?project ?title WHERE {
  ?place sr:ags "$municipality" ; geo:hasGeometry/geo:asWKT ?here .
  ?project a sr:Project ; dct:title ?title ; sr:lead ?lead .
  FILTER(LANG(?title) = "de")
  ?lead geo:hasGeometry/geo:asWKT ?there .
  FILTER($near)
} ORDER BY ?title LIMIT $many"""

_STATUS = ("approved", "in-progress", "in-operation", "completed")
_DAYS = 1800


@dataclass(frozen=True)
class Question:
    """One query of the mix.

    :ivar template: the text; ``$key`` and others are put in by :class:`Mix`.
    :ivar graph: it is a CONSTRUCT, whose answer is a graph.
    :ivar dialects: templates for engines that only know functions of their own, by engine; None: it has none.
    """

    name: str
    template: str
    graph: bool = False
    dialects: dict[str, str | None] = field(default_factory=dict)


QUESTIONS = (
    Question("look-up by key", LOOKUP),
    Question(
        "by municipality",
        """SELECT ?project ?title ?status WHERE {
  ?project sr:lead <${base}id/municipality/$municipality> ; dct:title ?title ; adms:status ?status .
  FILTER(LANG(?title) = "de")
} ORDER BY ?title LIMIT $many""",
    ),
    Question(
        "top-ten sums",
        """SELECT ?municipality ?name (COUNT(?grant) AS ?grants) (SUM(?amount) AS ?total) WHERE {
  ?grant a sr:Grant ; sr:recipient ?municipality ; schema:amount ?amount ; schema:currency "EUR" .
  ?municipality a sr:Municipality ; skos:prefLabel ?name .
} GROUP BY ?municipality ?name HAVING(SUM(?amount) > $number) ORDER BY DESC(?total) ?name LIMIT 10""",
    ),
    Question(
        "text filter",
        """SELECT ?project ?title WHERE {
  ?project a sr:Project ; dct:title ?title .
  FILTER(LANG(?title) = "de" && CONTAINS(LCASE(STR(?title)), "projekt $key"))
} ORDER BY ?title LIMIT $many""",
    ),
    Question(
        "date order",
        """SELECT ?grant ?title ?date WHERE {
  ?grant a sr:Grant ; sr:awardDate ?date ; dct:title ?title .
  FILTER(?date >= "$date"^^xsd:date)
} ORDER BY DESC(?date) ?grant LIMIT 20""",
    ),
    Question(
        "property path",
        """SELECT ?project ?title WHERE {
  ?place (sr:district|sr:governmentDistrict)* <${base}id/district/$district> .
  ?project sr:lead ?place ; dct:title ?title .
  FILTER(LANG(?title) = "de")
} ORDER BY ?title LIMIT $many""",
    ),
    Question(
        "facet counts",
        """SELECT ?field ?status (COUNT(?project) AS ?projects) WHERE {
  ?project a sr:Project ; dct:subject ?field ; adms:status ?status .
} GROUP BY ?field ?status ORDER BY DESC(?projects) ?field LIMIT $many""",
    ),
    Question(
        "within 20 km",
        Template(_NEAR).safe_substitute(near="geof:distance(?here, ?there, uom:metre) <= 20000"),
        dialects={
            "rdflib": None,
            "virtuoso": Template(_NEAR).safe_substitute(near="bif:st_distance(?here, ?there) <= 20"),
        },
    ),
    Question(
        "large CONSTRUCT",
        """CONSTRUCT { ?project dct:title ?title ; sr:lead ?lead ; schema:startDate ?start } WHERE {
  ?project a sr:Project ; adms:status <https://w3id.org/smart-region/scheme/project-status#$status> ;
    dct:title ?title ; sr:lead ?lead ; schema:startDate ?start .
} LIMIT $very_many""",
        graph=True,
    ),
)


class Mix:
    """The questions over a release with generated projects.

    :param projects: how many it has.
    """

    def __init__(self, projects: int) -> None:
        self._projects = projects
        with (ROOT / "data" / "municipalities.csv").open(encoding="utf-8", newline="") as file:
            self._municipalities = [row["Amtlicher Gemeindeschlüssel (AGS)"] for row in csv.DictReader(file)]
        self._districts = sorted({key[:5] for key in self._municipalities if not key.endswith("000")})

    def text(self, question: Question, number: int, engine: str = "") -> str | None:
        """The query; another number gives another text. None: the engine cannot answer it."""
        template = question.dialects.get(engine, question.template)
        if template is None:
            return None
        return _PREFIXES + Template(template).substitute(
            base=BASE,
            number=number,
            key=number * 7919 % self._projects,
            municipality=self._municipalities[number * 31 % len(self._municipalities)],
            district=self._districts[number % len(self._districts)],
            status=_STATUS[number % len(_STATUS)],
            date=dt.date(2021, 1, 1) + dt.timedelta(days=number * 37 % _DAYS),
            many=5_000 + number,
            very_many=1_000_000 + number,
        )
