"""Folders of rasters without a catalogue: every layout gives our own pixels, or a refusal with the true cause."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from pyproj import Transformer
from shapely import box

from core.errors import InvalidArchive, InvalidOption
from core.grid import Window
from core.region import Region, wrap
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.preprocess.prepare import Preparation
from ingest.stac.folder import StacFolder, open_stac_folder
from tests.ingest.rasters import layouts
from tests.ingest.rasters.layouts import ALL, DAYS, LAYOUTS, SHAPE, WINDOW, hidden, one, pixels, scl, unnamed, write

READER = Reader(preparation=Preparation(dilation_m=0))


def open_folder(folder: Path, read_as: ReadAs = AS_STATED) -> StacFolder:
    return open_stac_folder(folder, settings=Settings(tile_size=16), read_as=read_as)


def cube(folder: Path, read_as: ReadAs = AS_STATED, bands: tuple[str, ...] = ALL) -> xr.Dataset:
    archive = open_folder(folder, read_as)
    built = build_cube(archive, WINDOW, archive.period, bands, reader=READER)
    assert not built.failures
    return built.data.load()


def check(data: xr.Dataset, *, days: tuple[str, ...] = DAYS, bands: tuple[str, ...] = ALL, shift: float = 0.0) -> None:
    """Check that a cube holds the pixels of the layouts."""
    assert [str(t)[:10] for t in data["time"].values] == list(days)
    for number, day in enumerate(days):
        for band in bands:
            expected = np.where(hidden(), np.nan, pixels(day, band) * 1e-4 + shift)
            np.testing.assert_allclose(data[band].values[number], expected, atol=2e-6, err_msg=f"{day} {band}")


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    """Return a folder in our own layout."""
    layouts.own(tmp_path / "farm")
    return tmp_path / "farm"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_pixels(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path / "farm")
    bands = tuple(b for b in ALL if layout != "sen2r" or b != "B8A")
    read_as = ReadAs(offset=-1000) if layout == "flat_esa" else AS_STATED
    check(cube(tmp_path / "farm", read_as, bands), bands=bands)


@pytest.mark.parametrize("layout", [n for n in LAYOUTS if n != "flat_esa"])
def test_complete_folders_need_no_remark(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path / "farm")
    summary = open_folder(tmp_path / "farm").summary
    assert summary.remarks == ()
    text = " ".join(summary.taken)
    assert "B04" in text
    assert "mask: " in text
    assert "3 from 2018-06-11 to 2018-07-01" in text


def test_hls_of_landsat_has_the_bands_that_lie_on_those_of_sentinel_2(tmp_path: Path) -> None:
    names = {"B02": "B02", "B03": "B03", "B04": "B04", "B05": "B8A", "B06": "B11", "B07": "B12"}
    layouts.hls(tmp_path / "farm", "L30", {**names, "B10": "B12"})
    archive = open_folder(tmp_path / "farm")
    assert archive.bands == ("B02", "B03", "B04", "B8A", "B11", "B12")
    check(cube(tmp_path / "farm", bands=archive.bands), bands=archive.bands)


def test_theia_without_slope_correction_is_read_only_where_there_is_no_other(tmp_path: Path) -> None:
    layouts.theia(tmp_path / "farm")
    for file in (tmp_path / "farm").rglob("*_FRE_*"):
        file.unlink()
    check(cube(tmp_path / "farm"), shift=0.03)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("scl", scl()),
        ("Fmask", np.where(hidden(), 4, 1).astype(np.uint8)),
        ("QA60", np.where(hidden(), 2048, 0).astype(np.uint16)),
        ("cloud_mask", hidden().astype(np.uint8)),
        ("CLOUD", hidden().astype(np.uint8)),
        ("CLM_R1", np.where(hidden(), 6, 0).astype(np.uint8)),
        ("clear", (~hidden()).astype(np.uint8)),
        ("MSK_CLDPRB_20m", np.where(hidden(), 80, 3).astype(np.uint8)),
    ],
)
def test_masks_of_all_names_hide_clouds(farm: Path, name: str, stored: np.ndarray) -> None:
    for day in DAYS:
        stem = f"farm_{day.replace('-', '')}"
        (farm / f"{stem}_SCL.tif").unlink()
        one(farm / f"{stem}_{name}.tif", stored)
    check(cube(farm))
    assert open_folder(farm).summary.remarks == ()


def test_a_folder_without_a_mask_says_that_all_is_taken_as_clear(farm: Path) -> None:
    for file in farm.glob("*SCL*"):
        file.unlink()
    archive = open_folder(farm)
    assert any("taken as clear" in r for r in archive.summary.remarks)
    assert np.isfinite(cube(farm)["B04"].values).all()


def test_a_stated_mask_is_used_and_none_is_possible(farm: Path) -> None:
    for day in DAYS:
        one(farm / f"farm_{day.replace('-', '')}_wolken.tif", hidden().astype(np.uint8))
    for file in farm.glob("*SCL*"):
        file.unlink()
    check(cube(farm, ReadAs(mask="wolken=cloud")))
    assert np.isfinite(cube(farm, ReadAs(mask="none"))["B04"].values).all()
    with pytest.raises(InvalidOption, match=r"'nebel=cloud'.*there are.*B04"):
        open_folder(farm, ReadAs(mask="nebel=cloud"))


def test_stated_bands_are_read_by_word_and_by_number(tmp_path: Path) -> None:
    for day in DAYS:
        stack = [pixels(day, "B08"), pixels(day, "B04"), scl().astype(np.int16)]
        write(tmp_path / "a" / f"x_{day}.tif", unnamed(stack))
        one(tmp_path / "b" / f"x_{day}_rot.tif", pixels(day, "B04"))
        one(tmp_path / "b" / f"x_{day}_infra.tif", pixels(day, "B08"))
    with pytest.raises(InvalidArchive, match="--band red=3"):
        open_folder(tmp_path / "a")
    for folder, names in (("a", ("2", "1")), ("b", ("rot", "infra"))):
        data = cube(tmp_path / folder, ReadAs(bands=dict(zip(("B04", "B08"), names, strict=True))), ("B04", "B08"))
        np.testing.assert_allclose(data["B04"].values[0], pixels(DAYS[0], "B04") * 1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (("LC08_20180611_B4", "LC08_20180611_B8"), "of Landsat"),
        (("20180611_LEVEL2_LND08_BOA",), "of Landsat"),
        (("20180611_B4", "20180611_B8", "20180611_QA_PIXEL"), "of Landsat"),
        (("20180611_B04", "20180611_B08", "20180611_B10"), "Level-1C"),
        (("MOD09GA_20180611_red", "MOD09GA_20180611_nir"), "of MODIS"),
        (("S2A_MSIL1C_20180611T105031_B04", "S2A_MSIL1C_20180611T105031_B08"), "top-of-atmosphere"),
        (("red", "nir"), "no date"),
        (("20180611_apple", "20180611_pear"), "names a band"),
        (("20180611_B04",), "no near infrared"),
    ],
)
def test_what_cannot_be_read_is_refused_for_the_true_cause(tmp_path: Path, names: tuple[str, ...], cause: str) -> None:
    for name in names:
        one(tmp_path / f"{name}.tif", pixels(DAYS[0], "B04"))
    with pytest.raises(InvalidArchive, match=cause) as refused:
        open_folder(tmp_path)
    assert "A cube is" not in str(refused.value)


def test_landsats_panchromatic_band_is_no_near_infrared(tmp_path: Path) -> None:
    fine = WINDOW.transform * WINDOW.transform.scale(1.5)
    coarse = WINDOW.transform * WINDOW.transform.scale(3)
    folder = tmp_path / "a"
    one(folder / "20180611_B4.tif", pixels(DAYS[0], "B04"), transform=coarse)
    one(folder / "20180611_B8.tif", np.kron(pixels(DAYS[0], "B08"), np.ones((2, 2), np.int16)), transform=fine)
    with pytest.raises(InvalidArchive, match="15 m"):
        open_folder(folder)


def test_foreign_and_damaged_files_are_left_out_and_said(farm: Path) -> None:
    one(farm / "LC08_20180611_B4.tif", pixels(DAYS[0], "B04"))
    (farm / "farm_20180701_B09x_B12.tif").write_text("text")
    one(farm / "elevation.tif", pixels(DAYS[0], "B04"))
    one(farm / "farm_20180611_soil.tif", pixels(DAYS[0], "B04"))
    check(cube(farm))
    text = " ".join(open_folder(farm).summary.remarks)
    for part in ("LC08_20180611_B4.tif", "Landsat", "damaged", "elevation.tif", "farm_20180611_soil.tif"):
        assert part in text


def test_a_date_without_one_of_its_files_keeps_the_others(farm: Path) -> None:
    (farm / "farm_20180616_B04.tif").write_text("text")
    archive = open_folder(farm)
    assert len(archive.search(WINDOW, archive.period)) == 3
    assert any("lacks red or near infrared" in r for r in archive.summary.remarks)


def test_tiles_and_copies_of_one_date_are_told_apart_by_their_place(tmp_path: Path) -> None:
    east = WINDOW.transform * WINDOW.transform.translation(30, 0)
    for folder, move in (("a", WINDOW.transform), ("b", east)):
        for band in ("B04", "B08"):
            one(tmp_path / folder / f"20180611_{band}.tif", pixels(DAYS[0], band), transform=move)
    archive = open_folder(tmp_path)
    window = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(SHAPE[0], 2 * SHAPE[1]))
    assert len({s.scene_id for s in archive.search(window, archive.period)}) == 2
    one(tmp_path / "c" / "20180611_B04.tif", pixels(DAYS[0], "B04"))
    assert any("repeat" in r for r in open_folder(tmp_path).summary.remarks)


def test_masks_of_another_name_belong_to_the_bands_of_their_date(farm: Path) -> None:
    for file in sorted(farm.glob("*SCL*")):
        file.rename(farm / file.name.replace("farm_", "masks_v2_"))
    check(cube(farm))


def test_rasters_in_degrees_are_warped_to_utm_and_it_is_said(tmp_path: Path) -> None:
    from rasterio.warp import calculate_default_transform, reproject

    layouts.own(tmp_path / "utm")
    move, width, height = calculate_default_transform(WINDOW.crs, "EPSG:4326", SHAPE[1], SHAPE[0], *WINDOW.bounds)
    for band in ("B04", "B08"):
        warped = np.zeros((height, width), np.float32)
        source = pixels(DAYS[0], band).astype(np.float32)
        options = {"src_transform": WINDOW.transform, "src_crs": WINDOW.crs, "dst_crs": "EPSG:4326"}
        reproject(source, warped, dst_transform=move, resampling=1, **options)
        one(
            tmp_path / "deg" / f"farm_20180611_{band}.tif",
            warped.round().astype(np.uint16),
            crs="EPSG:4326",
            transform=move,
        )
    archive = open_folder(tmp_path / "deg")
    assert any("degrees" in r and "EPSG:32631" in r for r in archive.summary.remarks)
    found = cube(tmp_path / "deg", bands=("B04", "B08"))["B04"].values[0][3:-3, 3:-3]
    np.testing.assert_allclose(found, pixels(DAYS[0], "B04")[3:-3, 3:-3] * 1e-4, atol=4e-4)


@pytest.mark.parametrize("west", [179.998, -180.002], ids=["beyond 180", "beyond -180"])
def test_rasters_in_degrees_across_180_are_warped_whole(tmp_path: Path, west: float) -> None:
    step, size = 1e-4, 40
    ramp = np.broadcast_to(500 + 10 * np.arange(size, dtype=np.uint16), (size, size))
    for band in ("B04", "B08"):
        move = Affine(step, 0, west, 0, -step, -17)
        one(tmp_path / f"farm_20180611_{band}.tif", ramp, crs="EPSG:4326", transform=move)
    archive = open_folder(tmp_path)
    region = Region(geometry=wrap(box(west, -17 - step * size, west + step * size, -17)))
    assert region.geometry.intersection(archive.footprint).area == pytest.approx(region.geometry.area)
    window = archive.grid(region).window(region)
    red = build_cube(archive, window, archive.period, ("B04", "B08"), reader=READER).data["B04"].values[0]
    assert np.isfinite(red).sum() == pytest.approx(442.6 * 442.5 / 100, rel=0.05)  # 0.004 degrees at 17 S
    x, y = np.meshgrid(*window.centres())
    longitudes, _ = Transformer.from_crs(window.crs, "EPSG:4326", always_xy=True).transform(x, y)
    columns = (longitudes % 360 - west % 360) / step - 0.5
    inner = np.isfinite(red) & (columns > 0) & (columns < size - 1)
    assert inner.sum() > 1500
    np.testing.assert_allclose(red[inner], (500 + 10 * columns[inner]) * 1e-4, atol=2e-6)


def test_rasters_without_a_reference_system_need_it_stated(tmp_path: Path) -> None:
    for band in ("B04", "B08"):
        one(tmp_path / f"farm_20180611_{band}.tif", pixels(DAYS[0], band), crs=None)
    with pytest.raises(InvalidArchive, match=r"--crs EPSG"):
        open_folder(tmp_path)
    data = cube(tmp_path, ReadAs(crs="EPSG:32631"), ("B04", "B08"))
    np.testing.assert_allclose(data["B04"].values[0], pixels(DAYS[0], "B04") * 1e-4, atol=1e-6)


def test_a_stack_that_does_not_tell_its_dates_is_refused(tmp_path: Path) -> None:
    bands = {f"{n}_{b}": pixels(day, c) for n, day in enumerate(DAYS) for b, c in (("B4", "B04"), ("B8", "B08"))}
    write(tmp_path / "farm_20180611.tif", bands)
    with pytest.raises(InvalidArchive, match="do not tell their dates"):
        open_folder(tmp_path)


def test_dates_are_read_from_tags_where_the_user_says_so(tmp_path: Path) -> None:
    for band in ("B04", "B08"):
        one(tmp_path / f"{band}.tif", pixels(DAYS[0], band), tags={"TIFFTAG_DATETIME": "2018:06:11 10:50:31"})
    with pytest.raises(InvalidArchive, match="--date-from tags"):
        open_folder(tmp_path)
    assert str(open_folder(tmp_path, ReadAs(date_from="tags")).period.start) == "2018-06-11"
    assert str(open_folder(tmp_path, ReadAs(date_from="2018-06-11")).period.end) == "2018-06-11"


def test_pictures_and_percent_are_no_reflectance(tmp_path: Path) -> None:
    for band in ("B04", "B08"):
        one(tmp_path / "a" / f"farm_20180611_{band}.tif", (pixels(DAYS[0], band) // 20).astype(np.uint8))
        one(tmp_path / "b" / f"farm_20180611_{band}.tif", (pixels(DAYS[0], band) * 0.01).astype(np.float32))
    with pytest.raises(InvalidArchive, match="picture"):
        open_folder(tmp_path / "a")
    with pytest.raises(InvalidArchive, match="neither reflectance"):
        open_folder(tmp_path / "b")


def test_an_index_alone_is_enough(tmp_path: Path) -> None:
    ndvi = np.linspace(-2000, 9000, SHAPE[0] * SHAPE[1]).reshape(SHAPE).astype(np.int16)
    one(tmp_path / "farm_20180611_NDVI.tif", ndvi, nodata=-32768)
    data = cube(tmp_path, bands=("NDVI",))
    np.testing.assert_allclose(data["NDVI"].values[0], ndvi * 1e-4, atol=1e-6)


def test_radar_beside_bands_in_one_file_is_a_scene_of_its_own(tmp_path: Path) -> None:
    bands = {"B04": pixels(DAYS[0], "B04") * 1e-4, "B08": pixels(DAYS[0], "B08") * 1e-4, "VV": np.full(SHAPE, 0.05)}
    write(tmp_path / "farm_20180611.tif", {b: v.astype(np.float32) for b, v in bands.items()})
    archive = open_folder(tmp_path)
    assert sorted(s.sensor for s in archive.search(WINDOW, archive.period)) == ["s1", "s2"]


@pytest.mark.parametrize(
    ("form", "remark"),
    [
        ("export_20220301_%Y%m%d", "the one that differs"),
        ("%d.%m.%Y_farm", "digits of 15 names"),
        ("20220301T101031_%Y%m%dT101031", ""),
    ],
)
def test_the_date_of_the_recording_is_chosen_by_all_names(tmp_path: Path, form: str, remark: str) -> None:
    for day in ("2021-01-05", "2021-02-19", "2021-11-16"):
        for band in ("B02", "B03", "B04", "B08", "SCL"):
            stored = scl() if band == "SCL" else pixels(DAYS[0], band)
            one(tmp_path / "farm" / f"{np.datetime64(day).item().strftime(form)}_{band}.tif", stored)
    archive = open_folder(tmp_path / "farm")
    assert str(archive.period.start) == "2021-01-05"
    assert archive.summary is not None
    assert [remark in r for r in archive.summary.remarks] == [True] * bool(remark)


def test_scenes_that_share_a_date_are_mentioned(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for band in ("B02", "B03", "B04", "B08", "SCL"):
            stored = scl() if band == "SCL" else pixels(DAYS[0], band)
            one(tmp_path / "farm" / f"{name}_20210105_{band}.tif", stored)
    summary = open_folder(tmp_path / "farm").summary
    assert summary is not None
    assert any("2 scenes of equal bands and place share 1 date" in r for r in summary.remarks)


def test_days_whose_order_is_not_told_are_refused_with_the_cause(tmp_path: Path) -> None:
    for band in ("B04", "B08"):
        one(tmp_path / "farm" / f"02.03.2021_{band}.tif", pixels(DAYS[0], band))
    with pytest.raises(InvalidArchive, match=r"holds 02.03.2021, and it may be day and month or month and day"):
        open_folder(tmp_path / "farm")


def several(folder: Path, mask: np.ndarray) -> Path:
    """Write a scene of five bands without names."""
    stored = [pixels(DAYS[0], b) for b in ("B02", "B03", "B04", "B08")]
    write(folder / "scene_20180611.tif", unnamed([*stored, mask.astype(np.uint16)]))
    return folder


@pytest.mark.parametrize(
    ("codes", "stated"),
    [
        (scl(), "5"),
        (hidden().astype(np.uint8), "5=cloud"),
        ((~hidden()).astype(np.uint8), "5=clear"),
    ],
)
def test_a_mask_is_stated_by_the_number_of_its_band(tmp_path: Path, codes: np.ndarray, stated: str) -> None:
    read_as = ReadAs(bands={"B04": "3", "B08": "4"}, mask=stated, offset=0)
    data = cube(several(tmp_path / "farm", codes), read_as, ("B04", "B08"))
    check(data, days=DAYS[:1], bands=("B04", "B08"))


def test_a_band_whose_numbers_are_no_scene_classes_needs_a_word(tmp_path: Path) -> None:
    read_as = ReadAs(bands={"B04": "3", "B08": "4"}, mask="5")
    with pytest.raises(InvalidArchive, match="give --mask 5=clear"):
        open_folder(several(tmp_path / "farm", hidden()), read_as)
    with pytest.raises(InvalidOption, match="codes of '5' are not known"):
        open_folder(tmp_path / "farm", ReadAs(bands=read_as.bands, mask="5=other"))


@pytest.mark.parametrize(("name", "cause"), [("NDVI", "scale and offset"), ("B04", "export the bands")])
def test_8_bit_rasters_are_refused_with_a_way_out(tmp_path: Path, name: str, cause: str) -> None:
    one(tmp_path / "farm" / f"{name}_20210105.tif", np.full(SHAPE, 120, np.uint8))
    with pytest.raises(InvalidArchive, match=cause):
        open_folder(tmp_path / "farm")
