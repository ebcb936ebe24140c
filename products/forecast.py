"""NDVI forecast: quantiles of NDVI at dates after an issue date, from the pixel's own history."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.bands import OPTICAL_NAMES, Floats
from core.cube import Cube, Series
from core.errors import InvalidPeriod
from core.forecast import QUANTILE_COLUMNS
from core.product import Checkpoint, Layer, Params, Progress, Raster
from core.timeline import MAX_TARGETS, Period, parse_date, parse_duration, target_dates, to_day
from products.inputs import check_names, read_date, read_period
from products.rows import render_rows, require_ndvi

HISTORY_DAYS = 6 * 365
"""History read by default: as many past years of the season as the reference sites have."""
HORIZON, STEP = "150d", "5d"


class NdviForecast:
    """NDVI quantiles per pixel and date, with the climatology beside them."""

    id = "ndvi-forecast"
    title = "NDVI forecast"
    description = (
        "Quantiles (5, 25, 50, 75, 95 %) of NDVI per pixel at dates up to 150 days ahead and more, by EarthPT from the "
        "pixel's own clear observations before the issue date; the climatology of that history is given beside them."
    )
    task = "forecast"
    bands = OPTICAL_NAMES
    quicklook_layer = ""
    inputs: Mapping[str, dict[str, Any]] = {
        "issue_date": {
            "type": "string",
            "format": "date",
            "description": "Only observations strictly before it are used; default: the day after the last one.",
        },
        "horizon": {"type": "string", "default": HORIZON, "description": "How far ahead, in days: 150d."},
        "step": {"type": "string", "default": STEP, "description": "Days between target dates: 5d."},
        "dates": {
            "type": "array",
            "items": {"type": "string", "format": "date"},
            "description": "Target dates, in place of horizon and step.",
        },
    }

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default 150 days from the day after the last observation, every 5 days."""
        check_names(inputs, {**self.inputs, "period": {}})
        end = read_period(inputs, last=available.end, days=HISTORY_DAYS, available=available).end
        issue = read_date(inputs, "issue_date", end + timedelta(days=1))
        period = read_period(inputs, last=issue - timedelta(days=1), days=HISTORY_DAYS, available=available)
        if period.start >= issue:
            raise InvalidPeriod(period, f"it holds no day before the issue date {issue.isoformat()}")
        dates = [d.isoformat() for d in _dates(inputs, issue)]
        return Params(period=period, options={"issue_date": issue.isoformat(), "dates": dates})

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return quantiles by date, then climatology by date, then the clear count."""
        dates = params.options["dates"]
        quantiles = [_quantile_layer(d, q) for d in dates for q in QUANTILE_COLUMNS]
        climatology = [
            Layer(name=f"climatology_{d}", description=f"NDVI of the seasonal cycle on {d}", unit="1", date=d)
            for d in dates
        ]
        count = Layer(name="clear_count", description="Clear observations before the issue date", unit="count")
        return (*quantiles, *climatology, count)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Forecast all pixels of a cube; NaN where a pixel was never seen before the issue date."""
        require_ndvi(cube)
        issue = params.day("issue_date")
        history = _optical(cube.before(issue))
        targets = np.array([to_day(parse_date(d)) for d in params.options["dates"]], np.int32)

        def predict(series: Series) -> Floats:
            from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

            issues = np.full(len(series), to_day(issue), np.int32)
            wanted = np.broadcast_to(targets, (len(series), len(targets)))
            result = forecast(series, issues, wanted, checkpoint)
            return np.concatenate([result.quantiles.reshape(len(series), -1), result.climatology], axis=1)

        layers = self.layers(params)
        pixels = render_rows(history, predict, progress)
        if not len(pixels):
            pixels = np.full((len(layers) - 1, *cube.shape_yx), np.nan, np.float32)
        count = np.where(np.isnan(pixels[0]), np.nan, history.clear_count()).astype(np.float32)
        return Raster(layers=layers, pixels=np.concatenate([pixels, count[None]]), window=cube.window, nodata=np.nan)


def _optical(cube: Cube) -> Cube:
    kept = [v for v in cube.data.data_vars if cube.data[v].dims == ("time", "y", "x")]
    return replace(cube, data=cube.data[kept])


def _dates(inputs: Mapping[str, Any], issue: date) -> list[date]:
    given = inputs.get("dates")
    if not given:
        horizon, step = inputs.get("horizon") or HORIZON, inputs.get("step") or STEP
        return target_dates(issue, horizon_days=parse_duration(horizon), step_days=parse_duration(step))
    texts = given.split(",") if isinstance(given, str) else given
    dates = sorted({parse_date(text) for text in texts})
    if len(dates) > MAX_TARGETS:
        raise InvalidPeriod(f"{len(dates)} dates", f"at most {MAX_TARGETS} dates are forecast at once")
    if dates[0] < issue:
        raise InvalidPeriod(dates[0], f"it lies before the issue date {issue.isoformat()}")
    return dates


def _quantile_layer(day: str, column: str) -> Layer:
    share = int(column[1:])
    description = f"Forecast NDVI on {day}: {share} % of outcomes lie below"
    return Layer(name=f"ndvi_{day}_{column}", description=description, unit="1", date=day)
