"""Pixels of STAC items: from disk, over HTTP, and through all that can go wrong on the way."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray

from core.errors import ReadFailed
from core.grid import Window
from ingest.archive import Scene
from ingest.io.raster_files import Access
from ingest.rasters.item import BandSource, RasterItem
from ingest.rasters.reader import item_lattice, physical, read_item, read_sparse
from ingest.rules.masks import find_mask
from ingest.rules.numbers import Coding
from ingest.simulate.rasters import write_raster
from tests.ingest.stac.folders import CLASSES, COARSE, PIXELS, SHAPE, WINDOW

OPTICAL = Coding(scale=1e-4, offset=-0.1, fills=(0.0,))
LINEAR = Coding(unit="power")
POWER = (PIXELS / 20000).astype(np.float32)


def item(sensor: str = "s2", crs: str = "EPSG:32632", **files: tuple[object, Coding]) -> RasterItem:
    sources = {b: BandSource(href=str(f), index=1, coding=c) for b, (f, c) in files.items()}
    scene = Scene(scene_id="one", time=datetime(2022, 6, 7, tzinfo=UTC), sensor=sensor)  # type: ignore[arg-type]
    return RasterItem(scene=scene, geometry=WINDOW.footprint_wgs84, crs=crs, transform=(), sources=sources)


def red_of(source: RasterItem, window: Window = WINDOW, access: Access | None = None) -> NDArray[np.float32]:
    return read_item(source, window, ("B04",), access or Access()).values["B04"]


def write(path: Path, pixels: NDArray[np.generic], window: Window = WINDOW, nodata: float | None = 0) -> Path:
    write_raster(path, window, pixels[None], ("x",), nodata=nodata)
    return path


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write(tmp_path / "red.tif", PIXELS)


def test_stored_numbers_become_reflectance(red: Path) -> None:
    reading = read_item(item(B04=(red, OPTICAL)), WINDOW, ("B04", "B08"))
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 - 0.1, atol=1e-6)
    assert (set(reading.values), reading.offset, reading.mask) == ({"B04"}, -0.1, None)


def test_the_mask_of_an_optical_scene_is_always_read(tmp_path: Path, red: Path) -> None:
    mask = write(tmp_path / "scl.tif", CLASSES, COARSE)
    reading = read_item(item(B04=(red, OPTICAL), SCL=(mask, Coding())), WINDOW, ("B04",))
    assert reading.mask is not None
    np.testing.assert_array_equal(reading.mask, np.kron(CLASSES, np.ones((2, 2), np.uint8)))
    assert (reading.mask.dtype, reading.mask_kind) == (np.uint8, "SCL")


@pytest.mark.parametrize(("kind", "outside"), [("SCL", 0), ("clear", 0), ("CLM", 255)])
def test_a_mask_holds_no_data_beyond_its_file(tmp_path: Path, red: Path, kind: str, outside: int) -> None:
    mask = write(tmp_path / "mask.tif", CLASSES, COARSE)
    far = Window(crs=WINDOW.crs, transform=WINDOW.transform * Affine.translation(-4, -2), shape_yx=SHAPE)
    reading = read_item(item(B04=(red, OPTICAL), **{kind: (mask, Coding())}), far, ("B04",))
    assert reading.mask is not None
    assert set(np.unique(reading.mask[:2])) == {outside}
    assert np.isnan(reading.values["B04"][:2]).all()
    assert reading.mask[2, 4] == CLASSES[0, 0]


def test_an_offset_that_was_subtracted_twice_can_still_be_seen() -> None:
    stored = np.array([0, 300, 1500, 30000, 60000], np.uint16)
    values = physical(stored, Coding(scale=1e-4, offset=-0.2, fills=(0.0,)), "B04")
    np.testing.assert_allclose(values, [np.nan, -0.17, -0.05, np.nan, np.nan], atol=1e-6)


def test_the_files_own_no_data_counts_as_well(tmp_path: Path) -> None:
    pixels = PIXELS.astype(np.float32) * np.float32(1e-4)
    pixels[2, 3] = -9999
    file = write(tmp_path / "float.tif", pixels, nodata=-9999)
    np.testing.assert_array_equal(np.argwhere(np.isnan(red_of(item(B04=(file, Coding()))))), [[2, 3]])


def test_radar_is_linear_power_however_it_is_stored(tmp_path: Path) -> None:
    linear = write(tmp_path / "linear.tif", POWER, nodata=None)
    decibel = write(tmp_path / "db.tif", 10 * np.log10(POWER), nodata=None)
    hundredths = write(tmp_path / "int.tif", np.rint(1000 * np.log10(POWER)).astype(np.int16), nodata=-32768)
    codings = [(linear, LINEAR), (decibel, Coding()), (hundredths, Coding(scale=0.01, fills=(-32768.0,)))]
    for file, coding in codings:
        reading = read_item(item("s1", VV=(file, coding)), WINDOW, ("VV",))
        np.testing.assert_allclose(reading.values["VV"], POWER, rtol=2e-3)
        assert reading.mask is None


def test_radar_in_decibels_is_interpolated_as_power(tmp_path: Path) -> None:
    power = np.array([[0.01, 0.5], [0.01, 0.5]], np.float32)
    where = Window(crs=WINDOW.crs, transform=COARSE.transform, shape_yx=(2, 2))
    files = (write(tmp_path / "db.tif", 10 * np.log10(power), where, nodata=None), Coding())
    found = read_item(item("s1", VV=files), WINDOW, ("VV",)).values["VV"]
    np.testing.assert_allclose(found[1, :4], [0.01, 0.1325, 0.3775, 0.5], rtol=1e-5)
    assert np.isnan(found[4:]).all()


@pytest.mark.parametrize("turn_deg", [0, 25])
def test_another_system_or_a_turned_raster_is_placed_where_it_lies(tmp_path: Path, turn_deg: float) -> None:
    import rasterio

    move = Affine(10, 0, 600_000, 0, -10, 5_600_400) * Affine.rotation(turn_deg)
    y, x = np.mgrid[:80, :90] + 0.5
    east, north = move.a * x + move.b * y + move.c, move.d * x + move.e * y + move.f
    plane = ((east - 599_000) * 1e-4 + (5_601_000 - north) * 2e-4).astype(np.float32)
    file = tmp_path / "plane.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=90, height=80, count=1, dtype="float32", crs="EPSG:32632", transform=move
    ) as raster:
        raster.write(plane, 1)
    centre = move * (45, 40)
    if turn_deg:
        window = Window(
            crs="EPSG:32632", transform=Affine(10, 0, centre[0] - 40, 0, -10, centre[1] + 60), shape_yx=(12, 9)
        )
        xs, ys = np.meshgrid(*window.centres())
    else:
        from pyproj import Transformer

        there = Transformer.from_crs("EPSG:32632", "EPSG:32633", always_xy=True)
        corner = np.round(there.transform(*centre), -1)
        window = Window(crs="EPSG:32633", transform=Affine(10, 0, corner[0], 0, -10, corner[1]), shape_yx=(12, 9))
        xs, ys = there.transform(*np.meshgrid(*window.centres()), direction="INVERSE")
    expected = (xs - 599_000) * 1e-4 + (5_601_000 - ys) * 2e-4
    np.testing.assert_allclose(red_of(item(B04=(file, Coding())), window), expected, atol=2e-5)


@pytest.mark.parametrize("edge", [60, 700, 1800])
def test_a_sparse_sample_shows_the_same_places_in_bands_of_all_sizes(tmp_path: Path, edge: int) -> None:
    rows, columns = np.mgrid[:edge, :edge]
    fine = (rows * 4 // edge * 10 + columns * 4 // edge + 1).astype(np.uint16)
    where = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(edge, edge))
    half = Window(crs=WINDOW.crs, transform=COARSE.transform, shape_yx=(edge // 2, edge // 2))
    red = write(tmp_path / "red.tif", fine, where)
    mask = write(tmp_path / "scl.tif", fine[::2, ::2].astype(np.uint8), half, nodata=None)
    source = item(B04=(red, Coding(scale=1e-2)), SCL=(mask, Coding()))
    found = read_sparse(source, ("B04",))
    assert found.mask is not None
    assert found.values["B04"].shape == found.mask.shape
    assert (np.rint(found.values["B04"] * 100) == found.mask).mean() > 0.9
    assert len(np.unique(found.mask)) >= 9


def test_codes_of_a_mask_are_read_by_its_rule(tmp_path: Path, red: Path) -> None:
    stored = np.where(CLASSES == 9, 1024, 0).astype(np.uint16)
    source = BandSource(
        href=str(write(tmp_path / "qa.tif", stored, COARSE, nodata=None)),
        index=1,
        coding=Coding(),
        mask=find_mask(["QA60"]),
    )
    one = item(B04=(red, OPTICAL))
    reading = read_item(replace(one, sources={**one.sources, "CLM": source}), WINDOW, ("B04",))
    assert reading.mask is not None
    np.testing.assert_array_equal(reading.mask == 1, np.kron(CLASSES == 9, np.ones((2, 2), bool)))


def test_interpolation_equals_gdals_warper(tmp_path: Path) -> None:
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    pixels = np.random.default_rng(3).integers(1, 9000, (6, 8)).astype(np.uint16)
    pixels[3, 4] = pixels[0, 7] = 0
    file = write(tmp_path / "coarse.tif", pixels, COARSE)
    ours = red_of(item(B04=(file, Coding(scale=1e-4, fills=(0.0,)))))
    options = {"crs": WINDOW.crs, "transform": WINDOW.transform, "height": SHAPE[0], "width": SHAPE[1], "nodata": 0}
    with (
        rasterio.open(file) as raster,
        WarpedVRT(raster, **options, src_nodata=0, resampling=Resampling.bilinear, dtype="float32") as warped,
    ):
        theirs = warped.read(1)
    np.testing.assert_allclose(np.nan_to_num(ours), theirs * 1e-4, atol=1e-6)


def test_ground_control_points_place_a_raster_and_are_mentioned(tmp_path: Path) -> None:
    import rasterio
    from rasterio.control import GroundControlPoint

    points = [
        GroundControlPoint(row=r, col=c, x=600_000 + 10 * c, y=5_600_120 - 10 * r)
        for r in (0, 6, 12)
        for c in (0, 8, 16)
    ]
    file = tmp_path / "gcp.tif"
    profile = {"driver": "GTiff", "width": 16, "height": 12, "count": 1, "dtype": "uint16", "crs": "EPSG:32632"}
    with rasterio.open(file, "w", **profile, gcps=points) as raster:
        raster.write(PIXELS, 1)
    reading = read_item(item(crs="", B04=(file, OPTICAL)), WINDOW, ("B04",))
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 - 0.1, atol=1e-4)
    assert "ground control points" in reading.notes[0]


def test_windows_cut_anyhow_of_a_raster_of_another_zone_agree(tmp_path: Path) -> None:
    from pyproj import Transformer

    corner = Transformer.from_crs("EPSG:32632", "EPSG:32633", always_xy=True).transform(600_000, 5_600_120)
    other = Window(crs="EPSG:32633", transform=Affine(10, 0, corner[0] - 50, 0, -10, corner[1] + 50), shape_yx=(40, 40))
    pixels = np.random.default_rng(2).integers(1, 9000, (40, 40)).astype(np.uint16)
    source = item(B04=(write(tmp_path / "z33.tif", pixels, other), OPTICAL))
    whole = red_of(source)
    assert np.isfinite(whole).any()
    for row, column, rows, columns in ((0, 0, 5, 16), (5, 3, 7, 9), (11, 15, 1, 1)):
        move = WINDOW.transform * Affine.translation(column, row)
        part = red_of(source, Window(crs=WINDOW.crs, transform=move, shape_yx=(rows, columns)))
        np.testing.assert_array_equal(part, whole[row : row + rows, column : column + columns])


@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_file_truncated_is_a_failed_read_never_zeros(tmp_path: Path, share: float) -> None:
    noise = np.random.default_rng(0).integers(1, 9000, (400, 400)).astype(np.uint16)
    where = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(400, 400))
    file = write(tmp_path / "noise.tif", noise, where)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ReadFailed) as failure:
        red_of(item(B04=(file, OPTICAL)), where)
    assert str(tmp_path) not in str(failure.value)


def test_a_band_number_beyond_the_file_is_a_failed_read(red: Path) -> None:
    source = BandSource(href=str(red), index=4, coding=OPTICAL)
    with pytest.raises(ReadFailed, match="has 1 bands, not 4"):
        red_of(RasterItem(**{**item().__dict__, "sources": {"B04": source}}))


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_a_raster_without_georeference_is_a_failed_read(tmp_path: Path) -> None:
    import rasterio

    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=16, height=12, count=1, dtype="uint16") as raster:
        raster.write(PIXELS, 1)
    with pytest.raises(ReadFailed, match="not georeferenced"):
        red_of(item(B04=(tmp_path / "a.tif", OPTICAL)))


def test_the_lattice_comes_from_the_raster_where_the_item_is_silent(red: Path) -> None:
    assert item_lattice(item(crs="", B04=(red, OPTICAL))) == ("EPSG:32632", tuple(WINDOW.transform)[:6])
