"""Crop maps of a season at 10 m: temporary crops against everything else (task of arXiv 2411.02627), or crop types.

Which it is follows from the classes on the model's card. A season may be seen in part: the map then speaks of what was
seen up to the last day of the period.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import Cube
from core.product import Checkpoint, Layer, LegendEntry, Params, Progress, Raster
from core.timeline import Period
from products.areas import AreaClass
from products.class_options import APPLICABILITY, FILLED_IN, SETS, THRESHOLD, fill_in, read_threshold, read_wishes
from products.class_pixels import class_raster
from products.classes import PROBABILITIES, class_areas, class_layers, read_probabilities
from products.inputs import check_names, read_period
from products.palette import own_legend
from products.rows import require_ndvi

MONTHS = 18
"""The season and the half year before it, where the input has them; a season alone is enough."""
CLASSES = ("non_crop", "crop")
LEGEND = (
    LegendEntry(value=0, label="Non-crop", colour=(214, 208, 196)),
    LegendEntry(value=1, label="Temporary crop", colour=(226, 160, 32)),
)
MEANING = {"crop": "sown and harvested within a year, as WorldCereal defines it"}
"""What the product's own classes mean; a user's own mean what their labels meant."""
COLOURS = {name: entry.colour for name, entry in zip(CLASSES, LEGEND, strict=True)}


class Crop:
    """Crop map of one season."""

    id = "crop"
    title = "Crop map"
    description = (
        "Temporary crops (sown and harvested within a year, as WorldCereal defines them) against everything else at "
        "10 m for a season or the part of it that has been seen, with the probability of each, from Sentinel-2 and, "
        "where the archive has them, Sentinel-1, temperature and precipitation; or the crop types of a model of your "
        "own."
    )
    task = "crop"
    bands = (*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES)
    quicklook_layer = "class"
    inputs: Mapping[str, dict[str, Any]] = {**PROBABILITIES, **SETS, **APPLICABILITY, **THRESHOLD}

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default the last 365 days of the archive."""
        check_names(inputs, {**self.inputs, "period": {}}, silent=FILLED_IN)
        period = read_period(inputs, last=available.end, days=365, available=available)
        options = {"probabilities": read_probabilities(inputs), **read_wishes(inputs), **read_threshold(inputs)}
        return Params(period=period, options=options)

    def fill_in(self, params: Params, checkpoint: Checkpoint) -> Params:
        """Return the parameters with what the model's card says."""
        return fill_in(params, checkpoint, CLASSES)

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return class, a probability for each class, clear count."""
        period, days = params.period, params.period.days
        seen = f"{days} days of observations, {period.start.isoformat()} to {period.end.isoformat()}"
        names = _names(params)
        notes = MEANING if names == CLASSES else {}
        return class_layers(_legend(params), names, period.end.isoformat(), params, seen=seen, notes=notes)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Map all pixels of a cube from the observations of the period, the last 18 months of them at most."""
        require_ndvi(cube)
        after = params.period.end + timedelta(days=1)
        season = cube.between(params.period)
        return class_raster(season, self.layers(params), params, checkpoint, progress, after=after, months=MONTHS)

    def area_classes(self, params: Params) -> tuple[AreaClass, ...]:
        """Return the rows of the table of areas."""
        return class_areas(_legend(params), _names(params))


def _names(params: Params) -> tuple[str, ...]:
    return tuple(params.options.get("classes", CLASSES))


def _legend(params: Params) -> tuple[LegendEntry, ...]:
    names = _names(params)
    return LEGEND if names == CLASSES else own_legend(names, COLOURS)
