"""`landcast evaluate forecast` and `landcast forecast --blend` on small simulated cubes and tables."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import rasterio
import xarray as xr

from core.settings import Settings
from models.baselines.blend import METHODS
from models.registry import find_checkpoint
from tests.cli.cubes import square, write_cube, write_series

QUANTILES = ["q05", "q25", "q50", "q75", "q95"]


pytestmark = pytest.mark.usefixtures("folder")


def report(path: str = "report.json") -> dict[str, Any]:
    return json.loads(Path(path).read_text())


def set_weights(path: str, *weights: float) -> None:
    """Give the same weights to all leads."""
    content = report(path)
    content["weights"] = {name: [w] * 5 for name, w in zip(METHODS, weights, strict=True)}
    Path(path).write_text(json.dumps(content))


def test_a_table_is_forecast_again_and_the_report_printed_and_written(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.csv")
    printed = run("evaluate", "forecast", "series.csv", "-o", "report.html")
    assert "series.csv: 3 series, 8 issue dates (2020-01-01 to 2020-08-01)" in printed
    for method in METHODS:
        assert f"\n{method} " in printed
    assert "better than landcast" in printed
    assert printed.splitlines()[-1] == "report.html"
    assert "<html" in (folder / "report.html").read_text()


def test_the_last_year_is_taken_and_more_with_years(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.parquet", dates=120)
    for years, dates in ((1, 12), (3, 28)):
        run("evaluate", "forecast", "series.parquet", "--years", years, "-o", "report.json")
        assert len(report()["basis"]["issue_dates"]) == dates


def test_issue_dates_horizon_period_and_number_of_series_are_chosen(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.csv", dates=120)
    chosen = ("--issues", "2021-03-01,2021-05-01", "--horizon", "40d", "--period", "2019-06-01/2021-05-31")
    run("evaluate", "forecast", "series.csv", *chosen, "--max-series", 2, "-o", "report.json")
    found = report()
    assert found["basis"]["issue_dates"] == ["2021-03-01", "2021-05-01"]
    assert (found["basis"]["series"], found["basis"]["total"]) == (2, 3)
    assert found["leads"] == ["all", "1-10", "11-25", "26-40"]
    assert found["basis"]["targets"] <= 2 * (4 + 4)


def test_a_cube_and_a_region_of_it_are_forecast_again(folder: Path, run: Callable[..., str]) -> None:
    write_cube(folder / "cube.nc", dates=80, shape_yx=(12, 11))
    assert "cube.nc: 132 pixels in 4 blocks of 10 x 10" in run("evaluate", "forecast", "cube.nc")
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    printed = run("evaluate", "forecast", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "report.json")
    assert printed.startswith("region of cube: ")
    assert 1 <= report()["basis"]["series"] < 30


def test_a_blend_is_fitted_and_mixed_into_the_forecast_of_a_table(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.csv", dates=120)
    printed = run("evaluate", "forecast", "series.csv", "--years", 2, "--fit", "blend.json", "-o", "report.json")
    assert printed.splitlines()[-2:] == ["report.json", "blend.json"]
    assert "\nblend " in printed
    assert report("blend.json") == report()["blend"]
    assert np.allclose(np.sum(list(report("blend.json")["weights"].values()), axis=0), 1, atol=1e-3)
    set_weights("blend.json", 0.4, 0.6, 0, 0, 0, 0)
    run("forecast", "series.csv", "-o", "own.parquet", "--horizon", "30d", "--step", "10d")
    run("forecast", "series.csv", "-o", "mixed.parquet", "--horizon", "30d", "--step", "10d", "--blend", "blend.json")
    own, mixed = pd.read_parquet("own.parquet"), pd.read_parquet("mixed.parquet")
    pd.testing.assert_frame_equal(own[["series_id", "time"]], mixed[["series_id", "time"]])
    last = pd.read_csv("series.csv").groupby("series_id").NDVI.last()[own.series_id].to_numpy()
    assert np.allclose(mixed.q50, 0.4 * own.q50 + 0.6 * last, atol=1e-5)
    assert (np.diff(mixed[QUANTILES].to_numpy(), axis=1) >= 0).all()
    attributes = json.loads(pyarrow.parquet.read_metadata("mixed.parquet").metadata[b"PANDAS_ATTRS"])
    assert len(attributes["landcast_blend_sha256"]) == 64


def test_a_blend_is_mixed_into_cubes_and_regions_and_named_in_their_provenance(
    folder: Path, run: Callable[..., str]
) -> None:
    write_cube(folder / "cube.nc", dates=80)
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    run("evaluate", "forecast", "cube.nc", "--fit", "blend.json")
    set_weights("blend.json", 0.4, 0.6, 0, 0, 0, 0)
    ahead = ("--horizon", "30d", "--step", "10d")
    run("forecast", "cube.nc", "-o", "own.tif", *ahead, "--extra-layers", "climatology")
    run("forecast", "cube.nc", "-o", "mixed.tif", *ahead, "--extra-layers", "climatology", "--blend", "blend.json")
    run("forecast", "cube.nc", "-o", "mixed.nc", *ahead, "--blend", "blend.json")
    region = ("--region", "aoi.geojson", "--archive", "cube.nc")
    run("forecast", *region, "-o", "part.tif", *ahead, "--blend", "blend.json")
    run("forecast", *region, "-o", "part_own.tif", *ahead)  # a tile kept of the blend is not taken for it
    with rasterio.open("own.tif") as own, rasterio.open("mixed.tif") as mixed:
        assert "LANDCAST_BLEND_SHA256" not in own.tags()
        sha256 = mixed.tags()["LANDCAST_BLEND_SHA256"]
        assert len(sha256) == 64
        assert own.descriptions == mixed.descriptions
        assert own.scales[2] == mixed.scales[2] == 1e-4
        assert np.abs(own.read(3).astype(int) - mixed.read(3)).max() > 100, "steps of 1e-4"
        assert np.array_equal(own.read(16), mixed.read(16))  # climatology stays
    with xr.open_dataset("mixed.nc") as cube:
        assert cube.attrs["landcast_blend_sha256"] == sha256
    with rasterio.open("part.tif") as part, rasterio.open("part_own.tif") as own:
        assert part.tags()["LANDCAST_BLEND_SHA256"] == sha256
        assert np.abs(part.read(3).astype(int) - own.read(3)).max() > 100


def test_a_blend_that_is_all_landcast_gives_exactly_its_forecast(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.csv", dates=120)
    run("evaluate", "forecast", "series.csv", "--fit", "blend.json")
    set_weights("blend.json", 1, 0, 0, 0, 0, 0)
    run("forecast", "series.csv", "-o", "own.parquet")
    run("forecast", "series.csv", "-o", "mixed.parquet", "--blend", "blend.json")
    own, mixed = pd.read_parquet("own.parquet"), pd.read_parquet("mixed.parquet")
    assert np.array_equal(own[QUANTILES].to_numpy(), mixed[QUANTILES].to_numpy())


def test_a_blend_for_another_model_is_refused(
    folder: Path, run: Callable[..., str], refused: Callable[..., str]
) -> None:
    write_series(folder / "series.csv", dates=120)
    run("evaluate", "forecast", "series.csv", "--fit", "blend.json")
    content = report("blend.json")
    content["model"] = {"name": "meadows-9m", "sha256": "0" * 64}
    Path("blend.json").write_text(json.dumps(content))
    printed = refused("forecast", "series.csv", "-o", "out.csv", "--blend", "blend.json")
    assert "made for the model 'meadows-9m'" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("forecast", "cube.nc", "-o", "out.tif", "--blend", "missing.json"),
        ("forecast", "cube.nc", "-o", "out.tif", "--blend", "notes.json"),
        ("forecast", "series.csv", "-o", "out.csv", "--blend", "notes.json"),
        ("evaluate", "forecast"),
        ("evaluate", "forecast", "missing.csv"),
        ("evaluate", "forecast", "series.csv", "--region", "aoi.geojson"),
        ("evaluate", "forecast", "series.csv", "--archive", "sample"),
        ("evaluate", "forecast", "series.csv", "-o", "report.pdf"),
        ("evaluate", "forecast", "series.csv", "--fit", "blend.csv"),
        ("evaluate", "forecast", "series.csv", "-o", "one.json", "--fit", "one.json"),
        ("evaluate", "forecast", "series.csv", "--issues", "2020-03-01", "--years", "2"),
        ("evaluate", "forecast", "series.csv", "--issues", "yesterday"),
        ("evaluate", "forecast", "series.csv", "--years", "0"),
        ("evaluate", "forecast", "series.csv", "--horizon", "5000d"),
        ("evaluate", "forecast", "series.csv", "--max-series", "0"),
        ("evaluate", "forecast", "series.csv", "--model", "crop"),
        ("evaluate", "forecast", "series.csv", "--period", "2031-01-01/2031-12-31"),
        ("evaluate", "model", "nobody", "--data", "."),
        ("evaluate", "wheat"),
    ],
)
def test_wrong_options_are_refused(folder: Path, refused: Callable[..., str], arguments: tuple[str, ...]) -> None:
    write_series(folder / "series.csv")
    write_cube(folder / "cube.nc", dates=4)
    (folder / "notes.json").write_text("{}")
    assert refused(*arguments).startswith("Error: ")


def test_too_short_a_history_is_refused_with_one_clear_sentence(folder: Path, refused: Callable[..., str]) -> None:
    write_series(folder / "series.csv", dates=30)
    write_cube(folder / "cube.nc", dates=30)
    assert "no series has both" in refused("evaluate", "forecast", "series.csv")
    assert "no pixel has both" in refused("evaluate", "forecast", "cube.nc", "-o", "report.html")


def test_too_little_for_a_blend_is_refused_and_leaves_no_report(folder: Path, refused: Callable[..., str]) -> None:
    write_series(folder / "series.csv", dates=45)
    printed = refused("evaluate", "forecast", "series.csv", "--fit", "blend.json", "-o", "report.html")
    assert "longer history or more --years" in printed


def test_a_model_of_the_user_is_evaluated_by_its_name(folder: Path, run: Callable[..., str]) -> None:
    default = find_checkpoint("", "forecast", Settings())
    shutil.copytree(default.folder, folder / "home" / "models" / "mine")
    card = folder / "home" / "models" / "mine" / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "name": "mine"}))
    write_series(folder / "series.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDCAST_MODELS", str(folder / "home" / "models"))
        assert "model mine." in run("evaluate", "forecast", "series.csv", "--model", "mine")
