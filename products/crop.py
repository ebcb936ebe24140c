"""Crop maps of a season at 10 m: temporary crops against everything else (task of arXiv 2411.02627), or crop types.

The classes on the model's card decide which. A season may be observed in part: the map then shows the crops up to the
last day of the period.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.options import InRange, MapsOnly
from core.product import Layer, LegendEntry, Variable
from core.timeline import Period, to_day
from products.areas import AreaClass
from products.class_options import MIDDLE, ClassMapOptions, add_card, classes_of
from products.class_pixels import predict_classes
from products.classes import class_areas, class_layers, class_table
from products.evidence import CAPRICORN, months_up_to
from products.order import default_period
from products.palette import user_legend

MONTHS = 18
"""The season and the half year before it, where the input has them; a season alone is enough."""
DAYS = round(MONTHS * 30.4375)
CLASSES = ("non_crop", "crop")
LEGEND = (
    LegendEntry(value=0, label="Non-crop", colour=(214, 208, 196)),
    LegendEntry(value=1, label="Temporary crop", colour=(226, 160, 32)),
)
MEANING = {"crop": "sown and harvested within a year, as WorldCereal defines it"}
"""Meaning of the product's own classes; classes of a user have the meaning of the user's labels."""
SOUTH = (
    "The map lies south of the tropics, where hardly any label of the models that come with landcast lies, and its "
    "accuracy there was not measured: check it with samples before you rely on it."
)
COLOURS = {name: entry.colour for name, entry in zip(CLASSES, LEGEND, strict=True)}


class CropOptions(ClassMapOptions):
    """Options of a crop map."""

    threshold: Annotated[Annotated[float, InRange(0, 1, "a probability")] | None, MapsOnly()] = Field(
        default=None,
        description="With a model of two classes: probability from which the second class is mapped; default: the "
        "threshold on the model's card, else 0.5.",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Classes of the map."""
        return self.classes or CLASSES


class Crop:
    """Crop map of one season."""

    id = "crop"
    title = "Crop map"
    description = (
        "Temporary crops (sown and harvested within a year, as WorldCereal defines them) against everything else at "
        "10 m, for a season or the observed part of it, with the probability of each. The model reads Sentinel-2 and, "
        "where the archive has them, Sentinel-1, temperature and precipitation. A model of your own may map crop types "
        "instead."
    )
    task = "crop"
    bands: tuple[str, ...] = (*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES)
    options = CropOptions

    def resolve(self, options: CropOptions, *, available: Period) -> CropOptions:
        """Fill in the period: by default the last 18 months of the source."""
        period = default_period(options, last=available.end, days=DAYS, available=available)
        return options.but(period=period, probabilities=options.probabilities or "percent")

    def add_card(self, options: CropOptions, checkpoint: Checkpoint) -> CropOptions:
        """Add classes, coverage, limit and threshold of the model.

        Raises:
            InvalidOption: the model does not fit the order.
        """
        classes = classes_of(checkpoint, CLASSES)
        if options.threshold is not None and len(classes) != 2:
            reason = f"it belongs to a model of two classes, and '{checkpoint.name}' has {len(classes)}"
            raise InvalidOption("threshold", options.threshold, reason)
        threshold = options.threshold
        if threshold is None and len(classes) == 2 and "threshold" in checkpoint.card:
            threshold = float(checkpoint.card["threshold"])
        return add_card(options, checkpoint, CLASSES).but(threshold=threshold)

    def layers(self, options: CropOptions) -> tuple[Layer, ...]:
        """Return class, a probability for each class, clear count."""
        period = options.days
        return class_layers(
            _legend(options),
            options.names,
            period.end.isoformat(),
            options,
            seen=f"{period.days} days of observations, {period.start.isoformat()} to {period.end.isoformat()}",
            threshold=_threshold(options),
            notes=MEANING if options.names == CLASSES else {},
        )

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the class."""
        return tuple(v for v in layers if v.variable == Variable.CLASS)

    def predict(self, series: Series, each: Sequence[CropOptions], checkpoint: Checkpoint) -> Floats:
        """Classify series from the observations of the period, the last 18 months of them at most."""
        last = np.array([to_day(o.days.end) for o in each], np.int32)
        options = each[0]
        return predict_classes(
            series, last, options, checkpoint, names=options.names, months=MONTHS, threshold=_threshold(options)
        )

    def tabulate(self, series: Series, each: Sequence[CropOptions], values: Floats) -> pd.DataFrame:
        """Return sample_id and p_CLASS; of crop and non-crop only p_crop, from which the other follows."""
        hidden = {"non_crop"} if each[0].names == CLASSES else set()
        return class_table(series, values, self.layers(each[0]), hidden=hidden)

    def read_days(self, options: CropOptions) -> Period | None:
        """Return the 18 months up to the last day of the period."""
        return months_up_to(options.days.end, MONTHS)

    def place_note(self, latitude: float) -> str:
        """Return a sentence on places south of the tropics: 23 of the 5,176 points of WorldCereal lie there."""
        return SOUTH if latitude < CAPRICORN else ""

    def area_classes(self, options: CropOptions) -> tuple[AreaClass, ...]:
        """Return the rows of the table of areas."""
        return class_areas(_legend(options), options.names)


def _threshold(options: CropOptions) -> float:
    return MIDDLE if options.threshold is None else options.threshold


def _legend(options: CropOptions) -> tuple[LegendEntry, ...]:
    return LEGEND if options.names == CLASSES else user_legend(options.names, COLOURS)
