"""The map of a report: what is drawn, and that no shape of a map breaks it."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from core.grid import Window
from outputs.map_report.content import drawn_layers
from outputs.map_report.facts import read_facts
from outputs.map_report.picture import HEIGHT_IN, WIDTH_IN, Room, draw_map, map_height_in, map_png, north_angle
from tests.outputs.map_report.maps import LONG, NORTH, SOUTH, TINY, finished, many_classes


def texts_of(path: Path) -> list[str]:
    """Return all that is written on the map and in its legend."""
    facts = read_facts(path)
    layers = drawn_layers(facts)
    figure = Figure(figsize=(WIDTH_IN, 4))
    draw_map(figure, Room(left=0, bottom=0, width=WIDTH_IN, height=4), facts, layers)
    legends = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
    titles = [axes.get_title() or axes.get_title("left") for axes in figure.axes]
    return legends + titles + [t.get_text() for axes in figure.axes for t in axes.texts]


def test_a_class_map_has_legend_outline_gaps_scale_and_north(tmp_path: Path) -> None:
    found = texts_of(finished(tmp_path, "canopy", has_gap=True))
    assert {"No tree canopy", "Conifer", "Broadleaf", "No data", "Region", "Could not be made", "200 m", "N"} <= {
        *found
    }


def test_a_forecast_has_a_bar_of_colours_and_three_dates(tmp_path: Path) -> None:
    found = texts_of(finished(tmp_path, "ndvi-forecast", horizon="60d", step="10d", issue_date="2022-09-15"))
    assert {"NDVI, median", "No data", "2022-09-24"} <= set(found)


FORECAST = {"horizon": "60d", "step": "10d", "issue_date": "2022-09-15"}


@pytest.mark.parametrize("window", [NORTH, SOUTH, TINY, LONG, replace(LONG, shape_yx=(600, 12))])
@pytest.mark.parametrize(("product", "inputs"), [("canopy", {}), ("ndvi-forecast", FORECAST)])
def test_the_arrow_hides_nothing(tmp_path: Path, window: Window, product: str, inputs: dict[str, Any]) -> None:
    facts = read_facts(finished(tmp_path, product, window=window, has_gap=True, **inputs))
    layers = drawn_layers(facts)
    height = map_height_in(facts, layers)
    figure = Figure(figsize=(WIDTH_IN, height))
    draw_map(figure, Room(left=0, bottom=0, width=WIDTH_IN, height=height), facts, layers)
    FigureCanvasAgg(figure).draw()
    (arrow,) = (axes for axes in figure.axes if [t.get_text() for t in axes.texts if t.get_text() == "N"])
    own = arrow.get_window_extent()
    others = [axes.get_window_extent() for axes in figure.axes if axes is not arrow]
    others += [legend.get_window_extent() for legend in figure.legends]
    assert len(others) >= 2
    assert not own.count_overlaps(others)
    assert own.x0 >= 0
    assert own.x1 <= figure.bbox.x1
    assert own.y0 >= -1
    assert own.y1 <= figure.bbox.y1 + 1


def test_labels_of_a_users_own_are_drawn_as_they_are(tmp_path: Path) -> None:
    found = texts_of(many_classes(tmp_path, ["_hidden", "$x$ and $y", "小麦", "x" * 90]))
    assert " _hidden" in found
    assert "$x$ and $y" in found
    assert "x" * 25 + "…" in found


@pytest.mark.parametrize("window", [NORTH, SOUTH, TINY, LONG, replace(LONG, shape_yx=(600, 12))])
@pytest.mark.parametrize("is_unseen", [False, True])
def test_maps_of_every_shape_are_drawn_within_their_room(tmp_path: Path, window: Window, is_unseen: bool) -> None:
    facts = read_facts(finished(tmp_path, "canopy", window=window, is_unseen=is_unseen))
    assert 1.0 <= map_height_in(facts, drawn_layers(facts)) <= HEIGHT_IN
    with Image.open(io.BytesIO(map_png(facts, drawn_layers(facts)))) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels[-1, -1] == 255).all()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 4


def test_the_same_map_gives_the_same_picture(tmp_path: Path) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    assert map_png(facts, drawn_layers(facts)) == map_png(facts, drawn_layers(facts))


@pytest.mark.parametrize(
    ("west", "crs", "sign"), [(250_000, "EPSG:32632", 1), (750_000, "EPSG:32632", -1), (250_000, "EPSG:32723", -1)]
)
def test_the_arrow_points_to_true_north_not_to_the_top(west: float, crs: str, sign: int) -> None:
    """West of the central meridian of a zone true north lies to the right of the top, in the south to the left."""
    window = Window(crs=crs, transform=Affine(10, 0, west, 0, -10, 5_600_000), shape_yx=(10, 10))
    assert 1.0 < sign * north_angle(window) < 4.0


def test_the_pictures_of_a_report_know_only_what_is_given(tmp_path: Path) -> None:
    given: dict[str, Any] = {"has_item": False}
    assert "Region" not in texts_of(finished(tmp_path, "canopy", **given))
