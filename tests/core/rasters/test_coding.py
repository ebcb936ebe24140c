"""What numbers in files stand for, with known values."""

from dataclasses import dataclass, replace

import numpy as np

from core.rasters.coding import Coding, coding_of


@dataclass(frozen=True)
class Opened:
    """What rasterio says of a file."""

    dtypes: tuple[str, ...]
    nodata: float | None
    scales: tuple[float, ...]
    offsets: tuple[float, ...]


def test_bytes_and_floats_of_earlier_files_are_the_values() -> None:
    floats = coding_of(Opened(("float32",), float("nan"), (1.0,), (0.0,)), 1)
    assert floats.is_plain
    assert floats.values(np.array([0.5, np.nan], np.float32)).tolist()[0] == 0.5
    codes = coding_of(Opened(("uint8",), 255, (1.0,), (0.0,)), 1)
    assert codes.is_plain
    assert codes.values(np.array([2, 255], np.uint8)).tolist()[0] == 2.0
    assert np.isnan(codes.values(np.array([2, 255], np.uint8))[1])


def test_scale_and_offset_are_those_of_the_band() -> None:
    opened = Opened(("int16", "int16"), -32768, (1e-4, 0.5), (0.0, 10.0))
    assert coding_of(opened, 1) == Coding(dtype="int16", nodata=-32768, scale=1e-4)
    second = coding_of(opened, 2)
    assert not second.is_plain
    assert second.values(np.array([4, -32768], np.int16)).tolist()[0] == 12.0
    assert coding_of(replace(opened, nodata=None), 2).values(np.array([-32768], np.int16)).tolist() == [-16374.0]


def test_whole_numbers_without_a_scale_have_nodata_all_the_same() -> None:
    count = Coding(dtype="int16", nodata=-32768)
    assert not count.is_plain
    assert np.isnan(count.values(np.array([-32768], np.int16))).all()
