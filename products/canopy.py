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
from products.areas import AreaClass
from products.class_options import APPLICABILITY, FILLED_IN, SETS, fill_in, read_wishes
from products.class_pixels import class_raster
from products.classes import MMU, PROBABILITIES, class_areas, class_layers, read_mmu, read_probabilities, said_mmu
from products.inputs import check_names, read_date, read_period
from products.rows import require_ndvi

MONTHS = 36
"""Three years before the date: leafless seasons are seen even in cloudy places, and one odd year is not the rule."""
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
        "Tree canopy at 10 m on a date: none, conifer or broadleaf, with the probability of each, from up to three "
        "years of Sentinel-2 and, where the archive has it, Sentinel-1 before that date; or its change between two "
        "dates."
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
        **SETS,
        **APPLICABILITY,
    }

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last day of the archive and the three years up to it.

        For a change, the three years up to the first date and all until the second.
        """
        check_names(inputs, {**self.inputs, "period": {}}, silent=FILLED_IN)
        common = {"probabilities": read_probabilities(inputs), **read_mmu(inputs), **read_wishes(inputs)}
        if inputs.get("change"):
            return _parse_change(inputs, common, available)
        if inputs.get("significance") is not None:
            raise InvalidOption("significance", inputs["significance"], "it belongs to change, and none is asked for")
        end = read_period(inputs, last=available.end, days=DAYS, available=available).end
        day = read_date(inputs, "date", end)
        period = read_period(inputs, last=day, days=DAYS, available=available)
        _check_start(period, day)
        return Params(period=period, options={"date": day.isoformat(), **common})

    def fill_in(self, params: Params, checkpoint: Checkpoint) -> Params:
        """Return the parameters with what the model's card says.

        Raises:
            InvalidOption: the model has other classes, or cannot give what is asked for.
        """
        found = fill_in(params, checkpoint, CLASSES)
        if "classes" in found.options:
            reason = f"its classes are {', '.join(found.options['classes'])}, and a canopy map has {', '.join(CLASSES)}"
            raise InvalidOption("model", checkpoint.name, reason)
        return found

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return class, three probabilities, clear count; of a change, those that change.py describes."""
        if "change" in params.options:
            return said_mmu(change.change_layers(LEGEND, params), params)
        day = params.options["date"]
        return said_mmu(class_layers(LEGEND, CLASSES, day, params, seen=f"observations up to {day}"), params)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Map all pixels of a cube from what was seen up to the date, or up to each of the two dates."""
        require_ndvi(cube)
        layers = self.layers(params)
        if "change" in params.options:
            return change.change_raster(cube, layers, params, _classifier(checkpoint), progress)
        after = params.day("date") + timedelta(days=1)
        return class_raster(cube.before(after), layers, params, checkpoint, progress, after=after, months=MONTHS)

    def area_classes(self, params: Params) -> tuple[AreaClass, ...]:
        """Return the rows of the table of areas."""
        if "change" in params.options:
            return change.area_classes()
        return class_areas(LEGEND, CLASSES)


def _classifier(checkpoint: Checkpoint) -> change.Classify:
    def classify(series: Series, after: date) -> ClassProbabilities:
        from models.runtime import classify  # loads ONNX Runtime, which the API never needs

        reference = np.full(len(series), to_day(after), np.int32)
        return classify(series, reference, checkpoint, months=MONTHS)

    return classify


def _parse_change(inputs: Mapping[str, Any], common: Mapping[str, Any], available: Period) -> Params:
    if inputs.get("date"):
        raise InvalidOption("date", inputs["date"], "it cannot be combined with change, which has two dates")
    for name in ("sets", "applicability"):
        if name in common:
            raise InvalidOption(name, "true", "it cannot be combined with change; map each of the two dates with it")
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
