"""Map sheets with their tiles."""

from shapely.geometry import box, mapping

from core.planning.sheets import parse_large_region
from core.settings import Settings
from tests.fakes import FakeArchive
from workers.sheet_plan import planned_sheets

LAND = parse_large_region(dict(mapping(box(10.9, 47.9, 13.1, 48.1))))


def test_each_sheet_has_the_tiles_of_its_own_zone(settings: Settings) -> None:
    found = list(planned_sheets(LAND, settings))
    assert {t.grid.crs for planned in found for t in planned.tiles} == {"EPSG:32632", "EPSG:32633"}
    for planned in found:
        assert {t.grid.crs for t in planned.tiles} == {planned.sheet.crs}
        assert len(planned.tiles) * 128**2 >= planned.pixels
        assert len(list(planned.tile_features())) == planned.to_geojson()["properties"]["tiles"]


def test_sheets_and_tiles_outside_an_archive_are_left_out(settings: Settings) -> None:
    (only,) = planned_sheets(LAND, settings, FakeArchive("plain", 16))
    assert only.sheet.name == "32632_e6_n53"
    assert 50 < len(only.tiles) < 200
