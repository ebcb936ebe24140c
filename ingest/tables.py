"""Tables in: series, samples and targets from Parquet or CSV. Results out are the workers' and the command line's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, STATIC, Floats, channel, ndvi, red_and_nir
from core.cube import Series
from core.errors import InvalidTable
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Days, to_date, to_days

ID_COLUMNS = ("series_id", "sample_id")
"""Names of the column that tells series apart; the first one present is used."""

EVI2 = "EVI2"
"""Column that tells red and near infrared where they are not given."""

MAX_REFLECTANCE = 2.5
"""Values of a reflectance column whose median is above 2 are digital numbers: refused, not guessed."""


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """Series of a table, and what it was taken for."""

    series: Series
    summary: InputSummary


def read_table(path: Path, samples: Path | None = None, *, read_as: ReadAs = AS_STATED) -> SeriesTable:
    """Read a table of series as `read_series` does, with what it was taken for."""
    series = read_series(path, samples)
    dates = f"dates: from {to_date(int(series.days.min()))} to {to_date(int(series.days.max()))}"
    summary = InputSummary(
        name=path.name,
        layout="table with a row for each series and date",
        taken=(f"bands: {', '.join(series.shown)}", dates),
    )
    return SeriesTable(series=series, summary=summary)


def read_series(path: Path, samples: Path | None = None) -> Series:
    """Read a table of series, one row per series and date.

    Args:
        path: Parquet or CSV with `series_id` (or `sample_id`), `time`, and any of the band columns, `NDVI`, `VV`, `VH`,
            `temperature_2m`, `total_precipitation`; reflectance 0..1, dB, K, m; NaN = missing. `EVI2` beside NDVI gives
            red and near infrared where a row has neither (core/bands.py).
        samples: Parquet or CSV with one row per series: the same id column, `elevation` (m), `slope` (degrees).

    Returns:
        Series in the order of first appearance, each sorted by date, repeated dates merged (first value counts),
        padded at the end to the longest. NDVI is computed where a row has red and near infrared and no NDVI.

    Raises:
        InvalidTable: unreadable, no id or time column, no column with NDVI or red and near infrared, or wrong values.
    """
    table = _read(path)
    name = _id_column(path, table)
    columns = [c for c in CHANNELS if c in table]
    _check_columns(path, columns)
    rows = pd.DataFrame({"series": table[name].astype(str), "day": _days(path, table)})
    rows = pd.concat([rows, *(_numbers(path, table, c) for c in columns)], axis=1)
    if EVI2 in table and "NDVI" in columns:
        rows = _with_bands(rows, _numbers(path, table, EVI2))
    ids, days, values = _stack(rows, [c for c in CHANNELS if c in rows])
    return Series(ids=ids, days=days, values=_with_ndvi(values), static=_static(samples, ids) if samples else None)


def read_targets(path: Path) -> dict[str, list[date]]:
    """Read what to forecast: a table with `series_id` (or `sample_id`) and `time`.

    Returns:
        Series id to its distinct dates, sorted.

    Raises:
        InvalidTable: unreadable, a column is missing, or there is no row.
    """
    table = _read(path)
    rows = pd.DataFrame({"series": table[_id_column(path, table)].astype(str), "day": _days(path, table)})
    grouped = rows.drop_duplicates().sort_values("day").groupby("series", sort=False)["day"]
    return {str(series): [to_date(d) for d in days] for series, days in grouped}


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidTable(path, "there is no such file")
    readers: dict[str, Any] = {".parquet": pd.read_parquet, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise InvalidTable(path, f"its ending is '{path.suffix}', not .parquet or .csv")
    try:
        table: pd.DataFrame = readers[path.suffix.lower()](path)
    except (OSError, ValueError) as error:  # pyarrow's, pandas' parser's and the decoder's errors are among these
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidTable(path, f"it is not readable as {path.suffix[1:]} ({reason})") from None
    if table.empty:
        raise InvalidTable(path, "it has no row")
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with its ids as they are written: 007 and NA are ids, not a number and a gap."""
    ids = pd.read_csv(path, usecols=lambda c: c in ID_COLUMNS, dtype=str, keep_default_na=False)
    return pd.read_csv(path).assign(**{str(name): ids[name].to_numpy() for name in ids})


def _id_column(path: Path, table: pd.DataFrame) -> str:
    name = next((c for c in ID_COLUMNS if c in table), None)
    if name is None:
        raise InvalidTable(path, "it has no column 'series_id' or 'sample_id'")
    if table[name].isna().any() or (table[name] == "").any():
        raise InvalidTable(path, f"column '{name}' has empty rows")
    return name


def _days(path: Path, table: pd.DataFrame) -> Days:
    if "time" not in table:
        raise InvalidTable(path, "it has no column 'time'")
    if pd.api.types.is_numeric_dtype(table["time"]):
        raise InvalidTable(path, "column 'time' holds numbers, not dates")
    try:
        times = pd.to_datetime(table["time"], format="ISO8601", utc=True).dt.tz_localize(None)
    except (ValueError, TypeError, OverflowError):
        raise InvalidTable(path, "column 'time' holds something else than dates like 2021-05-31") from None
    if times.isna().any():
        raise InvalidTable(path, "column 'time' has empty rows")
    return to_days(times.to_numpy())


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    has_nir = "B08" in columns or "B8A" in columns
    if "NDVI" not in columns and not ("B04" in columns and has_nir):
        present = ", ".join(columns) or "no band"
        raise InvalidTable(path, f"NDVI needs column NDVI, or B04 and B08 (or B8A), and it has {present}")


def _numbers(path: Path, table: pd.DataFrame, column: str) -> "pd.Series[Any]":
    try:
        values = pd.to_numeric(table[column]).astype(np.float32).replace([np.inf, -np.inf], np.nan)
    except (ValueError, TypeError):
        raise InvalidTable(path, f"column '{column}' holds something else than numbers") from None
    if column in OPTICAL_NAMES and values.median() > 2:
        raise InvalidTable(path, f"column '{column}' is not reflectance 0..1 (median {values.median():g})")
    if column in OPTICAL_NAMES:
        return values.where(values <= MAX_REFLECTANCE)
    if column == "NDVI" and values.abs().median() > 1:
        raise InvalidTable(path, f"column 'NDVI' is not in -1..1 (median {values.median():g})")
    return values.where(values.abs() <= 1) if column == "NDVI" else values


def _with_bands(rows: pd.DataFrame, evi2: "pd.Series[Any]") -> pd.DataFrame:
    """Fill red and near infrared from both indices in rows that have none of these bands."""
    solved = red_and_nir(rows["NDVI"].to_numpy(np.float32), evi2.to_numpy(np.float32))
    given = rows[[c for c in ("B04", "B08", "B8A") if c in rows]].notna().any(axis=1)
    bands = {n: pd.Series(v, rows.index).mask(given) for n, v in zip(("B04", "B08"), solved, strict=True)}
    return rows.assign(**{n: rows[n].fillna(v) if n in rows else v for n, v in bands.items()})


def _stack(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[NDArray[np.str_], Days, Floats]:
    """Return ids (N,), days (N, T) and values (N, T, C), one row per series."""
    order = pd.Categorical(rows["series"], categories=rows["series"].unique())
    rows = rows.assign(series=order.codes)
    merged = rows.groupby(["series", "day"], sort=True)[list(columns)].first().reset_index()
    series, day = merged["series"].to_numpy(), merged["day"].to_numpy(np.int32)
    counts = np.bincount(series, minlength=len(order.categories))
    at = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    days = np.repeat(day[np.cumsum(counts) - 1, None], counts.max(), axis=1)
    days[series, at] = day
    values = np.full((*days.shape, len(CHANNELS)), np.nan, np.float32)
    for column in columns:
        values[series, at, channel(column)] = merged[column].to_numpy(np.float32)
    return np.asarray(order.categories, dtype=np.str_), days, values


def _with_ndvi(values: Floats) -> Floats:
    """Fill NDVI from red and near infrared where a date has none."""
    nir = values[..., channel("B08")]
    nir = np.where(np.isnan(nir), values[..., channel("B8A")], nir)
    index = values[..., channel("NDVI")]
    values[..., channel("NDVI")] = np.where(np.isnan(index), ndvi(values[..., channel("B04")], nir), index)
    return values


def _static(path: Path, ids: NDArray[np.str_]) -> Floats:
    """Return (N, 2) terrain aligned with the series; NaN where the samples have none.

    Raises:
        InvalidTable: it has no terrain of any series.
    """
    table = _read(path)
    name = _id_column(path, table)
    table = table.assign(**{name: table[name].astype(str)}).drop_duplicates(name).set_index(name)
    known = pd.DataFrame({c: _numbers(path, table, c) if c in table else np.nan for c in STATIC}, index=table.index)
    static = known.reindex(list(ids)).to_numpy(np.float32)
    if np.isnan(static).all():
        raise InvalidTable(path, f"it has no {' or '.join(STATIC)} of any series; its ids must be those of the series")
    return static
