"""Assets of STAC items: which bands they hold, how these are stored, which copy is read."""

import pytest

from core.source import ReadAs
from tests.ingest.stac.documents import HOST, copernicus, earth_search, known, optical, planetary
from tests.ingest.stac.folders import asset


def test_earth_search_items_give_cogs_and_no_pictures() -> None:
    found = known(earth_search())
    assert {b: s.href.rsplit("/", 1)[-1] for b, s in found.sources.items()} == {
        "B04": "B04.tif",
        "B05": "B05.tif",
        "SCL": "SCL.tif",
    }
    assert found.crs == "EPSG:32632"


def test_a_stated_offset_counts_unless_the_item_states_that_it_was_applied() -> None:
    assert known(earth_search()).sources["B04"].coding.offset == -0.1
    stated = {"earthsearch:boa_offset_applied": False}
    assert known(earth_search(**stated)).sources["B04"].coding.offset == -0.1
    stated = {"earthsearch:boa_offset_applied": True}
    assert {s.coding.offset for s in known(earth_search(**stated)).sources.values()} == {0.0}


def test_an_offset_stated_before_the_baseline_that_brought_it_does_not_count() -> None:
    assert known(earth_search(**{"s2:processing_baseline": "03.01"})).sources["B04"].coding.offset == 0.0
    assert known(earth_search(**{"s2:processing_baseline": "05.00"})).sources["B04"].coding.offset == -0.1


@pytest.mark.parametrize(
    ("baseline", "offset"),
    [("02.14", 0.0), ("03.01", 0.0), ("04.00", -0.1), ("05.00", -0.1), ("05.11", -0.1), ("", 0.0), ("new", 0.0)],
)
def test_an_offset_that_is_not_stated_follows_the_baseline_and_never_the_date(baseline: str, offset: float) -> None:
    found = known(planetary("one", **{"s2:processing_baseline": baseline, "datetime": "2018-06-05T10:00:00Z"}))
    assert found.sources["B04"].coding.offset == offset
    assert found.sources["SCL"].coding.offset == 0.0


def test_the_baseline_is_read_from_the_product_name_where_no_property_has_it() -> None:
    name = "S2A_MSIL2A_20180605T102021_N0500_R065_T32TMT_20230810T001122"
    found = known(planetary("one", **{"s2:processing_baseline": None, "s2:product_uri": f"{name}.SAFE"}))
    named = known(planetary(name, **{"s2:processing_baseline": None}))
    for one in (found, named):
        assert one.scene.baseline == "05.00"
        assert one.sources["B04"].coding.offset == -0.1


def test_floats_without_a_scale_are_reflectance_already() -> None:
    bands = {"red": asset(f"{HOST}/red.tif", data_type="float32")}
    coding = known(optical(assets=bands, **{"s2:processing_baseline": "05.00"})).sources["B04"].coding
    assert (coding.scale, coding.offset) == (1.0, 0.0)


def test_planetary_computer_items_give_bands_by_their_names() -> None:
    found = known(planetary())
    assert set(found.sources) == {"B04", "B8A", "SCL"}
    assert found.sources["B04"].href == f"{HOST}/B04.tif"


def test_of_several_pixel_sizes_the_finest_is_read() -> None:
    found = known(copernicus())
    names = {b: s.href.rsplit("/", 1)[-1] for b, s in found.sources.items()}
    assert names == {"B04": "B04_10m.jp2", "B8A": "B8A_20m.jp2", "SCL": "SCL_20m.jp2"}
    assert found.sources["B04"].coding.offset == -0.1


@pytest.mark.parametrize("size", [{}, {"gsd": 10}])
def test_a_cog_is_read_before_a_jpeg_2000(size: dict[str, int]) -> None:
    jp2 = {"href": f"{HOST}/B04.jp2", "type": "image/jp2", "gsd": 10}
    found = known(optical(assets={"B04-jp2": jp2, "red": asset(f"{HOST}/B04.tif", **size)}))
    assert found.sources["B04"].href.endswith(".tif")


@pytest.mark.parametrize(
    ("key", "kind"),
    [("Fmask", "CLM"), ("qa60", "CLM"), ("CLM", "CLM"), ("cloud_mask", "CLM"), ("SCL_20m", "SCL"), ("clear", "clear")],
)
def test_every_mask_is_found_by_its_rule(key: str, kind: str) -> None:
    found = known(optical(assets={"red": asset(f"{HOST}/r.tif"), key: asset(f"{HOST}/m.tif")}))
    assert found.sources[kind].href == f"{HOST}/m.tif"
    assert found.sources[kind].mask is not None


def test_of_several_masks_the_one_with_classes_is_read() -> None:
    names = ("red", "cloud", "scl", "cld")
    found = known(optical(assets={n: asset(f"{HOST}/{n}.tif") for n in names}))
    assert set(found.sources) == {"B04", "SCL"}


def test_bands_that_rio_stac_counts_are_no_bands_of_sentinel_2() -> None:
    bands = [{"name": f"b{n}", "description": d} for n, d in enumerate(("red", "nir", "B11"), start=1)]
    found = known(optical(assets={"data": asset(f"{HOST}/a.tif", **{"eo:bands": bands})}))
    assert {b: s.index for b, s in found.sources.items()} == {"B04": 1, "B08": 2, "B11": 3}


def test_a_scale_of_one_of_whole_numbers_states_nothing() -> None:
    raster = {"raster:bands": [{"data_type": "uint16", "scale": 1.0, "offset": 0.0}]}
    found = known(optical(assets={"red": asset(f"{HOST}/r.tif", **raster)}))
    assert found.sources["B04"].coding.scale == 1e-4
    assert not found.is_offset_stated


def test_stated_assets_are_read_as_bands_and_mask() -> None:
    assets = {n: asset(f"{HOST}/{n}.tif") for n in ("x1", "red", "wolken")}
    read_as = ReadAs(bands={"B04": "x1"}, mask="wolken=cloud", offset=-1000)
    found = known(optical(assets=assets), read_as=read_as)
    assert {b: s.name for b, s in found.sources.items()} == {"B04": "x1", "CLM": "wolken"}
    assert found.sources["B04"].coding.offset == pytest.approx(-0.1)
    assert set(known(optical(assets=assets), read_as=ReadAs(mask="none")).sources) == {"B04"}
