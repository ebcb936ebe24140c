"""Orders of fields: what is decided when they are accepted, what is refused, and estimates."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from shapely.geometry import box, mapping, shape

from core.errors import InvalidOption, RequestError
from core.region import WGS84, reproject
from core.settings import Settings
from tests.workers.fields.jobs import (
    FIELDS,
    ROWS,
    WEST,
    collection,
    crossed,
    feature,
    settings_for,
    square,
    write_archive,
)
from workers.fields.accept import check_fields, estimate_fields, names_of


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(tmp_path_factory.mktemp("accept"))


def test_all_that_the_answer_depends_on_is_decided(here: Settings) -> None:
    found = check_fields({"fields": FIELDS, "id": "plot", "title": " Mine "}, here)
    params = found.order.params
    assert params["products"] == ["ndvi-forecast", "crop", "canopy"]
    assert params["issue_date"] == "2022-10-23"
    assert (params["dates"][0], len(params["dates"])) == ("2022-10-27", 30)
    assert set(params["models"]) == set(params["products"])
    assert params["id"] == "plot"
    assert params["fields"]["count"] == 4
    assert 140 <= params["fields"]["pixels"] == found.pixels <= 148
    assert params["fields"]["sha256"] == hashlib.sha256(found.upload).hexdigest()
    assert json.loads(found.upload) == FIELDS
    assert (found.order.product, found.order.title, found.order.archive) == ("fields", "Mine", here.archives.default)
    around = shape(dict(found.order.region))
    assert all(around.buffer(1e-9).contains(f.geometry) for f in found.fields)


def test_dates_and_products_are_lists_or_texts_with_commas(here: Settings) -> None:
    for dates, products in (
        (["2022-11-15", "2022-12-01"], ["ndvi-forecast"]),
        ("2022-11-15, 2022-12-01", "ndvi-forecast,"),
    ):
        params = check_fields({"fields": FIELDS, "dates": dates, "products": products}, here).order.params
        assert (params["dates"], params["products"]) == (["2022-11-15", "2022-12-01"], ["ndvi-forecast"])
    assert "dates" not in check_fields({"fields": FIELDS, "products": "crop"}, here).order.params
    with pytest.raises(InvalidOption, match="list of names"):
        names_of([1], "products")


@pytest.mark.parametrize(
    ("inputs", "part"),
    [
        ({}, "'fields': it is missing"),
        ({"fields": None}, "it is missing"),
        ({"fields": FIELDS, "region": square(1, 1)}, "the inputs are fields, archive,"),
        ({"fields": FIELDS, "archive": "/etc"}, "archive '/etc'"),
        ({"fields": FIELDS, "products": ["weather"]}, "the products of fields are"),
        ({"fields": FIELDS, "products": {"a": 1}}, "list of names"),
        ({"fields": FIELDS, "products": ["crop"], "dates": ["2022-11-15"]}, "not ordered"),
        ({"fields": FIELDS, "dates": 7}, "dates"),
        ({"fields": FIELDS, "dates": [{}]}, "dates"),
        ({"fields": FIELDS, "dates": "soon"}, "soon"),
        ({"fields": FIELDS, "issue_date": 7}, "'issue_date': it is a text"),
        ({"fields": FIELDS, "issue_date": "2020-01-01"}, "begin on 2021-03-01"),
        ({"fields": FIELDS, "period": ["a"]}, "'period': it is a text"),
        ({"fields": FIELDS, "period": "2022-05-01/2021-05-01"}, "ends before it starts"),
        ({"fields": FIELDS, "id": 3}, "'id': it is a text"),
        ({"fields": FIELDS, "title": "a\nb"}, "one line"),
        ({"fields": FIELDS, "priority": "now"}, "low, normal, high"),
        ({"fields": FIELDS, "max_seconds": -1}, "max_seconds"),
        ({"fields": collection([feature(square(9000, 4))])}, "none of them lies in 'long'"),
    ],
)
def test_a_wrong_order_is_refused_with_a_sentence(here: Settings, inputs: dict[str, Any], part: str) -> None:
    with pytest.raises(RequestError) as refused:
        check_fields(inputs, here)
    assert part in str(refused.value)
    assert str(refused.value).endswith(".")


def test_fields_that_cannot_be_measured_are_refused_only_if_all_are(here: Settings) -> None:
    with pytest.raises(InvalidOption, match="none of them can be measured; of the first, its outline crosses itself"):
        check_fields({"fields": collection([feature(crossed())])}, here)
    found = check_fields({"fields": collection([feature(crossed()), feature(square(10, 4))])}, here)
    assert found.order.params["fields"]["count"] == 2
    assert len(found.geometries) == 1


def test_fields_may_lie_far_apart_but_not_cover_more_than_a_region_may(here: Settings) -> None:
    fiji = {"type": "Polygon", "coordinates": [[[179.98, -17], [180.02, -17], [180.02, -16.98], [179.98, -17]]]}
    scattered = check_fields({"fields": collection([feature(square(10, 4)), feature(fiji)])}, here)
    assert shape(dict(scattered.order.region)).area > 1000
    west, _, east, _ = shape(dict(scattered.order.region)).bounds
    assert (west, east) == (-180, 180)
    tile = {"type": "Polygon", "coordinates": [[[10, 48], [10.12, 48], [10.12, 48.09], [10, 48.09], [10, 48]]]}
    with pytest.raises(InvalidOption, match=r"they cover 2\d,\d+ km2"):
        check_fields({"fields": collection([feature(tile)] * 240)}, here)


def test_an_estimate_counts_pixels_area_and_scenes_and_orders_nothing(here: Settings) -> None:
    found = estimate_fields({"fields": FIELDS, "products": ["ndvi-forecast"]}, here)
    assert (found["tiles"], found["scenes"]) == (1, 41)
    assert found["area_km2"] == pytest.approx(4 * 0.0036, rel=0.01)
    assert found["pixels"] == pytest.approx(144, abs=3)
    assert 0 < found["seconds"] < 10
    assert found["archive_share"] == 1
    assert (found["scene_reads"], found["read_bytes"]) == (4 * 41, 4 * 41 * 36 * 4 * 2)
    edge = collection([feature(square(10, 4)), feature(square(477, 4))])
    assert estimate_fields({"fields": edge}, here)["archive_share"] == pytest.approx(0.75, abs=0.01)
    assert not (here.home / "work").exists()


def test_pixels_are_counted_by_their_size_on_the_ground(tmp_path: Path) -> None:
    path, north = tmp_path / "archives" / "mercator.nc", 6_100_000
    with xr.open_dataset(write_archive(tmp_path / "utm.nc")) as data:
        y = north - 10.0 * (np.arange(ROWS) + 0.5)
        path.parent.mkdir()
        data.assign_coords(y=y).assign_attrs(crs="EPSG:3857").to_netcdf(path, engine="netcdf4")
    ring = box(WEST + 100, north - 160, WEST + 160, north - 100)  # 6 x 6 pixels, each 6.7 m wide at 48 degrees north
    field = mapping(reproject(ring, "EPSG:3857", WGS84))
    found = estimate_fields({"fields": collection([feature(field)])}, settings_for(tmp_path, archive=str(path)))
    assert found["pixels"] == 36
    assert found["area_km2"] == pytest.approx(0.0036 * 0.443, rel=0.02)


def test_swapped_coordinates_are_noticed(here: Settings) -> None:
    ring = [[y, x] for x, y in square(10, 4)["coordinates"][0]]
    with pytest.raises(InvalidOption, match="longitude and latitude seem to be swapped"):
        check_fields({"fields": collection([feature({"type": "Polygon", "coordinates": [ring]})])}, here)
