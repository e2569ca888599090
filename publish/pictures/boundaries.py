"""Official boundaries of districts, from a GeoJSON file (RFC 7946) that the operator supplies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

_KEY = "AGS"
_DISTRICT_DIGITS = 5
_KEY_DIGITS = (5, 8)
_BOUNDS = (5.0, 47.0, 16.0, 56.0)
"""Germany: west, south, east, north."""


class BoundariesError(Exception):
    """A boundaries file cannot be used; the message says what is wrong and how to correct it."""


@dataclass(frozen=True)
class Boundaries:
    """Areas of districts, in degrees (WGS 84).

    :ivar areas: polygon or polygons, by the five digits of the district.
    """

    areas: dict[str, BaseGeometry]


def read(path: Path) -> Boundaries:
    """Read districts, or municipalities to merge into districts, with the attributes of VG250 (federal agency BKG).

    :param path: a feature collection; each feature has ``AGS``, five digits of a district or eight of a municipality.
    :raises BoundariesError: the file is missing, no such feature collection, or not in WGS 84.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BoundariesError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BoundariesError(f"{path} is not JSON ({error}). Give GeoJSON (RFC 7946).") from error
    found: dict[str, list[BaseGeometry]] = {}
    for place, feature in _features(document, path):
        key = _key(feature, place)
        found.setdefault(key[:_DISTRICT_DIGITS], []).append(_area(feature, f"{place} ({_KEY} {key})"))
    return Boundaries({key: shapely.union_all(parts) for key, parts in sorted(found.items())})


def _features(document: Any, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise BoundariesError(f'{path} has no features. Give a GeoJSON "FeatureCollection" of districts.')
    for number, feature in enumerate(features, 1):
        place = f"{path}, feature {number}"
        if not isinstance(feature, dict):
            raise BoundariesError(f"{place} is no GeoJSON feature.")
        yield place, feature


def _key(feature: dict[str, Any], place: str) -> str:
    properties = feature.get("properties") or {}
    key = properties.get(_KEY, properties.get(_KEY.lower())) if isinstance(properties, dict) else None
    if not (isinstance(key, str) and key.isascii() and key.isdigit() and len(key) in _KEY_DIGITS):
        raise BoundariesError(
            f"{place} has the property {_KEY} {key!r}. Give the official key as text: five digits for a district "
            "(layer VG250_KRS), eight for a municipality (VG250_GEM)."
        )
    return key


def _area(feature: dict[str, Any], place: str) -> BaseGeometry:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise BoundariesError(f"{place} has the geometry {kind}. Give a Polygon or MultiPolygon.")
    try:
        area = shapely.make_valid(shapely.from_geojson(json.dumps(geometry)))
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise BoundariesError(f"{place} has no valid geometry: {error}.") from error
    west, south, east, north = area.bounds if not area.is_empty else (0.0, 0.0, 0.0, 0.0)
    if west < _BOUNDS[0] or south < _BOUNDS[1] or east > _BOUNDS[2] or north > _BOUNDS[3]:
        raise BoundariesError(
            f"{place} lies outside Germany: {west:g} {south:g}, {east:g} {north:g}. Give longitude and latitude in "
            "WGS 84 (EPSG:4326), as RFC 7946 demands; files of the agency in UTM have to be transformed."
        )
    return area
