"""NDVI forecast: quantiles of NDVI at dates after an issue date, from the pixel's own history."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from core.bands import NDVI, OPTICAL_NAMES, Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption, InvalidPeriod, MissingBand
from core.forecast import MEDIAN, QUANTILES, Forecast
from core.options import Day, Days, Duration, FromCard, FromFile, Names, Numbers, Options, PerSeries, YesNo
from core.product import Layer, Variable
from core.quantities import QUANTITIES
from core.timeline import MAX_TARGETS, Period, target_dates, to_day
from models.baselines.blend import Blend, parse_blend
from models.baselines.pooled import Pool, pools_of
from products.order import default_period
from products.quantile_layers import (
    count_layer,
    dated_layer,
    quantile_layers,
    quantile_rows,
    shown_medians,
    side_by_side,
    target_days_of,
)

HISTORY_DAYS = 6 * 365
"""History read by default: as many past years of the season as the reference sites have."""
HORIZON, STEP = "150d", "5d"
HORIZON_DAYS, STEP_DAYS = 150, 5
MOST_HORIZON_DAYS = 732
"""Two years ahead: only the seasonal cycle is known that far."""
CALIBRATED_DAYS = 150
"""How far ahead the intervals were fitted and checked."""
EXTRA = (Variable.CLIMATOLOGY, Variable.ANOMALY)
"""Layers of each date that are made on request, in the order of the layers."""
BEYOND = ", beyond the range that the intervals were checked on"


def _known_variables(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of quantities, each once, without NDVI, which is always forecast."""
    for name in names:
        if name not in QUANTITIES:
            raise InvalidOption("variables", name, f"the variables are {', '.join(QUANTITIES)}")
    return tuple(name for name in dict.fromkeys(names) if name != NDVI.name)


def _known_quantiles(shares: tuple[float, ...]) -> tuple[float, ...]:
    """Return quantiles, ascending, with the median, which is always forecast."""
    for share in shares:
        if share not in QUANTILES:
            raise ValueError(f"the quantiles are {', '.join(f'{q:g}' for q in QUANTILES)}")
    return tuple(q for q in QUANTILES if q in shares or q == QUANTILES[MEDIAN])


def _known_extra(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of EXTRA, each once, in its order."""
    for name in names:
        if name not in set(EXTRA):
            raise ValueError(f"the extra layers are {', '.join(EXTRA)}")
    return tuple(v.value for v in EXTRA if v in names)


class ForecastOptions(Options):
    """Options of a forecast."""

    issue_date: Day | None = Field(
        default=None,
        description="Issue date: only earlier observations are used; default: the day after the last one.",
    )
    horizon: Duration | None = Field(
        default=None,
        description="How far ahead to forecast, in days: 150d; at most 732d.",
        json_schema_extra={"shown_default": HORIZON},
    )
    step: Duration | None = Field(
        default=None, description="Days between target dates: 5d.", json_schema_extra={"shown_default": STEP}
    )
    dates: Annotated[Days | None, PerSeries("targets")] = Field(
        default=None, description="Target dates, in place of horizon and step."
    )
    variables: Annotated[Names, AfterValidator(_known_variables)] = Field(
        default=(),
        description="Quantities to forecast besides NDVI: EVI2, NDWI, GCVI, BSI, or bands (B04: reflectance).",
        json_schema_extra={"items": {"type": "string", "enum": list(QUANTITIES)}},
    )
    quantiles: Annotated[Numbers, AfterValidator(_known_quantiles)] | None = Field(
        default=None,
        description="Quantiles of each date, as shares of outcomes below: 0.05,0.95; the median is always there. "
        "Default: the median with the 50 % and 90 % intervals.",
        json_schema_extra={"items": {"type": "number", "enum": list(QUANTILES)}, "shown_default": list(QUANTILES)},
    )
    extra_layers: Annotated[Names, AfterValidator(_known_extra)] | None = Field(
        default=None,
        description="Layers of each date besides the quantiles: climatology (NDVI of the seasonal cycle), anomaly (the "
        "median less that); default: none.",
        json_schema_extra={"items": {"type": "string", "enum": [v.value for v in EXTRA]}},
    )
    pooled: YesNo = Field(
        default=False,
        description="Let each series of a table, or each pixel of a map, also learn from what the others of the table, "
        "or of its block of 32 x 32 pixels, show of the season before its issue date. Useful where histories are "
        "short: in maps less than a year. pooled_over, a column or a band, counts the series or pixels.",
    )
    blend: Annotated[dict[str, Any] | None, FromFile()] = Field(
        default=None,
        description="Mix NDVI with simple baselines: the content of the file that `landcast evaluate forecast --fit` "
        "wrote for this model and region.",
    )
    blend_sha256: Annotated[str | None, FromCard()] = None
    """Of the blend, so that a result states which one was used."""

    @property
    def issue(self) -> date:
        """Issue date of resolved options."""
        assert self.issue_date is not None, "resolve gives an issue date"
        return self.issue_date

    @property
    def window(self) -> Period:
        """Days before the issue date."""
        return Period(start=self.days.start, end=min(self.days.end, self.issue - timedelta(days=1)))

    @property
    def targets(self) -> tuple[date, ...]:
        """Target dates of resolved options."""
        assert self.dates is not None, "resolve gives dates"
        return self.dates

    @property
    def quantities(self) -> tuple[str, ...]:
        """Variables in the order of the layers: NDVI, then those chosen."""
        return (NDVI.name, *self.variables)

    @property
    def shares(self) -> tuple[float, ...]:
        """Quantiles of each date, ascending."""
        return self.quantiles or QUANTILES

    @property
    def extra(self) -> tuple[Variable, ...]:
        """Layers of each date besides the quantiles: all of them in orders resolved before they could be chosen."""
        return EXTRA if self.extra_layers is None else tuple(v for v in EXTRA if v in self.extra_layers)

    def mixture(self) -> Blend | None:
        """Return the blend; None = the forecast of the model alone.

        Raises:
            InvalidOption: it is no blend.
        """
        return None if self.blend is None else parse_blend(self.blend)


@dataclass(frozen=True)
class NdviForecast:
    """NDVI quantiles per pixel and date; the climatology beside them on request."""

    pools: Mapping[str, Mapping[int, Pool]] = field(default_factory=dict)
    """Of each quantity, by issue day; empty = each series stands alone."""

    id: ClassVar[str] = "ndvi-forecast"
    title: ClassVar[str] = "NDVI forecast"
    description: ClassVar[str] = (
        "Forecast of NDVI per pixel for the next 150 days, and up to two years: quantiles (5, 25, 50, 75, 95 %) by "
        "date, on request with the climatology. The model reads the pixel's own clear observations before the issue "
        "date. An imported, published EarthPT has no learned uncertainty: its quantiles come from its own next-step "
        "errors."
    )
    task: ClassVar[str] = "forecast"
    bands: ClassVar[tuple[str, ...]] = OPTICAL_NAMES
    options: ClassVar[type[ForecastOptions]] = ForecastOptions

    def resolve(self, options: ForecastOptions, *, available: Period) -> ForecastOptions:
        """Fill in dates: by default 150 days from the day after the last observation, every 5 days."""
        end = default_period(options, last=available.end, days=HISTORY_DAYS, available=available).end
        issue = options.issue_date or end + timedelta(days=1)
        period = default_period(options, last=issue - timedelta(days=1), days=HISTORY_DAYS, available=available)
        if period.start >= issue:
            raise InvalidPeriod(period, f"it holds no day before the issue date {issue.isoformat()}")
        blend = options.mixture()
        return options.but(
            period=period,
            issue_date=issue,
            dates=_dates(options, issue),
            horizon=None,
            step=None,
            blend_sha256=blend.sha256 if blend else None,
            extra_layers=options.extra_layers or (),
        )

    def with_layers(self, options: ForecastOptions, names: Sequence[str]) -> ForecastOptions:
        """Return resolved options that also have the extra layers that are named: `climatology_2024-05-01`."""
        named = {v for v in EXTRA for name in names if name.startswith(f"{v}_")}
        return options.but(extra_layers=tuple(v.value for v in EXTRA if v in named or v in options.extra))

    def add_card(self, options: ForecastOptions, checkpoint: Checkpoint) -> ForecastOptions:
        """Check that a blend was fitted for the model, and return the options.

        Raises:
            InvalidOption: it was fitted for another.
        """
        blend = options.mixture()
        if blend is not None:
            blend.check_model(checkpoint)
        return options

    def require(self, options: ForecastOptions, shown: Collection[str], name: str) -> None:
        """Refuse a source that lacks a band of a variable; B8A replaces a missing B08.

        Raises:
            MissingBand: names what is missing.
        """
        present, chosen = set(shown), options.quantities
        needed = {b for q in options.variables for b in QUANTITIES[q].bands}
        has_b8a = "B8A" in present and "B08" not in chosen
        lacking = sorted(b for b in needed - present if not (b == "B08" and has_b8a))
        if lacking:
            raise MissingBand(name, lacking, sorted(present), quantity=" and ".join(options.variables))

    def layers(self, options: ForecastOptions) -> tuple[Layer, ...]:
        """Return quantiles by variable and date, extra layers of NDVI by date, then the clear count."""
        days = [d.isoformat() for d in options.targets]
        last = (options.issue + timedelta(days=CALIBRATED_DAYS)).isoformat()

        def describe(quantity: str, day: str) -> str:
            return f"Forecast {quantity} on {day}{BEYOND if day > last else ''}"

        quantiles = quantile_layers(options.quantities, days, describe, options.shares)
        extra = [dated_layer(v, d, _EXTRA_TEXTS[v].format(d)) for v in options.extra for d in days]
        pooled_over = [_pooled_layer()] if options.pooled else []
        count = count_layer("Clear observations before the issue date")
        return (*quantiles, *extra, *pooled_over, count)

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the medians of NDVI on the first, middle and last date."""
        return shown_medians(layers)

    def is_pooled(self, options: ForecastOptions) -> bool:
        """Return whether series learn from each other."""
        return options.pooled

    def pooled(self, series: Series, each: Sequence[ForecastOptions], *, are_pixels: bool = False) -> "NdviForecast":
        """Return the product with the pools of each issue date; as it is, where the options do not ask for them."""
        if not each[0].pooled:
            return self
        issues = np.array([to_day(o.issue) for o in each], np.int32)
        one = Pool.of if are_pixels else Pool.with_company
        return NdviForecast({quantity: pools_of(series, issues, quantity, one) for quantity in each[0].quantities})

    def predict(self, series: Series, each: Sequence[ForecastOptions], checkpoint: Checkpoint) -> Floats:
        """Forecast each series at its target dates from the observations before its issue date."""
        from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

        issues = np.array([to_day(o.issue) for o in each], np.int32)
        targets = target_days_of([o.targets for o in each])
        options, history = each[0], series.between(np.full_like(issues, np.iinfo(np.int32).min), issues - 1)
        first, *others = (
            forecast(history, issues, targets, checkpoint, quantity=v, pools=self.pools.get(v))
            for v in options.quantities
        )
        blend = options.mixture()
        first = first if blend is None else blend.apply(history, first)
        chosen = [QUANTILES.index(q) for q in options.shares]
        parts = [*(r.quantiles[..., chosen] for r in (first, *others)), *_extra_parts(first, options)]
        members = [self._members(each)] if options.pooled else []
        return side_by_side([*parts, *members, history.clear_count().astype(np.float32)])

    def _members(self, each: Sequence[ForecastOptions]) -> Floats:
        """Return (N,) the number of series that each one was pooled with, itself among them."""
        pools = self.pools[NDVI.name]
        return np.array([pools[to_day(o.issue)].members for o in each], np.float32)

    def tabulate(self, series: Series, each: Sequence[ForecastOptions], values: Floats) -> pd.DataFrame:
        """Return series_id, time, q05, q25, q50, q75, q95, and columns such as EVI2_q05 of further variables.

        Extra layers are columns of their names. Pooled forecasts add pooled_over, the number of series with anything
        seen before the issue date.

        The table's attributes, which Parquet keeps: `landcast_blend_sha256` names the blend, and `landcast_caution`
        says that targets lie beyond the range that the intervals were checked on.
        """
        targets = target_days_of([o.targets for o in each])
        options = each[0]
        table = quantile_rows(series, targets, values, options.quantities, options.shares)
        first = len(options.quantities) * targets.shape[1] * len(options.shares)
        for number, name in enumerate(options.extra):
            start = first + number * targets.shape[1]
            table[name.value] = values[:, start : start + targets.shape[1]].ravel()
        if self.pools:
            table["pooled_over"] = np.repeat(self._members(each).astype(np.int64), targets.shape[1])
        if any((o.targets[-1] - o.issue).days > CALIBRATED_DAYS for o in each):
            table.attrs["landcast_caution"] = f"Targets lie more than {CALIBRATED_DAYS} days ahead{BEYOND}."
        if options.blend_sha256:
            table.attrs["landcast_blend_sha256"] = options.blend_sha256
        return table


_EXTRA_TEXTS = {
    Variable.CLIMATOLOGY: "NDVI of the seasonal cycle on {}",
    Variable.ANOMALY: "Median forecast of NDVI on {} less that of the cycle",
}


def _extra_parts(found: Forecast, options: ForecastOptions) -> Iterator[Floats]:
    """Yield (N, H) the extra layers of a forecast of NDVI."""
    for variable in options.extra:
        anomaly = found.quantiles[..., MEDIAN] - found.climatology
        yield found.climatology if variable == Variable.CLIMATOLOGY else anomaly


def _pooled_layer() -> Layer:
    text = "Pixels of the block seen before the issue date, which the forecast also learned from"
    return Layer(name="pooled_over", description=text, variable=Variable.POOLED_OVER, unit="count")


def _dates(options: ForecastOptions, issue: date) -> tuple[date, ...]:
    if options.dates is None:
        return _regular_dates(options, issue)
    for name in ("horizon", "step"):
        if getattr(options, name) is not None:
            raise InvalidOption(name, f"{getattr(options, name)}d", "it cannot be combined with dates")
    dates = tuple(sorted(set(options.dates)))
    if not 0 < len(dates) <= MAX_TARGETS:
        raise InvalidPeriod(f"{len(dates)} dates", f"1 to {MAX_TARGETS} dates are forecast at once")
    if dates[0] < issue:
        raise InvalidPeriod(dates[0], f"it lies before the issue date {issue.isoformat()}")
    if (dates[-1] - issue).days >= MOST_HORIZON_DAYS:
        raise InvalidPeriod(dates[-1], f"it lies more than {MOST_HORIZON_DAYS} days after the issue date {issue}")
    return dates


def _regular_dates(options: ForecastOptions, issue: date) -> tuple[date, ...]:
    horizon, step = options.horizon or HORIZON_DAYS, options.step or STEP_DAYS
    if horizon > MOST_HORIZON_DAYS:
        raise InvalidPeriod(f"{horizon}d", f"a forecast reaches at most {MOST_HORIZON_DAYS} days ahead")
    return tuple(target_dates(issue, horizon_days=horizon, step_days=step))
