"""Cube files opened."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import xarray as xr

from core.errors import InvalidCube
from ingest.cubes.open_file import RemoteCube, errors_of, opened
from tests.ingest.cubes import foreign
from tests.ingest.cubes.cube_files import cube_dataset, write_cube


def refusal(path: Path | RemoteCube) -> str:
    with pytest.raises(InvalidCube) as caught, opened(path):
        pass
    return str(caught.value)


def test_what_is_no_cube_is_refused_by_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("time,y,x")
    (tmp_path / "empty.zarr").mkdir()
    assert "not a readable NetCDF file" in refusal(tmp_path / "text.nc")
    assert "a folder but not a Zarr store" in refusal(tmp_path / "empty.zarr")
    assert "there is no such file" in refusal(tmp_path / "none.nc")


def test_groups_of_a_product_are_joined_with_coarse_pixels_on_axes_of_their_own(tmp_path: Path) -> None:
    foreign.write_eopf(tmp_path / "product.zarr")
    with opened(tmp_path / "product.zarr") as data:
        assert data["b04"].dims == ("y", "x")
        assert data["b11"].dims == ("y_r20m", "x_r20m")
        assert data["scl"].dims == ("y_r20m", "x_r20m")
        assert data.attrs["crs"] == "EPSG:32633"
        assert data.attrs["datetime"].startswith("2021-04-06")


def test_a_cube_elsewhere_is_opened_by_its_function(tmp_path: Path) -> None:
    class Unreachable(Exception):
        pass

    def fail() -> xr.Dataset:
        raise Unreachable

    path = write_cube(tmp_path / "a.nc", cube_dataset())
    place = RemoteCube(
        url="https://example.org/cubes/a.zarr/", open_dataset=lambda: xr.open_dataset(path), errors=(Unreachable,)
    )
    with opened(place) as data:
        assert "B04" in data
    assert (place.name, place.stem) == ("a.zarr", "a")
    gone = RemoteCube(url="https://example.org/b.zarr", open_dataset=fail, errors=(Unreachable,))
    assert "not a readable Zarr store" in refusal(gone)
    assert errors_of(gone, OSError) == (OSError, Unreachable)
    assert errors_of(path, OSError) == (OSError,)


def test_several_threads_may_open_and_read_cubes_at_once(tmp_path: Path) -> None:
    write_cube(tmp_path / "a.nc")

    def read(_number: int) -> float:
        with opened(tmp_path / "a.nc") as data:
            return float(data["B04"].sum())

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(read, range(60)))) == 1
