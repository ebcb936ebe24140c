"""Cube files, regions and tables carried out without a queue, by the real code over the fakes."""

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from core.cube import Cube
from core.errors import ArchiveUnavailable, InvalidOption, NoClearObservation
from core.grid import Tile
from core.product import Product
from core.region import parse_region
from core.settings import Settings
from ingest.build.cube import build_cube
from ingest.build.reader import reader_from
from ingest.source import CubeSource, RegionSource, open_cube
from models.registry import find_checkpoint
from products.catalogue import find_product
from products.order import parse
from products.rows import render
from tests.cli.cubes import write_cube
from tests.fakes import FAKES, REGION, SMALL, FakeArchive, find_fake_checkpoint
from workers.assemble import Result
from workers.direct import DirectOrder, make, passing_folder, write_result, write_table
from workers.tile import Recipe, build_tile, render_cube

MAP, FORECAST = FAKES["fake-map"], FAKES["fake-forecast"]


def cube_of(kind: str = "plain") -> Cube:
    archive = FakeArchive(kind, 32)
    region = parse_region(SMALL)
    return build_cube(archive, archive.grid(region).window(region), archive.period, archive.bands)


def make_map(
    product: Product[Any], out: Path, *, kind: str = "plain", layers: Sequence[str] = (), **inputs: Any
) -> list[float]:
    """Make a product of a small cube; return the progress that was reported."""
    shares: list[float] = []
    checkpoint = find_fake_checkpoint("", product.task, Settings())
    order = DirectOrder(product=product, checkpoint=checkpoint, inputs=inputs, layers=layers)
    with tempfile.TemporaryDirectory() as folder:
        found = make(order, CubeSource(name="cube", whole=cube_of(kind)), Settings(), Path(folder), shares.append)
        write_result(found, out, layers)
    return shares


def test_a_tif_lies_on_the_grid_of_the_cube_and_has_all_layers(tmp_path: Path) -> None:
    shares = make_map(MAP, tmp_path / "new" / "map.tif")
    window = cube_of().window
    with rasterio.open(tmp_path / "new" / "map.tif") as raster:
        assert (raster.height, raster.width) == window.shape_yx
        assert raster.transform == window.transform
        assert raster.descriptions == ("class", "p_bare", "p_green", "clear_count")
        assert raster.tags()["LANDCAST_SIMULATED"] == "yes"
        assert raster.colormap(1)[1] == (40, 140, 60, 255)
    assert shares[-1] == 1.0
    names = sorted(p.name for p in (tmp_path / "new").iterdir())
    assert names == ["map.qlr", "map.qml", "map.tif", "map.tif.aux.xml"]


def test_layers_are_chosen_and_ordered(tmp_path: Path) -> None:
    make_map(MAP, tmp_path / "all.tif")
    make_map(MAP, tmp_path / "two.tif", layers=["clear_count", "p_green"])
    with rasterio.open(tmp_path / "all.tif") as whole, rasterio.open(tmp_path / "two.tif") as part:
        assert part.descriptions == ("clear_count", "p_green")
        assert np.array_equal(part.read(), whole.read([4, 3]))


def test_layers_are_chosen_for_cubes_too(tmp_path: Path) -> None:
    make_map(MAP, tmp_path / "map.nc", layers=["p_green", "class"])
    with xr.open_dataset(tmp_path / "map.nc") as cube:
        assert {"p_green", "class"} <= set(cube.data_vars)
        assert "p_bare" not in cube


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_cube_holds_the_pixels_of_the_tif(tmp_path: Path, ending: str) -> None:
    make_map(FORECAST, tmp_path / "forecast.tif")
    make_map(FORECAST, tmp_path / f"forecast{ending}")
    options: dict[str, Any] = {"engine": "zarr", "consolidated": False} if ending == ".zarr" else {}
    with (
        rasterio.open(tmp_path / "forecast.tif") as raster,
        xr.open_dataset(tmp_path / f"forecast{ending}", **options) as cube,
    ):
        assert cube.ndvi.dims == ("quantile", "time", "y", "x")
        day = str(cube.time.values[1])[:10]
        number = raster.descriptions.index(f"ndvi_{day}_q25") + 1
        values = raster.read(number, masked=True).astype(float).filled(np.nan) * raster.scales[number - 1]
        assert np.isfinite(values).any()
        np.testing.assert_allclose(cube.ndvi.sel(quantile=0.25).isel(time=1), values, atol=1e-7)


def test_what_stood_at_the_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "map.zarr").mkdir()
    (tmp_path / "map.zarr" / "old").touch()
    make_map(MAP, tmp_path / "map.zarr")
    assert not (tmp_path / "map.zarr" / "old").exists()


@pytest.mark.parametrize("ending", [".tif", ".nc", ".zarr"])
def test_a_cube_without_a_clear_observation_leaves_nothing(tmp_path: Path, ending: str) -> None:
    with pytest.raises(NoClearObservation):
        make_map(MAP, tmp_path / f"map{ending}", kind="cloudy")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_layer_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="p_bare"):
        make_map(MAP, tmp_path / "map.tif", layers=["p_blue"], fault=True)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="'class' is not a valid value of 'layers': it is named twice"):
        make_map(MAP, tmp_path / "map.tif", layers=["class", "p_green", "class"])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "map.tif").write_text("old")
    with pytest.raises(ZeroDivisionError):
        make_map(MAP, tmp_path / "map.tif", fault=True)
    assert (tmp_path / "map.tif").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def make_region(
    settings: Settings, out: Path, *, product: Product[Any] = MAP, layers: Sequence[str] = (), kind: str = "plain"
) -> list[float]:
    shares: list[float] = []
    checkpoint = find_fake_checkpoint("", product.task, settings)
    order = DirectOrder(product=product, checkpoint=checkpoint, layers=layers)
    source = RegionSource(
        archive=FakeArchive(kind, 32), region=parse_region(REGION), wanted=product.bands, reader=reader_from(settings)
    )
    with passing_folder(settings) as folder:
        write_result(make(order, source, settings, folder, shares.append), out, layers)
    return shares


def test_a_region_is_cut_along_its_polygon_and_equals_the_cube_inside(settings: Settings, tmp_path: Path) -> None:
    shares = make_region(settings, tmp_path / "map.tif")
    archive, region = FakeArchive("plain", 32), parse_region(REGION)
    window = archive.grid(region).window(region)
    cube = build_cube(archive, window, archive.period, archive.bands)
    options = parse(MAP, {}, available=archive.period)
    whole = render(MAP, cube, options, find_fake_checkpoint("", "fake", settings), lambda _: None)
    inside = window.mask(region)
    with rasterio.open(tmp_path / "map.tif") as raster:
        pixels = raster.read()
    assert np.array_equal(pixels[:, inside], whole.pixels[:, inside])
    assert (pixels[0][~inside] == 255).all()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_second_call_uses_the_tiles_of_the_first(settings: Settings, tmp_path: Path) -> None:
    make_region(settings, tmp_path / "map.tif")
    tiles = {p: p.stat().st_mtime_ns for p in (settings.home / "cache").rglob("*.tif")}
    make_region(settings, tmp_path / "map.nc")
    make_region(settings, tmp_path / "part.tif", layers=["p_green"])
    assert {p: p.stat().st_mtime_ns for p in (settings.home / "cache").rglob("*.tif")} == tiles
    with rasterio.open(tmp_path / "map.tif") as raster, rasterio.open(tmp_path / "part.tif") as part:
        assert np.array_equal(part.read(1), raster.read(3))
    with xr.open_dataset(tmp_path / "map.nc", mask_and_scale=False) as cube, rasterio.open(tmp_path / "map.tif") as tif:
        assert np.array_equal(cube["class"].values, tif.read(1))


def test_the_next_tile_of_a_region_is_read_while_one_is_rendered(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    second_is_built, waited = threading.Event(), []

    def build(recipe: Recipe, tile: Tile, *rest: Any) -> Cube:
        built.append(tile.key)
        if len(built) == 2:
            second_is_built.set()
        return build_tile(recipe, tile, *rest)

    def render_one(*given: Any) -> Path:
        if not waited:
            waited.append(second_is_built.wait(10))
        return render_cube(*given)

    monkeypatch.setattr("workers.direct.build_tile", build)
    monkeypatch.setattr("workers.direct.render_cube", render_one)
    make_region(settings, tmp_path / "map.tif")
    assert (waited, len(built) > 1) == ([True], True)
    assert [t for t in threading.enumerate() if t.name.startswith("ahead")] == []


def test_a_tile_that_cannot_be_read_ends_the_region_with_its_own_error(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def build(recipe: Recipe, tile: Tile, *rest: Any) -> Cube:
        built.append(tile.key)
        if len(built) == 2:
            raise ArchiveUnavailable("fake", "it does not answer")
        return build_tile(recipe, tile, *rest)

    monkeypatch.setattr("workers.direct.build_tile", build)
    with pytest.raises(ArchiveUnavailable, match="it does not answer"):
        make_region(settings, tmp_path / "map.tif")
    assert [t for t in threading.enumerate() if t.name.startswith("ahead")] == []
    assert list((settings.home / "work").iterdir()) == []


def test_a_region_without_a_clear_observation_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NoClearObservation):
        make_region(settings, tmp_path / "out" / "map.tif", kind="cloudy")
    assert not (tmp_path / "out").exists()
    assert list((settings.home / "work").iterdir()) == []


def test_strips_of_a_large_cube_are_the_pixels_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    product, checkpoint = find_product("canopy"), find_checkpoint("", "canopy", Settings())
    source = open_cube(write_cube(tmp_path / "cube.nc", dates=30), product.bands, Settings())
    order = DirectOrder(product=product, checkpoint=checkpoint, inputs={"mmu": 0.05})
    for name, strip in (("whole", 2**28), ("strips", 4 * source.shape_yx[1] * 5 * 2)):
        monkeypatch.setattr("workers.direct.STRIP_BYTES", strip)
        (tmp_path / name).mkdir()
        found = make(order, source, Settings(), tmp_path / name, lambda _: None)
        write_result(found, tmp_path / f"{name}.tif")
        assert isinstance(found, Result)
        assert isinstance(found.pixels, Path) == (name == "strips")
    with rasterio.open(tmp_path / "whole.tif") as whole, rasterio.open(tmp_path / "strips.tif") as strips:
        assert np.abs(whole.read().astype(int) - strips.read().astype(int)).max() <= 1
        assert whole.tags()["LANDCAST_PERIOD"] == strips.tags()["LANDCAST_PERIOD"]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_table_is_written_whole(tmp_path: Path, ending: str) -> None:
    table = pd.DataFrame({"sample_id": ["a", "b"], "p_crop": [0.25, np.nan]})
    write_table(table, tmp_path / f"out{ending}")
    back = pd.read_parquet(tmp_path / "out.parquet") if ending == ".parquet" else pd.read_csv(tmp_path / "out.csv")
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    assert len(list(tmp_path.iterdir())) == 1
