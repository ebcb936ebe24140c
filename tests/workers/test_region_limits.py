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
