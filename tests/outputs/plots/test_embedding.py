"""The picture of an embedding: principal components of the seen pixels."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from core.product import Layer
from outputs.cog import plain_raster
from outputs.plots.embedding import principal_components, write_embedding_picture
from outputs.plots.quicklook import UNSEEN
from tests.outputs.rasters import WINDOW, origin

TAGS = {**origin().tags(), "LANDCAST_LAYER": "last", "LANDCAST_DATE": "2022-05-01"}


def written(path: Path, values: np.ndarray) -> Path:
    layers = [Layer(name=f"e{n:03d}", description="") for n in range(len(values))]
    with plain_raster(path, layers, WINDOW, dtype="float32", nodata=np.nan) as out:
        out.write(values.astype(np.float32))
    return path


def two_halves() -> np.ndarray:
    """Five dimensions: the left half differs from the right one along (0.6, 0.8, 0, 0, 0); a corner is unseen."""
    rng = np.random.default_rng(8)
    values = rng.normal(0, 0.01, (5, *WINDOW.shape_yx))
    values[0, :, :45] += 6
    values[1, :, :45] += 8
    values[:, :3, :5] = np.nan
    return values


def test_the_first_component_is_the_direction_in_which_pixels_differ_most(tmp_path: Path) -> None:
    with rasterio.open(written(tmp_path / "e.tif", two_halves())) as raster:
        found = principal_components(raster)
    np.testing.assert_allclose(found.axes[0], [0.6, 0.8, 0, 0, 0], atol=0.01)
    assert found.shares[0] > 0.99


def test_the_halves_have_different_colours_and_the_unseen_corner_is_grey(tmp_path: Path) -> None:
    write_embedding_picture(written(tmp_path / "e.tif", two_halves()), tmp_path / "e.png", TAGS)
    with Image.open(tmp_path / "e.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    middle = pixels[pixels.shape[0] // 2]
    left, right = middle[len(middle) // 4], middle[3 * len(middle) // 4]
    assert left[0] - right[0] > 150
    assert (np.abs(pixels - np.array(UNSEEN) * 255).max(axis=2) < 1).sum() > 500


def test_pixels_that_are_all_alike_have_no_components(tmp_path: Path) -> None:
    with rasterio.open(written(tmp_path / "e.tif", np.ones((4, *WINDOW.shape_yx)))) as raster:
        found = principal_components(raster)
    assert found.shares.tolist() == pytest.approx([0, 0, 0])
