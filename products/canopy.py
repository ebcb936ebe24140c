"""Tree canopy: none, conifer or broadleaf at 10 m on any date (after Dargana, Smith et al. 2025, arXiv 2504.17321)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.cube import Cube, Series
from core.errors import InvalidPeriod
from core.forecast import ClassProbabilities
from core.product import Checkpoint, Layer, LegendEntry, Params, Progress, Raster
from core.timeline import Period, to_day
from products.classes import PROBABILITIES, class_layers, class_raster, read_probabilities
from products.inputs import check_names, read_date, read_period
from products.rows import require_ndvi

MONTHS = 24
"""Two years before the date: a leafless season is seen even in cloudy places."""
CLASSES = ("none", "conifer", "broadleaf")
LEGEND = (
    LegendEntry(value=0, label="No tree canopy", colour=(238, 226, 196)),
    LegendEntry(value=1, label="Conifer", colour=(20, 90, 72)),
    LegendEntry(value=2, label="Broadleaf", colour=(122, 182, 72)),
)


class Canopy:
    """Tree canopy map of one date."""

    id = "canopy"
    title = "Tree canopy"
    description = (
        "Tree canopy at 10 m on a date: none, conifer or broadleaf, with the probability of each, from up to two years "
        "of Sentinel-2 and, where the archive has it, Sentinel-1 before that date."
    )
    task = "canopy"
    bands = (*OPTICAL_NAMES, *RADAR_NAMES)
    quicklook_layer = "class"
    inputs: Mapping[str, dict[str, Any]] = {
        "date": {
            "type": "string",
            "format": "date",
            "description": "Date that the map speaks of; default: the last day of the period or archive.",
        },
        **PROBABILITIES,
    }

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last day of the archive and the two years up to it."""
        check_names(inputs, {**self.inputs, "period": {}})
        days = round(MONTHS * 30.4375)
        end = read_period(inputs, last=available.end, days=days, available=available).end
        day = read_date(inputs, "date", end)
        period = read_period(inputs, last=day, days=days, available=available)
        if period.start > day:
            raise InvalidPeriod(period, f"it starts after the date of the map, {day.isoformat()}")
        return Params(period=period, options={"date": day.isoformat(), "probabilities": read_probabilities(inputs)})

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return class, three probabilities, clear count."""
        return class_layers(LEGEND, CLASSES, params.options["date"], params)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Map all pixels of a cube from what was seen up to the date."""
        require_ndvi(cube)
        after = params.day("date") + timedelta(days=1)

        def classify(series: Series) -> ClassProbabilities:
            from models.runtime import classify  # loads ONNX Runtime, which the API never needs

            reference = np.full(len(series), to_day(after), np.int32)
            return classify(series, reference, checkpoint, months=MONTHS)

        return class_raster(cube.before(after), self.layers(params), params, classify, progress)
