"""Fields as requests send them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point
from shapely.geometry import box, shape

from client.fields import fields_to_send
from core.errors import InvalidOption
from workers.fields.collection import read_collection

SQUARES = [box(10.0 + n / 100, 48.0, 10.001 + n / 100, 48.001) for n in range(3)]


def frame(**columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=SQUARES, crs=4326)


def collection(**properties: Any) -> dict[str, Any]:
    return json.loads(frame(**properties).to_json(drop_id=True))


def as_read(given: Any, column: str = "") -> tuple[list[Any], str]:
    """Ids as the client has them; the service has the same, once the request has been JSON."""
    sent = fields_to_send(given, column)
    found = read_collection(json.loads(json.dumps(sent.collection)), id_column=column)
    assert [str(f.id) for f in found.fields] == [str(i) for i in sent.ids]
    assert found.id_column == sent.id_column
    return list(sent.ids), sent.id_column


def test_ids_are_the_column_named_else_id_else_name_else_the_index() -> None:
    owner = ["x", "y", "z"]
    assert as_read(frame(plot=owner, id=[3, 1, 2]), "plot") == (owner, "plot")
    assert as_read(frame(plot=owner, ID=[3, 1, 2], name=owner)) == ([3, 1, 2], "ID")
    assert as_read(frame(plot=owner, Name=owner)) == (owner, "Name")
    assert as_read(frame(plot=[1, 2, 3]).set_index(pd.Index(owner))) == (owner, "id")
    assert as_read(frame(plot=owner).geometry) == ([0, 1, 2], "id")
    assert as_read(collection(plot=owner), "plot") == (owner, "plot")
    assert as_read(collection(plot=owner)) == ([1, 2, 3], "id")
    with_ids = json.loads(frame(name=owner).set_index(pd.Index(["a", "b", "c"])).to_json())
    assert as_read(with_ids) == (["a", "b", "c"], "id")


def test_only_ids_and_names_of_a_frame_are_sent_in_degrees_of_seven_decimals() -> None:
    sent = fields_to_send(frame(plot=["a", "b", "c"], name=["A", None, "C"], secret=[1, 2, 3]).to_crs(32632), "plot")
    features = sent.collection["features"]
    assert features[1]["properties"] == {"name": None, "plot": "b"}
    assert shape(features[0]["geometry"]).equals_exact(SQUARES[0], 1e-6)
    assert (
        np.round(features[0]["geometry"]["coordinates"], 7).tolist()
        == np.asarray(features[0]["geometry"]["coordinates"]).tolist()
    )
    assert sent.crs == "EPSG:32632"


def test_ids_of_every_type_are_json() -> None:
    for values in (np.array([1, 2, 3], np.int16), [1.5, np.nan, 2.0], [date(2024, 5, 1), None, pd.NaT], [True, "a", 2]):
        json.dumps(fields_to_send(frame(plot=values), "plot").collection, allow_nan=False)
    sent = fields_to_send(frame(plot=pd.to_datetime(["2024-05-01", None, "2024-05-02"])), "plot")
    assert [f["properties"]["plot"] for f in sent.collection["features"]][1:] == [None, "2024-05-02 00:00:00"]


def test_a_missing_geometry_or_a_point_is_sent_for_the_service_to_say_so() -> None:
    given = gpd.GeoDataFrame(geometry=[SQUARES[0], None, Point(10, 48), Point()], crs=4326)
    kinds = [f["geometry"] and f["geometry"]["type"] for f in fields_to_send(given).collection["features"]]
    assert kinds == ["Polygon", None, "Point", None]


def test_a_file_of_geojson_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "fields.geojson"
    path.write_text(json.dumps(collection(plot=[1, 2, 3], further=[4, 5, 6])), encoding="utf-8-sig")
    assert (
        fields_to_send(path).collection
        == fields_to_send(str(path)).collection
        == json.loads(path.read_text("utf-8-sig"))
    )


@pytest.mark.parametrize(
    ("given", "column", "part"),
    [
        (None, "", "GeoDataFrame with a CRS"),
        (SQUARES[0], "", "GeoDataFrame with a CRS"),
        ({"type": "Polygon", "coordinates": []}, "", "GeoDataFrame with a CRS"),
        ("/nowhere/fields.geojson", "", "cannot be read as GeoJSON"),
        (gpd.GeoDataFrame(geometry=SQUARES), "", "set it with set_crs"),
        (frame(plot=[1, 2, 3]), "owner", "the columns are plot"),
        (collection(plot=[1, 2, 3]), "owner", "no such property"),
        (gpd.GeoDataFrame(geometry=[Point(np.nan, 1)], crs=4326), "", "JSON cannot hold"),
    ],
)
def test_what_are_no_fields_is_refused_with_a_sentence(given: Any, column: str, part: str) -> None:
    with pytest.raises(InvalidOption, match=part) as refused:
        fields_to_send(given, column)
    assert str(refused.value).endswith(".")
