"""NDVI forecast: quantiles of NDVI at dates after an issue date, from the pixel's own history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.bands import OPTICAL_NAMES, WEATHER_NAMES, Floats
from core.cube import Cube, Series
from core.errors import InvalidOption, InvalidPeriod, MissingBand
from core.forecast import QUANTILE_COLUMNS, QUANTILES
from core.product import Checkpoint, Layer, Params, Progress, Raster, Variable
from core.quantities import QUANTITIES
from core.timeline import MAX_TARGETS, Period, parse_date, parse_duration, target_dates, to_day
from models.baselines.blend import parse_blend
from products.inputs import check_names, read_date, read_period
from products.rows import render_rows, require_ndvi

HISTORY_DAYS = 6 * 365
"""History read by default: as many past years of the season as the reference sites have."""
HORIZON, STEP = "150d", "5d"
MEDIAN = len(QUANTILE_COLUMNS) // 2


class NdviForecast:
    """NDVI quantiles per pixel and date, with the climatology beside them."""

    id = "ndvi-forecast"
    title = "NDVI forecast"
    description = (
        "Quantiles (5, 25, 50, 75, 95 %) of NDVI per pixel at dates up to 150 days ahead and more, by EarthPT from the "
        "pixel's own clear observations before the issue date; the climatology of that history is given beside them. "
        "An imported, published EarthPT has no learned uncertainty: its quantiles are its own next-step errors."
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
        "variables": {
            "type": "array",
            "items": {"type": "string", "enum": list(QUANTITIES)},
            "description": "What to forecast beside NDVI: EVI2, NDWI, GCVI, BSI, or bands (B04: reflectance).",
        },
        "blend": {
            "type": "object",
            "description": "Mix NDVI with simple baselines: the content of the file that `landcast evaluate forecast "
            "--fit` wrote for this model and region.",
        },
    }

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs; by default 150 days from the day after the last observation, every 5 days."""
        check_names(inputs, {**self.inputs, "blend_sha256": {}, "period": {}})
        end = read_period(inputs, last=available.end, days=HISTORY_DAYS, available=available).end
        issue = read_date(inputs, "issue_date", end + timedelta(days=1))
        period = read_period(inputs, last=issue - timedelta(days=1), days=HISTORY_DAYS, available=available)
        if period.start >= issue:
            raise InvalidPeriod(period, f"it holds no day before the issue date {issue.isoformat()}")
        dates = [d.isoformat() for d in _dates(inputs, issue)]
        options = {"issue_date": issue.isoformat(), "dates": dates, **_variables(inputs), **_blend(inputs)}
        return Params(period=period, options=options)

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return quantiles by variable and date, climatology and anomaly of NDVI by date, then the clear count."""
        dates, names = params.options["dates"], forecast_variables(params)
        quantiles = [_quantile_layer(v, d, q) for v in names for d in dates for q in QUANTILES]
        climatology = [_by_date(Variable.CLIMATOLOGY, d, f"NDVI of the seasonal cycle on {d}") for d in dates]
        said = "Median forecast of NDVI on {} less that of the cycle"
        anomaly = [_by_date(Variable.ANOMALY, d, said.format(d)) for d in dates]
        text = "Clear observations before the issue date"
        count = Layer(name="clear_count", description=text, variable=Variable.CLEAR_COUNT, unit="count")
        return (*quantiles, *climatology, *anomaly, count)

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Forecast all pixels of a cube; NaN where a pixel was never seen before the issue date.

        Raises:
            MissingBand: the cube lacks a band of a variable.
        """
        names = forecast_variables(params)
        require_ndvi(cube)
        require_bands(cube, names)
        history = _without_weather(cube.before(params.day("issue_date")))
        layers = self.layers(params)
        pixels = render_rows(history, lambda series: self._predict(series, params, checkpoint), progress)
        if not len(pixels):
            pixels = np.full((len(layers) - 1, *cube.shape_yx), np.nan, np.float32)
        count = np.where(np.isnan(pixels[0]), np.nan, history.clear_count()).astype(np.float32)
        return Raster(layers=layers, pixels=np.concatenate([pixels, count[None]]), window=cube.window, nodata=np.nan)

    def _predict(self, series: Series, params: Params, checkpoint: Checkpoint) -> Floats:
        """Return (N, L) values of all layers but the clear count."""
        from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

        targets = np.array([to_day(parse_date(d)) for d in params.options["dates"]], np.int32)
        issues = np.full(len(series), to_day(params.day("issue_date")), np.int32)
        wanted = np.broadcast_to(targets, (len(series), len(targets)))
        first, *others = (forecast(series, issues, wanted, checkpoint, quantity=v) for v in forecast_variables(params))
        if "blend" in params.options:
            first = parse_blend(params.options["blend"]).apply(series, first)
        anomaly = first.quantiles[..., MEDIAN] - first.climatology
        parts = [*(r.quantiles for r in (first, *others)), first.climatology, anomaly]
        return np.concatenate([p.reshape(len(series), -1) for p in parts], axis=1)


def forecast_variables(params: Params) -> list[str]:
    """Return the variables of a forecast in the order of its layers: NDVI, then what else was asked for."""
    return ["NDVI", *params.options.get("variables", [])]


def _variables(inputs: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the option `variables`, or none where NDVI alone is asked for."""
    given = inputs.get("variables") or []
    names = check_variables(given.split(",") if isinstance(given, str) else given)
    return {"variables": names} if names else {}


def _blend(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options `blend` and `blend_sha256`, or none where the model's own forecast is asked for.

    Raises:
        InvalidOption: it is no blend.
    """
    content = inputs.get("blend")
    return {"blend": content, "blend_sha256": parse_blend(content).sha256} if content else {}


def check_variables(names: Sequence[str]) -> list[str]:
    """Check names of variables, and drop NDVI, which is always forecast.

    Raises:
        InvalidOption: one is unknown.
    """
    for name in names:
        if name not in QUANTITIES:
            raise InvalidOption("variables", name, f"the variables are {', '.join(QUANTITIES)}")
    return [name for name in dict.fromkeys(names) if name != "NDVI"]


def require_bands(cube: Cube, names: Sequence[str]) -> None:
    """Refuse a cube that lacks what a variable is computed from; B8A stands in for B08, and NDVI has its own check.

    Raises:
        MissingBand: names what is missing.
    """
    has = {str(v) for v in cube.data.data_vars}
    needed = {b for n in names[1:] for b in QUANTITIES[n].bands}
    missing = sorted(b for b in needed if b not in has and not (b == "B08" and "B8A" in has and "B08" not in names))
    if missing:
        raise MissingBand(cube.archive, missing, sorted(has))


def _without_weather(cube: Cube) -> Cube:
    kept = [v for v in cube.data.data_vars if str(v) not in WEATHER_NAMES]
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


def _quantile_layer(variable: str, day: str, quantile: float) -> Layer:
    return Layer(
        name=f"{variable.lower()}_{day}_{QUANTILE_COLUMNS[QUANTILES.index(quantile)]}",
        description=f"Forecast {variable} on {day}: {round(100 * quantile)} % of outcomes lie below",
        variable=variable,
        quantile=quantile,
        date=day,
        unit="1",
    )


def _by_date(variable: Variable, day: str, description: str) -> Layer:
    return Layer(name=f"{variable}_{day}", description=description, variable=variable, date=day, unit="1")
