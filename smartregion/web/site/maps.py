"""The map of Hesse on pages: the areas of ``map.json`` of a release, and points on it; ``map.html`` draws it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from publish.releases.contents.pages import MapOfAreas, Room


@dataclass(frozen=True)
class Area:
    """A district as drawn.

    :ivar record: IRI relative to ``{base}id/``.
    :ivar path: SVG path data.
    :ivar room: middle ``x``, ``y`` and radius ``r`` of the largest circle inside.
    """

    record: str
    name: str
    path: str
    room: Room

    @property
    def label(self) -> str | None:
        """Its label: its name, shortened, if there is room."""
        short = self.name.removeprefix("Landkreis ").removesuffix(" (kreisfreie Stadt)")
        return short if len(short) * _LETTER < 2 * _WIDER * self.room["r"] else None


@dataclass(frozen=True)
class Point:
    """A place on the map.

    :ivar radius: in units of the drawing.
    :ivar title: its name for people.
    :ivar href: target of its link.
    """

    x: int
    y: int
    radius: int
    title: str
    href: str | None


class HesseMap:
    """The districts and the projection of coordinates.

    :param document: ``map.json``, see ``publish/pictures/areas.py``.
    """

    def __init__(self, document: MapOfAreas) -> None:
        self.width: int = document["width"]
        self.height: int = document["height"]
        self.official: bool = document["official"]
        self.areas = [Area(**area) for area in document["areas"]]
        self._plane = document["plane"]

    def point(
        self, longitude: float, latitude: float, title: str, href: str | None = None, weight: float = 1
    ) -> Point | None:
        """A point at a coordinate in degrees (WGS 84); None if that is not on the map.

        :param weight: the area of the point is proportional to it, e.g. a number of projects.
        """
        x = round((longitude - self._plane["west"]) * self._plane["right"])
        y = round((self._plane["north"] - latitude) * self._plane["down"])
        if not (0 <= x <= self.width and 0 <= y <= self.height):
            return None
        return Point(x, y, round(min(_SMALLEST * sqrt(weight), _LARGEST)), title, href)


_SMALLEST = 11
_LARGEST = 60
_LETTER = 12
_WIDER = 1.6
"""Width of a letter in units, and how much wider than its largest circle a district usually is."""
