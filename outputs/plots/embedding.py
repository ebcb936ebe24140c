"""The picture of an embedding: its first three principal components as red, green and blue. Read from a GeoTIFF."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from outputs.atomic import written_aside
from outputs.plots.quicklook import FAINT, INK, MAX_PIXELS, PANEL_IN, UNSEEN
from outputs.provenance import SIMULATED

STRIP_BYTES = 64 * 2**20
STRETCH = (2.0, 98.0)
"""Percentiles of each component that become dark and bright."""
HEAD_IN, FOOT_IN = 0.75, 0.6


@dataclass(frozen=True, kw_only=True)
class Components:
    """Principal components of N pixels."""

    mean: NDArray[np.float64]
    """(D,)"""
    axes: NDArray[np.float64]
    """(3, D) unit vectors, the largest loading of each positive, so that the same pixels give the same colours."""
    shares: NDArray[np.float64]
    """(3,) share of the variance, 0..1."""


def write_embedding_picture(raster: Path, path: Path, tags: Mapping[str, str]) -> None:
    """Draw the first three principal components, stretched from their 2nd to their 98th percentile.

    Args:
        raster: GeoTIFF of float32, one band for each dimension; NaN = unseen.
        path: of the PNG, written whole or not at all.
        tags: GeoTIFF metadata: model, layer, date, simulated or not.
    """
    with rasterio.open(raster) as given:
        found = principal_components(given)
        colours = _stretched(_projected(given, found))
    height, width = colours.shape[:2]
    panel = (max(PANEL_IN * width / max(height, width), 3.4), PANEL_IN * height / max(height, width))
    size = (panel[0] + 0.4, panel[1] + HEAD_IN + FOOT_IN)
    figure = Figure(figsize=size, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.2 / size[0], FOOT_IN / size[1], panel[0] / size[0], panel[1] / size[1]))
    axes.imshow(colours, interpolation="nearest", aspect="equal")
    axes.set_axis_off()
    _caption(figure, found, tags, size)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png", dpi=150, metadata={"Software": None})


def principal_components(raster: Any) -> Components:
    """Return the first three principal components of all seen pixels of an open raster, read strip by strip."""
    count, total, products = 0, np.zeros(raster.count), np.zeros((raster.count, raster.count))
    shift: NDArray[np.float64] | None = None
    for _, strip in _strips(raster):
        pixels = _seen(strip)
        if len(pixels):
            shift = pixels[0] if shift is None else shift  # sums of small numbers keep their digits
            moved = pixels - shift
            count, total, products = count + len(moved), total + moved.sum(0), products + moved.T @ moved
    mean = total / max(count, 1)
    values, vectors = np.linalg.eigh(products / max(count, 1) - np.outer(mean, mean))
    axes = vectors[:, ::-1][:, :3].T
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    values = np.maximum(values[::-1], 0)
    shares = values[:3] / values.sum() if values.sum() > 0 else np.zeros(3)
    return Components(mean=mean + (0 if shift is None else shift), axes=axes, shares=shares)


def _strips(raster: Any) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Give (D, rows, X) pixels from north to south, each strip with the number of its first row."""
    step = max(1, STRIP_BYTES // (4 * raster.count * raster.width))
    for first in range(0, raster.height, step):
        rows = min(step, raster.height - first)
        yield first, raster.read(window=PixelWindow(0, first, raster.width, rows))


def _seen(strip: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (N, D) the seen pixels."""
    pixels = strip.reshape(len(strip), -1).T.astype(np.float64)
    return pixels[np.isfinite(pixels).all(axis=1)]


def _projected(raster: Any, found: Components) -> NDArray[np.float64]:
    """Return (Y, X, 3) components of the pixels drawn, every so many-th of a large raster; NaN = unseen."""
    every = max(1, -(-max(raster.height, raster.width) // MAX_PIXELS))
    drawn = []
    for first, strip in _strips(raster):
        kept = strip[:, -first % every :: every, ::every].astype(np.float64)
        drawn.append(np.einsum("dyx,kd->yxk", kept - found.mean[:, None, None], found.axes))
    return np.concatenate(drawn)


def _stretched(components: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.nanpercentile(components, STRETCH, axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    colours = np.clip((components - low) / span, 0, 1)
    return np.where(np.isnan(components).any(axis=-1, keepdims=True), UNSEEN, colours)


def _caption(figure: Figure, found: Components, tags: Mapping[str, str], size: tuple[float, float]) -> None:
    is_simulated = tags["LANDCAST_SIMULATED"] == "yes"
    left, shares = 0.2 / size[0], " + ".join(f"{100 * s:.0f}" for s in found.shares)
    title = "Embedding (SIMULATED DATA)" if is_simulated else "Embedding"
    figure.text(left, 1 - 0.22 / size[1], title, fontsize=12, fontweight="bold", color=INK, va="center")
    facts = f"{tags['LANDCAST_MODEL']}, {tags['LANDCAST_LAYER']} layer, {tags['LANDCAST_DATE']}"
    figure.text(left, 1 - 0.44 / size[1], facts, fontsize=8.5, color=INK, va="center")
    variance = f"red, green, blue: first three components, {shares} % of the variance"
    figure.text(left, 1 - 0.61 / size[1], variance, fontsize=7.5, color=FAINT, va="center")
    last = SIMULATED if is_simulated else tags["LANDCAST_ATTRIBUTION"]
    text = f"landcast {tags['LANDCAST_VERSION']}, archive {tags['LANDCAST_ARCHIVE']}. {last}"
    lines = textwrap.wrap(text, int(size[0] * 16), max_lines=3, placeholder=" …")
    figure.text(left, (FOOT_IN - 0.1) / size[1], "\n".join(lines), fontsize=6.5, color=FAINT, va="top")
