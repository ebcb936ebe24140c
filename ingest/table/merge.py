"""Rows of series and dates to arrays: one entry for each date of a series, padded to the longest. No files."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import CHANNELS, Floats, channel, ndvi, red_and_nir
from core.source import counted
from core.timeline import Days
from ingest.rules.series_values import Owners

SAME = 1e-6
"""Two values of one series and date that differ by less are one."""


def from_evi2(values: Mapping[str, Floats], evi2: Floats) -> dict[str, Floats]:
    """Return red and near infrared, solved from both indices in rows that have none of these bands."""
    solved = red_and_nir(values["NDVI"], evi2)
    given = np.any(
        [np.isfinite(values[b]) for b in ("B04", "B08", "B8A") if b in values] or [np.zeros(len(evi2), bool)], axis=0
    )
    found = {}
    for band, bands in zip(("B04", "B08"), solved, strict=True):
        own = values.get(band, np.full(len(evi2), np.nan, np.float32))
        found[band] = np.where(given, own, bands)
    return found


def stack(owners: Owners, row_days: Days, bands: Mapping[str, Floats]) -> tuple[NDArray[np.str_], Days, Floats, str]:
    """Return ids (N,), days (N, T), values (N, T, C), one row per series, and a remark on dates that differ twice."""
    columns = [c for c in CHANNELS if c in bands]
    rows = pd.DataFrame({"series": owners.series, "day": row_days} | {c: bands[c] for c in columns})
    joined = _conflicts(rows, columns)
    merged = rows.groupby(["series", "day"], sort=True)[columns].first().reset_index()
    series, day = merged["series"].to_numpy(), merged["day"].to_numpy(np.int32)
    counts = np.bincount(series, minlength=len(owners.ids))
    at = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    days = np.repeat(day[np.cumsum(counts) - 1, None], counts.max(), axis=1)
    days[series, at] = day
    values = np.full((*days.shape, len(CHANNELS)), np.nan, np.float32)
    for column in columns:
        values[series, at, channel(column)] = merged[column].to_numpy(np.float32)
    return np.asarray(owners.ids, dtype=np.str_), days, values, joined


def _conflicts(rows: pd.DataFrame, columns: Sequence[str]) -> str:
    """Return a remark on dates that a series has twice with different values."""
    twice = rows[rows.duplicated(["series", "day"], keep=False)]
    if twice.empty:
        return ""
    grouped = twice.groupby(["series", "day"])[list(columns)]
    count = int(((grouped.max() - grouped.min()) > SAME).any(axis=1).sum())
    if not count:
        return ""
    return (
        f"{counted(count, 'date of a series comes', 'dates of series come')} twice with other values; the first count."
    )


def with_ndvi(values: Floats) -> Floats:
    """Fill NDVI from red and near infrared where a date has none."""
    nir = values[..., channel("B08")]
    nir = np.where(np.isnan(nir), values[..., channel("B8A")], nir)
    index = values[..., channel("NDVI")]
    values[..., channel("NDVI")] = np.where(np.isnan(index), ndvi(values[..., channel("B04")], nir), index)
    return values
