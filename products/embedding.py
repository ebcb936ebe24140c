"""Embeddings of pixels, made as a product is but not ordered as one: `landcast embed` alone makes them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from core.bands import CHANNELS, NDVI, Floats
from core.cube import Cube, Series
from core.errors import InvalidOption, InvalidPeriod
from core.product import Checkpoint, Layer, Params, Progress, Raster, Variable
from core.timeline import Period, to_day
from models.registry import BLANK, band_order, is_published
from products.forecast import HISTORY_DAYS, NdviForecast
from products.inputs import check_names, read_date, read_period
from products.rows import render_rows, require_ndvi

LAYERS = ("middle", "last")


def dimension(number: int) -> str:
    """Return the name of a dimension: e000, e001, ..."""
    return f"e{number:03d}"


def layer_of(checkpoint: Checkpoint, wanted: str) -> str:
    """Return the layer to read; an empty one means the middle, of an imported model the last.

    Raises:
        InvalidOption: there is no such layer.
    """
    if wanted and wanted not in LAYERS:
        raise InvalidOption("--layer", wanted, f"the layers are {' and '.join(LAYERS)}")
    return wanted or ("last" if is_published(checkpoint) else "middle")


def require_bands(checkpoint: Checkpoint, shown: Collection[str]) -> None:
    """Refuse an input that lacks a band of an imported model, which reads only dates that show them all.

    Raises:
        InvalidOption: names the bands.
    """
    columns = band_order(checkpoint) if is_published(checkpoint) else ()
    missing = [n for n in columns if n not in (BLANK, NDVI.name) and n not in shown]
    if missing:
        raise InvalidOption("model", checkpoint.name, f"it reads {', '.join(missing)}, which the input never shows")


class Embedding:
    """The state of the forecaster, one layer of the raster for each of its dimensions."""

    id = "embedding"
    title = "Embedding"
    description = "What the forecaster makes of a pixel's observations: the mean of its states over the observed dates."
    task = "forecast"
    quicklook_layer = dimension(0)
    inputs: Mapping[str, dict[str, Any]] = {
        "date": {"type": "string", "format": "date", "description": "Last day used; default: that of the input."},
    }

    def __init__(self, checkpoint: Checkpoint, width: int, layer: str) -> None:
        """Take the forecaster, the number of its dimensions, and the layer to read."""
        extra = [n for n in (band_order(checkpoint) if is_published(checkpoint) else ()) if n in CHANNELS]
        forecast = NdviForecast.bands
        self.bands: tuple[str, ...] = (*forecast, *(n for n in extra if n not in forecast))
        self._options = {"layer": layer, "dimensions": width}

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last day of the input, and the history that a forecast reads."""
        check_names(inputs, {**self.inputs, "period": {}})
        end = read_period(inputs, last=available.end, days=HISTORY_DAYS, available=available).end
        day = read_date(inputs, "date", end)
        period = read_period(inputs, last=day, days=HISTORY_DAYS, available=available)
        if period.start > day:
            raise InvalidPeriod(period, f"it starts after the date of the embedding, {day.isoformat()}")
        return Params(period=period, options={"date": day.isoformat(), **self._options})

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return one layer for each dimension."""
        day, block = params.options["date"], params.options["layer"]
        text = f"of the mean state after the {block} block, observations up to {day}"
        numbers = range(params.options["dimensions"])
        return tuple(
            Layer(
                name=dimension(n),
                description=f"Dimension {n} {text}",
                variable=Variable.EMBEDDING,
                unit="1",
                date=day,
            )
            for n in numbers
        )

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Embed all pixels of a cube; NaN where a pixel was never seen up to the date."""
        require_ndvi(cube)
        after = params.day("date") + timedelta(days=1)
        known = [v for v in cube.data.data_vars if v in (*self.bands, NDVI.name)]
        history = replace(cube, data=cube.data[known]).before(after)

        def predict(series: Series) -> Floats:
            from models.embed import embed  # loads torch, which the API never needs

            reference = np.full(len(series), to_day(after), np.int32)
            return embed(series, reference, checkpoint, layer=params.options["layer"])

        layers = self.layers(params)
        pixels = render_rows(history, predict, progress)
        if not len(pixels):
            pixels = np.full((len(layers), *cube.shape_yx), np.nan, np.float32)
        return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=np.nan)
