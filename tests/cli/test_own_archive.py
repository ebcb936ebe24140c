"""The default archive of a service."""

from pathlib import Path

import pytest

from cli.own_archive import open_own_archive
from core.errors import UnknownArchive
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
