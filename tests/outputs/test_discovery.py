"""Attributes by which a cube is judged without its pixels, and the CRS that rioxarray finds without being told."""

from pathlib import Path

import pytest
import rioxarray  # noqa: F401 - xarray's accessor `rio`
import xarray as xr
from affine import Affine

from core.grid import Window
from core.product import Raster
from core.timeline import parse_period
from outputs.discovery import extent_attributes, file_attributes, history
from outputs.raster_cube import write_raster_cube
from tests.outputs.rasters import WINDOW, class_map, forecast, origin

PERIOD = parse_period("2022-05-01/2022-06-10")


def test_a_simulated_cube_says_so_in_title_summary_and_comment() -> None:
    plain = file_attributes("A", "b", "c", is_simulated=False)
    assert plain == {
        "Conventions": "CF-1.11, ACDD-1.3",
        "title": "A",
        "summary": "A, by b.",
        "keywords": "Sentinel-2, vegetation, land cover",
        "source": "b",
        "history": "Written by b.",
        "license": "c",
        "standard_name_vocabulary": "CF Standard Name Table v93",
    }
    simulated = file_attributes("A", "b", "c", is_simulated=True)
    assert (simulated["title"], simulated["summary"]) == ("A (simulated)", "A (simulated), by b.")
    assert simulated["comment"] == "Simulated data: no satellite has measured this."


def test_the_extent_is_that_of_the_outer_edges_in_degrees() -> None:
    # The central meridian of zone 32 is 9 degrees east; a degree of latitude has about 111.2 km at 48 degrees north.
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 500_000, 0, -10, 5_316_300), shape_yx=(1112, 100))
    found = extent_attributes(window, PERIOD)
    assert found["geospatial_lon_min"] == 9.0
    north, south = float(found["geospatial_lat_max"]), float(found["geospatial_lat_min"])
    assert north - south == pytest.approx(0.1, abs=2e-4)
    assert north == pytest.approx(48.0, abs=0.01)
    assert (found["time_coverage_start"], found["time_coverage_end"]) == (
        "2022-05-01T00:00:00Z",
        "2022-06-10T00:00:00Z",
    )


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
@pytest.mark.parametrize(
    ("raster", "last"), [(forecast(), "2022-06-10T00:00:00Z"), (class_map(), "2022-05-01T00:00:00Z")]
)
def test_rioxarray_finds_the_grid_without_options(tmp_path: Path, raster: Raster, last: str, ending: str) -> None:
    given = origin(issue_date="2022-05-01") if last.startswith("2022-06") else origin()
    path = tmp_path / f"cube{ending}"
    write_raster_cube(raster, path, title="A", tags=given.tags(), issue_date=given.params.get("issue_date", ""))
    with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4") as data:
        assert data.rio.crs.to_epsg() == 32632
        assert data["clear_count"].rio.crs.to_epsg() == 32632
        assert data.rio.transform() == WINDOW.transform
        assert data.attrs["time_coverage_end"] == last


def test_the_history_of_a_result_is_what_it_was_computed_from_and_by() -> None:
    told = "observations of 2021-01-01 to 2022-04-30, issued 2022-04-30 with the model small"
    assert history(origin(issue_date="2022-04-30").tags()) == f"landcast 1.2: ndvi-forecast, {told}"
    assert "issued" not in history(origin().tags())
