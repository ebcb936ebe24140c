"""Items and their offsets."""

from datetime import UTC, datetime

from ingest.archive import Scene
from ingest.rasters.item import BandSource, RasterItem
from ingest.rules.numbers import Coding
from tests.ingest.rasters.layouts import WINDOW


def item() -> RasterItem:
    sources = {b: BandSource(href=f"/{b}.tif", index=1, coding=Coding(scale=1e-4)) for b in ("B04", "NDVI", "SCL")}
    return RasterItem(
        scene=Scene(scene_id="one", time=datetime(2018, 6, 11, tzinfo=UTC), sensor="s2"),
        geometry=WINDOW.footprint_wgs84,
        crs=WINDOW.crs,
        transform=(),
        sources=sources,
        is_offset_stated=False,
    )


def test_an_offset_changes_reflectances_alone() -> None:
    found = item().with_offset(-0.1)
    assert found.is_offset_stated
    assert {b: s.coding.offset for b, s in found.sources.items()} == {"B04": -0.1, "NDVI": 0.0, "SCL": 0.0}
    assert found.reflectances == ("B04",)
