"""Tree canopy: none, conifer or broadleaf at 10 m on any date (after Dargana, Smith et al. 2025, arXiv 2504.17321).

Or its change between two dates: which orders ask for that is read here, what change means stands in change.py.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.cube import Cube, Series
from core.errors import InvalidOption, InvalidPeriod
from core.forecast import ClassProbabilities
from core.product import Checkpoint, Layer, LegendEntry, Params, Progress, Raster
from core.timeline import Period, to_day
from products import change
from products.areas import AreaClass, exactly
from products.classes import MMU, PROBABILITIES, class_layers, class_raster, read_mmu, read_probabilities, said_mmu
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


DAYS = round(MONTHS * 30.4375)


class Canopy:
    """Tree canopy map of one date, or of the change between two."""

    id = "canopy"
    title = "Tree canopy"
    description = (
        "Tree canopy at 10 m on a date: none, conifer or broadleaf, with the probability of each, from up to two years "
        "of Sentinel-2 and, where the archive has it, Sentinel-1 before that date; or its change between two dates."
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
        **change.INPUTS,
        **MMU,
    }

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last day of the archive and the two years up to it.

        For a change, the two years up to the first date and all until the second.
        """
        check_names(inputs, {**self.inputs, "period": {}})
        common = {"probabilities": read_probabilities(inputs), **read_mmu(inputs)}
        if inputs.get("change"):
            return _parse_change(inputs, common, available)
        if inputs.get("significance") is not None:
            raise InvalidOption("significance", inputs["significance"], "it belongs to change, and none is asked for")
        end = read_period(inputs, last=available.end, days=DAYS, available=available).end
        day = read_date(inputs, "date", end)
        period = read_period(inputs, last=day, days=DAYS, available=available)
        _check_start(period, day)
        return Params(period=period, options={"date": day.isoformat(), **common})

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return class, three probabilities, clear count; of a change, those that change.py describes."""
        if "change" in params.options:
            return said_mmu(change.change_layers(LEGEND, params), params)
        return said_mmu(class_layers(LEGEND, CLASSES, params.options["date"], params), params)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Map all pixels of a cube from what was seen up to the date, or up to each of the two dates."""
        require_ndvi(cube)

        def classify(series: Series, after: date) -> ClassProbabilities:
            from models.runtime import classify  # loads ONNX Runtime, which the API never needs

            reference = np.full(len(series), to_day(after), np.int32)
            return classify(series, reference, checkpoint, months=MONTHS)

        layers = self.layers(params)
        if "change" in params.options:
            return change.change_raster(cube, layers, params, classify, progress)
        after = params.day("date") + timedelta(days=1)
        return class_raster(cube.before(after), layers, params, lambda series: classify(series, after), progress)

    def area_classes(self, params: Params) -> tuple[AreaClass, ...]:
        """Return the rows of the table of areas."""
        if "change" in params.options:
            return change.area_classes()
        return tuple(
            AreaClass(label=entry.label, codes=(entry.value,), bounds=exactly(f"p_{name}"))
            for name, entry in zip(CLASSES, LEGEND, strict=True)
        )


def _parse_change(inputs: Mapping[str, Any], common: Mapping[str, Any], available: Period) -> Params:
    if inputs.get("date"):
        raise InvalidOption("date", inputs["date"], "it cannot be combined with change, which has two dates")
    dates = change.read_dates(inputs)
    period = read_period(inputs, last=dates.end, days=DAYS + dates.days - 1, available=available)
    _check_start(period, dates.start)
    if change.between(dates).overlap(period) is None:
        raise InvalidPeriod(period, f"it holds no day between the two dates of the change, {dates}")
    return Params(
        period=period, options={"change": str(dates), "significance": change.read_significance(inputs), **common}
    )


def _check_start(period: Period, day: date) -> None:
    if period.start > day:
        raise InvalidPeriod(period, f"it starts after the date of the map, {day.isoformat()}")
