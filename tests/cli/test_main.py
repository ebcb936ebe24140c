"""Every wrong input of the command line: one sentence on stderr, exit code 2, nothing left behind."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import main as cli
from cli.main import run_command
from tests.cli.cubes import NORTH, WEST, square, write_cube, write_series
from tests.cli.said import other_lines

BOW_TIE = {"type": "Polygon", "coordinates": [[[15, 47.84], [15.01, 47.85], [15.01, 47.84], [15, 47.85], [15, 47.84]]]}
EMPTY = {"type": "Polygon", "coordinates": []}
FLAT = {"type": "Polygon", "coordinates": [[[15, 47], [15, 48], [15, 47]]]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Current folder of the command, with a home folder of its own in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused; return its sentence, after checking that no file has come or gone."""

    def run(*arguments: object) -> str:
        before = sorted(folder.iterdir())
        code = run_command([str(a) for a in arguments])
        printed = capsys.readouterr()
        assert code == cli.WRONG_INPUT, printed.err
        assert sorted(p for p in folder.iterdir() if p.name != "home") == [p for p in before if p.name != "home"]
        assert printed.out == ""
        lines = other_lines(printed.err)
        assert len(lines) == 1, printed.err
        assert lines[0].startswith("Error: ")
        assert "Traceback" not in printed.err
        return lines[0]

    return run


def save(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def test_a_text_file_named_nc_is_no_cube(refused: Callable[..., str], folder: Path) -> None:
    (folder / "notes.nc").write_text("These are not pixels.\n" * 100)
    assert "cannot be read as a cube" in refused("canopy", "notes.nc", "-o", "out.tif")


def test_a_home_that_is_a_file_is_refused_with_its_setting(
    refused: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cube(folder / "cube.nc", dates=30)
    (folder / "notes.txt").write_text("no folder")
    monkeypatch.setenv("LANDCAST_HOME", str(folder / "notes.txt"))
    assert "'LANDCAST_HOME': no folder can be made there" in refused("crop", "cube.nc", "-o", "out.tif")


def test_ctrl_c_ends_with_one_word_and_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "make_app", interrupt)
    assert run_command(["crop"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == "Interrupted.\n"


@pytest.mark.parametrize(("left_out", "named"), [("B04", "red"), ("B08", "near infrared")])
@pytest.mark.parametrize("command", ["forecast", "canopy", "crop"])
def test_a_cube_without_ndvi_is_refused_with_the_missing_band(
    refused: Callable[..., str], folder: Path, command: str, left_out: str, named: str
) -> None:
    write_cube(folder / "cube.nc", bands=[b for b in ("B02", "B03", "B04", "B08") if b != left_out], dates=4)
    assert named in refused(command, "cube.nc", "-o", "out.tif")


def test_a_cube_without_a_clear_observation_is_refused(refused: Callable[..., str], folder: Path) -> None:
    write_cube(folder / "cube.nc", clear=0.0, dates=6)
    assert "no clear observation" in refused("crop", "cube.nc", "-o", "out.tif")


def test_a_period_that_the_cube_does_not_cover_holds_no_clear_observation(
    refused: Callable[..., str], folder: Path
) -> None:
    write_cube(folder / "cube.nc", dates=6)
    printed = refused("crop", "cube.nc", "--period", "2031-01-01/2031-12-31", "-o", "out.nc")
    assert "no clear observation" in printed


def test_a_reversed_period_is_refused(refused: Callable[..., str], folder: Path) -> None:
    write_cube(folder / "cube.nc", dates=6)
    write_series(folder / "series.csv")
    for source, out in (("cube.nc", "out.tif"), ("series.csv", "out.csv")):
        assert "ends before it starts" in refused("crop", source, "--period", "2020-06-01/2020-01-01", "-o", out)


@pytest.mark.parametrize(
    ("polygon", "reason"), [(BOW_TIE, "crosses itself"), (EMPTY, "empty"), (FLAT, ""), ({"type": "Point"}, "")]
)
def test_a_region_without_a_usable_polygon_is_refused(
    refused: Callable[..., str], folder: Path, polygon: dict[str, Any], reason: str
) -> None:
    write_cube(folder / "cube.nc", dates=4)
    save(folder / "aoi.geojson", polygon)
    printed = refused("canopy", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "out.tif")
    assert "region is not usable" in printed
    assert reason in printed


def test_a_region_outside_the_archive_is_refused_with_the_bounds_of_the_archive(
    refused: Callable[..., str], folder: Path
) -> None:
    write_cube(folder / "cube.nc", dates=4)
    save(folder / "aoi.geojson", square(3.0, 50.0))
    for command in (("canopy", "-o", "out.tif"), ("run", "--results", "out")):
        printed = refused(*command, "--region", "aoi.geojson", "--archive", "cube.nc")
        assert "outside the archive" in printed
        assert "15.0" in printed


def test_an_unknown_archive_model_and_product_are_named(refused: Callable[..., str], folder: Path) -> None:
    write_cube(folder / "cube.nc", dates=4)
    save(folder / "aoi.geojson", square(15.0, 47.85))
    assert "no archive" in refused("crop", "--region", "aoi.geojson", "--archive", "nowhere", "-o", "out.tif")
    assert "no model 'nobody'" in refused("crop", "cube.nc", "--model", "nobody", "-o", "out.tif")
    assert "wheat" in refused("wheat", "cube.nc", "-o", "out.tif")


@pytest.mark.parametrize(
    "arguments",
    [
        ("canopy", "-o", "out.tif"),
        ("canopy", "cube.nc"),
        ("canopy", "cube.nc", "--region", "aoi.geojson", "-o", "out.tif"),
        ("canopy", "cube.nc", "--archive", "sample", "-o", "out.tif"),
        ("canopy", "missing.nc", "-o", "out.tif"),
        ("canopy", "cube.docx", "-o", "out.tif"),
        ("canopy", "cube.nc", "-o", "out.jpg"),
        ("canopy", "cube.nc", "-o", "out.csv"),
        ("canopy", "series.csv", "-o", "out.tif"),
        ("canopy", "cube.nc", "-o", "cube.nc"),
        ("canopy", "cube.nc", "-o", "series.csv/out.tif"),
        ("canopy", "cube.nc", "-o", "out.tif", "--samples", "series.csv"),
        ("canopy", "cube.nc", "-o", "out.tif", "--layers", "class,nothing"),
        ("forecast", "cube.nc", "-o", "out.nc", "--layers", "clear_count"),
        ("canopy", "series.csv", "-o", "out.csv", "--layers", "class"),
        ("canopy", "cube.nc", "-o", "out.tif", "--probabilities", "words"),
        ("canopy", "cube.nc", "-o", "out.tif", "--date", "yesterday"),
        ("canopy", "series.csv", "-o", "out.csv", "--mmu", "1"),
        ("crop", "series.csv", "-o", "out.csv", "--threshold", "0.4"),
        ("forecast", "cube.nc", "-o", "out.tif", "--targets", "series.csv"),
        ("forecast", "cube.nc", "-o", "out.tif", "--dates", "2021-13-01"),
        ("forecast", "cube.nc", "-o", "out.tif", "--dates", "2019-01-01"),
        ("forecast", "cube.nc", "-o", "out.tif", "--dates", "2030-01-01", "--horizon", "10d"),
        ("forecast", "cube.nc", "-o", "out.tif", "--dates", "2030-01-01", "--step", "10d"),
        ("forecast", "cube.nc", "-o", "out.tif", "--horizon", "-5d"),
        ("forecast", "cube.nc", "-o", "out.tif", "--step", "0"),
        ("forecast", "series.csv", "-o", "out.csv", "--dates", "2001-01-01"),
        ("forecast", "series.csv", "-o", "out.csv", "--targets", "missing.parquet"),
        ("forecast", "cube.nc", "-o", "out.tif", "--colour", "red"),
        ("order", "crop", "--server", "http://127.0.0.1:9"),
        ("order", "--region", "aoi.geojson", "--server", "http://127.0.0.1:9"),
        ("models", "show", "nobody"),
        ("serve", "--port", "99999"),
        ("serve", "--archive", "nowhere"),
        ("run", "--archive", "nowhere"),
        ("run", "--region", "missing.geojson"),
    ],
)
def test_wrong_options_are_refused(refused: Callable[..., str], folder: Path, arguments: tuple[str, ...]) -> None:
    write_cube(folder / "cube.nc", dates=4)
    write_series(folder / "series.csv")
    (folder / "cube.docx").touch()
    save(folder / "aoi.geojson", square(15.0, 47.85))
    refused(*arguments)


def test_a_setting_that_cannot_be_read_is_named(
    refused: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDCAST_PORT", "eighty")
    assert "LANDCAST_PORT" in refused("models", "list")


def test_a_failed_run_ends_with_code_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(folder / "aoi.geojson", square(15.0, 47.85))
    assert run_command(["order", "crop", "--region", "aoi.geojson", "--server", "http://127.0.0.1:9"]) == cli.FAILED
    assert "no landcast service answers" in capsys.readouterr().err


def test_an_unexpected_error_is_one_sentence_and_a_traceback_only_with_debug(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["crop", "--help", "--debug"]
    assert run_command(arguments) == cli.DONE
    capsys.readouterr()

    def broken(_settings: object) -> None:
        raise RuntimeError("nobody thought of this")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.models.list_checkpoints", broken)
        code = run_command(["models", "list"])
    printed = capsys.readouterr().err
    assert code == cli.FAILED
    assert len(other_lines(printed)) == 1


def test_help_and_version_end_with_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == cli.DONE
    assert capsys.readouterr().out.startswith("landcast ")
    for command in ("forecast", "canopy", "crop", "order", "serve", "worker", "run", "doctor", "models", "train"):
        assert run_command([command, "--help"]) == cli.DONE
        assert "--debug" in capsys.readouterr().out


def test_the_cube_lies_where_the_tests_expect_it() -> None:
    assert (WEST, NORTH) == (500_000.0, 5_300_000.0)


def test_letters_that_the_terminal_lacks_are_written_by_their_number(folder: Path) -> None:
    (folder / "ünï.csv").write_text("series_id,time,NDVI\nä,2021-05-01,0.5\n", encoding="utf-8")
    plain = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "cli.main", "inspect", "ünï.csv"], capture_output=True, env=plain)
    assert (done.returncode, b"Unexpected" in done.stderr) == (0, False), done.stderr
    assert b"\\xfc" in done.stdout
