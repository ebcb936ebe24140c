"""Products made by the command line from small cubes and tables, with the shipped models."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from cli.main import DONE, WRONG_INPUT, run_command
from models.registry import APPLICABILITY
from tests.cli.cubes import NORTH, SHAPE_YX, WEST, square, write_cube, write_series
from tests.cli.said import other_lines
from tests.products.class_models import copied
from tests.products.forecasters import forecaster

LAST = date(2020, 1, 3) + timedelta(days=590)
"""Last date of `write_cube`."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def models(class_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny class models as the user's own."""
    monkeypatch.setenv("LANDCAST_MODELS", str(class_models))
    return class_models


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forecaster of random weights as the user's own, which is found before the shipped one."""
    monkeypatch.setenv("LANDCAST_MODELS", str(Path(forecaster().folder).parent))


def run(*arguments: object) -> None:
    assert run_command([str(a) for a in arguments]) == DONE


@pytest.mark.parametrize(
    ("command", "bands"),
    [
        ("canopy", ("class", "p_none", "p_conifer", "p_broadleaf", "clear_count")),
        ("crop", ("class", "p_non_crop", "p_crop", "clear_count")),
    ],
)
def test_a_class_map_of_a_cube_lies_on_its_grid(folder: Path, command: str, bands: tuple[str, ...]) -> None:
    write_cube(folder / "cube.nc")
    run(command, "cube.nc", "-o", "map.tif")
    run(command, "cube.nc", "-o", "float.tif", "--probabilities", "float", "--layers", bands[1])
    with rasterio.open("map.tif") as raster, rasterio.open("float.tif") as exact:
        assert raster.shape == SHAPE_YX
        assert (raster.transform.c, raster.transform.f) == (WEST, NORTH)
        assert raster.descriptions == bands
        assert raster.nodata == 255
        assert exact.dtypes == ("float32",)
        assert np.isnan(exact.nodata)
        assert np.abs(exact.read(1) * 100 - raster.read(2)).max() <= 0.5 + 1e-4


CHANGE = ("change", "p_gain", "p_loss", "p_switch", "significance", "class_before", "class_after", "clear_count")


def test_a_change_map_of_a_cube_lies_on_its_grid_and_its_areas_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(folder / "cube.nc")
    order = ("canopy", "cube.nc", "--change", "2020-12-31/2021-07-31")
    run(*order, "-o", "change.tif")
    printed = capsys.readouterr().out.splitlines()
    run(*order, "-o", "float.tif", "--probabilities", "float", "--significance", "0.5", "--layers", "p_loss")
    run(*order, "-o", "change.nc")
    with rasterio.open("change.tif") as raster, rasterio.open("float.tif") as exact:
        assert raster.shape == SHAPE_YX
        assert (raster.transform.c, raster.transform.f) == (WEST, NORTH)
        assert raster.descriptions == CHANGE
        assert raster.nodata == 255
        assert set(np.unique(raster.read(1))) <= {*range(6), 255}
        assert set(raster.colormap(1)[3][:3]) == {208, 52, 44}
        assert np.abs(exact.read(1) * 100 - raster.read(3)).max() <= 0.5 + 1e-4
        areas = json.loads(raster.tags()["LANDCAST_AREAS"])
    assert areas["total_ha"] == pytest.approx(SHAPE_YX[0] * SHAPE_YX[1] / 100)
    assert areas["total_ha"] == pytest.approx(sum(row["mapped_ha"] for row in areas["classes"][:6]))
    assert printed[-1] == "change.tif"
    assert [line.split("  ")[0] for line in printed[1:-2]] == [row["label"] for row in areas["classes"]]
    with xr.open_dataset("change.nc", mask_and_scale=False) as cube:
        assert set(CHANGE) <= set(cube.data_vars)


def test_a_minimum_mapping_unit_changes_only_the_class_and_is_in_the_tags(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    run("canopy", "cube.nc", "-o", "all.tif")
    run("canopy", "cube.nc", "-o", "large.tif", "--mmu", "0.05")
    with rasterio.open("all.tif") as every, rasterio.open("large.tif") as large:
        assert np.array_equal(every.read(range(2, 6)), large.read(range(2, 6)))
        assert "LANDCAST_MMU" not in every.tags()
        assert large.tags()["LANDCAST_MMU"] == "0.05 ha"
        assert "below 0.05 ha" in large.tags(1)["DESCRIPTION"]
        counts = [row["mapped_ha"] for row in json.loads(large.tags()["LANDCAST_AREAS"])["classes"]]
        assert counts == pytest.approx([(large.read(1) == code).sum() / 100 for code in range(3)])


OUTSIDE = "outside the area of applicability: "


@pytest.mark.parametrize("task", ["canopy", "crop"])
def test_sets_and_applicability_are_bands_of_a_cube_and_the_share_outside_is_printed_and_kept(
    folder: Path, models: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(folder / "cube.nc")
    run(task, "cube.nc", "-o", "map.tif", "--model", task, "--sets", "--applicability")
    *_, line, name = capsys.readouterr().out.splitlines()
    assert name == "map.tif"
    with rasterio.open("map.tif") as raster:
        assert raster.descriptions[-3:] == ("set", "dissimilarity", "clear_count")
        found = json.loads(raster.tags()["LANDCAST_APPLICABILITY"])
        seen, index = raster.read(1) != 255, raster.read(raster.count - 1)
    share = (index[seen] / 100 > found["dissimilarity_limit"]).mean()
    assert found["outside_share"] == pytest.approx(share, abs=1e-6)
    assert line == f"{OUTSIDE}{100 * share:.1f} %"


def test_a_region_mapped_by_tiles_has_the_ordered_bands(
    folder: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(folder / "cube.nc")
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    options = ("--model", "types", "--sets", "--applicability")
    run("crop", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "part.tif", *options)
    assert OUTSIDE in capsys.readouterr().out
    run("crop", "cube.nc", "-o", "whole.tif", *options)
    with rasterio.open("part.tif") as part, rasterio.open("whole.tif") as whole:
        names = ("class", "p_other", "p_winter_wheat", "p_maize", "set", "dissimilarity", "clear_count")
        assert part.descriptions == whole.descriptions == names
        legend = json.loads(part.tags(1)["LEGEND"])
        assert [entry["label"] for entry in legend] == ["Other", "Winter wheat", "Maize"]
        assert all(part.colormap(1)[entry["value"]][:3] == tuple(entry["colour"]) for entry in legend)
        rows, columns = (round((NORTH - part.bounds.top) / 10), round((part.bounds.left - WEST) / 10))
        same = whole.read()[:, rows : rows + part.height, columns : columns + part.width]
        inside = part.read(1) != 255
        assert inside.any()
        assert np.abs(part.read()[:, inside].astype(int) - same[:, inside]).max() <= 1


def test_the_threshold_is_applied_and_kept(folder: Path, models: Path) -> None:
    write_cube(folder / "cube.nc")
    run("crop", "cube.nc", "-o", "none.tif", "--model", "rice", "--threshold", "1")
    run("crop", "cube.nc", "-o", "all.nc", "--model", "rice", "--threshold", "0")
    with rasterio.open("none.tif") as none:
        assert set(np.unique(none.read(1))) <= {0, 255}
        assert none.tags()["LANDCAST_THRESHOLD"] == "1"
        assert none.descriptions == ("class", "p_other", "p_rice", "clear_count")
    with xr.open_dataset("all.nc", mask_and_scale=False) as cube:
        assert set(np.unique(cube["class"])) <= {1, 255}


def test_a_table_has_the_probability_of_each_crop_type(folder: Path, models: Path) -> None:
    write_series(folder / "series.csv")
    run("crop", "series.csv", "-o", "types.csv", "--model", "types")
    run("crop", "series.csv", "-o", "crop.csv", "--model", "crop")
    types = pd.read_csv("types.csv")
    assert list(types.columns) == ["sample_id", "p_other", "p_winter_wheat", "p_maize"]
    assert np.allclose(types.iloc[:, 1:].sum(axis=1), 1, atol=1e-3)
    assert list(pd.read_csv("crop.csv").columns) == ["sample_id", "p_crop"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("crop", "cube.nc", "-o", "out.tif", "--model", "old", "--sets"), "no sets"),
        (("crop", "cube.nc", "-o", "out.tif", "--model", "old", "--applicability"), APPLICABILITY),
        (("crop", "cube.nc", "-o", "out.tif", "--model", "old", "--threshold", "2"), "from 0 to 1"),
        (("canopy", "cube.nc", "-o", "out.tif", "--change", "2020-12-31/2021-07-31", "--sets"), "combined with change"),
        (("crop", "series.csv", "-o", "out.csv", "--model", "old", "--sets"), "no sets"),
        (("crop", "series.csv", "-o", "out.csv", "--model", "old", "--applicability"), APPLICABILITY),
        (("crop", "series.csv", "-o", "out.csv", "--threshold", "0"), "table"),
    ],
)
def test_an_order_that_does_not_fit_the_model_or_the_input_is_refused_in_one_sentence(
    folder: Path,
    class_models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    sentence: str,
) -> None:
    write_cube(folder / "cube.nc")
    write_series(folder / "series.csv")
    copied(class_models, "crop", folder / "models", name="old", prediction_sets=None)
    (folder / "models" / "crop" / APPLICABILITY).unlink()
    monkeypatch.setenv("LANDCAST_MODELS", str(folder / "models"))
    assert run_command(list(options)) == WRONG_INPUT
    printed = capsys.readouterr().err
    assert sentence in printed
    assert len(other_lines(printed)) == 1
    assert not list(folder.glob("out.*"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("cube.nc", "-o", "out.tif", "--change", "2021-01-01"), "slash"),
        (("cube.nc", "-o", "out.tif", "--change", "2020-12-31/2021-07-31", "--significance", "0"), "0.5"),
        (("cube.nc", "-o", "out.tif", "--significance", "0.9"), "belongs to change"),
        (("cube.nc", "-o", "out.tif", "--mmu", "-1"), "hectares"),
        (("series.csv", "-o", "out.csv", "--change", "2030-12-31/2031-07-31"), "no clear observation"),
        (("series.csv", "-o", "out.csv", "--mmu", "1"), "table"),
    ],
)
def test_wrong_values_of_change_and_mapping_unit_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    write_cube(folder / "cube.nc")
    write_series(folder / "series.csv")
    assert run_command(["canopy", *options]) == WRONG_INPUT
    assert sentence in capsys.readouterr().err
    assert not list(folder.glob("out.*"))


def test_a_forecast_of_a_cube_starts_on_the_day_after_its_last_date(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    run("forecast", "cube.nc", "-o", "out.nc", "--horizon", "20d", "--step", "10d")
    with xr.open_dataset("out.nc") as cube:
        assert cube.ndvi.shape == (5, 2, *SHAPE_YX)
        assert [str(t)[:10] for t in cube.time.values] == [str(LAST + timedelta(days=d)) for d in (10, 20)]
        assert (np.diff(cube.ndvi.values, axis=0) >= 0).all()


def test_a_forecast_uses_nothing_from_the_issue_date_on(folder: Path) -> None:
    write_cube(folder / "long.nc", dates=60)
    write_cube(folder / "short.nc", dates=60)
    with xr.open_dataset("long.nc") as cube:
        cube.sel(time=slice(None, "2021-03-01")).to_netcdf("cut.nc")
    for name in ("long", "cut"):
        run("forecast", f"{name}.nc", "-o", f"{name}.tif", "--issue-date", "2021-03-05", "--dates", "2021-04-01")
    with rasterio.open("long.tif") as long, rasterio.open("cut.tif") as cut:
        assert np.array_equal(long.read(), cut.read())


def test_the_part_of_a_region_outside_the_archive_is_said_on_stderr_and_in_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(folder / "cube.nc")
    (folder / "inside.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    (folder / "beyond.geojson").write_text(json.dumps(square(15.0, 47.853, degrees=0.001)))
    run("crop", "--region", "inside.geojson", "--archive", "cube.nc", "-o", "inside.tif")
    assert "Warning" not in capsys.readouterr().err
    run("crop", "--region", "beyond.geojson", "--archive", "cube.nc", "-o", "beyond.tif")
    warning = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"Warning: The archive covers [0-9.]+ % of the region\.", warning)
    with rasterio.open("beyond.tif") as raster:
        assert warning.removeprefix("Warning: ") in "".join(raster.tags().values())


def test_a_region_of_a_cube_archive_is_cut_out(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    run("crop", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "part.tif")
    run("crop", "cube.nc", "-o", "whole.tif")
    with rasterio.open("part.tif") as part, rasterio.open("whole.tif") as whole:
        assert part.shape < whole.shape
        rows, columns = (round((NORTH - part.bounds.top) / 10), round((part.bounds.left - WEST) / 10))
        same = whole.read()[:, rows : rows + part.height, columns : columns + part.width]
        inside = part.read(1) != 255
        assert inside.any()
        assert np.array_equal(part.read()[:, inside], same[:, inside])


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_is_forecast_at_its_targets(folder: Path, ending: str) -> None:
    write_series(folder / f"series{ending}")
    targets = pd.DataFrame({"series_id": ["s0", "s2", "s2"], "time": ["2020-09-01", "2020-09-01", "2020-10-01"]})
    targets.to_csv("targets.csv", index=False)
    run("forecast", f"series{ending}", "--targets", "targets.csv", "-o", f"out{ending}")
    out = pd.read_csv("out.csv") if ending == ".csv" else pd.read_parquet("out.parquet")
    assert list(out.columns) == ["series_id", "time", "q05", "q25", "q50", "q75", "q95"]
    assert list(out.series_id) == ["s0", "s2", "s2"]
    assert (np.diff(out[["q05", "q25", "q50", "q75", "q95"]].to_numpy(), axis=1) >= 0).all()


def test_each_series_of_a_table_is_forecast_from_its_own_end(folder: Path) -> None:
    write_series(folder / "series.csv")
    run("forecast", "series.csv", "--horizon", "5d", "-o", "out.csv")
    ends = pd.to_datetime(pd.read_csv("series.csv").groupby("series_id").time.max())
    out = pd.read_csv("out.csv", parse_dates=["time"]).set_index("series_id").time
    assert ((out - ends).dt.days == 5).all()


def test_tables_are_classified(folder: Path) -> None:
    write_series(folder / "series.parquet")
    run("canopy", "series.parquet", "-o", "canopy.csv", "--date", "2020-06-01")
    run("crop", "series.parquet", "-o", "crop.parquet", "--period", "2019-03-01/2020-02-28")
    canopy, crop = pd.read_csv("canopy.csv"), pd.read_parquet("crop.parquet")
    assert list(canopy.columns) == ["sample_id", "p_none", "p_conifer", "p_broadleaf"]
    assert list(crop.columns) == ["sample_id", "p_crop"]
    assert np.allclose(canopy.iloc[:, 1:].sum(axis=1), 1, atol=1e-3)


@pytest.mark.usefixtures("tiny")
def test_a_forecast_has_further_layers_where_they_are_asked_for(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    order, day = ("forecast", "cube.nc", "--horizon", "10d", "--step", "5d"), LAST + timedelta(days=10)
    run(*order, "-o", "default.tif")
    run(*order, "-o", "all.nc", "--extra-layers", "climatology,anomaly")
    run(*order, "-o", "named.tif", "--layers", f"anomaly_{day},ndvi_{day}_q50")
    run(*order, "-o", "median.tif", "--quantiles", "0.5")
    names = {name: bands_of(folder / f"{name}.tif") for name in ("default", "named", "median")}
    assert len(names["default"]) == 11
    assert names["named"] == (f"anomaly_{day}", f"ndvi_{day}_q50")
    assert names["median"] == (*(n for n in names["default"] if n.endswith("_q50")), "clear_count")
    with xr.open_dataset("all.nc") as cube, rasterio.open("named.tif") as named:
        np.testing.assert_allclose(named.read(1) * named.scales[0], cube.anomaly[-1], atol=1e-7)
        np.testing.assert_allclose(named.read(2) * named.scales[1], cube.ndvi[2, -1], atol=1e-7)
    assert (
        run_command([str(a) for a in (*order, "-o", "none.tif", "--layers", "climatology_2001-01-01")]) == WRONG_INPUT
    )
    assert not Path("none.tif").exists()


def bands_of(path: Path) -> tuple[str, ...]:
    with rasterio.open(path) as raster:
        return tuple(raster.descriptions)


@pytest.mark.usefixtures("tiny")
def test_gaps_of_a_cube_and_of_a_table_are_filled(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    write_series(folder / "series.csv")
    order = ("gap-fill", "cube.nc", "--since", LAST - timedelta(days=40), "--until", LAST + timedelta(days=9))
    run(*order, "--step", "7d", "-o", "gaps.nc")
    run(*order, "--step", "7d", "-o", "gaps.tif", "--layers", f"ndvi_{LAST + timedelta(days=9)}_q50,clear_count")
    with xr.open_dataset("gaps.nc") as cube, rasterio.open("gaps.tif") as raster:
        assert cube.ndvi.sizes["time"] == 8
        assert cube.time.values[-1] == np.datetime64(LAST + timedelta(days=9))
        assert float(cube.days_to_clear[-1].min()) >= 9
        np.testing.assert_allclose(raster.read(1) * raster.scales[0], cube.ndvi[2, -1], atol=1e-7)
    pd.DataFrame({"series_id": ["s2", "s0"], "time": ["2020-03-01", "2020-08-20"]}).to_csv("targets.csv", index=False)
    run("gap-fill", "series.csv", "--targets", "targets.csv", "-o", "gaps.csv")
    table = pd.read_csv("gaps.csv")
    assert list(table.columns) == ["series_id", "time", "q05", "q25", "q50", "q75", "q95", "days_to_clear"]
    assert table[["series_id", "time"]].to_numpy().tolist() == [["s0", "2020-08-20"], ["s2", "2020-03-01"]]


@pytest.mark.usefixtures("tiny")
def test_the_last_days_of_a_cube_and_of_a_table_are_judged(folder: Path) -> None:
    write_cube(folder / "cube.nc")
    write_series(folder / "series.csv")
    run("anomaly", "cube.nc", "-o", "anomaly.tif")
    run("anomaly", "series.csv", "--last", "40d", "-o", "anomaly.csv")
    with rasterio.open("anomaly.tif") as raster:
        assert raster.descriptions == ("percentile", "departure", "ndvi", "days_to_clear", "clear_count")
        assert raster.tags(1)["LANDCAST_VARIABLE"] == "percentile"
        assert raster.tags(1)["LANDCAST_DATE"] == LAST.isoformat()
    table = pd.read_csv("anomaly.csv")
    assert table.percentile.between(1, 99).all()
    assert (table.last_clear <= table.time).all()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gap-fill", "series.csv", "--until", "2031-01-01"), "732 days after the last observation"),
        (("gap-fill", "series.csv", "--until", "2020-08-13", "--targets", "targets.csv"), "combined with --targets"),
        (("anomaly", "series.csv", "--last", "0"), "a positive number of days"),
        (("anomaly", "series.csv", "--date", "2020-08-30", "--last", "2d"), "no clear observation"),
    ],
)
def test_wrong_orders_of_gaps_and_anomalies_end_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    write_series(folder / "series.csv")
    pd.DataFrame({"series_id": ["s0"], "time": ["2020-03-01"]}).to_csv("targets.csv", index=False)
    assert run_command([*arguments, "-o", "out.csv"]) == WRONG_INPUT
    assert sentence in capsys.readouterr().err
    assert not Path("out.csv").exists()
