"""One pixel of a result over REST."""

import httpx
import numpy as np
import pytest

from core.timeline import parse_date, to_day
from models.baselines.usual import usual_ndvi
from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front

INSIDE = {"lon": 10.3440, "lat": 48.0239}
"""In the region of the jobs, not in its northernmost row."""
OUTSIDE = {"lon": 11.0, "lat": 48.0239}


def test_a_class_map_states_class_and_probabilities(client: httpx.Client) -> None:
    found = client.get("/jobs/canopy1/point", params=INSIDE).json()
    assert found["is_seen"] is True
    first, *others = found["values"]
    assert (first["variable"], first["label"], first["colour"][0]) == ("class", "Conifer", "#")
    assert first["value"] == 1
    probabilities = {v["class_name"]: v["value"] for v in others if v["variable"] == "probability"}
    assert len(probabilities) == 3
    assert {v["unit"] for v in others if v["variable"] == "probability"} == {"%"}
    assert abs(found["lon"] - INSIDE["lon"]) < 1e-4


def test_a_forecast_states_quantiles_by_date_and_its_issue_date(client: httpx.Client) -> None:
    found = client.get("/jobs/forecast1/point", params=INSIDE).json()
    quantiles = [(v["date"], v["quantile"]) for v in found["values"] if v["variable"] == "NDVI"]
    assert len(quantiles) == 2 * 5
    assert found["issue_date"] < quantiles[0][0]


def test_a_pixel_that_was_never_seen_has_no_values(client: httpx.Client) -> None:
    layers = client.get("/jobs/crop1/layers").json()
    west, _, east, north = layers["bounds"]
    middle = {"lon": (west + east) / 2, "lat": north - 0.00005}
    found = client.get("/jobs/crop1/point", params=middle).json()
    assert found["is_seen"] is False
    assert {v["value"] for v in found["values"]} == {None}


@pytest.mark.parametrize("path", ["point", "point/history"])
def test_a_place_outside_the_map_is_refused(client: httpx.Client, path: str) -> None:
    found = scene.problem_of(client.get(f"/jobs/crop1/{path}", params=OUTSIDE), 400)
    assert "the map reaches from 10.34" in found["detail"]


@pytest.mark.parametrize("path", ["point", "point/history"])
@pytest.mark.parametrize("lon", ["nan", "inf", "181", "east"])
def test_a_longitude_that_is_none_is_refused(client: httpx.Client, path: str, lon: str) -> None:
    scene.problem_of(client.get(f"/jobs/crop1/{path}", params={"lon": lon, "lat": 48}), 400)


def test_a_job_that_has_not_finished_has_no_pixels(client: httpx.Client) -> None:
    scene.problem_of(client.get("/jobs/running1/point", params=INSIDE), 404)
    scene.problem_of(client.get("/jobs/none/point", params=INSIDE), 404)


def test_the_history_of_a_pixel_is_its_clear_ndvi(client: httpx.Client) -> None:
    found = client.get("/jobs/canopy1/point/history", params=INSIDE).json()
    dates = [o["date"] for o in found["observations"]]
    assert dates == sorted(dates)
    assert len(dates) == found["dates"]
    assert found["period"].startswith("2021-03-01/")
    assert dates[0] == "2021-03-01"
    assert all(0 < o["ndvi"] < 1 for o in found["observations"])
    assert found["usual"] == []


def test_the_history_of_a_forecast_has_what_is_usual_on_its_target_dates(client: httpx.Client) -> None:
    point = client.get("/jobs/forecast1/point", params=INSIDE).json()
    found = client.get("/jobs/forecast1/point/history", params=INSIDE).json()
    days, ndvi = zip(*((to_day(parse_date(o["date"])), o["ndvi"]) for o in found["observations"]), strict=True)
    dates = [v["date"] for v in point["values"] if v["quantile"] == 0.5]
    targets = np.array([to_day(parse_date(d)) for d in dates], np.int32)
    issue = parse_date(point["issue_date"])
    expected = usual_ndvi(np.array(days, np.int32), np.array(ndvi, np.float32), issue, targets)
    assert [o["date"] for o in found["usual"]] == dates
    np.testing.assert_allclose([o["ndvi"] for o in found["usual"]], expected, atol=1e-3)


def test_a_share_link_opens_pixels_but_reads_no_archive(front: Front) -> None:
    settings = front.settings.but(keys="required")
    key = make_key(settings, "who shares a pixel", party="")
    with scene.served(settings) as client:
        bearer = {"Authorization": f"Bearer {key}"}
        token = client.post("/jobs/crop1/share", headers=bearer).json()["query"].removeprefix("share=")
        assert client.get("/jobs/crop1/point", params={**INSIDE, "share": token}).status_code == 200
        assert client.get("/jobs/canopy1/point", params={**INSIDE, "share": token}).status_code == 401
        assert client.get("/jobs/crop1/point/history", params={**INSIDE, "share": token}).status_code == 401


@pytest.mark.parametrize("path", ["point", "point/history"])
def test_swapped_coordinates_are_noticed(client: httpx.Client, path: str) -> None:
    found = scene.problem_of(client.get(f"/jobs/canopy1/{path}", params={"lon": 48.0239, "lat": 10.344}), 400)
    assert "longitude and latitude seem to be swapped" in found["detail"]


def test_a_parameter_that_would_change_nothing_is_refused(client: httpx.Client) -> None:
    place = {"lon": 10.344, "lat": 48.0239, "crs": "EPSG:3857"}
    assert "'crs'" in scene.problem_of(client.get("/jobs/canopy1/point", params=place), 400)["detail"]
