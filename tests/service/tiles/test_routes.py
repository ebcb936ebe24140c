"""XYZ tiles, TileJSON and WMTS of finished jobs, as web maps and GDAL read them."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import morecantile
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rasterio.warp import transform

from tests.service.conftest import Front
from tests.service.scene import problem_of

GRID = morecantile.tms.get("WebMercatorQuad")
COLOURS = {(238, 226, 196), (20, 90, 72), (122, 182, 72)}


def pixels_of(client: httpx.Client, url: str) -> np.ndarray:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    found = np.asarray(Image.open(BytesIO(answer.content)))
    assert found.shape == (256, 256, 4)
    return found


def tilejson(client: httpx.Client, job: str = "canopy1", **params: str) -> dict[str, Any]:
    answer = client.get(f"/jobs/{job}/tilejson.json", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def covering(client: httpx.Client, job: str, layer: str, zoom: int) -> Iterator[tuple[morecantile.Tile, np.ndarray]]:
    """Yield the tiles of a zoom level over a map."""
    for t in GRID.tiles(*tilejson(client, job)["bounds"], zooms=[zoom]):
        yield t, pixels_of(client, f"/jobs/{job}/tiles/{layer}/{t.z}/{t.x}/{t.y}.png")


def test_tiles_show_each_pixel_where_it_lies_in_the_colours_of_its_class(front: Front) -> None:
    with rasterio.open(front.settings.home / "jobs" / "canopy1" / "canopy.tif") as cog:
        classes, place, crs = cog.read(1), cog.transform, cog.crs
    legend = {255: (0, 0, 0, 0), 0: (238, 226, 196, 255), 1: (20, 90, 72, 255), 2: (122, 182, 72, 255)}
    tiles = {(t.x, t.y): p for t, p in covering(front.client, "canopy1", "class", 19)}
    rows, columns = np.indices(classes.shape)
    xs, ys = place @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
    lons, lats = transform(crs, CRS.from_epsg(3857), xs, ys)
    seen = 0
    for x, y, value in zip(lons, lats, classes.ravel(), strict=True):
        edge = 20037508.342789244
        column, row = ((v + edge) / (2 * edge) * 2**19 * 256 for v in (x, -y))
        tile = tiles[int(column // 256), int(row // 256)]
        assert tuple(tile[int(row % 256), int(column % 256)]) == legend[int(value)]
        seen += 1
    assert seen == classes.size


@pytest.mark.parametrize("zoom", [0, 8, 14, 16, 22])
def test_classes_are_never_mixed_at_any_zoom(client: httpx.Client, zoom: int) -> None:
    west, south, east, north = tilejson(client)["bounds"]
    t = GRID.tile((west + east) / 2, (south + north) / 2, zoom)
    pixels = pixels_of(client, f"/jobs/canopy1/tiles/class/{t.z}/{t.x}/{t.y}.png")
    assert {tuple(c) for c in pixels[pixels[..., 3] > 0][:, :3].tolist()} <= COLOURS
    assert set(np.unique(pixels[..., 3])) <= {0, 255}


def test_a_forecast_is_drawn_by_its_values(client: httpx.Client) -> None:
    layer = client.get("/jobs/forecast1/layers").json()["start"]
    for _, pixels in covering(client, "forecast1", layer, 15):
        shown = pixels[pixels[..., 3] == 255][:, :3].astype(int).sum(axis=1)
        assert len(set(shown)) > 10, "the values rise from west to east"


def test_beyond_the_map_tiles_are_empty(client: httpx.Client) -> None:
    for path in ("16/0/0", "24/16777215/16777215", "3/7/7", "1/1/1"):
        assert not pixels_of(client, f"/jobs/canopy1/tiles/class/{path}.png").any()


def test_tiles_of_a_complete_map_may_be_kept_for_good(client: httpx.Client) -> None:
    assert "immutable" in client.get("/jobs/canopy1/tiles/class/16/0/0.png").headers["cache-control"]


@pytest.mark.parametrize("place", ["3/8/0", "3/0/8", "25/0/0", "-1/0/0", "a/0/0", "0/0/99999999999999999999"])
def test_a_place_that_no_tile_has_is_refused(client: httpx.Client, place: str) -> None:
    problem_of(client.get(f"/jobs/canopy1/tiles/class/{place}.png"), 400)


@pytest.mark.parametrize("path", ["tiles/gold/0/0/0.png", "tilejson.json?layer=gold"])
def test_an_unknown_layer_is_not_found(client: httpx.Client, path: str) -> None:
    assert "clear_count" in problem_of(client.get(f"/jobs/canopy1/{path}"), 404)["detail"]


@pytest.mark.parametrize("path", ["tiles/class/0/0/0.png", "tilejson.json", "wmts"])
def test_an_unfinished_job_has_no_tiles(client: httpx.Client, path: str) -> None:
    assert problem_of(client.get(f"/jobs/running1/{path}"), 404)["type"].endswith("result-not-ready")


def test_a_tilejson_says_where_its_map_lies(client: httpx.Client) -> None:
    found = tilejson(client, layer="p_conifer")
    west, south, east, north = found["bounds"]
    assert 10.34 < west < east < 10.35
    assert 48.02 < south < north < 48.03
    assert found["maxzoom"] == 14, "its pixels are of 9.55 m on the equator, 6.4 m here"
    assert found["attribution"] == "Simulated test fields, CC0."
    assert found["tiles"] == [f"{client.base_url}/jobs/canopy1/tiles/p_conifer/{{z}}/{{x}}/{{y}}.png"]


def test_addresses_of_a_shared_map_keep_the_token(client: httpx.Client) -> None:
    shared = client.post("/jobs/canopy1/share").json()
    url = next(x["href"] for x in shared["links"] if x["rel"] == "tilejson")
    token = parse_qs(urlsplit(url).query)["share"][0]
    [template] = tilejson(client, share=token)["tiles"]
    assert parse_qs(urlsplit(template).query)["share"] == [token]
    assert parse_qs(urlsplit(client.get(url).json()["tiles"][0]).query)["share"] == [token]
    assert token in client.get("/jobs/canopy1/wmts", params={"share": token}).text


def test_gdal_opens_the_wmts(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_HTTP_TIMEOUT", "20")
    with (
        rasterio.Env(GDAL_HTTP_PROXY="", GDAL_CACHEMAX=16),
        rasterio.open(f"WMTS:{client.base_url}/jobs/canopy1/wmts,layer=class") as found,
    ):
        assert found.crs.to_epsg() == 3857
        bounds = rasterio.warp.transform_bounds("EPSG:4326", "EPSG:3857", *tilejson(client)["bounds"])
        pixels = found.read(window=found.window(*bounds))
    shown = pixels[:3, pixels[3] == 255]
    assert {tuple(c) for c in shown.T.tolist()} == COLOURS


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"service": "WMS", "request": "GetMap"}, "'GetMap'"),
        ({"SERVICE": "wmts", "Request": "GetTile", "layer": "class"}, "'GetTile'"),
        ({"request": "GetFeatureInfo"}, "addresses of their own"),
    ],
)
def test_other_requests_than_for_capabilities_are_refused(
    client: httpx.Client, query: dict[str, str], word: str
) -> None:
    assert word in problem_of(client.get("/jobs/canopy1/wmts", params=query), 400)["detail"]


def test_capabilities_may_be_asked_for_by_name(client: httpx.Client) -> None:
    plain = client.get("/jobs/canopy1/wmts").text
    query = {"SERVICE": "WMTS", "REQUEST": "GetCapabilities", "VERSION": "1.0.0"}
    assert client.get("/jobs/canopy1/wmts", params=query).text == plain
