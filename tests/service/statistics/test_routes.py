"""Statistics of finished maps over HTTP, against the pixels of the map weighed by hand."""

import json
from io import BytesIO, StringIO
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely.geometry import box, mapping

from core.region import reproject
from tests.service.conftest import Front
from tests.service.scene import problem_of


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def pixels_as_polygon(cog: rasterio.DatasetReader, left: float, top: float, right: float, low: float) -> dict[str, Any]:
    """Return, in WGS84, a rectangle whose corners are given in columns and rows of a map."""
    (west, north), (east, south) = cog.transform @ (left, top), cog.transform @ (right, low)
    placed = reproject(box(west, south, east, north), cog.crs.to_string(), "EPSG:4326")
    return dict(json.loads(json.dumps(mapping(placed))))


def ask(client: httpx.Client, features: list[Any], job: str = "canopy1", **params: Any) -> httpx.Response:
    body = {"type": "FeatureCollection", "features": features}
    return client.post(f"/jobs/{job}/statistics", json=body, params=params)


def statistics_of(client: httpx.Client, features: list[Any], job: str, **params: Any) -> list[dict[str, Any]]:
    answer = ask(client, features, job, **params)
    assert answer.status_code == 200, answer.text
    return [f["properties"]["statistics"] for f in answer.json()["features"]]


@pytest.fixture(scope="module")
def forecast(front: Front) -> tuple[str, np.ndarray, dict[str, Any]]:
    """Name of a layer, the pixels of a part of it, and the polygon of that part: 3.5 x 4 pixels."""
    layer = front.client.get("/jobs/forecast1/layers").json()["start"]
    with rasterio.open(front.settings.home / "jobs" / "forecast1" / "ndvi-forecast.tif") as cog:
        pixels = cog.read(cog.descriptions.index(layer) + 1)[6:10, 5:9] * cog.scales[0]
        return layer, pixels, pixels_as_polygon(cog, 5, 6, 8.5, 10)


def test_a_mean_weighs_each_pixel_by_the_share_that_lies_inside(client: httpx.Client, forecast: Any) -> None:
    layer, pixels, polygon = forecast
    [found] = statistics_of(client, [feature(polygon)], "forecast1", layer=layer)
    weights = np.broadcast_to([1, 1, 1, 0.5], pixels.shape)
    mean = np.average(pixels, weights=weights)
    expected = {
        "count": 14.0,
        "valid_share": 1.0,
        "min": pixels.min(),
        "max": pixels.max(),
        "mean": mean,
        "std": np.sqrt(np.average((pixels - mean) ** 2, weights=weights)),
    }
    assert {name: found[layer][name] for name in expected} == pytest.approx(expected, rel=1e-3)
    quartiles = np.quantile(pixels.ravel(), (0.25, 0.5, 0.75), weights=weights.ravel(), method="inverted_cdf")
    assert [found[layer][name] for name in ("p25", "median", "p75")] == pytest.approx(quartiles.tolist(), rel=1e-5)


def test_classes_have_areas_and_shares_and_no_mean(front: Front) -> None:
    with rasterio.open(front.settings.home / "jobs" / "canopy1" / "canopy.tif") as cog:
        classes = cog.read(1)
        whole = pixels_as_polygon(cog, 0, 0, cog.width, cog.height)
    [found] = statistics_of(front.client, [feature(whole)], "canopy1", layer="class")
    valid = classes != 255
    labels = ["No tree canopy", "Conifer", "Broadleaf"]
    areas = {label: float((classes == code).sum() / 100) for code, label in enumerate(labels)}
    assert found["class"]["area_ha"] == pytest.approx(areas, abs=2e-3)
    assert sum(found["class"]["share"].values()) == pytest.approx(1, abs=1e-3)
    assert found["class"]["valid_share"] == pytest.approx(valid.mean(), abs=1e-3)
    assert "mean" not in found["class"]


def test_all_layers_are_measured_unless_some_are_named(client: httpx.Client, forecast: Any) -> None:
    [found] = statistics_of(client, [feature(forecast[2])], "canopy1")
    assert list(found) == [x["name"] for x in client.get("/jobs/canopy1/layers").json()["layers"]]
    [found] = statistics_of(client, [feature(forecast[2])], "canopy1", layer=["p_conifer", "class"])
    assert list(found) == ["p_conifer", "class"]


def test_outside_of_the_map_nothing_is_counted(client: httpx.Client) -> None:
    far = dict(mapping(box(20, 50, 20.001, 50.001)))
    [found] = statistics_of(client, [feature(far)], "canopy1", layer=["class", "p_conifer"])
    assert (found["class"]["count"], found["class"]["valid_share"]) == (0, 0)
    assert set(found["class"]["share"].values()) == {None}
    assert (found["p_conifer"]["count"], found["p_conifer"]["mean"]) == (0, None)


def test_half_outside_only_the_half_inside_counts(front: Front) -> None:
    with rasterio.open(front.settings.home / "jobs" / "forecast1" / "ndvi-forecast.tif") as cog:
        polygon = pixels_as_polygon(cog, -4, 5, 4, 9)
    [found] = statistics_of(front.client, [feature(polygon)], "forecast1")
    for values in found.values():
        assert values["count"] == pytest.approx(16, abs=0.05)
        assert values["valid_share"] == pytest.approx(0.5, abs=2e-3)


def test_features_come_back_as_they_were(client: httpx.Client, forecast: Any) -> None:
    given = feature(forecast[2], crop="wheat") | {"id": 7, "bbox": [1, 2, 3, 4]}
    body = ask(client, [given], layer="class").json()
    [back] = body["features"]
    assert (back["id"], back["bbox"], back["geometry"]) == (7, [1, 2, 3, 4], given["geometry"])
    assert back["properties"]["crop"] == "wheat"
    assert (body["job"], body["simulated"]) == ("canopy1", True)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, "geometry"),
        ({"type": "Point", "coordinates": [10.343, 48.024]}, "Point"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, ""),
        ({"type": "Polygon", "coordinates": [[[600000, 5300000], [600100, 5300000], [600000, 5300100]]]}, ""),
    ],
)
def test_a_feature_that_cannot_be_measured_says_why_and_the_others_are(
    client: httpx.Client, forecast: Any, geometry: Any, said: str
) -> None:
    bad, good = ask(client, [feature(geometry), feature(forecast[2])], layer="class").json()["features"]
    assert bad["properties"]["statistics"] == {}
    assert said in bad["properties"]["reason"]
    assert good["properties"]["statistics"]["class"]["count"] == pytest.approx(14, abs=0.01)


def test_a_table_has_a_line_for_each_feature_and_layer_and_class(client: httpx.Client, forecast: Any) -> None:
    layers = ["class", "p_conifer"]
    features = [feature(forecast[2], name="Long field"), feature(None)]
    csv = ask(client, features, layer=layers, f="csv")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    table = pd.read_csv(StringIO(csv.text))
    assert table["id"].tolist() == ["Long field"] * 4 + ["2"]
    assert table["class"].tolist()[:3] == ["No tree canopy", "Conifer", "Broadleaf"]
    assert table["area_ha"][:3].sum() == pytest.approx(0.14, abs=1e-4)
    assert np.isfinite(table["mean"][3])
    assert "geometry" in table["reason"][4]
    parquet = pd.read_parquet(BytesIO(ask(client, features, layer=layers, f="parquet").content))
    pd.testing.assert_frame_equal(parquet, table, check_dtype=False)


def test_what_cannot_be_asked_is_refused_in_a_sentence(client: httpx.Client, forecast: Any) -> None:
    good = feature(forecast[2])
    assert "10,000" in problem_of(ask(client, []), 400)["detail"]
    assert "clear_count" in problem_of(ask(client, [good], layer="gold"), 404)["detail"]
    problem_of(ask(client, [good], f="pdf"), 400)
    problem_of(ask(client, ["x"]), 400)
    problem_of(client.post("/jobs/canopy1/statistics", json={"type": "Polygon"}), 400)
    problem_of(ask(client, [good], "running1"), 404)


def test_work_is_bounded(client: httpx.Client, front: Front) -> None:
    with rasterio.open(front.settings.home / "jobs" / "forecast1" / "ndvi-forecast.tif") as cog:
        whole = pixels_as_polygon(cog, 0, 0, cog.width, cog.height)
        own = cog.width * cog.height * cog.count
    many = [feature(whole)] * (20_000_000 // own + 2)
    assert "layer" in problem_of(ask(client, many, "forecast1"), 400)["detail"]
    ring = [[10 + n * 1e-6, 48.0] for n in range(60_000)] + [[10.0, 49.0], [10.0, 48.0]]
    assert "50,000" in problem_of(ask(client, [feature({"type": "Polygon", "coordinates": [ring]})]), 400)["detail"]


def test_features_that_state_another_crs_are_refused(client: httpx.Client) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    body = {"type": "FeatureCollection", "features": [feature(mapping(box(10.34, 48.02, 10.35, 48.03)))]}
    assert (
        "EPSG::25832" in problem_of(client.post("/jobs/canopy1/statistics", json={**body, "crs": crs}), 400)["detail"]
    )
    assert client.post("/jobs/canopy1/statistics", json=body).status_code == 200
