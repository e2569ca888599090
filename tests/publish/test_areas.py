"""The map of the districts: schematic areas, official boundaries, and what is wrong with a file of them."""

from __future__ import annotations

import json
import re
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import shapely
from support import BASE, DATA, select, silent

from publish.builder import BuildError, build
from publish.pictures import areas, boundaries
from publish.releases.release import Release, Releases
from smartregion.web.site.maps import HesseMap

pytestmark = pytest.mark.slow


def municipality(key: str, longitude: float, latitude: float, **more: str) -> dict[str, Any]:
    place = {"longitude": str(longitude), "latitude": str(latitude)}
    return {"id": f"municipality/{key}", "type": "Municipality", **place, **more}


def of(*nodes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    district = {"id": "district/06411", "type": "District", "name": "Darmstadt", "ags": "06411"}
    return {node["id"]: node for node in (district, *nodes)}


def polygon(path: str) -> shapely.Polygon:
    """The first ring of an area as it is drawn."""
    found = re.fullmatch(r"M(-?\d+) (-?\d+)l([-\d ]+)z.*", path)
    assert found
    steps = [int(step) for step in found[3].split()]
    corners = [(int(found[1]), int(found[2]))]
    for right, down in zip(steps[::2], steps[1::2], strict=True):
        corners.append((corners[-1][0] + right, corners[-1][1] + down))
    return shapely.Polygon(corners)


@pytest.fixture(scope="module")
def drawn(release: Release) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(release.file("map.json")[0].read_text(encoding="utf-8"))
    return document


def test_every_district_has_an_area(drawn: dict[str, Any], store: ox.Store) -> None:
    wanted = {row[0].removeprefix(f"{BASE}id/") for row in select(store, "SELECT ?d WHERE { ?d a sr:District }")}
    assert {area["record"] for area in drawn["areas"]} == wanted
    assert len(wanted) == 27
    assert not drawn["official"]


def test_nearly_every_municipality_lies_in_the_area_of_its_district(drawn: dict[str, Any], store: ox.Store) -> None:
    rows = select(
        store,
        "SELECT ?d ?wkt WHERE { ?m a sr:Municipality ; geo:hasGeometry/geo:asWKT ?wkt ; sr:district ?d }",
    )
    assert len(rows) == 421
    found = {area["record"]: polygon(area["path"]).buffer(8) for area in drawn["areas"]}
    hesse, inside = HesseMap(drawn), 0
    for district, wkt in rows:
        place = shapely.from_wkt(wkt)
        point = hesse.point(place.x, place.y, "")
        assert point
        inside += found[district.removeprefix(f"{BASE}id/")].contains(shapely.Point(point.x, point.y))
    assert inside >= 417


def test_areas_do_not_overlap(drawn: dict[str, Any]) -> None:
    shapes = [polygon(area["path"]) for area in drawn["areas"]]
    assert all(shape.is_valid for shape in shapes)
    # Rings inside others (Kassel) are drawn later; what else is drawn twice is a hair's breadth.
    together = shapely.union_all(shapes).area
    assert together > 0.4 * drawn["width"] * drawn["height"]
    assert sum(shape.area for shape in shapes) < 1.03 * together


def test_the_map_is_small_and_always_the_same(drawn: dict[str, Any], release: Release) -> None:
    assert release.manifest.files["map.json"].bytes < 20_000
    records = of(municipality("a", 8.6, 49.8, district="district/06411", area="120"), municipality("b", 9.1, 51.2))
    assert areas.draw(records, None) == areas.draw(records, None)


@pytest.mark.parametrize(
    "towns",
    [
        [("a", 8.6, 49.8)],
        [("a", 8.6, 49.8), ("b", 8.6, 49.8)],
        [("a", 8.6, 49.8), ("b", 8.7, 49.8), ("c", 8.8, 49.8)],
    ],
)
def test_few_municipalities_or_several_at_one_place_have_an_area(towns: list[tuple[str, float, float]]) -> None:
    found = areas.draw(of(*(municipality(*town, district="district/06411") for town in towns)), None)
    assert found
    assert [area["name"] for area in found["areas"]] == ["Darmstadt"]
    assert polygon(found["areas"][0]["path"]).area > 1000


def test_without_coordinates_there_is_no_map() -> None:
    assert areas.draw(of(), None) is None
    assert areas.draw(of(municipality("a", 8.6, 49.8)), None) is None


def test_a_coordinate_outside_is_not_on_the_map(drawn: dict[str, Any]) -> None:
    assert HesseMap(drawn).point(13.4, 52.5, "Berlin") is None


# Official boundaries


def collection(*features: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def square(west: float, south: float, size: float) -> dict[str, Any]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


MIDDLE = square(8, 50, 1)


def feature(key: object, geometry: object = MIDDLE) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"AGS": key, "GEN": "Name"}, "geometry": geometry}


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_municipalities_are_joined_to_districts(tmp_path: Path) -> None:
    both = collection(feature("06411001"), feature("06411002", square(9, 50, 1)))
    found = boundaries.read(written(tmp_path / "b.json", both))
    assert found.areas["06411"].bounds == (8, 50, 10, 51)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"type": "FeatureCollection"}, "no features"),
        (collection({"type": "Feature", "geometry": MIDDLE}), "feature 1 has the property AGS None"),
        (collection(feature(6411)), "official key as text"),
        (collection(feature("06411"), feature("064")), "feature 2"),
        (collection(feature("06411", {"type": "Point", "coordinates": [8, 50]})), "geometry Point"),
        (collection(feature("06411", None)), "geometry None"),
        (collection(feature("06411", {"type": "Polygon", "coordinates": [[[8, 50], [9, 50]]]})), "no valid geometry"),
        (collection(feature("06411", square(4e5, 5e6, 1e4))), "EPSG:4326"),
    ],
)
def test_a_wrong_file_is_refused_with_what_would_be_right(tmp_path: Path, document: object, said: str) -> None:
    with pytest.raises(boundaries.BoundariesError, match=said):
        boundaries.read(written(tmp_path / "b.json", document))


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(boundaries.BoundariesError, match="cannot be read"):
        boundaries.read(tmp_path / "none.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(boundaries.BoundariesError, match="not JSON"):
        boundaries.read(tmp_path / "b.json")


def test_official_boundaries_replace_the_schematic_ones(tmp_path: Path, executor: Executor, release: Release) -> None:
    """With a grid of squares in place of the real ones, which are not part of this project."""
    document = json.loads(release.file("map.json")[0].read_text(encoding="utf-8"))
    keys = [area["record"].removeprefix("district/") for area in document["areas"]]
    squares = [feature(key, square(8 + n % 6 / 5, 50 + n // 6 / 5, 0.2)) for n, key in enumerate(keys)]
    path = written(tmp_path / "b.json", collection(*squares))
    other = build(DATA, BASE, Releases(tmp_path / "var"), executor, silent, boundaries_file=path).release
    drawn = json.loads(other.file("map.json")[0].read_text(encoding="utf-8"))
    assert drawn["official"]
    assert other.id != release.id
    assert "boundaries" in other.manifest.inputs
    assert {len(polygon(area["path"]).exterior.coords) for area in drawn["areas"]} == {5}
    written(path, collection(*squares[1:]))
    with pytest.raises(BuildError, match=f"no area for {keys[0]} "):
        build(DATA, BASE, Releases(tmp_path / "var"), executor, silent, boundaries_file=path)
