"""Cube files as archives."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import DoubtfulNumbers, InvalidCube, MissingBand, ReadFailed
from core.region import Region
from ingest.build.cube import build_cube
from ingest.cubes.archive import CubeArchive, open_cube_archive
from ingest.cubes.read import read_cube
from ingest.io.fingerprint import fingerprint
from tests.ingest.cubes import foreign
from tests.ingest.cubes.cube_files import RADAR_DATES, ROWS, cube_dataset, stack, write_cube
from tests.ingest.cubes.test_foreign import write
from tests.ingest.cubes.test_offset_check import with_offset


def region_of(archive: CubeArchive) -> Region:
    return Region(geometry=archive.footprint)


def write_with_radar(path: Path) -> Path:
    data = cube_dataset(VV=(("time_s1", "y", "x"), -stack(12, dates=2)))
    return write_cube(path, data.assign_coords(time_s1=RADAR_DATES))


def test_tiles_put_together_are_the_file(tmp_path: Path) -> None:
    path = write_with_radar(tmp_path / "a.nc")
    archive = open_cube_archive(path, tile_size=4)
    whole = read_cube(path)
    grid = archive.grid(region_of(archive))
    assert grid.origin_xy == (0, 0)
    found = np.full_like(whole.data["B04"].values, np.nan)
    for tile in grid.tiles(region_of(archive)):
        cube = build_cube(archive, tile.window, archive.period, archive.bands)
        row, column = cube.window.offset_in(whole.window)
        inside = [(y, x) for y in range(4) for x in range(4) if 0 <= row + y < ROWS and 0 <= column + x < 9]
        for y, x in inside:
            found[:, row + y, column + x] = cube.data["B04"].values[:, y, x]
        assert np.isfinite(cube.data["B04"].values[0]).sum() == len(inside)
        assert np.isfinite(cube.data["VV"].values[0]).sum() == len(inside)
    np.testing.assert_array_equal(found, whole.data["B04"].values)


def test_pixels_off_the_utm_lattice_give_a_grid_of_their_own(tmp_path: Path) -> None:
    data = cube_dataset()
    path = write_cube(tmp_path / "a.nc", data.assign_coords(x=data.x + 3, y=data.y - 4))
    archive = open_cube_archive(path, tile_size=4)
    assert archive.grid(region_of(archive)).origin_xy == (3.0, 6.0)
    tile = archive.grid(region_of(archive)).tiles(region_of(archive))[0]
    row, column = tile.window.offset_in(read_cube(path).window)
    cube = build_cube(archive, tile.window, archive.period, archive.bands)
    assert cube.data["B04"].values[0, -row, -column] == stack(0.05)[0, 0, 0]


def test_a_folder_skips_and_logs_files_that_are_no_cube(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_cube(tmp_path / "good.nc")
    write_cube(tmp_path / "no_red.nc", cube_dataset(B04=None))
    (tmp_path / "text.nc").write_text("text")
    (tmp_path / "README.txt").write_text("text")
    with caplog.at_level(logging.WARNING, "ingest"):
        archive = open_cube_archive(tmp_path, tile_size=16)
    assert sorted(r.getMessage().split()[1] for r in caplog.records) == ["file=no_red.nc", "file=text.nc"]
    assert archive.name == tmp_path.name
    assert (
        len(archive.search(archive.grid(region_of(archive)).tiles(region_of(archive))[0].window, archive.period)) == 3
    )


def test_two_files_of_one_lattice_are_one_archive(tmp_path: Path) -> None:
    data = cube_dataset()
    write_cube(tmp_path / "west.nc", data)
    write_cube(tmp_path / "east.nc", data.assign_coords(x=data.x + 90))
    archive = open_cube_archive(tmp_path, tile_size=32)
    window = archive.grid(region_of(archive)).window(region_of(archive))
    cube = build_cube(archive, window, archive.period, ("B04", "B08"))
    row, column = read_cube(tmp_path / "west.nc").window.offset_in(window)
    np.testing.assert_array_equal(
        cube.data["B04"].values[:, row : row + ROWS, column : column + 18], np.tile(stack(0.05), 2)
    )


def test_a_file_on_another_lattice_is_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = cube_dataset()
    write_cube(tmp_path / "fine.nc", data)
    corner = float(data.x[0]), float(data.y[0])
    coarse = data.assign_coords(
        x=corner[0] + 20 * np.arange(data.sizes["x"]), y=corner[1] - 20 * np.arange(data.sizes["y"])
    )
    write_cube(tmp_path / "coarse.nc", coarse)
    archive = open_cube_archive(tmp_path, tile_size=32)
    window = read_cube(tmp_path / "fine.nc").window
    with caplog.at_level(logging.WARNING, "ingest"):
        scenes = archive.search(window, archive.period)
    assert {s.properties["file"] for s in scenes} == {"fine.nc"}
    assert [r.getMessage() for r in caplog.records] == [
        f"left_out_other_lattice archive={tmp_path.name} file=coarse.nc"
    ]


def test_a_folder_with_one_bad_cube_reports_its_error(tmp_path: Path) -> None:
    write_cube(tmp_path / "a.nc", cube_dataset(B04=None))
    with pytest.raises(MissingBand, match="B04"):
        open_cube_archive(tmp_path, tile_size=16)


def test_a_folder_without_cubes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCube, match="no cube file"):
        open_cube_archive(tmp_path, tile_size=16)


def test_pixels_that_are_not_square_are_refused_as_archive(tmp_path: Path) -> None:
    data = cube_dataset()
    path = write_cube(tmp_path / "a.nc", data.assign_coords(x=float(data.x[0]) + 20.0 * np.arange(9)))
    with pytest.raises(InvalidCube, match="not square"):
        open_cube_archive(path, tile_size=16)


def test_a_file_that_goes_away_is_a_failed_read(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "a.nc")
    archive = open_cube_archive(path, tile_size=16)
    window = archive.grid(region_of(archive)).tiles(region_of(archive))[0].window
    path.unlink()
    cube = build_cube(archive, window, archive.period, archive.bands)
    assert len(cube.failures) == 3
    with pytest.raises(ReadFailed):
        archive.read(archive.search(window, archive.period)[0], window, ("B04",))


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "a.nc")
    before = fingerprint(path)
    assert fingerprint(path) == before == open_cube_archive(path, tile_size=8).fingerprint
    os.utime(path, ns=(1, 1))
    assert fingerprint(path) != before


def test_radar_is_read_as_linear_power_and_pixels_are_masked_already(tmp_path: Path) -> None:
    archive = open_cube_archive(write_with_radar(tmp_path / "a.nc"), tile_size=16)
    window = archive.grid(region_of(archive)).window(region_of(archive))
    radar = next(s for s in archive.search(window, archive.period) if s.sensor == "s1")
    reading = archive.read(radar, window, ("VV",))
    decibel = read_cube(tmp_path / "a.nc").data["VV"].values[0]
    np.testing.assert_allclose(reading.values["VV"], 10 ** (decibel / 10), rtol=1e-5)
    assert (reading.is_masked, reading.mask, radar.version) == (True, None, archive.fingerprint)
    assert (archive.is_cached, archive.abilities.sensors) == (False, ("s2", "s1"))


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["worldcereal_patches/00002806639B424A.nc", "worldcereal_patches", "fordead_conifer_cube"]
)
def test_real_cubes_serve_as_archives(real_data: Path, name: str) -> None:
    archive = open_cube_archive(real_data / name, tile_size=64)
    tile = archive.grid(region_of(archive)).tiles(region_of(archive))[0]
    cube = build_cube(archive, tile.window, archive.period, ("B04", "B08", "VV"))
    assert not cube.failures
    assert np.isfinite(cube.ndvi()).any()


def test_a_doubtful_file_among_others_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.nc", foreign.ours())
    write(tmp_path / "b.nc", with_offset())
    archive = open_cube_archive(tmp_path, tile_size=16)
    window = archive._files["b.nc"].layout.window
    scene = next(s for s in archive.search(window, archive.period) if s.properties["file"] == "b.nc")
    with pytest.raises(DoubtfulNumbers, match=r"read b\.nc by itself"):
        archive.read(scene, window, ("B04", "B08"))
