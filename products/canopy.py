"""Tree canopy: none, conifer or broadleaf at 10 m on any date (after Dargana, Smith et al. 2025, arXiv 2504.17321).

Or its change between two dates: the options of both are here, the meaning of change is in change.py.
"""

import datetime
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import OPTICAL_NAMES, RADAR_NAMES, Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption, InvalidPeriod
from core.options import Day, InRange, MapsOnly, PeriodOption, YesNo
from core.product import Layer, LegendEntry, Variable
from core.timeline import Days, Period, to_day
from products import change
from products.areas import AreaClass
from products.change import LEAST, MOST, SIGNIFICANCE, between
from products.class_options import ClassMapOptions, add_card
from products.class_pixels import predict_classes
from products.classes import class_areas, class_layers, class_table, noted_mmu
from products.decline import decline_codes, decline_layer
from products.evidence import CAPRICORN, months_up_to
from products.order import default_period
from products.table import wide_table

MONTHS = 36
"""Three years before the date: they hold leafless seasons even in cloudy places, and more than one odd year."""
DAYS = round(MONTHS * 30.4375)
MAX_MMU_HA = 1000.0
CLASSES = ("none", "conifer", "broadleaf")
LEGEND = (
    LegendEntry(value=0, label="No tree canopy", colour=(238, 226, 196)),
    LegendEntry(value=1, label="Conifer", colour=(20, 90, 72)),
    LegendEntry(value=2, label="Broadleaf", colour=(122, 182, 72)),
)
SOUTH = (
    "The map lies south of the tropics, where the model has learned of no trees, and it takes the months for those of "
    "the north: do not rely on it."
)


class CanopyOptions(ClassMapOptions):
    """Options of a canopy map."""

    date: Day | None = Field(
        default=None, description="Date of the map; default: the last day of the period or source."
    )
    change: PeriodOption | None = Field(
        default=None,
        description="Map the change of canopy between two dates, DATE/DATE, in place of the canopy of one date.",
    )
    significance: Annotated[float, InRange(LEAST, MOST, "a probability")] | None = Field(
        default=None,
        description="With change: a change is mapped where its probability is at least this, whatever the dependence "
        "between the errors at both dates.",
        json_schema_extra={"shown_default": SIGNIFICANCE},
    )
    decline: YesNo = Field(
        default=False,
        description="Add the band decline: canopy whose newest summer NDVI is clearly below that of the pixel's own "
        "earlier summers, so that dead or dying trees may stand there. Also report its share.",
    )
    mmu: Annotated[float, InRange(0, MAX_MMU_HA, "a number of hectares"), MapsOnly()] = Field(
        default=0.0,
        description="Minimum mapping unit in hectares: smaller patches of the first band take the class of the largest "
        "patch beside them, after the tiles are put together. 0 keeps every pixel.",
    )

    @property
    def day(self) -> datetime.date:
        """Date of the map, of resolved options without a change."""
        assert self.date is not None, "resolve gives a date"
        return self.date

    @property
    def window(self) -> Period:
        """Days up to the date; of a change, those between the two dates."""
        if self.change is not None:
            return between(self.change)
        return Period(start=self.days.start, end=min(self.days.end, self.day))


class Canopy:
    """Tree canopy map of one date, or of the change between two."""

    id = "canopy"
    title = "Tree canopy"
    description = (
        "Tree canopy at 10 m on a date: none, conifer or broadleaf, with the probability of each. The model reads "
        "up to three years of Sentinel-2 and, where the archive has it, Sentinel-1 before that date. With change, the "
        "map shows the change of canopy between two dates."
    )
    task = "canopy"
    bands: tuple[str, ...] = (*OPTICAL_NAMES, *RADAR_NAMES)
    options = CanopyOptions

    def resolve(self, options: CanopyOptions, *, available: Period) -> CanopyOptions:
        """Fill in date and period: by default the last day of the source and the three years up to it.

        For a change, the three years up to the first date and all until the second.
        """
        options = options.but(probabilities=options.probabilities or "percent")
        if options.change is not None:
            return _resolve_change(options, options.change, available)
        if options.significance is not None:
            raise InvalidOption("significance", options.significance, "it belongs to change, which is missing")
        end = default_period(options, last=available.end, days=DAYS, available=available).end
        day = options.date or end
        period = default_period(options, last=day, days=DAYS, available=available)
        _check_start(period, day)
        return options.but(period=period, date=day)

    def add_card(self, options: CanopyOptions, checkpoint: Checkpoint) -> CanopyOptions:
        """Add coverage and limit of the model.

        Raises:
            InvalidOption: the model has other classes, or does not fit the order.
        """
        found = add_card(options, checkpoint, CLASSES)
        if found.classes:
            reason = f"its classes are {', '.join(found.classes)}, and a canopy map has {', '.join(CLASSES)}"
            raise InvalidOption("model", checkpoint.name, reason)
        return found

    def layers(self, options: CanopyOptions) -> tuple[Layer, ...]:
        """Return class, three probabilities, bands of options, clear count; of a change, those of change.py."""
        if options.change is not None:
            found = change.change_layers(
                LEGEND, options.change, significance=_significance(options), is_percent=options.is_percent
            )
        else:
            day = options.day.isoformat()
            found = class_layers(LEGEND, CLASSES, day, options, seen=f"observations up to {day}")
            more = (decline_layer(day, options.dtype),) if options.decline else ()
            found = (*found[:-1], *more, found[-1])
        return noted_mmu(found, options.mmu)

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the class, or the change."""
        return tuple(layers[:1])

    def predict(self, series: Series, each: Sequence[CanopyOptions], checkpoint: Checkpoint) -> Floats:
        """Classify series from the observations up to the date, or up to each of the two dates."""
        options = each[0]
        if options.change is not None:
            return _predict_change(series, options, options.change, checkpoint)
        last = np.array([to_day(o.day) for o in each], np.int32)
        seen = series.between(np.full_like(last, np.iinfo(np.int32).min), last)
        found = predict_classes(seen, last, options, checkpoint, names=CLASSES, months=MONTHS)
        return _with_decline(found, seen, last) if options.decline else found

    def tabulate(self, series: Series, each: Sequence[CanopyOptions], values: Floats) -> pd.DataFrame:
        """Return sample_id and the probability of each class; of a change all its layers but the count."""
        layers = self.layers(each[0])
        if each[0].change is None:
            return class_table(series, values, layers)
        return wide_table(series, values, layers, lambda v: v.variable != Variable.CLEAR_COUNT, id_column="sample_id")

    def read_days(self, options: CanopyOptions) -> Period | None:
        """Return the three years up to the date; None of a change."""
        return None if options.change is not None else months_up_to(options.day, MONTHS)

    def place_note(self, latitude: float) -> str:
        """Return a sentence on places south of the tropics: no tree of the labels stands there."""
        return SOUTH if latitude < CAPRICORN else ""

    def area_classes(self, options: CanopyOptions) -> tuple[AreaClass, ...]:
        """Return the rows of the table of areas."""
        return change.area_classes() if options.change is not None else class_areas(LEGEND, CLASSES)


def _with_decline(values: Floats, series: Series, last_days: Days) -> Floats:
    """Return (N, L + 1): the layers with decline before the count, where the class is canopy."""
    is_canopy = values[:, 0] > CLASSES.index("none")
    decline = np.where(is_canopy, decline_codes(series, last_days), np.float32(np.nan))
    return np.insert(values, -1, decline, axis=1)


def _significance(options: CanopyOptions) -> float:
    return SIGNIFICANCE if options.significance is None else options.significance


def _predict_change(series: Series, options: CanopyOptions, dates: Period, checkpoint: Checkpoint) -> Floats:
    from models import runtime  # loads ONNX Runtime, which the API never needs

    shares = []
    for day in (dates.start, dates.end):
        seen = change.within_days(series, Period(start=options.days.start, end=day))
        after = np.full(len(series), to_day(day) + 1, np.int32)
        shares.append(runtime.classify(seen, after, checkpoint, months=MONTHS).probability)
    return change.change_values(
        change.within_days(series, Period(start=options.days.start, end=dates.end)),
        dates,
        *shares,
        significance=_significance(options),
    )


def _resolve_change(options: CanopyOptions, dates: Period, available: Period) -> CanopyOptions:
    if options.date is not None:
        raise InvalidOption("date", options.date, "it cannot be combined with change, which has two dates")
    for name in ("sets", "applicability", "evidence", "min_evidence", "decline"):
        if getattr(options, name):
            raise InvalidOption(name, "true", "it cannot be combined with change; map each of the two dates with it")
    if dates.start == dates.end:
        raise InvalidPeriod(dates, "a change needs two different dates, D1/D2")
    period = default_period(options, last=dates.end, days=DAYS + dates.days - 1, available=available)
    _check_start(period, dates.start)
    if change.between(dates).overlap(period) is None:
        raise InvalidPeriod(period, f"it holds no day between the two dates of the change, {dates}")
    return options.but(period=period, significance=_significance(options))


def _check_start(period: Period, day: datetime.date) -> None:
    if period.start > day:
        raise InvalidPeriod(period, f"it starts after the date of the map, {day.isoformat()}")
