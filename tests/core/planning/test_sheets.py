"""A region of any size is covered by sheets that one order may have."""

from typing import Any

import pytest
from shapely import union_all
from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.planning.sheets import SHEET_M, Sheet, parse_large_region, sheets
from core.region import MAX_AREA_KM2, MAX_SPAN_DEGREES, parse_region, unwrap
from core.utm import utm_crs


def cut(area: BaseGeometry) -> list[Sheet]:
    return list(sheets(parse_large_region(dict(mapping(area)))))


AREAS = {
    "one sheet": box(9.1, 47.0, 9.2, 47.1),
    "three zones": box(4.0, 45.0, 19.0, 48.0),
    "across the equator": box(20.0, -1.0, 22.0, 1.5),
    "Norway's wide zone": box(2.0, 59.0, 7.0, 62.0),
    "islands": union_all([box(0.1, 50, 0.2, 50.1), box(10, 51, 10.01, 51.01)]),
}


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_sheets_cover_a_region_without_overlap(area: BaseGeometry) -> None:
    found = cut(area)
    whole = parse_large_region(dict(mapping(area))).area_km2
    assert sum(sheet.region.area_km2 for sheet in found) == pytest.approx(whole, rel=1e-3)
    together = union_all([sheet.region.geometry for sheet in found])
    assert together.symmetric_difference(area).area / area.area < 1e-4
    assert len({sheet.name for sheet in found}) == len(found)


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_each_sheet_is_a_region_of_an_order_in_its_own_zone(area: BaseGeometry) -> None:
    for sheet in cut(area):
        assert sheet.region.area_km2 < min(MAX_AREA_KM2, 1.01e4)
        assert max(sheet.region.span_degrees) < MAX_SPAN_DEGREES
        assert utm_crs(parse_region(sheet.region.to_geojson())) == sheet.crs
        west, south, east, north = sheet.region.to_crs(sheet.crs).bounds
        assert (sheet.column * SHEET_M - 1, sheet.row * SHEET_M - 1) <= (west, south)
        assert (east, north) <= ((sheet.column + 1) * SHEET_M + 1, (sheet.row + 1) * SHEET_M + 1)


def test_names_state_zone_and_square() -> None:
    assert [sheet.name for sheet in cut(AREAS["one sheet"])] == ["32632_e5_n52"]
    assert {sheet.name[:5] for sheet in cut(AREAS["across the equator"])} == {"32634", "32734"}
    assert {sheet.name[:5] for sheet in cut(AREAS["Norway's wide zone"])} == {"32631", "32632"}


def test_a_region_across_180_degrees_is_cut() -> None:
    area = box(178.0, -18.0, 182.0, -17.0)
    found = cut(area)
    assert {sheet.name[:5] for sheet in found} == {"32760", "32701"}
    together = unwrap(union_all([sheet.region.geometry for sheet in found]))
    assert together.symmetric_difference(area).area / area.area < 1e-4


@pytest.mark.parametrize("wrong", [dict(mapping(box(0, 80, 10, 85))), {"type": "Point", "coordinates": [0, 0]}])
def test_what_is_no_region_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRegion):
        parse_large_region(wrong)
