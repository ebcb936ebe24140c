"""Crop / non-crop: temporary crops of a season at 10 m (task of arXiv 2411.02627; crop as WorldCereal defines it)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import Cube, Series
from core.forecast import ClassProbabilities
from core.product import Checkpoint, Layer, LegendEntry, Params, Progress, Raster
from core.timeline import Period, to_day
from products.classes import PROBABILITIES, class_layers, class_raster, read_probabilities
from products.inputs import check_names, read_period
from products.rows import require_ndvi

MONTHS = 18
"""The season and the half year before it, where the input has them; a season alone is enough."""
CLASSES = ("non_crop", "crop")
LEGEND = (
    LegendEntry(value=0, label="Non-crop", colour=(214, 208, 196)),
    LegendEntry(value=1, label="Temporary crop", colour=(226, 160, 32)),
)


class Crop:
    """Crop map of one season."""

    id = "crop"
    title = "Crop / non-crop"
    description = (
        "Temporary crops (sown and harvested within a year, as WorldCereal defines them) against everything else at "
        "10 m for a season, with the probability of each, from Sentinel-2 and, where the archive has them, Sentinel-1, "
        "temperature and precipitation."
    )
    task = "crop"
    bands = (*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES)
    quicklook_layer = "class"
    inputs: Mapping[str, dict[str, Any]] = PROBABILITIES

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last 365 days of the archive."""
        check_names(inputs, {**self.inputs, "period": {}})
        period = read_period(inputs, last=available.end, days=365, available=available)
        return Params(period=period, options={"probabilities": read_probabilities(inputs)})

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return class, two probabilities, clear count."""
        return class_layers(LEGEND, CLASSES, params.period.end.isoformat(), params)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Map all pixels of a cube from the twelve months up to the end of the period."""
        require_ndvi(cube)
        after = params.period.end + timedelta(days=1)

        def classify(series: Series) -> ClassProbabilities:
            from models.runtime import classify  # loads ONNX Runtime, which the API never needs

            reference = np.full(len(series), to_day(after), np.int32)
            return classify(series, reference, checkpoint, months=MONTHS)

        return class_raster(cube.between(params.period), self.layers(params), params, classify, progress)
