"""Pooled maps: the same pixels from a file, from tiles of any size, from strips, and in every order of a place."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box, mapping

from core.bands import OPTICAL_NAMES
from core.product import Raster
from core.region import WGS84, reproject
from core.settings import Settings
from ingest.source import CubeSource, open_source
from outputs.cog import open_cog
from products.catalogue import find_product
from tests.cli.cubes import BANDS, write_cube
from tests.products.forecasters import forecaster
from workers import direct
from workers.assemble import Result
from workers.direct import DirectOrder, make

SHAPE_YX = (44, 38)


@cache
def order() -> DirectOrder:
    """Return the order of all tests; the forecaster is written when the first of them runs."""
    return DirectOrder(
        product=find_product("ndvi-forecast"),
        checkpoint=forecaster(),
        inputs={"pooled": True, "horizon": "20d", "step": "10d"},
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cube(tmp_path_factory.mktemp("pooled") / "cube.nc", dates=25, shape_yx=SHAPE_YX, bands=BANDS)


def pixels_of(found: object) -> dict[str, np.ndarray]:
    assert isinstance(found, Result)
    raster = found.pixels if isinstance(found.pixels, Raster) else open_cog(found.pixels)
    values = raster.pixels if isinstance(raster, Raster) else [raster.read(v.name) for v in found.layers]
    return {layer.name: np.asarray(v) for layer, v in zip(found.layers, values, strict=True)}


def of_file(path: Path, folder: Path) -> dict[str, np.ndarray]:
    source = open_source(path, bands=OPTICAL_NAMES, settings=Settings(home=folder))
    return pixels_of(make(order(), source, Settings(home=folder), folder, lambda _: None))


def of_region(path: Path, folder: Path, tile_size: int, rows: slice, columns: slice) -> dict[str, np.ndarray]:
    settings = Settings(home=folder, tile_size=tile_size)
    cube = open_source(path, bands=OPTICAL_NAMES, settings=settings)
    assert isinstance(cube, CubeSource)
    west, _, _, north = cube.whole.window.bounds
    shape = box(
        west + 10 * columns.start, north - 10 * rows.stop, west + 10 * columns.stop, north - 10 * rows.start
    ).buffer(-1)
    aoi = dict(mapping(reproject(shape, cube.whole.window.crs, WGS84)))
    source = open_source(None, region=aoi, archive=str(path), bands=OPTICAL_NAMES, settings=settings)
    return pixels_of(make(order(), source, settings, folder, lambda _: None))


@pytest.mark.parametrize(
    ("tile_size", "rows", "columns"),
    [
        (128, slice(0, 44), slice(0, 38)),
        (20, slice(0, 44), slice(0, 38)),
        (128, slice(30, 37), slice(3, 12)),
        (24, slice(30, 37), slice(3, 12)),
    ],
)
def test_a_region_shows_the_pixels_of_the_file_however_it_is_tiled(
    path: Path, tmp_path: Path, tile_size: int, rows: slice, columns: slice
) -> None:
    whole = of_file(path, tmp_path / "file")
    part = of_region(path, tmp_path / "region", tile_size, rows, columns)
    assert len(set(np.unique(whole["pooled_over"]))) > 1
    for name, values in part.items():
        np.testing.assert_allclose(values, whole[name][rows, columns], atol=2e-5, err_msg=name)


def test_strips_show_the_pixels_of_the_whole(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = of_file(path, tmp_path)
    monkeypatch.setattr(direct, "STRIP_BYTES", 10_000)
    strips = of_file(path, tmp_path)
    for name, values in strips.items():
        np.testing.assert_allclose(values, whole[name], atol=2e-5, err_msg=name)


def test_a_pooled_map_states_that_it_is(path: Path, tmp_path: Path) -> None:
    source = open_source(path, bands=OPTICAL_NAMES, settings=Settings(home=tmp_path))
    found = make(order(), source, Settings(home=tmp_path), tmp_path, lambda _: None)
    assert isinstance(found, Result)
    assert found.origin.params["pooled"] is True
    assert [v.variable for v in found.layers][-2:] == ["pooled_over", "clear_count"]
