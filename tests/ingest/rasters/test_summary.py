"""What is said of items."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InvalidArchive
from core.source import AS_STATED, ReadAs
from ingest.archive import Scene
from ingest.rasters.item import BandSource, RasterItem
from ingest.rasters.summary import check_bands, facts, item_remarks, stated_offsets
from ingest.rules.masks import find_mask
from ingest.rules.numbers import Coding
from tests.ingest.rasters.layouts import WINDOW


def item(day: int = 0, offset: float = 0.0, **bands: str) -> RasterItem:
    coding = Coding(scale=1e-4, offset=offset)
    sources = {
        b: BandSource(href="/a.tif", index=1, coding=coding, name=n, mask=find_mask([n]) if b == "SCL" else None)
        for b, n in bands.items()
    }
    time = datetime(2018, 6, 11, tzinfo=UTC) + timedelta(days=day)
    scene = Scene(scene_id=f"s{day}", time=time, sensor="s2")
    return RasterItem(scene=scene, geometry=WINDOW.footprint_wgs84, crs="", transform=(), sources=sources)


def test_bands_mask_and_dates_are_named_as_in_the_input() -> None:
    items = [item(B04="red", B08="nir", SCL="scl"), item(5, B04="B04", B08="nir", SCL="scl")]
    bands, mask, dates = facts(items)
    assert bands == "bands: B04 from red or B04, B08 from nir"
    assert mask.startswith("mask: scl (scene classes")
    assert dates == "dates: 2 from 2018-06-11 to 2018-06-16"
    assert facts(items[:1])[-1] == "dates: 2018-06-11"


def test_offsets_are_counted() -> None:
    items = [item(B04="red"), item(1, -0.1, B04="red"), item(2, -0.1, B04="red")]
    assert stated_offsets(items) == ("offset: none (1 scene)", "offset: -0.1 in reflectance (2 scenes)")


def test_what_scenes_lack_is_said() -> None:
    full, bare, half = (
        item(B04="red", B08="nir", SCL="scl"),
        item(1, B04="red", B08="nir"),
        item(2, B04="red", SCL="scl"),
    )
    assert item_remarks([full], AS_STATED) == []
    assert "taken as clear" in item_remarks([bare], AS_STATED)[0]
    assert item_remarks([full, bare], AS_STATED)[0].startswith("1 scene has no cloud mask")
    assert "lacks red or near infrared" in item_remarks([full, half], AS_STATED)[0]
    assert "as stated" in item_remarks([bare], ReadAs(mask="none"))[0]


def test_items_without_the_bands_of_ndvi_are_refused_for_the_cause() -> None:
    check_bands("x", [item(B04="red", B8A="nir08")])
    check_bands("x", [item(NDVI="ndvi")])
    with pytest.raises(InvalidArchive, match=r"no near infrared.*only B04; give --band"):
        check_bands("x", [item(B04="red")])
    with pytest.raises(InvalidArchive, match=r"left out: b\.tif: it is damaged"):
        check_bands("x", [item(B04="red")], "b.tif: it is damaged")
