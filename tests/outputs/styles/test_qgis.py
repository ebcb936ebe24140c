"""Styles and layer definitions, as QGIS itself takes them: what it draws is compared with the legend."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from PIL import Image

from core.product import LegendEntry
from outputs.styles.qgis import layer_definition, style
from products.canopy import LEGEND
from products.change import LEGEND as CHANGES
from tests.outputs.rasters import LEGEND as CLASSES
from tests.outputs.rasters import forecast
from tests.outputs.styles.maps import CHANGE_LAYERS, change_map, medians, written

QGIS_PYTHON = Path("/usr/bin/python3")
"""Where Debian's and Ubuntu's package python3-qgis is found."""
SCRIPT = Path(__file__).with_name("draw_in_qgis.py")


def has_qgis() -> bool:
    look = [str(QGIS_PYTHON), "-I", "-c", "import qgis.core"]
    return QGIS_PYTHON.exists() and subprocess.run(look, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return a folder with maps and how QGIS draws them, and what QGIS took them for."""
    if not has_qgis():
        pytest.skip("QGIS is not installed (apt-get install python3-qgis)")
    folder = tmp_path_factory.mktemp("qgis")
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    command = [str(QGIS_PYTHON), "-I", str(SCRIPT), str(folder), *written(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=home, timeout=120).stdout
    return folder, json.loads(said.strip().splitlines()[-1])


def picture(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


def colours(codes: NDArray[np.generic], legend: tuple[LegendEntry, ...]) -> NDArray[np.uint8]:
    table = np.full((256, 3), 255, np.uint8)
    for entry in legend:
        table[entry.value] = entry.colour
    return table[codes.astype(np.uint8)]


def test_qgis_draws_a_class_map_in_the_colours_of_its_legend(drawn: tuple[Path, dict[str, Any]]) -> None:
    folder, found = drawn
    assert found["class"] == {"name": "class", "kind": "paletted", "band": 1, "crs": "EPSG:32632"}
    with rasterio.open(folder / "class.tif") as raster:
        np.testing.assert_array_equal(picture(folder / "class.qgis.png"), colours(raster.read(1), CLASSES))


def test_qgis_draws_a_change_map_in_the_colours_of_its_legend(drawn: tuple[Path, dict[str, Any]]) -> None:
    folder, found = drawn
    assert (found["change"]["kind"], found["change"]["band"]) == ("paletted", 1)
    np.testing.assert_array_equal(picture(folder / "change.qgis.png"), colours(change_map().pixels[0], CHANGES))


def test_a_layer_definition_adds_the_classes_at_both_dates(drawn: tuple[Path, dict[str, Any]]) -> None:
    folder, found = drawn
    layers = found["change.qlr"]
    assert [(v["name"], v["band"], v["shown"]) for v in layers] == [
        ("change", 1, True),
        ("class_before 2020-06-01", 6, False),
        ("class_after 2022-06-01", 7, False),
    ]
    assert {(v["kind"], v["crs"]) for v in layers} == {("paletted", "EPSG:32632")}
    for number, legend in enumerate((CHANGES, LEGEND, LEGEND)):
        codes = change_map().pixels[(0, 5, 6)[number]]
        np.testing.assert_array_equal(picture(folder / f"change-{number}.qgis.png"), colours(codes, legend))


def test_qgis_draws_the_median_of_a_forecast(drawn: tuple[Path, dict[str, Any]]) -> None:
    folder, found = drawn
    assert (found["forecast"]["kind"], found["forecast"]["band"]) == ("singlebandpseudocolor", 3)
    shown, values = picture(folder / "forecast.qgis.png"), forecast().pixels[2]
    assert (shown[:3, :5] == 255).all()
    assert (shown[values >= 1] == (0x00, 0x45, 0x29)).all()
    assert (shown[values <= 0] == (0xFF, 0xFF, 0xE5)).all()
    middle = np.abs(values - 0.5) < 0.001
    assert middle.any()
    assert np.abs(shown[middle].astype(int) - (0x77, 0xC6, 0x79)).max() <= 2
    assert [v["name"] for v in found["forecast.qlr"]] == ["ndvi_2022-05-01_q50", "ndvi_2022-06-10_q50"]


def test_a_definition_of_many_dates_stays_small() -> None:
    text = layer_definition(medians(200), file_name="a.tif", title="A & B <c>", crs="EPSG:32632")
    assert len(text) < 10_000
    assert "A &amp; B &lt;c&gt;" in text
    assert text.count("./a.tif") == 6, "three layers, each in the tree and in the list"


def test_a_style_touches_nothing_but_colours() -> None:
    assert 'styleCategories="Symbology"' in style(CHANGE_LAYERS)
    assert "datasource" not in style(CHANGE_LAYERS)
