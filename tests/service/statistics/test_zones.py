"""Polygons of a request, projected and bounded."""

import pytest
from shapely.geometry import box, mapping

from core.errors import InvalidOption, InvalidRegion
from service.statistics.zones import MOST_FEATURES, read_zones


def test_zones_are_projected_and_keep_their_order() -> None:
    good = {"geometry": mapping(box(9, 48, 9.001, 48.001))}
    zones = read_zones([{"geometry": None}, good], "EPSG:32632")
    assert [z.geometry is None for z in zones] == [True, False]
    assert zones[1].geometry is not None
    assert zones[1].geometry.bounds == pytest.approx((500_000, 5_316_300, 500_074.6, 5_316_411.2), abs=1)
    assert zones[0].reason.endswith(".") or zones[0].reason


def test_too_many_or_none_are_refused() -> None:
    for number in (0, MOST_FEATURES + 1):
        with pytest.raises(InvalidOption):
            read_zones([{"geometry": None}] * number, "EPSG:32632")


def test_long_outlines_together_are_refused() -> None:
    wide = {"geometry": mapping(box(9, 48, 11, 49))}
    with pytest.raises(InvalidRegion, match="in parts"):
        read_zones([wide] * 60, "EPSG:32632")
