"""Class features of monthly means: the season by calendar month, and its spread. No network, no files.

Trees and small networks on such features are hard to beat where labels are a few thousand (docs/decisions/0009), so the
class heads read them beside the states of the trunk. All are computed from the composite (composite.py), so that a
clear month weighs the same whether it was seen once or ten times. Neither latitude nor longitude is among them.

Trees split features at exact values. So sums are taken in float64 and rounded once: then it does not matter in which
order a device adds (models/inference/features/class_features.py is the twin of this module).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, STATIC, WEATHER_NAMES, Floats, channel
from core.cube import Series
from core.timeline import months_since_1970

MONTHS = 12
REFLECTANCES = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")
INDICES = ("NDVI", "NDMI", "GNDVI", "NDRE", "RE", "NBR", "NDTI", "PSRI", "BSI", "BRIGHT", "DVI")
BACKSCATTER = (*RADAR_NAMES, "RATIO")
SEASONAL = (*REFLECTANCES, *INDICES, *BACKSCATTER, *WEATHER_NAMES)
"""Features of each calendar month."""
SPREAD = (*INDICES, *BACKSCATTER)
"""Features with quantiles, deviation and steps from month to month."""
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
STATE = (*REFLECTANCES, *BACKSCATTER[:2], WEATHER_NAMES[0])
"""Features of the greenest and of the least green month."""
CLASS_FEATURES = MONTHS * len(SEASONAL) + (len(LEVELS) + 5) * len(SPREAD) + 2 * len(STATE) + len(STATIC)
_SPREADS = MONTHS * len(SEASONAL)
_STATES = _SPREADS + (len(LEVELS) + 3) * len(SPREAD)
_NEWEST = _STATES + 2 * len(STATE)
NDVI_MONTHS = tuple(month * len(SEASONAL) + SEASONAL.index("NDVI") for month in range(MONTHS))
"""Positions of NDVI in each calendar month."""
NDVI_FEATURES = (
    *NDVI_MONTHS,
    *range(_SPREADS + SPREAD.index("NDVI"), _STATES, len(SPREAD)),
    *range(_NEWEST + SPREAD.index("NDVI"), CLASS_FEATURES - len(STATIC), len(SPREAD)),
)
"""Positions of the features that NDVI alone gives."""
BESIDE_NDVI = (
    *(_SPREADS + position for position, name in enumerate(SPREAD) if name != "NDVI"),
    *(_STATES + position for position, name in enumerate(STATE) if name not in WEATHER_NAMES),
)
"""Positions of quantiles of other indices and backscatter, and of bands of the greenest month: all unseen where a
series shows NDVI alone."""
LIMIT = 4.0
DARK = 0.01
"""Reflectance: sums below are too small to divide by."""

SHIFT = {"VV": -11.7, "VH": -18.9, "RATIO": -7.0, "temperature_2m": 285.0, "total_precipitation": 0.05}
SCALE = {"VV": 4.0, "VH": 4.0, "RATIO": 2.5, "temperature_2m": 10.0, "total_precipitation": 0.05}
SHIFT |= (
    dict.fromkeys(REFLECTANCES, 0.15)
    | dict.fromkeys(INDICES, 0.0)
    | {"NDVI": 0.45, "GNDVI": 0.45, "BRIGHT": 0.15, "DVI": 0.2}
)
SCALE |= (
    dict.fromkeys(REFLECTANCES, 0.12)
    | dict.fromkeys(INDICES, 0.25)
    | {"PSRI": 0.3, "NDTI": 0.1, "BRIGHT": 0.1, "DVI": 0.12}
)
STATIC_SHIFT, STATIC_SCALE = np.array([300.0, 3.0], np.float32), np.array([300.0, 4.0], np.float32)


def class_features(composite: Series) -> Floats:
    """Describe series by their monthly composites.

    Args:
        composite: N series of one to some years of monthly means, dated at their centres; `static` where known.

    Returns:
        (N, CLASS_FEATURES) shifted and scaled to order one, clipped; NaN where unknown.
    """
    shown = _shown(composite)
    seasonal = np.stack([_scaled(name, shown[name]) for name in SEASONAL], axis=-1)  # (N, T, S)
    spread = np.stack([_scaled(name, shown[name]) for name in SPREAD], axis=-1)
    state = np.stack([_scaled(name, shown[name]) for name in STATE], axis=-1)
    parts = [
        _by_month(composite.days, seasonal).reshape(len(seasonal), -1),
        *_spreads(spread),
        *_extremes(shown["NDVI"], state),
        *_newest(composite.days, spread),
        _terrain(composite),
    ]
    return np.clip(np.concatenate(parts, axis=1), -LIMIT, LIMIT).astype(np.float32)


def _shown(composite: Series) -> dict[str, Floats]:
    """Return (N, T) each of SEASONAL; the narrow near infrared stands in for the wide one."""
    values = composite.values
    b: dict[str, Floats] = {name: values[..., channel(name)] for name in (*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES)}
    b["B08"] = np.where(np.isfinite(b["B08"]), b["B08"], b["B8A"])
    bright = np.asarray((b["B02"] + b["B03"] + b["B04"] + b["B08"] + b["B11"]) / 5, np.float32)
    bare, green = b["B11"] + b["B04"], b["B08"] + b["B02"]
    return b | {
        "NDVI": np.asarray(values[..., channel("NDVI")], np.float32),
        "NDMI": _normalised(b["B08"], b["B11"]),
        "GNDVI": _normalised(b["B08"], b["B03"]),
        "NDRE": _normalised(b["B08"], b["B05"]),
        "RE": _normalised(b["B07"], b["B05"]),
        "NBR": _normalised(b["B08"], b["B12"]),
        "NDTI": _normalised(b["B11"], b["B12"]),
        "PSRI": _ratio(b["B04"] - b["B02"], b["B06"]),
        "BSI": _normalised(bare, green),
        "BRIGHT": bright,
        "DVI": np.asarray(b["B08"] - b["B04"], np.float32),
        "RATIO": np.asarray(b["VH"] - b["VV"], np.float32),
    }


def _normalised(one: Floats, other: Floats) -> Floats:
    return _ratio(one - other, one + other)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(top / np.where(bottom > DARK, bottom, np.float32(np.nan)), np.float32)


def _scaled(name: str, values: Floats) -> Floats:
    return np.asarray((values - np.float32(SHIFT[name])) / np.float32(SCALE[name]), np.float32)


def _by_month(days: NDArray[np.int32], values: Floats) -> Floats:
    """Return (N, MONTHS, S) means of (N, T, S) over the steps of each calendar month; NaN where there is none."""
    month = months_since_1970(days) % MONTHS  # (N, T)
    member = (month[:, None, :] == np.arange(MONTHS)[:, None]).astype(np.float64)  # (N, MONTHS, T)
    seen = np.isfinite(values)
    total = np.matmul(member, np.where(seen, values, 0.0))
    count = np.matmul(member.astype(np.float32), seen.astype(np.float32))
    return _mean(total, count)


def _spreads(values: Floats) -> list[Floats]:
    """Return quantiles, standard deviation, and mean and largest step between seen neighbours, of (N, T, S)."""
    ordered = np.sort(values, axis=1)  # NaN last
    seen = np.isfinite(values)
    count = seen.sum(axis=1)  # (N, S)
    quantiles = [_quantile(ordered, count, level) for level in LEVELS]
    mean = _mean(_sum(values, seen), count)
    deviation = np.sqrt(_mean(_sum((values - mean[:, None]) ** 2, seen), count))
    steps = np.abs(np.diff(values, axis=1))
    is_step = np.isfinite(steps)
    many = is_step.sum(axis=1)
    largest = np.where(is_step, steps, np.float32(-1)).max(axis=1, initial=-1.0)
    return [*quantiles, deviation, _mean(_sum(steps, is_step), many), np.where(many > 0, largest, np.nan)]


def _quantile(ordered: Floats, count: NDArray[np.int64], level: float) -> Floats:
    """Return (N, S) the nearest observed quantile of values sorted along the second axis; NaN of none."""
    at = np.rint(level * np.maximum(count - 1, 0)).astype(np.int64)
    return np.take_along_axis(ordered, at[:, None], axis=1)[:, 0]


def _extremes(ndvi: Floats, state: Floats) -> list[Floats]:
    """Return (N, S) what (N, T, S) was in the greenest and in the least green month."""
    most = np.nan_to_num(ndvi, nan=-9.0).argmax(axis=1)
    least = np.nan_to_num(ndvi, nan=9.0).argmin(axis=1)
    return [np.take_along_axis(state, at[:, None, None], axis=1)[:, 0] for at in (most, least)]


def _newest(days: NDArray[np.int32], values: Floats) -> list[Floats]:
    """Return (N, S) the newest month seen, and how it departs from the same month of the years before.

    A change of the last weeks shows here long before it moves a mean.
    """
    seen, steps = np.isfinite(values), values.shape[1]
    at = steps - 1 - seen[:, ::-1].argmax(axis=1)  # (N, S); the last step where nothing is seen
    newest = np.take_along_axis(values, at[:, None], axis=1)[:, 0]
    month = months_since_1970(days) % MONTHS  # (N, T)
    alike = (month[:, :, None] == np.take_along_axis(month, at, axis=1)[:, None]) & seen  # (N, T, S)
    alike &= np.arange(steps)[None, :, None] < at[:, None]
    before = _mean(_sum(values, alike), alike.sum(axis=1))
    return [newest, newest - before]


def _terrain(composite: Series) -> Floats:
    if composite.static is None:
        return np.full((len(composite), len(STATIC)), np.nan, np.float32)
    return np.asarray((composite.static - STATIC_SHIFT) / STATIC_SCALE, np.float32)


def _sum(values: Floats, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (N, S) the sum of (N, T, S) over T of what is kept."""
    return np.asarray(np.where(kept, values, np.float32(0)).sum(axis=1, dtype=np.float64))


def _mean(total: NDArray[Any], count: NDArray[Any]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
