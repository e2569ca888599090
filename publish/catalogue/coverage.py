"""The coverage of a release in time and space, queried from its store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import pyoxigraph as ox

import ontology

_PERIOD: Final = """
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX pav: <http://purl.org/pav/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT (MIN(STR(?date)) AS ?first) (MAX(STR(?date)) AS ?last) {
  ?record ?property ?date
  FILTER(DATATYPE(?date) IN (xsd:date, xsd:gYearMonth, xsd:gYear))
  FILTER(?property NOT IN (dct:issued, dct:modified, pav:sourceAccessedOn))
}"""

# The centroid weights each town by its area, to approximate the centroid of the territory.
_EXTENT: Final = """
SELECT (MIN(?long) AS ?west) (MIN(?lat) AS ?south) (MAX(?long) AS ?east) (MAX(?lat) AS ?north)
       (SUM(?long * ?area) / SUM(?area) AS ?x) (SUM(?lat * ?area) / SUM(?area) AS ?y) {
  ?part (sr:district|sr:governmentDistrict|sr:state)*/skos:exactMatch %s ; wgs:long ?long ; wgs:lat ?lat ; sr:area ?area
}"""


class Extent(NamedTuple):
    """A bounding box and a centroid: well-known text in degrees, longitude first (GeoSPARQL 1.0, 8.5.1)."""

    box: str
    centroid: str


def period(store: ox.Store, graphs: Sequence[str]) -> tuple[str, str] | None:
    """The first and the last date in the records of some graphs: year, month or day, as precise as the data is.

    Dates of publication, of change and of access to the source do not count.

    :param graphs: IRIs of named graphs.
    """
    solutions = store.query(_PERIOD, default_graph=[ox.NamedNode(graph) for graph in graphs])
    found = _values(solutions)
    return (found["first"], found["last"]) if found else None


def extents(store: ox.Store, places: Iterable[str]) -> dict[str, Extent]:
    """The extents of places, from the coordinates of their towns; without places that no record equals.

    A box around the centres of towns is a little smaller than the territory.

    :param places: IRIs elsewhere, such as ``http://dcat-ap.de/def/politicalGeocoding/stateKey/06``.
    """
    found = {}
    for place in places:
        query = _EXTENT % ox.NamedNode(place)
        solutions = store.query(query, prefixes=ontology.PREFIXES, use_default_graph_as_union=True)
        if values := _values(solutions):
            west, south, east, north, x, y = (_rounded(values[name]) for name in _CORNERS)
            ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
            found[place] = Extent(f"POLYGON(({ring}))", f"POINT({x} {y})")
    return found


_CORNERS: Final = ("west", "south", "east", "north", "x", "y")


def _values(solutions: object) -> dict[str, str]:
    """The values of the only solution of an aggregate query; empty if there was nothing to aggregate."""
    if not isinstance(solutions, ox.QuerySolutions):
        raise TypeError("What is covered is found by SELECT queries.")
    found = next(iter(solutions))
    values = {variable.value: found[variable] for variable in solutions.variables}
    bound = {name: value.value for name, value in values.items() if isinstance(value, ox.Literal)}
    return bound if len(bound) == len(values) else {}


def _rounded(number: str) -> Decimal:
    """Degrees to about ten metres."""
    return round(Decimal(number), 4)
