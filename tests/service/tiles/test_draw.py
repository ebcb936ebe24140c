"""Tiles against rasterio's own warp, from full size and from overviews, across the 180th meridian."""

from io import BytesIO
from pathlib import Path

import morecantile
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.transform import from_bounds
from rasterio.warp import Resampling, reproject, transform_bounds

from core.grid import Window
from core.product import Layer, Raster
from outputs.cog import write_cog
from service.preview import paint
from service.tiles.draw import clear_tile, draw_tile, tile_bounds
from service.tiles.readers import Readers
from service.tiles.zoom import pixel_at

NDVI = Layer(name="ndvi", description="NDVI", unit="1")
GRID = morecantile.tms.get("WebMercatorQuad")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COG of 1,500 x 1,500 pixels with overviews whose values rise to the east, on the 180th meridian."""
    path = tmp_path_factory.mktemp("large") / "map.tif"
    ramp = np.broadcast_to(np.linspace(0, 1, 1500, dtype=np.float32), (1, 1500, 1500)).copy()
    ramp[:, :100] = np.nan
    place = Affine(10, 0, 816_000, 0, -10, 8_000_000)  # UTM 60 S, Fiji
    window = Window(crs="EPSG:32760", transform=place, shape_yx=(1500, 1500))
    write_cog(Raster(layers=(NDVI,), pixels=ramp, window=window, nodata=np.nan), path, {})
    return path


def tile_of(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)))


@pytest.mark.parametrize("zoom", [14, 15, 18])
def test_a_tile_is_what_rasterio_warps(large: Path, zoom: int) -> None:
    with rasterio.open(large) as cog:
        west, south, _, north = transform_bounds(cog.crs, "EPSG:4326", *cog.bounds)
        t = GRID.tile(west + 0.02, (south + north) / 2, zoom)
        expected = np.full((256, 256), np.nan, np.float32)
        reproject(
            cog.read(1),
            expected,
            src_transform=cog.transform,
            src_crs=cog.crs,
            src_nodata=np.nan,
            dst_transform=from_bounds(*tile_bounds(t.z, t.x, t.y), 256, 256),
            dst_crs="EPSG:3857",
            resampling=Resampling.bilinear,
        )
    found = tile_of(draw_tile(large, NDVI, t.z, t.x, t.y))
    np.testing.assert_array_equal(found[..., 3] > 0, np.isfinite(expected))
    off = np.abs(found[..., :3].astype(int) - paint(expected, NDVI).astype(int))[np.isfinite(expected)]
    assert off.max() <= 2


def test_both_sides_of_the_180th_meridian_are_drawn(large: Path) -> None:
    with rasterio.open(large) as cog:
        west, south, east, north = transform_bounds(cog.crs, "EPSG:4326", *cog.bounds)
    assert west > 0 > east, "the map of this test crosses the meridian"
    for lon in (179.999, -179.999):
        t = GRID.tile(lon, (south + north) / 2, 12)
        assert tile_of(draw_tile(large, NDVI, t.z, t.x, t.y))[..., 3].any(), lon


def test_far_out_an_overview_is_read(large: Path) -> None:
    readers = Readers()
    assert readers.of(large).shape == (1500, 1500)
    assert readers.of(large, pixel_m=15).shape == (1500, 1500)
    assert readers.of(large, pixel_m=25).shape == (750, 750)
    assert max(readers.of(large, pixel_m=1e6).shape) < 750
    readers.close()


def test_tiles_lie_where_the_well_known_scale_set_has_them() -> None:
    for z, x, y in [(0, 0, 0), (5, 17, 11), (18, 140000, 90000)]:
        assert tile_bounds(z, x, y) == pytest.approx(tuple(GRID.xy_bounds(morecantile.Tile(x, y, z))), abs=1e-3)
    assert pixel_at(14, 0) == pytest.approx(9.554628535647032)
    assert pixel_at(14, tile_bounds(1, 0, 0)[3]) < 1


def test_nothing_is_clear() -> None:
    assert not tile_of(clear_tile()).any()
