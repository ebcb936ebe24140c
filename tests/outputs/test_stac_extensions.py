"""Fields of STAC extensions: how a result was computed, what it forecasts, how to draw it; read by odc-stac."""

from pathlib import Path

import numpy as np
import odc.stac
import pystac
import pytest
from shapely.geometry import box

from core.product import Raster
from core.rasters.coding import Coding
from core.rasters.stored import coding_for
from outputs.cog import open_cog, write_cog
from outputs.stac_extensions import FORECAST, forecast_fields, processing_fields, renders
from outputs.stac_item import build_item, write_item
from tests.outputs.rasters import class_map, forecast, origin


def item_of(raster: Raster, folder: Path) -> pystac.Item:
    write_cog(raster, folder / "map.tif", {})
    document = build_item("a", open_cog(folder / "map.tif"), origin(), box(10.3, 47.8, 10.4, 47.9), pixels=(1, 2))
    write_item(document, folder / "map.json")
    return pystac.Item.from_file(folder / "map.json")


@pytest.mark.filterwarnings("ignore:The .shapely.ops.transform:DeprecationWarning")  # in odc-geo
@pytest.mark.parametrize(("raster", "band"), [(class_map(), "class"), (forecast(), "ndvi_2022-05-01_q50")])
def test_odc_stac_loads_a_band_by_its_name_on_the_grid_of_the_file(tmp_path: Path, raster: Raster, band: str) -> None:
    names = [layer.name for layer in raster.layers]
    loaded = odc.stac.load([item_of(raster, tmp_path)], bands=[band])[band]
    assert loaded.shape[1:] == raster.window.shape_yx
    np.testing.assert_array_equal(loaded.to_numpy()[0], raster.pixels[names.index(band)])


def test_an_item_says_how_it_was_computed() -> None:
    found = processing_fields(origin(), "2022-10-01T00:00:00Z")
    assert found["processing:software"]["landcast"] == origin().version
    assert found["processing:datetime"] == "2022-10-01T00:00:00Z"
    assert "processing:datetime" not in processing_fields(origin())


def test_a_forecast_states_its_issue_date_and_how_far_it_reaches(tmp_path: Path) -> None:
    issued = origin(issue_date="2022-04-21")
    found = forecast_fields(forecast().layers, issued)
    assert found["forecast:reference_datetime"] == "2022-04-21T00:00:00Z"
    assert (found["forecast:horizon"], found["forecast:duration"]) == ("P10D", "P40D")
    assert forecast_fields(forecast().layers, origin()) == {}
    assert FORECAST not in item_of(class_map(), tmp_path).stac_extensions


def test_classes_are_drawn_in_their_colours_and_a_forecast_by_its_median() -> None:
    drawn = renders(class_map().layers, [Coding(dtype="uint8", nodata=255)] * 4)["class"]
    assert drawn["colormap"]["1"] == [250, 128, 64, 255]
    assert (drawn["bidx"], drawn["nodata"], drawn["resampling"]) == ([1], 255, "nearest")
    floats = [Coding(dtype="float32")] * len(forecast().layers)
    (name,) = renders(forecast().layers, floats)
    assert name.endswith("q50")
    assert renders(forecast().layers, floats)[name]["rescale"] == [[0, 1]]


def test_integers_of_a_forecast_are_drawn_from_their_least_to_their_greatest() -> None:
    stored = [coding_for(layer) for layer in forecast().layers]
    (drawn,) = renders(forecast().layers, stored).values()
    assert (drawn["rescale"], drawn["nodata"]) == ([[0, 10_000]], -32768)
