import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import box, shape

from client.region import region_geojson
from core.errors import InvalidRegion

SQUARE = box(10.0, 48.0, 10.01, 48.01)
GEOJSON = SQUARE.__geo_interface__


def test_geojson_a_file_a_polygon_and_a_geodataframe_name_the_same_place(tmp_path: Path) -> None:
    path = tmp_path / "aoi.geojson"
    path.write_text(json.dumps(GEOJSON))
    frame = gpd.GeoDataFrame({"day": ["2024-05-01"]}, geometry=[SQUARE], crs=4326).to_crs(32632)
    assert region_geojson(GEOJSON) == GEOJSON
    assert region_geojson(SQUARE) == GEOJSON
    assert shape(region_geojson(path)).equals(SQUARE)
    assert shape(region_geojson(str(path))).equals(SQUARE)
    for given in (frame, frame.geometry):
        found = region_geojson(given)
        assert [f["properties"] for f in found["features"]] == [{}], "columns of the user are not sent"
        assert shape(found["features"][0]["geometry"]).equals_exact(SQUARE, 1e-6)
        json.dumps(found)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (gpd.GeoDataFrame(geometry=[SQUARE]), "states no CRS"),
        (7, "path of a GeoJSON file"),
        ("/nowhere/aoi.geojson", "aoi.geojson"),
    ],
)
def test_what_names_no_place_is_refused_in_one_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(InvalidRegion, match=sentence):
        region_geojson(given)
