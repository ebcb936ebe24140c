"""Masks whose codes mean the opposite of their name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from core.bands import channel
from core.errors import InvalidCube, InvalidTable
from core.source import ReadAs
from ingest.cubes.read import read_cube
from ingest.rules.mask_check import check_mask
from ingest.rules.masks import find_mask
from ingest.tables import read_table
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write


def bright_clouds(name: str, clear: int, cloud: int) -> xr.Dataset:
    """Return our cube with clouds that reflect 0.5 and a mask of a name and codes."""
    data = foreign.ours().drop_vars("SCL")
    for band in foreign.BANDS:
        data[band] = (data[band].dims, np.where(foreign.clouds(), 5000, data[band].values))
    return data.assign({name: (("time", "y", "x"), foreign.coded(clear, cloud))})


@pytest.mark.parametrize(
    ("name", "clear", "cloud", "word"), [("cloud_mask", 1, 0, "clear"), ("clear_mask", 0, 1, "cloud")]
)
def test_a_mask_that_is_turned_round_is_refused_and_can_be_settled(
    name: str, clear: int, cloud: int, word: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "cube.nc", bright_clouds(name, clear, cloud))
    with pytest.raises(InvalidCube, match=f"meant the opposite; give --mask {name}={word},"):
        read_cube(path)
    cube = read_cube(path, read_as=ReadAs(mask=f"{name}={word}"))
    assert np.isnan(cube.data["B04"].values[foreign.clouds()]).all()
    assert np.nanmax(cube.data["B04"].values) < 0.2


@pytest.mark.parametrize(("name", "clear", "cloud"), [("cloud_mask", 0, 1), ("clear_mask", 1, 0), ("SCL", 4, 9)])
def test_a_mask_that_hides_the_bright_part_is_used(name: str, clear: int, cloud: int, tmp_path: Path) -> None:
    cube = read_cube(write(tmp_path / "cube.nc", bright_clouds(name, clear, cloud)))
    assert np.nanmax(cube.data["B04"].values) < 0.2


def test_documented_codes_are_believed_on_snow() -> None:
    mask = find_mask(["SCL"])
    assert mask is not None
    snow = np.where(foreign.clouds(), 0.1, 0.6).astype(np.float32)
    check_mask(mask, snow, foreign.clouds())


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize(("name", "clear", "cloud", "word"), [("cloud", 1, 0, "clear"), ("clear", 0, 1, "cloud")])
def test_a_column_that_is_turned_round_is_refused_and_can_be_settled(
    name: str, clear: int, cloud: int, word: str, scale: float, tmp_path: Path
) -> None:
    is_cloud = np.arange(24) % 4 == 2
    table = pd.DataFrame({"series_id": "a", "time": pd.date_range("2021-01-05", periods=24, freq="15D")})
    table["B04"], table["B08"] = np.where(is_cloud, 0.51, 0.06) * scale, np.where(is_cloud, 0.52, 0.35) * scale
    path = tmp_path / "t.csv"
    table.assign(**{name: np.where(is_cloud, cloud, clear)}).to_csv(path, index=False)
    with pytest.raises(InvalidTable, match=f"meant the opposite; give --mask {name}={word}, or --mask {name}="):
        read_table(path)
    settled = read_table(path, read_as=ReadAs(mask=f"{name}={word}"))
    assert np.nanmax(settled.series.values[..., channel("B04")]) < 0.1
    table.assign(**{name: np.where(is_cloud, clear, cloud)}).to_csv(path, index=False)
    assert np.nanmax(read_table(path).series.values[..., channel("B04")]) < 0.1
