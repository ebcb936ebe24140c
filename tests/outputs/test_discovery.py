from core.product import Layer
from outputs.discovery import discovery
from tests.outputs.rasters import WINDOW, class_map, forecast, origin


def test_a_forecast_states_what_it_is_and_what_days_and_ground_it_covers() -> None:
    found = discovery("NDVI forecast", origin(issue_date="2022-04-30").tags(), WINDOW, forecast().layers)
    told = "observations of 2021-01-01 to 2022-04-30, issued 2022-04-30 with the model small"
    assert found["history"] == f"landcast 1.2: ndvi-forecast, {told}"
    assert found["summary"] == f"NDVI forecast at 10 m from sample, {told}."
    assert (found["time_coverage_start"], found["time_coverage_end"]) == (
        "2022-05-01T00:00:00Z",
        "2022-06-10T00:00:00Z",
    )
    west, _, _, north = WINDOW.footprint_wgs84.bounds
    assert abs(found["geospatial_lon_min"] - west) < 1e-6
    assert abs(found["geospatial_lat_max"] - north) < 1e-6
    assert found["geospatial_lat_min"] < found["geospatial_lat_max"]
    assert found["geospatial_lon_min"] < found["geospatial_lon_max"]
    assert found["Conventions"] == "CF-1.11, ACDD-1.3"


def test_what_has_no_date_covers_the_period_observed() -> None:
    count = (Layer(name="clear_count", description=""),)
    found = discovery("Counts", origin().tags(), WINDOW, count)
    assert (found["time_coverage_start"][:10], found["time_coverage_end"][:10]) == ("2021-01-01", "2022-04-30")
    assert "issued" not in found["history"]
    one = discovery("Classes", origin().tags(), WINDOW, class_map().layers)
    assert one["time_coverage_start"] == one["time_coverage_end"] == "2022-05-01T00:00:00Z"
