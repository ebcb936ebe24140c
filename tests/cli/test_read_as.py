"""Options that say how an input is read: what they mean, what is refused, and what is printed of every input."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import rasterio
import typer.main
import xarray as xr

from cli import read_as as module
from cli.main import DONE, WRONG_INPUT, make_app, run_command
from cli.read_as import (
    parse_bands,
    parse_crs,
    parse_mask,
    parse_offset,
    say,
    say_notes,
    take_read_as,
    with_own_crs,
)
from core.errors import DoubtfulInput, InvalidOption, InvalidPeriod
from core.source import AS_STATED, InputSummary, ReadAs
from ingest.region_file import read_region
from tests.cli.cubes import square, write_cube, write_series
from tests.cli.said import other_lines

GIVEN: dict[str, Any] = {"band": None, "mask": "", "offset": "", "crs": "", "date_from": "", "strict": False}
"""Values of a command to which none of these options is given."""
COMMANDS = (
    "forecast", "canopy", "crop", "embed", "cube", "finetune", "inspect", "evaluate forecast",
)  # fmt: skip
"""Commands that read observations in this process."""


@pytest.mark.parametrize(
    ("texts", "bands"),
    [
        (["B04=red"], {"B04": "red"}),
        (["red=B4"], {"B04": "B4"}),
        (["B4=B04"], {"B04": "B4"}),
        (["layer_3=B08"], {"B08": "layer_3"}),
        (["nir=layer_3"], {"B08": "layer_3"}),
        (["B08=B8A"], {"B08": "B8A"}),
        (["vv=sigma"], {"VV": "sigma"}),
        (["B04 = x,B08=y"], {"B04": "x", "B08": "y"}),
        (["B04=x", "NDVI=greenness"], {"B04": "x", "NDVI": "greenness"}),
        ([], {}),
    ],
)
def test_either_side_of_a_band_may_be_ours(texts: list[str], bands: dict[str, str]) -> None:
    assert parse_bands(texts) == bands


@pytest.mark.parametrize("texts", [["B04"], ["B04="], ["=B04"], ["one=two"], ["="], ["B04=x", "red=y"]])
def test_bands_that_mean_nothing_or_come_twice_are_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidOption, match="--band"):
        parse_bands(texts)


@pytest.mark.parametrize(
    ("text", "mask"),
    [("", ""), ("QA60", "QA60"), ("none", "none"), ("ok=Clear", "ok=clear"), ("bad = cloud", "bad=cloud")],
)
def test_a_mask_is_a_name_with_or_without_a_word_for_its_codes(text: str, mask: str) -> None:
    assert parse_mask(text) == mask


@pytest.mark.parametrize("text", ["ok=", "=clear", "ok=fine", "a=b=clear"])
def test_a_mask_with_another_word_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="NAME=clear or NAME=cloud"):
        parse_mask(text)


@pytest.mark.parametrize(
    ("text", "offset", "since"),
    [("", None, None), ("-1000", -1000.0, None), ("0", 0.0, None), ("-1000@2022-01-25", -1000.0, date(2022, 1, 25))],
)
def test_an_offset_holds_always_or_from_a_date_on(text: str, offset: float | None, since: date | None) -> None:
    assert parse_offset(text) == (offset, since)


@pytest.mark.parametrize("text", ["1000", "nan", "inf", "-1e6", "much", "@2022-01-25"])
def test_an_offset_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="-1000"):
        parse_offset(text)


def test_an_offset_from_no_date_is_refused() -> None:
    with pytest.raises(InvalidPeriod, match="soon"):
        parse_offset("-1000@soon")


@pytest.mark.parametrize("text", ["EPSG:32632", "epsg:32632", "32632", " EPSG:32632 "])
def test_a_crs_is_an_epsg_code(text: str) -> None:
    assert parse_crs(text) == "EPSG:32632"


@pytest.mark.parametrize("text", ["EPSG:1", "EPSG:999999", "UTM 32", "WGS84"])
def test_another_crs_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="EPSG code"):
        parse_crs(text)


def test_a_command_without_these_options_reads_as_the_input_states() -> None:
    values = {**GIVEN, "own": 1}
    assert take_read_as(values) == AS_STATED
    assert values == {"own": 1}


def test_the_options_are_taken_out_of_the_values_of_a_command() -> None:
    given = {"band": ["B04=x"], "mask": "m=clear", "offset": "0", "crs": "32632", "date_from": " when "}
    found = take_read_as({**given, "strict": True})
    assert found == ReadAs(
        bands={"B04": "x"}, mask="m=clear", offset=0.0, crs="EPSG:32632", date_from="when", is_strict=True
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_reads_observations_has_the_options_under_one_heading(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*name.split(), "--help"]) == DONE
    own, _, last = capsys.readouterr().out.partition(f"{module.PANEL}:")
    options = ("--band", "--mask", "--offset", "--crs", "--date-from", "--strict")
    assert [o for o in options if f"  {o}" not in last] == []
    assert [o for o in options if f"  {o} " in own] == []


SUMMARY = InputSummary(name="a.nc", layout="cube", taken=("bands: B04",), remarks=("It has no mask.",))


def test_a_summary_is_printed_on_stderr_its_facts_indented(capsys: pytest.CaptureFixture[str]) -> None:
    say(SUMMARY, AS_STATED)
    say(None, ReadAs(is_strict=True))
    printed = capsys.readouterr()
    assert printed.err == "a.nc: cube\n  bands: B04\n  Note: It has no mask.\n"
    assert printed.out == ""


def test_strict_refuses_what_was_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DoubtfulInput, match="It has no mask"):
        say(SUMMARY, ReadAs(is_strict=True))
    assert "Note: It has no mask." in capsys.readouterr().err
    say(InputSummary(name="a.nc", layout="cube"), ReadAs(is_strict=True))


def test_notes_are_printed_once_and_of_many_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    say_notes(["It has no mask.", "a", "a"], SUMMARY)
    assert capsys.readouterr().err == "Note: a\n"
    say_notes([str(n) for n in range(9)], None)
    assert capsys.readouterr().err.splitlines()[-1] == "Note: 4 further notes are in the result."


def drop_mask(path: Path) -> Path:
    """Write a cube without a cloud mask beside another one."""
    out = path.with_name("bare.nc")
    with xr.open_dataset(path) as cube:
        cube.drop_vars("clear").to_netcdf(out)
    return out


@pytest.fixture
def inputs(folder: Path) -> Path:
    write_cube(folder / "cube.nc")
    drop_mask(folder / "cube.nc")
    write_series(folder / "series.csv")
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    return folder


CALLS = {
    "cube": ("canopy", "{}", "-o", "out.tif"),
    "region": ("crop", "--region", "aoi.geojson", "--archive", "{}", "-o", "out.tif"),
    "embedding": ("embed", "{}", "-o", "out.tif"),
    "observations": ("cube", "--region", "aoi.geojson", "--archive", "{}", "-o", "out.nc"),
    "hindcast": ("evaluate", "forecast", "{}", "-o", "out.json"),
}


def call(name: str, cube: str, *options: str) -> int:
    return run_command([text.format(cube) for text in CALLS[name]] + list(options))


@pytest.mark.parametrize("name", CALLS)
def test_what_a_cube_was_taken_for_is_printed_once_before_the_work_on_stderr(
    inputs: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(name, "bare.nc") == DONE
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    summary = lines.index(next(line for line in lines if line.startswith("bare.nc: ")))
    assert lines[summary + 1].startswith("  bands: B02, B03, B04")
    assert not any("%" in line for line in lines[:summary])
    assert printed.err.count("No cloud mask was found") == 1
    assert "bands:" not in printed.out
    assert "Note" not in printed.out


@pytest.mark.parametrize("name", CALLS)
def test_strict_refuses_a_cube_without_a_mask_before_anything_is_written(
    inputs: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(name, "bare.nc", "--strict") == WRONG_INPUT
    (line,) = other_lines(capsys.readouterr().err)
    assert line.startswith("Error: 'bare.nc' is refused because of --strict: No cloud mask was found")
    assert not list(inputs.glob("out.*"))


@pytest.mark.parametrize("name", CALLS)
def test_strict_takes_an_input_that_states_everything_or_for_which_the_user_does(inputs: Path, name: str) -> None:
    assert call(name, "cube.nc", "--strict") == DONE
    assert call(name, "bare.nc", "--strict", "--mask", "none") == DONE


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("option", "value"),
    [("--band", "one=two"), ("--mask", "x=y"), ("--offset", "1000"), ("--crs", "UTM"), ("--offset", "0@soon")],
)
def test_nonsense_is_refused_by_every_command_in_one_sentence(
    inputs: Path, name: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(name, "cube.nc", option, value) == WRONG_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_stated_mask_changes_the_map_of_a_cube_and_of_an_archive(inputs: Path) -> None:
    """Tiles are kept: the same region read in another way is another one."""
    seen: dict[str, list[float]] = {}
    for name in ("cube", "region"):
        for options in ((), ("--mask", "none")):
            assert call(name, "cube.nc", *options) == DONE
            with rasterio.open("out.tif") as raster:
                count = raster.read(raster.count).astype(float)
                seen.setdefault(name, []).append(float(count[count < 255].mean()))
    assert all(masked < bare for masked, bare in seen.values())


@pytest.mark.parametrize("name", ["cube", "region", "embedding"])
def test_the_lines_and_the_mask_that_was_used_are_in_the_tags(inputs: Path, name: str) -> None:
    found = {}
    for cube in ("cube.nc", "bare.nc"):
        assert call(name, cube) == DONE
        with rasterio.open("out.tif") as raster:
            found[cube] = raster.tags()
    assert found["bare.nc"]["LANDCAST_INPUT"].splitlines()[0].startswith("bare.nc: cube with")
    assert "Note: No cloud mask was found" in found["bare.nc"]["LANDCAST_INPUT"]
    assert found["bare.nc"]["LANDCAST_NOTES"].startswith("No cloud mask was found")
    assert json.loads(found["bare.nc"]["LANDCAST_PREPARATION"])["cloud_mask"] == "none"
    assert json.loads(found["cube.nc"]["LANDCAST_PREPARATION"])["cloud_mask"] == "clear"
    assert "LANDCAST_NOTES" not in found["cube.nc"]


def test_the_lines_are_attributes_of_cubes_and_in_the_metadata_of_parquet(inputs: Path) -> None:
    assert call("observations", "bare.nc") == DONE
    with xr.open_dataset("out.nc") as cube:
        assert "No cloud mask was found" in cube.attrs["landcast_input"]
        assert json.loads(cube.attrs["landcast_preparation"])["cloud_mask"] == "none"
    assert run_command(["crop", "bare.nc", "-o", "crop.nc"]) == DONE
    with xr.open_dataset("crop.nc") as cube:
        assert cube.attrs["landcast_input"].startswith("bare.nc: cube")
    assert run_command(["crop", "series.csv", "-o", "crop.parquet"]) == DONE
    assert pd.read_parquet("crop.parquet").attrs["landcast_input"].startswith("series.csv: table")
    metadata = pyarrow.parquet.read_schema("crop.parquet").metadata
    assert any(b"landcast_input" in value for value in metadata.values())


def test_options_for_files_are_refused_for_an_archive_known_by_name(inputs: Path, refused: Callable[..., str]) -> None:
    order = ("crop", "--region", "aoi.geojson", "--archive", "sample", "-o", "out.tif")
    assert "the archive 'sample' states it" in refused(*order, "--mask", "QA60")


def test_a_band_is_read_under_the_name_that_the_user_gives(inputs: Path) -> None:
    with xr.open_dataset("cube.nc") as cube:
        cube.rename(B04="first", B08="second").to_netcdf("odd.nc")
    assert call("cube", "odd.nc") == WRONG_INPUT
    assert call("cube", "odd.nc", "--band", "red=first", "--band", "second=B08") == DONE
    with rasterio.open("out.tif") as odd:
        pixels = odd.read()
    assert call("cube", "cube.nc") == DONE
    with rasterio.open("out.tif") as own:
        assert np.array_equal(own.read(), pixels)


def test_options_of_reading_belong_to_labels_not_to_named_runs(folder: Path, refused: Callable[..., str]) -> None:
    assert "it belongs to --labels" in refused("finetune", "canopy-small", "--mask", "none")


def test_commands_of_the_group_show_every_option_in_their_help() -> None:
    group: Any = typer.main.get_command(make_app())
    command = group.get_command(None, "crop")
    assert {"band", "mask", "offset", "crs", "date_from", "strict"} <= {p.name for p in command.params}


def without_crs(path: Path, *, epsg: int) -> Path:
    """Write the region of the tests as a Shapefile without .prj, in another CRS."""
    region = geopandas.read_file("aoi.geojson").to_crs(epsg)
    region.to_file(path)
    path.with_suffix(".prj").unlink()
    return path


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_crs_is_that_of_a_region_that_states_none_and_else_of_the_archive(
    inputs: Path, refused: Callable[..., str]
) -> None:
    without_crs(inputs / "aoi.shp", epsg=32633)
    order = ("crop", "--archive", "cube.nc", "-o", "out.tif", "--region")
    assert "--crs" in refused(*order, "aoi.shp")
    assert run_command([*order, "aoi.shp", "--crs", "EPSG:32633"]) == DONE
    with rasterio.open("out.tif") as raster:
        own, window = raster.read(), raster.transform
    assert run_command([*order, "aoi.geojson"]) == DONE
    with rasterio.open("out.tif") as raster:
        assert np.array_equal(raster.read(), own)
        assert raster.transform == window
    assert run_command([*order, "aoi.geojson", "--crs", "EPSG:32632"]) == WRONG_INPUT


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_crs_of_a_region_is_none_of_an_archive_known_by_name(inputs: Path) -> None:
    without_crs(inputs / "aoi.shp", epsg=32633)
    found, rest = with_own_crs(
        lambda stated: read_region(inputs / "aoi.shp", read_as=stated), ReadAs(crs="EPSG:32633", mask="QA60")
    )
    assert found.geojson["type"] == "Polygon"
    assert rest == ReadAs(mask="QA60")
