"""Histories as users have them: some months up to any date, part of a season, few bands. For class models.

A copy of a labelled series is cut to what might have been asked about the same place: a model that learns from whole
histories alone is sure and wrong about short ones (docs/explanation/evidence.md).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, channel
from core.cube import Series
from core.timeline import YEAR_DAYS, Days

SHORTEST_MONTHS = 1.0
DAYS_OF_A_MONTH = YEAR_DAYS / 12
NDVI = channel("NDVI")
LATER = 20
"""Days after its last observation up to which a series may be asked about."""
FIRST_DAYS = 25
"""Days of history at least: one clear date or two."""
GROUPS: dict[str, tuple[str, ...]] = {
    "all": CHANNELS,
    "optical": (*OPTICAL_NAMES, "NDVI"),
    "10 m bands": ("B02", "B03", "B04", "B08", "B8A", "NDVI"),
    "red and near infrared": ("B04", "B08", "B8A", "NDVI"),
    "NDVI": ("NDVI",),
    "radar and red, near infrared": ("B04", "B08", "B8A", "NDVI", *RADAR_NAMES),
    "no weather": (*OPTICAL_NAMES, "NDVI", *RADAR_NAMES),
    "radar": (*RADAR_NAMES, *WEATHER_NAMES),
}
SHARES = (0.26, 0.18, 0.13, 0.13, 0.1, 0.06, 0.1, 0.04)
"""How often each of GROUPS is what is left of a series."""


def cut_history(
    rng: np.random.Generator, series: Series, *, months: int, ends: Days | None, whole: float = 0.0
) -> tuple[Series, Days]:
    """Return series cut to a history of 1 to `months` months and to a group of bands, and the day after its last date.

    Args:
        series: of any length.
        months: longest history.
        ends: (N,) the day after the date that is classified, where labels are of certain dates; None = any date.
        whole: share of the series whose history stays as long as it is.

    Returns:
        Series, and (N,) the day after the date that is classified. A series may have nothing left.
    """
    days = _ends(rng, series) if ends is None else ends
    low, high = np.log(SHORTEST_MONTHS), np.log(months)
    is_whole = rng.random(len(series)) < whole if whole else np.zeros(len(series), bool)
    length = np.exp(np.where(is_whole, high, rng.uniform(low, high, len(series)))) * DAYS_OF_A_MONTH
    first = days[:, None] - length[:, None]
    inside = (series.days >= first) & (series.days < days[:, None])
    values = np.where(inside[..., None], series.values, np.float32(np.nan))
    return replace(series, values=_only_groups(rng, values)), days.astype(np.int32)


def has_anything(series: Series) -> NDArray[np.bool_]:
    """Return (N,) which series show anything."""
    return np.asarray(np.isfinite(series.values).any(axis=(1, 2)))


def _ends(rng: np.random.Generator, series: Series) -> Days:
    """Return the day after a date within each series, later ones more often."""
    seen = np.isfinite(series.values).any(axis=-1)
    first = np.where(seen, series.days, np.iinfo(np.int32).max).min(axis=1)
    last = np.where(seen, series.days, np.iinfo(np.int32).min).max(axis=1)
    first = np.minimum(first, last)
    drawn = first + FIRST_DAYS + rng.random(len(series)) ** 0.5 * np.maximum(last - first, 0)
    return np.asarray(np.minimum(drawn, last + LATER) + 1, np.int32)


def _only_groups(rng: np.random.Generator, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave each series the bands of one of GROUPS."""
    drawn = rng.choice(len(GROUPS), len(values), p=np.array(SHARES) / sum(SHARES))
    for number, names in enumerate(GROUPS.values()):
        hidden = np.array([name not in names for name in CHANNELS])
        values[np.ix_(drawn == number, np.ones(values.shape[1], bool), hidden)] = np.nan
    return values
