import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box, get_coordinates, get_parts
from shapely import segmentize as by_shapely
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import MAX_FILE_BYTES, Region, parse_region, reproject, segmentize, unwrap
from tests.core.hard_regions import hard_regions
from tests.core.regions import square

BOW_TIE = {"type": "Polygon", "coordinates": [[[11, 48], [11.1, 48.1], [11.1, 48], [11, 48.1], [11, 48]]]}


def feature(geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


def collection(*geometries: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [feature(g) for g in geometries]}


def test_geometry_feature_collection_text_and_file_give_the_same_region(tmp_path: Path) -> None:
    path = tmp_path / "field.geojson"
    path.write_text(json.dumps(collection(square())))
    forms = [square(), feature(square()), collection(square()), json.dumps(square()), path, str(path)]
    assert len({parse_region(form).geometry.wkt for form in forms}) == 1


def test_polygons_of_a_collection_are_united() -> None:
    two = parse_region(collection(square(), square(11.01)))
    assert two.bounds_wgs84 == pytest.approx((11.0, 48.0, 11.03, 48.01))
    assert two.geometry.geom_type == "Polygon"


def test_a_multipolygon_keeps_its_parts() -> None:
    parts = [square()["coordinates"], square(11.5)["coordinates"]]
    assert parse_region({"type": "MultiPolygon", "coordinates": parts}).geometry.geom_type == "MultiPolygon"


def test_area_is_true_to_a_tenth_of_a_percent() -> None:
    # One degree by one degree at the equator on WGS84: 12308.778 km2 (GeographicLib, geodesic polygon).
    assert parse_region(square(0, 0, width=1, height=1)).area_km2 == pytest.approx(12308.778, rel=1e-3)


def test_geojson_of_a_region_reads_back_to_the_same_region() -> None:
    region = parse_region(square())
    assert parse_region(region.to_geojson()).geometry.equals(region.geometry)


def test_a_region_moves_to_another_crs_with_x_east_and_y_north() -> None:
    west, south, east, north = parse_region(square()).to_crs("EPSG:32632").bounds
    assert 640_000 < west < east < 660_000
    assert 5_310_000 < south < north < 5_330_000


ACROSS = [
    square(179.99, -17.0),
    square(-180.01, -17.0),
    {"type": "MultiPolygon", "coordinates": [square(w, -17.0, width=0.01)["coordinates"] for w in (179.99, -180.0)]},
    collection(square(179.99, -17.0, width=0.01), square(-180.0, -17.0, width=0.01)),
]


@pytest.mark.parametrize("document", ACROSS)
def test_a_region_across_180_degrees_is_the_same_however_it_is_written(document: dict[str, Any]) -> None:
    region, plain = parse_region(document), parse_region(square(178.0, -17.0))
    west, _, east, _ = region.geometry.bounds
    assert (west, east) == (-180.0, 180.0)
    assert sorted(p.bounds[0] for p in get_parts(region.geometry)) == pytest.approx([-180.0, 179.99])
    assert region.bounds_wgs84 == pytest.approx((179.99, -17.0, -179.99, -16.99))
    assert region.span_degrees == pytest.approx((0.02, 0.01))
    assert abs(region.centroid[0]) == pytest.approx(180.0)
    assert region.area_km2 == pytest.approx(plain.area_km2, rel=1e-6)
    assert region.to_crs("EPSG:32760").geom_type == "Polygon"
    assert region.to_crs("EPSG:32760").area / 1e6 == pytest.approx(region.area_km2, rel=2e-3)
    assert region.unwrapped.area == pytest.approx(region.geometry.area)
    assert parse_region(region.to_geojson()).geometry.equals(region.geometry)


@given(st.floats(-359.0, 350.0), st.floats(-79.9, 83.0), st.floats(1e-4, 0.9), st.floats(1e-4, 0.9))
def test_any_turn_of_longitude_gives_a_region_within_180(
    west: float, south: float, width: float, height: float
) -> None:
    region = parse_region(square(west, south, width=width, height=height))
    assert region.geometry.bounds[0] >= -180
    assert region.geometry.bounds[2] <= 180
    assert region.span_degrees == pytest.approx((width, height))
    assert region.geometry.area == pytest.approx(width * height, rel=1e-6)


def test_a_geometry_of_utm_across_180_degrees_is_cut_there() -> None:
    region = parse_region(ACROSS[0])
    back = reproject(region.to_crs("EPSG:32701"), "EPSG:32701", "EPSG:4326")
    assert back.geom_type == "MultiPolygon"
    assert back.symmetric_difference(region.geometry).area < 1e-9


def test_a_belt_round_the_world_is_not_unwrapped() -> None:
    belt = box(-180, -80, 180, 80)
    assert unwrap(belt).equals(belt)


def test_long_edges_are_straight_in_degrees() -> None:
    south = parse_region(square(9, 50, width=1, height=0.1)).to_crs("EPSG:32632").bounds[1]
    middle = parse_region(square(9.4, 50, width=0.01)).to_crs("EPSG:32632").bounds[1]
    edge = parse_region(square(9.99, 50, width=0.01)).to_crs("EPSG:32632")
    assert south <= middle
    assert parse_region(square(9, 50, width=1, height=0.1)).to_crs("EPSG:32632").buffer(0.1).covers(edge)


@pytest.mark.parametrize(
    ("document", "phrase"),
    [
        ({}, "type is 'None'"),
        ({"type": "Topology"}, "type is 'Topology'"),
        ({"type": "FeatureCollection"}, "no geometry"),
        ({"type": "FeatureCollection", "features": 5}, "no geometry"),
        ({"type": "FeatureCollection", "features": [7, {"type": "Feature"}]}, "no geometry"),
        (feature(None), "no geometry"),
        (feature({"type": "Point", "coordinates": [11, 48]}), "holds a Point"),
        ({"type": "Polygon"}, "do not form a polygon"),
        ({"type": "Polygon", "coordinates": [["a", "b"]]}, "do not form a polygon"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": [[[11, 48], [11.1, 48], [11.2, 48], [11, 48]]]}, "flat"),
        (BOW_TIE, "crosses itself"),
        (square(650_000, 5_310_000, width=1000, height=1000), "not degrees"),
        (square(0, 0, width=11, height=11), "km2"),
        (collection(square(), square(140.0, -30.0)), "spans 129.0 degrees"),
        (square(0, 0, width=25, height=11), "order it in up to 3 parts"),
        (square(0, 0, width=11, height=11), "order it in at least 75 parts"),
        (square(-179.9, 10, width=359.8), "with longitudes beyond 180"),
        (square(11, 84.5), "UTM ends at 84 N and 80 S"),
        (square(11, -80.005), "reaches 80.0 degrees south"),
        (square(359.99, 10), "not degrees"),
        ("{", "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ("nowhere.geojson", "'nowhere.geojson' cannot be read (FileNotFoundError)"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_documents_that_are_no_region_are_refused_with_one_sentence(document: Any, phrase: str) -> None:
    with pytest.raises(InvalidRegion) as refused:
        parse_region(document)
    assert phrase in str(refused.value)
    assert "\n" not in str(refused.value)


def test_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.geojson"
    path.write_text("[1, 2]")
    with pytest.raises(InvalidRegion, match="not a GeoJSON object"):
        parse_region(path)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.geojson"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(InvalidRegion, match="cannot be read"):
        parse_region(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.geojson"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InvalidRegion, match="larger than 16 MiB"):
        parse_region(path)


numbers = st.one_of(st.floats(), st.integers(-400, 400), st.none(), st.text(max_size=2))
rings = st.lists(st.lists(numbers, max_size=4), max_size=6)
documents = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "Point", 3, None]),
        "coordinates": st.one_of(st.lists(rings, max_size=2), rings, numbers),
        "geometry": st.one_of(st.none(), st.builds(square, st.floats(-200, 200), st.floats(-100, 100)), numbers),
        "features": st.one_of(st.none(), st.lists(st.builds(feature, st.builds(square)), max_size=2), numbers),
    }
)


@given(documents)
def test_any_document_gives_a_region_with_an_area_or_is_refused(document: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidRegion):
        assert parse_region(document).area_km2 > 0


HOLED = box(0, 0, 3, 2).difference(box(0.5, 0.5, 1, 1.7))

EMPTY_HOLE = Polygon([(0, 0), (1, 1), (1, 0)], [[]])


@pytest.mark.parametrize("geometry", [box(0, 0, 1, 2), HOLED, MultiPolygon([HOLED, box(5, 5, 6, 9)]), Polygon()])
@pytest.mark.parametrize("longest", [0.3, 1.0, 10.0])
def test_edges_are_cut_as_shapely_cuts_them(geometry: BaseGeometry, longest: float) -> None:
    cut, expected = segmentize(geometry, longest), by_shapely(geometry, longest)
    assert cut.equals_exact(expected, 1e-9)


@given(region=hard_regions())
def test_any_region_is_cut_as_shapely_cuts_it(region: Region) -> None:
    cut, expected = segmentize(region.unwrapped, 0.003), by_shapely(region.unwrapped, 0.003)
    assert get_coordinates(cut) == pytest.approx(get_coordinates(expected))
    assert cut.geom_type == expected.geom_type


def test_only_polygons_are_cut() -> None:
    with pytest.raises(ValueError, match="only polygons"):
        segmentize(Point(0, 0), 1.0)


def test_an_empty_hole_is_no_hole() -> None:
    assert len(get_coordinates(segmentize(EMPTY_HOLE, 10))) == len(get_coordinates(EMPTY_HOLE))
    ring = [[11.0, 48.0], [11.1, 48.0], [11.0, 48.1], [11.0, 48.0]]
    plain, holed = (parse_region({"type": "Polygon", "coordinates": c}) for c in ([ring], [ring, []]))
    assert holed.area_km2 == plain.area_km2
