"""Sparse samples of rasters."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from ingest.rasters.sample import choose_spread, read_spread
from tests.ingest.rasters.layouts import one


@pytest.mark.parametrize(("shape", "is_in_blocks"), [((40, 50), False), ((700, 900), False), ((1100, 1500), True)])
def test_a_sample_is_spread_over_the_whole_raster(tmp_path: Path, shape: tuple[int, int], is_in_blocks: bool) -> None:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    path = one(tmp_path / "a.tif", (rows * 3 // shape[0] * 10 + columns * 3 // shape[1]).astype(np.uint8))
    with rasterio.open(path) as raster:
        spread = choose_spread(raster, 1)
        found = read_spread(raster, 1, spread)
    assert spread.is_in_blocks == is_in_blocks
    assert found.shape == (min(96, shape[0]), min(96, shape[1]))
    assert set(np.unique(found)) == {0, 1, 2, 10, 11, 12, 20, 21, 22}


def test_overviews_are_used_where_there_are_some(tmp_path: Path) -> None:
    path = one(tmp_path / "a.tif", np.full((1100, 1500), 7, np.uint8))
    with rasterio.open(path, "r+") as raster:
        raster.build_overviews([2, 4])
    with rasterio.open(path) as raster:
        spread = choose_spread(raster, 1)
        assert not spread.is_in_blocks
        assert (read_spread(raster, 1, spread) == 7).all()
