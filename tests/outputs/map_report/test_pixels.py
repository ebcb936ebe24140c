import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outputs.cog import open_cog
from outputs.map_report.pixels import median_of, shares_between, step_of, values
from tests.outputs.map_report.maps import TINY, finished


def test_of_a_large_map_every_so_many_th_pixel_is_looked_at(tmp_path: Path) -> None:
    raster = open_cog(finished(tmp_path, "crop"))
    assert step_of(raster) == 1
    assert step_of(replace(raster, window=replace(raster.window, shape_yx=(20_000, 20_000)))) == 10
    assert values(raster, raster.layers[0], step=10).shape == (12, 15)


def test_values_are_scaled_and_nodata_is_nan(tmp_path: Path) -> None:
    raster = open_cog(finished(tmp_path, "crop"))
    count = values(raster, raster.layers[-1])
    assert np.isnan(count[:20, :30]).all()
    half = replace(raster, codings=tuple(replace(coding, scale=0.5) for coding in raster.codings))
    np.testing.assert_array_equal(values(half, raster.layers[-1]), count / 2)


def test_shares_of_values_between_edges_leave_out_what_is_unseen() -> None:
    found = np.array([[0.1, 0.5, 0.9], [np.nan, 0.5, 1.0]], np.float32)
    assert shares_between(found, (0.5, 0.9)) == pytest.approx([0.2, 0.4, 0.4])
    assert all(math.isnan(s) for s in shares_between(np.full((2, 2), np.nan, np.float32), (0.5,)))


def test_the_median_of_nothing_is_not_defined(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    raster = open_cog(finished(tmp_path, "crop", is_unseen=True))
    assert math.isnan(median_of(raster, raster.layers[0]))
    tiny = open_cog(finished(tmp_path / "tiny", "crop", window=TINY))
    assert median_of(tiny, tiny.layers[-1]) == 0
