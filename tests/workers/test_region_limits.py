"""How much work the outline of a region may make."""

import time
from itertools import islice
from typing import Any

import pytest

from core.errors import InvalidRegion
from core.grid import Grid, utm_crs
from core.region import parse_region
from tests.core.combs import comb, crossed_combs
from tests.core.regions import square
from workers.region_limits import MAX_VERTICES, parse_limited_region

SECONDS = 10.0
"""Far more than any of these takes on a free machine, far less than any of them took without a limit."""


def fields(rows: int, size: float = 0.003) -> dict[str, Any]:
    """Fields side by side, as a land register has them."""
    cells = [square(11 + i * size, 48 + j * size, width=size, height=size) for i in range(rows) for j in range(rows)]
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": g} for g in cells]}


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (comb(MAX_VERTICES // 4, pitch=1e-5, height=0.001), "more than 50,000 vertices"),
        (comb(370, height=8), "outline is about .* km long"),
        (comb(12_000, pitch=1e-5, height=0.008, turn=0.7), "pairs of its edges"),
        (crossed_combs(500, pitch=1e-4), "pairs of its edges"),
    ],
)
def test_a_region_that_would_take_minutes_is_refused_at_once(region: dict[str, Any], reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidRegion, match=f"{reason}.*simplify"):
        parse_limited_region(region)
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize(
    "region",
    [
        comb(370),
        comb(60, pitch=0.002, height=1.5),
        comb(800, pitch=0.0003, height=0.12),
        comb(9000, pitch=1e-5, height=0.005),
        fields(60),
    ],
)
def test_the_costliest_regions_that_are_taken_are_cut_into_tiles_in_seconds(region: dict[str, Any]) -> None:
    started = time.monotonic()
    parsed = parse_limited_region(region)
    tiles = list(islice(Grid(crs=utm_crs(parsed)).find_tiles(parsed), 4097))
    assert tiles
    assert time.monotonic() - started < SECONDS


def test_a_limited_region_is_read_as_any_other() -> None:
    assert parse_limited_region(fields(3)).geometry.equals(parse_region(fields(3)).geometry)


def test_two_specks_far_apart_take_two_tiles_and_no_search_between_them() -> None:
    specks = [square(11.0, 48.0, width=1e-4, height=1e-4), square(21.0, 57.0, width=1e-4, height=1e-4)]
    region = parse_region({"type": "GeometryCollection", "geometries": specks})
    started = time.monotonic()
    assert len(Grid(crs=utm_crs(region)).tiles(region)) == 2
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "coordinates",
    [
        [[[11, 48], [12, 48], [11, 10**400]]],
        [[["a"]]],
        7,
        [[[11, "x"]]],
        [[[1, 2], [3, None], [1, 2]]],
        [[[1, float("nan")]] * 4],
    ],
)
def test_positions_that_are_none_are_refused_as_ever(coordinates: object) -> None:
    with pytest.raises(InvalidRegion, match="do not form a polygon"):
        parse_limited_region({"type": "Polygon", "coordinates": coordinates})


OTHER_CRS = [
    {"type": "name", "properties": {"name": "EPSG:3857"}},
    {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4314"}},
    {"type": "link", "properties": {"href": "https://example.org/crs/31467", "type": "esriwkt"}},
    "EPSG:25832",
    "WGS 84 / UTM zone 32N",
    {"type": "EPSG", "properties": {"code": 25832}},
    {"type": "name", "properties": {"name": "EPSG:143269"}},
    4314,
    ["EPSG:4314"],
    {"name": "EPSG:4314"},
    {"type": "name", "properties": {"name": {"name": "EPSG:4314"}}},
    {"wkid": 4314},
    {"type": "GeographicCRS", "name": "DHDN 4314", "id": {"authority": "EPSG", "code": 4314}},
    {"type": "name", "properties": {"name": "urn:ogc:def:crs,crs:EPSG::4314,crs:EPSG::4326"}},
    {"type": "name", "properties": {"name": "EPSG:4314+EPSG:4326"}},
]
WGS84_CRS = [
    {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
    {"type": "name", "properties": {"name": "EPSG:4326"}},
    {"type": "EPSG", "properties": {"code": 4326}},
    {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/OGC/0/CRS84h"}},
    {"type": "link", "properties": {"href": "https://spatialreference.org/ref/epsg/4326", "type": "proj4"}},
    "WGS 84",
    "GCS_WGS_1984",
    {"$schema": "https://proj.org/schemas/v0.7", "type": "GeographicCRS", "name": "WGS 84"},
    {"wkid": 4326, "latestWkid": 4326},
    4326,
    {"type": "name", "properties": {}},
    {"type": "name"},
    None,
    [],
    "",
]


def wrapped(crs: object) -> list[dict[str, Any]]:
    """Return a region that states a CRS at each place where GeoJSON of 2008 may have it."""
    one = square(11, 48)
    of_feature = {"type": "Feature", "properties": {"crs": "mine"}, "geometry": one}
    return [
        {**one, "crs": crs},
        {**one, "CRS": crs},
        {**of_feature, "crs": crs},
        {"type": "FeatureCollection", "crs": crs, "features": [of_feature]},
        {"type": "FeatureCollection", "features": [{**of_feature, "geometry": {**one, "crs": crs}}]},
    ]


@pytest.mark.parametrize("crs", OTHER_CRS, ids=str)
def test_a_region_that_states_another_crs_is_refused_though_its_numbers_may_be_degrees(crs: object) -> None:
    for region in wrapped(crs):
        with pytest.raises(InvalidRegion, match=r"it states the CRS .*(\d{4,6}|zone 32N).*, and is read"):
            parse_limited_region(region)


@pytest.mark.parametrize("crs", WGS84_CRS, ids=str)
def test_a_region_may_state_wgs84_or_nothing(crs: object) -> None:
    for region in wrapped(crs):
        assert parse_limited_region(region).bounds_wgs84 == parse_region(square(11, 48)).bounds_wgs84
