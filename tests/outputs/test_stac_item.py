"""The STAC item of a raster: times, place, files, and what each band is."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import box

from core.product import Layer, Raster
from core.source import InputSummary
from outputs.cog import open_cog, write_cog
from outputs.provenance import MAX_NOTES, Provenance
from outputs.stac_item import build_item, write_item
from outputs.write_raster import write_raster
from tests.outputs.rasters import class_map, forecast, origin

FOOTPRINT = box(10.3, 47.8, 10.4, 47.9)


def described(raster: Raster, folder: Path, given: Provenance | None = None, **options: Any) -> dict[str, Any]:
    write_cog(raster, folder / "map.tif", {})
    item = build_item("one", open_cog(folder / "map.tif"), given or origin(), FOOTPRINT, pixels=(3, 4), **options)
    write_item(item, folder / "map.json")
    found: dict[str, Any] = json.loads((folder / "map.json").read_text(encoding="utf-8"))
    return found


def test_a_band_states_what_it_means(tmp_path: Path) -> None:
    bands = described(forecast(), tmp_path)["assets"]["data"]["bands"]
    assert bands[6] == {
        "name": "ndvi_2022-06-10_q25",
        "description": "NDVI 2022-06-10 q25",
        "unit": "1",
        "landcast:variable": "NDVI",
        "landcast:quantile": 0.25,
        "landcast:date": "2022-06-10",
    }
    bands = described(class_map(), tmp_path)["assets"]["data"]["bands"]
    assert [band.get("landcast:class_code") for band in bands] == [None, 0, 1, None]
    assert bands[2]["landcast:class_name"] == "conifer"
    assert bands[0]["classification:classes"][0] == {
        "value": 0,
        "name": "no_tree_canopy",
        "title": "No tree canopy",
        "description": "No tree canopy",
        "color_hint": "010203",
    }


def test_an_item_covers_the_dates_of_its_layers_or_the_period_observed(tmp_path: Path) -> None:
    several = described(forecast(), tmp_path)["properties"]
    assert [several[f"{when}datetime"][:10] for when in ("start_", "end_", "")] == [
        "2022-05-01",
        "2022-06-10",
        "2022-05-01",
    ]
    one = described(class_map(), tmp_path)["properties"]
    assert [one[f"{when}datetime"][:10] for when in ("start_", "end_", "")] == [
        "2021-01-01",
        "2022-04-30",
        "2022-05-01",
    ]
    undated = replace(class_map(), layers=tuple(replace(v, date="") for v in class_map().layers))
    assert described(undated, tmp_path)["properties"]["datetime"][:10] == "2022-04-30"


def test_files_beside_the_raster_are_assets_with_size_and_checksum(tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(b"picture")
    (tmp_path / "map_pixel.png").write_bytes(b"plot")
    assets = described(class_map(), tmp_path)["assets"]
    assert set(assets) == {"data", "thumbnail", "plot"}
    assert assets["thumbnail"]["file:size"] == 7
    assert assets["thumbnail"]["file:checksum"] == "1220" + hashlib.sha256(b"picture").hexdigest()
    assert assets["plot"]["href"] == "./map_pixel.png"


def test_an_item_states_where_it_comes_from(tmp_path: Path) -> None:
    given = replace(origin(), model_version="3", notes=tuple(f"note {n}" for n in range(MAX_NOTES + 5)))
    found = described(class_map(), tmp_path, given, created="2022-07-01T00:00:00Z")["properties"]
    assert found["landcast:model_version"] == "3"
    assert found["landcast:clear_share"] == 0.75
    assert len(found["landcast:notes"]) == MAX_NOTES
    assert found["title"] == "NDVI forecast (simulated)"
    assert found["created"] == "2022-07-01T00:00:00Z"
    plain = described(class_map(), tmp_path)["properties"]
    assert (
        not {"landcast:model_version", "landcast:areas", "landcast:applicability", "landcast:evidence", "created"}
        & plain.keys()
    )


@pytest.mark.parametrize(("raster", "dtype", "nodata"), [(class_map(), "uint8", 255), (forecast(), "float32", "nan")])
def test_the_raster_asset_has_type_and_nodata(tmp_path: Path, raster: Raster, dtype: str, nodata: object) -> None:
    asset = described(raster, tmp_path)["assets"]["data"]
    assert (asset["data_type"], asset["nodata"], asset["raster:spatial_resolution"]) == (dtype, nodata, 10.0)


def test_a_band_that_states_nothing_has_a_name_and_a_description(tmp_path: Path) -> None:
    raster = replace(class_map(), layers=tuple(Layer(name=f"b{n}", description="", dtype="uint8") for n in range(4)))
    assert described(raster, tmp_path)["assets"]["data"]["bands"][1] == {"name": "b1", "description": ""}


def test_the_item_states_what_the_input_was_taken_for(tmp_path: Path) -> None:
    summary = InputSummary(name="a.nc", layout="cube", remarks=("It has no mask.",))
    properties = described(forecast(), tmp_path, origin().with_input(summary))["properties"]
    assert properties["landcast:input"] == ["a.nc: cube", "Note: It has no mask."]
    assert properties["landcast:notes"] == ["It has no mask."]


def test_bands_of_integers_state_their_scale(tmp_path: Path) -> None:
    write_raster(forecast(), tmp_path / "map.tif", origin())
    item = build_item("one", open_cog(tmp_path / "map.tif"), origin(), FOOTPRINT, pixels=(3, 4))
    asset = item.to_dict()["assets"]["data"]
    assert (asset["data_type"], asset["nodata"]) == ("int16", -32768)
    assert {(b["raster:scale"], b["raster:offset"]) for b in asset["bands"][:-1]} == {(1e-4, 0)}
    assert asset["bands"][-1]["raster:scale"] == 1
    assert {"style", "definition"} < set(item.assets)
    assert item.assets["style"].roles == ["metadata", "style"]


def test_a_class_map_has_its_legend_for_gdal_and_no_scales(tmp_path: Path) -> None:
    write_raster(class_map(), tmp_path / "map.tif", origin())
    item = build_item("one", open_cog(tmp_path / "map.tif"), origin(), FOOTPRINT, pixels=(3, 4))
    assert item.assets["legend"].href == "./map.tif.aux.xml"
    assert not any("raster:scale" in band for band in item.to_dict()["assets"]["data"]["bands"])
