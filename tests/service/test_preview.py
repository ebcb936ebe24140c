"""Layers and previews: what the map page draws."""

from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from core.product import Layer
from service.layers import NDVI_RAMP
from service.preview import EDGE_PX, frame_of, paint
from tests.service.scene import NOTE, problem_of


def picture(client: httpx.Client, path: str) -> np.ndarray:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(BytesIO(answer.content)))


def test_layers_carry_their_legends_and_say_that_they_are_simulated(client: httpx.Client) -> None:
    found = client.get("/jobs/canopy1/layers").json()
    assert found["simulated"] is True
    assert found["start"] == "class"
    assert [stop["label"] for stop in found["layers"][0]["legend"]] == ["No tree canopy", "Conifer", "Broadleaf"]
    assert [x["name"] for x in found["layers"]][-1] == "clear_count"


def test_layers_carry_what_a_class_map_rests_on_and_its_notes(client: httpx.Client) -> None:
    found = client.get("/jobs/canopy1/layers").json()
    assert found["notes"] == [NOTE]
    assert found["evidence"].startswith("The map rests on 14 of 36 months seen")
    forecast = client.get("/jobs/forecast1/layers").json()
    assert (forecast["notes"], forecast["evidence"]) == ([], "")


def test_a_forecast_starts_with_the_median_of_its_first_date(client: httpx.Client) -> None:
    found = client.get("/jobs/forecast1/layers").json()
    assert found["start"].endswith("_q50")
    assert len({x["date"] for x in found["layers"] if x["date"]}) == 2


def test_a_class_map_is_painted_in_the_colours_of_its_legend(client: httpx.Client) -> None:
    pixels = picture(client, "/jobs/canopy1/preview.png?layer=class")
    shown = {tuple(c) for c in pixels[pixels[..., 3] == 255][:, :3].tolist()}
    assert shown == {(238, 226, 196), (20, 90, 72), (122, 182, 72)}


def test_a_preview_is_the_right_way_up_and_nodata_is_transparent(client: httpx.Client) -> None:
    pixels = picture(client, "/jobs/canopy1/preview.png?layer=class")
    rows, columns = pixels.shape[:2]
    assert max(rows, columns) == EDGE_PX
    middle = pixels[rows // 2]
    assert tuple(middle[columns // 8, :3]) == (238, 226, 196)
    assert tuple(middle[-columns // 8, :3]) == (122, 182, 72)
    assert pixels[2, columns // 2, 3] == 0
    assert pixels[-rows // 4, columns // 2, 3] == 255


def test_a_forecast_is_painted_by_its_values(client: httpx.Client) -> None:
    pixels = picture(client, "/jobs/forecast1/preview.png")
    row = pixels[pixels.shape[0] // 2].astype(int)
    greens = row[row[:, 3] == 255][:, :3].sum(axis=1)
    assert greens[len(greens) // 4] > greens[-1]


def test_an_unknown_layer_is_not_found(client: httpx.Client) -> None:
    assert "clear_count" in problem_of(client.get("/jobs/canopy1/preview.png?layer=gold"), 404)["detail"]


@pytest.mark.parametrize("path", ["layers", "preview.png"])
def test_an_unfinished_job_has_no_preview(client: httpx.Client, path: str) -> None:
    assert problem_of(client.get(f"/jobs/running1/{path}"), 404)["type"].endswith("result-not-ready")


def test_a_frame_has_square_pixels_in_mercator() -> None:
    frame = frame_of([10.0, 48.0, 10.2, 48.1])
    west, south, east, north = frame.bounds_mercator
    rows, columns = frame.shape_yx
    assert columns == EDGE_PX
    assert (east - west) / columns == pytest.approx((north - south) / rows, rel=0.01)


def test_a_ramp_holds_its_end_colours_beyond_its_ends() -> None:
    layer = Layer(name="x", description="x", unit="1")
    painted = paint(np.array([[-9.0, 9.0, np.nan]], np.float32), layer)
    assert tuple(painted[0, 0]) == NDVI_RAMP.colours[0]
    assert tuple(painted[0, 1]) == NDVI_RAMP.colours[-1]
