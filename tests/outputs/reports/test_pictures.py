"""Matplotlib figures as PNG."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from outputs.reports.pictures import COLOURS, DPI, figure_png


def drawn(colour: str) -> bytes:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], [0, 2], color=colour, linewidth=4)
    return figure_png(figure)


def test_a_figure_is_a_png_of_its_size_and_always_the_same() -> None:
    assert drawn(COLOURS[0]) == drawn(COLOURS[0])
    assert drawn(COLOURS[0]) != drawn(COLOURS[1])
    picture = Image.open(io.BytesIO(drawn(COLOURS[0])))
    assert picture.size == (3 * DPI, 2 * DPI)
    assert "Software" not in picture.info or not picture.info["Software"]


def test_colours_differ_in_lightness_or_hue() -> None:
    rgb = np.array([[int(c[n : n + 2], 16) for n in (1, 3, 5)] for c in COLOURS])
    distance = np.abs(rgb[:, None] - rgb[None]).max(axis=2) + 255 * np.eye(len(rgb), dtype=int)
    assert distance.min() > 50
