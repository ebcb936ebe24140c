"""How the numbers of cube files are told, and what is done where they are doubtful."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.errors import DoubtfulNumbers, InvalidCube
from core.source import ReadAs
from ingest.cubes.read import open_cube, read_cube
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write

Change = Callable[[xr.Dataset], None]


def changed(path: Path, change: Change) -> Path:
    """Write our cube after a change of its pixels."""
    data = foreign.ours().astype(np.int32)
    data["SCL"] = data["SCL"].astype(np.uint8)
    change(data)
    return write(path, data)


def empty_dates(data: xr.Dataset) -> None:
    for band in foreign.BANDS:
        data[band].values[::2] = 0


def empty_middle(data: xr.Dataset) -> None:
    for band in foreign.BANDS:
        data[band].values[:, 3:21, 1:19] = 0


def edge_of_swath(data: xr.Dataset) -> None:
    for band in foreign.BANDS:
        data[band].values[:, :, :11] = 0


def lake(data: xr.Dataset) -> None:
    data["B11"].values[:] = 25
    data["B12"].values[:] = 18


def shaded_conifer(data: xr.Dataset) -> None:
    data["B02"].values[:] = 12


def slightly_negative_blue(data: xr.Dataset) -> None:
    data["B02"].values[:] = -20


@pytest.mark.parametrize(
    "change", [empty_dates, empty_middle, edge_of_swath, lake, shaded_conifer, slightly_negative_blue]
)
def test_true_pixels_however_dark_or_empty_are_no_reason_to_refuse(change: Change, tmp_path: Path) -> None:
    cube = read_cube(changed(tmp_path / "cube.nc", change))
    own = read_cube(write(tmp_path / "own.nc", foreign.ours()))
    assert cube.optical == own.optical
    seen = np.isfinite(cube.data["B08"].values)
    np.testing.assert_allclose(cube.data["B08"].values[seen], own.data["B08"].values[seen], atol=1e-6)


def test_a_dark_band_with_a_stated_scale_stays(tmp_path: Path) -> None:
    data = foreign.ours()
    data["B12"] = (data["B12"].dims, np.full(foreign.clouds().shape, 18, np.uint16))
    for band in foreign.BANDS:
        data[band].attrs["scale_factor"] = 1e-4
    cube = read_cube(write(tmp_path / "cube.nc", data))
    assert np.nanmedian(cube.data["B12"].values) == pytest.approx(0.0018)


def test_a_band_with_other_numbers_is_left_out_with_a_line_and_the_cube_stays(tmp_path: Path) -> None:
    def temperature(data: xr.Dataset) -> None:
        data["B11"].values[:] = 39_000

    file = open_cube(changed(tmp_path / "cube.nc", temperature))
    assert "B11" not in file.bands
    assert "B12" in file.bands
    assert any(remark.startswith("'B11' (B11) was left out: 100%") for remark in file.summary.remarks)


def test_red_with_other_numbers_is_refused_by_its_name(tmp_path: Path) -> None:
    def scale(data: xr.Dataset) -> None:
        data["B04"].values[:] = 39_000

    with pytest.raises(InvalidCube, match=r"'B04' \(B04\) cannot be used"):
        read_cube(changed(tmp_path / "cube.nc", scale))


def test_a_scale_that_is_stated_for_reflectances_is_refused(tmp_path: Path) -> None:
    data = foreign.ours()
    for band in foreign.BANDS:
        data[band] = (data[band].dims, data[band].values / np.float32(1e4), {"scale_factor": 1e-4})
    with pytest.raises(InvalidCube, match=r"reflectances reach only .* correct its attribute scale_factor"):
        read_cube(write(tmp_path / "cube.nc", data))


@pytest.mark.parametrize(("factor", "kind"), [(1e-2, np.float32), (0.025, np.uint8)])
def test_percent_and_colours_are_refused(factor: float, kind: type, tmp_path: Path) -> None:
    data = foreign.ours()
    scaled = {b: (data[b] * factor).astype(kind) for b in foreign.BANDS}
    with pytest.raises(InvalidCube, match=r"neither 0 to 1 nor 0 to 10,000|8 bits a band"):
        read_cube(write(tmp_path / "cube.nc", data.assign(scaled)))


@pytest.mark.parametrize("fill", [-9999, -32768, 0, -10000])
def test_numbers_of_no_data_that_nobody_states_are_unseen(fill: int, tmp_path: Path) -> None:
    def hide(data: xr.Dataset) -> None:
        for band in foreign.BANDS:
            data[band].values[1, 5:9, 10:12] = fill

    path = changed(tmp_path / "cube.nc", hide)
    cube = read_cube(path)
    assert np.isnan(cube.data["B08"].values[1]).sum() == 8
    assert open_cube(path).summary.remarks == ()


def test_dates_in_reflectance_among_digital_numbers_are_refused(tmp_path: Path) -> None:
    data = foreign.ours()
    for band in foreign.BANDS:
        values = data[band].values.astype(np.float32)
        values[::2] /= 1e4
        data[band] = (data[band].dims, values)
    with pytest.raises(InvalidCube, match="0 to 1 on some dates"):
        read_cube(write(tmp_path / "cube.nc", data))


@pytest.mark.parametrize(
    ("name", "codes", "reason"),
    [
        ("clp", (0.1, 0.9), "--mask clp=share"),
        ("clp", (3, 90), "--mask clp=percent"),
        ("cloud_probability", (0.1, 0.9), "--mask cloud_probability=share"),
        ("cs_cdf", (90, 10), "divide it by 100"),
        ("QA60", (0, 1), "--mask QA60=cloud"),
        ("cloud_mask", (1, 2), "'cloud_mask' calls nothing clear: its numbers are 1, 2"),
        ("SCL", (1, 0), "'SCL' calls nothing clear: its numbers are 0, 1"),
        ("SCL", (40, 90), "'SCL' calls nothing clear: its numbers are 40, 90"),
    ],
)
def test_a_mask_in_another_unit_is_refused_with_what_settles_it(
    name: str, codes: tuple[float, float], reason: str, tmp_path: Path
) -> None:
    stored = np.where(foreign.clouds(), codes[1], codes[0])
    data = foreign.ours().drop_vars("SCL").assign({name: (("time", "y", "x"), stored.astype(np.float32))})
    path = write(tmp_path / "cube.nc", data)
    with pytest.raises(DoubtfulNumbers, match=reason):
        read_cube(path)
    word = reason.split("=")[-1] if "=" in reason else "none"
    assert read_cube(path, read_as=ReadAs(mask=f"{name}={word}" if "=" in reason else word)).optical


def test_a_mask_of_texts_is_refused(tmp_path: Path) -> None:
    words = np.where(foreign.clouds(), "cloud", "clear").astype(object)
    data = foreign.ours().drop_vars("SCL").assign(cloud_mask=(("time", "y", "x"), words))
    with pytest.raises(DoubtfulNumbers, match="holds texts, not codes"):
        read_cube(write(tmp_path / "cube.nc", data))


def test_ndvi_that_may_be_in_thousandths_is_refused(tmp_path: Path) -> None:
    index = np.full(foreign.clouds().shape, 794, np.int16)
    data = foreign.ours().drop_vars([*foreign.BANDS]).assign(NDVI=(("time", "y", "x"), index))
    with pytest.raises(InvalidCube, match="reach only 794; state their scale"):
        read_cube(write(tmp_path / "cube.nc", data))
