"""The map of the districts: official boundaries, or schematic areas made from the points of our own municipalities.

Schematic areas: each municipality gets the area nearer to the core around its point than to any other core (Voronoi),
within a distance that depends on its size; a district is the union of its municipalities. This needs no boundary data,
and the lines are no boundaries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ingest.model import with_role
from ingest.rdf import Node
from publish.pictures.boundaries import Boundaries, BoundariesError

WIDTH: Final = 1000
"""Units of the drawing from west to east; all its coordinates are whole numbers."""

_MARGIN = 12
_KM_PER_DEGREE = 111.32
_REACH = 1.5
_LEAST = 0.5
"""How far a municipality reaches beyond the circle of its size, whose radius is at least that, in km."""
_GRID = 0.001
"""Points closer than this are the same corner, in km."""

_CORE = 0.9
_CORNERS = 12
"""Size of the core as a share of the free distance to the nearest municipality, and the number of its corners."""

_GAPS = 6.0
_TOLERANCE = 0.8
"""Width of gaps to close, and tolerance of simplification, in km."""


@dataclass(frozen=True)
class Plane:
    """Degrees to units of the drawing: an equirectangular projection, exact in the middle of the country.

    :ivar west: longitude of the left margin.
    :ivar north: latitude of the upper margin.
    :ivar right: units to the right per degree.
    :ivar down: units down per degree.
    """

    west: float
    north: float
    right: float
    down: float


def draw(records: Mapping[str, Node], boundaries: Boundaries | None) -> dict[str, Any] | None:
    """Draw the map for pages: size, projection, and an SVG path for each district.

    :param records: all records, by IRI relative to ``{base}id/``.
    :param boundaries: official ones; without them the areas are schematic.
    :returns: None when no municipality of a district has coordinates.
    :raises BoundariesError: a district has no official boundary.
    """
    towns = [node for node in records.values() if node["type"] in with_role("unit") and "longitude" in node]
    if not towns:
        return None
    middle = sum(float(town["latitude"]) for town in towns) / len(towns)
    scale = (_KM_PER_DEGREE * math.cos(math.radians(middle)), _KM_PER_DEGREE)
    districts = sorted(iri for iri, node in records.items() if node["type"] in with_role("district"))
    areas = _official(districts, records, boundaries, scale) if boundaries else _schematic(towns, scale)
    names = [iri for iri in districts if iri in areas]
    if not names:
        return None
    shapes = shapely.coverage_simplify([_polygons(areas[iri]) for iri in names], _TOLERANCE)
    west, south, east, north = shapely.total_bounds(shapes)
    unit = (WIDTH - 2 * _MARGIN) / (east - west)
    plane = Plane(
        round(float(west - _MARGIN / unit) / scale[0], 6),
        round(float(north + _MARGIN / unit) / scale[1], 6),
        round(float(unit) * scale[0], 4),
        round(float(unit) * scale[1], 4),
    )
    drawn = shapely.transform(shapes, lambda xy: (xy - (west, north)) * (unit, -unit) + _MARGIN)
    return {
        "width": WIDTH,
        "height": math.ceil((north - south) * unit) + 2 * _MARGIN,
        "plane": vars(plane),
        "official": boundaries is not None,
        "areas": [
            {"record": iri, "name": records[iri]["name"], "room": _room(shape), "path": _path(shape)}
            for iri, shape in zip(names, drawn, strict=True)
        ],
    }


def _official(
    districts: Sequence[str], records: Mapping[str, Node], boundaries: Boundaries, scale: tuple[float, float]
) -> dict[str, BaseGeometry]:
    missing = [iri for iri in districts if records[iri]["ags"] not in boundaries.areas]
    if missing:
        listed = ", ".join(f"{records[iri]['ags']} {records[iri]['name']}" for iri in missing)
        raise BoundariesError(
            f"The boundaries file has no area for {listed}. Give the edition of the year of the district table."
        )
    return {iri: shapely.transform(boundaries.areas[records[iri]["ags"]], lambda xy: xy * scale) for iri in districts}


def _schematic(towns: Sequence[Node], scale: tuple[float, float]) -> dict[str, BaseGeometry]:
    # Of several at the same point the first gets the area.
    placed = {_place(town, scale): town for town in sorted(towns, key=lambda town: str(town["id"]), reverse=True)}
    centres, owners = shapely.points(sorted(placed)), [placed[place] for place in sorted(placed)]
    radii = [max(math.sqrt(float(town.get("area", 0)) / math.pi), _LEAST) for town in owners]
    reach = shapely.union_all(shapely.buffer(centres, [_REACH * radius for radius in radii]))
    ground = shapely.union_all(
        [shapely.Polygon(part.exterior) for part in shapely.get_parts(reach.buffer(_GAPS).buffer(-_GAPS))]
    )
    sites = _sites(shapely.get_coordinates(centres), _cores(centres, np.array(radii)))
    found: dict[str, list[BaseGeometry]] = {}
    for site, cell in _cells(sites, ground):
        if (district := owners[site // (_CORNERS + 1)].get("district")) is not None:
            found.setdefault(district, []).append(cell)
    return {iri: shapely.union_all(parts, grid_size=_GRID) for iri, parts in found.items()}


def _cores(centres: Any, radii: Any) -> Any:
    """Radii of circles that do not touch: neighbours share the distance between them in proportion to their sizes."""
    distances = shapely.distance(centres[:, None], centres[None, :])
    np.fill_diagonal(distances, np.inf)
    free = (distances * radii[:, None] / (radii[:, None] + radii[None, :])).min(axis=1)
    return _CORE * np.minimum(free, radii)


def _sites(centres: Any, radii: Any) -> Any:
    """Each centre and the corners of its core.

    Without the centre, the cells of a core would meet in one point, which is numerically unstable.
    """
    turns = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False) + np.arange(len(centres))[:, None]
    around = np.stack([np.cos(turns), np.sin(turns)], axis=2) * radii[:, None, None]
    return (centres[:, None, :] + np.concatenate([np.zeros((len(centres), 1, 2)), around], axis=1)).reshape(-1, 2)


def _cells(sites: Any, ground: BaseGeometry) -> Iterator[tuple[int, BaseGeometry]]:
    """The cell of each site, with its number; of equal sites the first."""
    numbers: dict[tuple[float, float], int] = {}
    for number, (x, y) in enumerate(sites.tolist()):
        numbers.setdefault((x, y), number)
    diagram = shapely.voronoi_polygons(shapely.multipoints(list(numbers)), extend_to=ground, ordered=True)
    cells = shapely.intersection(shapely.get_parts(diagram), ground, grid_size=_GRID)
    yield from zip(numbers.values(), cells, strict=True)


def _place(town: Node, scale: tuple[float, float]) -> tuple[float, float]:
    return float(town["longitude"]) * scale[0], float(town["latitude"]) * scale[1]


def _polygons(shape: BaseGeometry) -> shapely.MultiPolygon:
    """The polygons of a shape, without lines and points where areas only touch."""
    return shapely.multipolygons([part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)])


def _room(shape: shapely.MultiPolygon) -> dict[str, int]:
    """The place for a name: centre and radius of the largest circle inside."""
    circle = shapely.maximum_inscribed_circle(shape, 1.0)
    x, y = circle.coords[0]
    return {"x": round(x), "y": round(y), "r": round(circle.length)}


def _path(shape: shapely.MultiPolygon) -> str:
    """SVG path data: each ring as one absolute and then relative steps, which are shorter."""
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return "".join(_ring([(round(x), round(y)) for x, y in ring.coords]) for ring in rings)


def _ring(corners: list[tuple[int, int]]) -> str:
    steps = [(here[0] - before[0], here[1] - before[1]) for before, here in pairwise(corners[:-1]) if here != before]
    return f"M{corners[0][0]} {corners[0][1]}l{' '.join(f'{x} {y}' for x, y in steps)}z"
