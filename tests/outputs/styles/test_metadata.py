"""What programs that read with GDAL see of a class map: names, an attribute table, and a palette on the first band."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import rasterio
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate
from rio_tiler.io import Reader

from outputs.styles.metadata import metadata
from products.canopy import LEGEND
from products.change import LEGEND as CHANGES
from tests.outputs.rasters import forecast
from tests.outputs.styles.maps import CHANGE_LAYERS, STRIPE, written


def test_every_band_with_a_legend_has_names_and_colours() -> None:
    bands = {int(b.get("band", "")): b for b in ElementTree.fromstring(metadata(CHANGE_LAYERS))}
    assert list(bands) == [1, 6, 7]
    names = [category.text for category in bands[1].iter("Category")]
    assert names == [entry.label for entry in CHANGES]
    rows = [[cell.text for cell in row] for row in bands[6].iter("Row")]
    assert rows == [[str(e.value), e.label, *map(str, e.colour)] for e in LEGEND]


def test_a_value_without_a_class_has_an_empty_name() -> None:
    gap = replace(CHANGE_LAYERS[0], legend=(CHANGES[1], CHANGES[3]))
    names = [c.text for c in ElementTree.fromstring(metadata([gap])).iter("Category")]
    assert names == [None, "Stable canopy", None, "Loss"]


def test_a_forecast_has_none() -> None:
    assert metadata(forecast().layers) == ""


def test_the_class_band_is_what_is_drawn_first(tmp_path: Path) -> None:
    for kind in ("class", "change"):
        path = written(tmp_path)[kind]
        assert cog_validate(path, strict=True) == (True, [], [])
        with rasterio.open(path) as raster:
            assert raster.colorinterp[0] is ColorInterp.palette
            assert set(raster.colorinterp[1:]) == {ColorInterp.undefined}
            assert raster.files[1:] == [f"{path}.aux.xml"]


def test_rio_tiler_draws_the_classes_in_their_colours(tmp_path: Path) -> None:
    with Reader(str(written(tmp_path)["change"])) as reader:
        image = reader.read(indexes=1)
        drawn = image.apply_colormap(reader.colormap or {})
    for code, entry in enumerate(CHANGES):
        assert tuple(drawn.data[:3, 60, STRIPE * code + 5]) == entry.colour
    assert not drawn.mask[20].any()
