"""The default archive of a service."""

from pathlib import Path

import pytest
import xarray as xr

from cli.own_archive import open_own_archive
from core.errors import DoubtfulInput, UnknownArchive
from core.settings import Settings
from tests.cli.cubes import write_cube


def test_an_archive_of_the_settings_is_opened_without_a_word(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    found = open_own_archive(settings.but(archive=str(write_cube(tmp_path / "cube.nc", dates=4))))
    assert (found.name, found.bands[:2]) == ("cube", ("B02", "B03"))
    assert capsys.readouterr().out == ""


def test_before_the_sample_archive_is_opened_a_line_states_that_it_takes_a_minute(
    sample_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = open_own_archive(Settings(home=sample_home))
    assert found.is_simulated
    assert "which takes a minute" in capsys.readouterr().out


def test_an_unknown_archive_is_refused(settings: Settings) -> None:
    with pytest.raises(UnknownArchive, match="nowhere"):
        open_own_archive(settings.but(archive="nowhere"))


def test_what_the_archive_was_taken_for_is_printed_on_stderr_and_strict_refuses_a_doubt(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with xr.open_dataset(write_cube(tmp_path / "cube.nc", dates=4)) as cube:
        cube.drop_vars("clear").to_netcdf(tmp_path / "bare.nc")
    own = settings.but(archive=str(tmp_path / "bare.nc"))
    open_own_archive(own)
    assert "  Note: No cloud mask was found" in capsys.readouterr().err
    with pytest.raises(DoubtfulInput, match="--strict"):
        open_own_archive(own, is_strict=True)
