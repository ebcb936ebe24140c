"""Any table that people write gives the same series as the same numbers in our own layout, or a refusal."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.bands import channel
from core.cube import Series
from core.errors import InvalidTable
from core.timeline import to_date
from ingest.tables import read_series, read_table

NAMES = {
    "B04": ("B04", "b04", "B4", "red", "Red", "S2-L2A-B04", "B04_mean"),
    "B08": ("B08", "b8", "nir", "NIR", "s2_B08", "B08_10m"),
    "NDVI": ("NDVI", "ndvi", "Ndvi"),
    "VV": ("VV", "vv", "sigma0_VV"),
}
IDS = (["a", "b", "c"], ["007", "7", "07"], ["1e5", "NA", "100000"], ["Ä 1", "x;y", "z,w"])
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%dT10:30:00Z", "%Y-%m-%dT00:00:00+02:00", "%d.%m.%Y", "%Y%j")
FILLS = ("", "NaN", "-9999", "NA", "inf", "65535")
WIDE_DATES = ("%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d")


@st.composite
def observations(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of several series: red dark enough for land, on distinct dates of which some lie after the 12th."""
    ids = draw(st.sampled_from(IDS))[: draw(st.integers(1, 3))]
    bands = draw(st.sampled_from([("B04", "B08"), ("NDVI",), ("B04", "B08", "VV"), ("NDVI", "B04", "B08")]))
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(2, 6))
    random = np.random.default_rng(seed)
    rows = []
    for name in ids:
        days = sorted(random.choice(300, count, replace=False))
        for day in days:
            red, nir = 0.02 + 0.0001 * random.integers(1, 600), 0.2 + 0.0001 * random.integers(1, 3000)
            values = {
                "B04": red,
                "B08": nir,
                "NDVI": 0.1 + 0.0001 * random.integers(1, 8000),
                "VV": -9 - random.random(),
            }
            rows.append(
                {"id": name, "day": date(2021, 1, 13) + timedelta(days=int(day))} | {b: values[b] for b in bands}
            )
    return pd.DataFrame(rows)


@st.composite
def styles(draw: st.DrawFn) -> dict[str, Any]:
    """How a table is written."""
    return {
        "separator": draw(st.sampled_from([",", ";", "\t"])),
        "decimal": draw(st.sampled_from([".", ","])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])),
        "id": draw(st.sampled_from(["series_id", "Sample_ID", "field", "FIELD_ID", "id", " parcel "])),
        "time": draw(st.sampled_from(["time", "Date", "datetime", "acquisition_date"])),
        "names": {b: draw(st.sampled_from(n)) for b, n in NAMES.items()},
        "date": draw(st.sampled_from(DATE_FORMATS)),
        "fill": draw(st.sampled_from(FILLS)),
        "layout": draw(st.sampled_from(["long", "wide", "value"])),
        "wide_date": draw(st.sampled_from(WIDE_DATES)),
        "dn": draw(st.sampled_from(["none", "all", "some"])),
        "shuffle": draw(st.integers(0, 1000)),
        "gaps": draw(st.booleans()),
    }


def write_own(path: Path, table: pd.DataFrame) -> Path:
    table.rename(columns={"id": "series_id", "day": "time"}).to_csv(path, index=False)
    return path


def write_styled(path: Path, table: pd.DataFrame, style: dict[str, Any]) -> Path:
    """Write the same numbers in another way."""
    bands = [b for b in table if b not in ("id", "day")]
    scaled = table.copy()
    is_dn = scaled["id"].isin(list(scaled["id"].unique())[:1] if style["dn"] == "some" else scaled["id"].unique())
    for band in bands:
        if style["dn"] != "none" and band != "VV":
            scaled.loc[is_dn, band] = (scaled.loc[is_dn, band] * 10_000).round()
    texts = scaled.astype(dict.fromkeys(bands, object))
    for band in bands:
        texts[band] = [
            style["fill"] if np.isnan(v) else repr(float(v)).replace(".", style["decimal"]) for v in scaled[band]
        ]
    written = {"long": written_long, "wide": written_wide, "value": written_by_value}[style["layout"]](
        texts, bands, style
    )
    written = written.sample(frac=1, random_state=style["shuffle"])
    written.to_csv(path, index=False, sep=style["separator"], encoding=style["encoding"])
    return path


def written_long(texts: pd.DataFrame, bands: list[str], style: dict[str, Any]) -> pd.DataFrame:
    days = [d.strftime(style["date"]) for d in texts["day"]]
    return pd.DataFrame({style["id"]: texts["id"], style["time"]: days} | {style["names"][b]: texts[b] for b in bands})


def written_wide(texts: pd.DataFrame, bands: list[str], style: dict[str, Any]) -> pd.DataFrame:
    parts = [texts.pivot(index="id", columns="day", values=b) for b in bands]
    named = [
        p.rename(columns=lambda d, b=b: f"{style['names'][b].removesuffix('_mean')}_{d.strftime(style['wide_date'])}")
        for b, p in zip(bands, parts, strict=True)
    ]
    return pd.concat(named, axis=1).fillna("").rename_axis(style["id"]).reset_index()


def written_by_value(texts: pd.DataFrame, bands: list[str], style: dict[str, Any]) -> pd.DataFrame:
    long = texts.melt(id_vars=["id", "day"], value_vars=bands, var_name="band", value_name="value")
    days = [d.strftime(style["date"]) for d in long["day"]]
    names = [style["names"][b] for b in long["band"]]
    return pd.DataFrame({style["id"]: long["id"], style["time"]: days, "Band": names, "Value": long["value"]})


def seen(series: Series) -> dict[tuple[str, str, str], float]:
    """Return every value that was seen, by series, date and channel."""
    found = {}
    for number, name in enumerate(series.ids):
        for at, day in enumerate(series.days[number]):
            for band in ("B04", "B08", "NDVI", "VV"):
                value = float(series.values[number, at, channel(band)])
                if np.isfinite(value):
                    found[str(name), str(to_date(int(day))), band] = value
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=observations(), style=styles())
def test_any_table_gives_the_series_of_our_own_layout_or_is_refused(
    tmp_path: Path, table: pd.DataFrame, style: dict[str, Any]
) -> None:
    if style["gaps"]:
        table.loc[table.index[::3], [b for b in table if b not in ("id", "day")]] = np.nan
    if table["id"].nunique() * 2 > len(table.dropna()):
        return
    own = seen(read_series(write_own(tmp_path / "own.csv", table)))
    found, refusal = None, ""
    try:
        found = seen(read_series(write_styled(tmp_path / "other.csv", table, style)))
    except InvalidTable as error:
        refusal = str(error)
    assert found is not None or is_untold(table, style, refusal), refusal
    if found is None:
        return
    assert found.keys() == own.keys()
    for key, value in own.items():
        assert found[key] == pytest.approx(value, abs=2e-4 if key[2] == "NDVI" else 1e-5), key


def is_untold(table: pd.DataFrame, style: dict[str, Any], reason: str) -> bool:
    """Tell whether a table may be refused: its numbers have two meanings."""
    days = [d.day for d in table["day"]]
    is_short_day = style["date"] == "%d.%m.%Y" and max(days) <= 12 and "which is day" in reason
    is_comma = style["decimal"] == "," and "decimal" in reason
    return is_short_day or is_comma or "scale" in reason or "-10000..10000" in reason


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=observations(), style=styles(), seed=st.integers(0, 100))
def test_the_order_of_rows_and_later_rows_change_nothing(
    tmp_path: Path, table: pd.DataFrame, style: dict[str, Any], seed: int
) -> None:
    style = style | {"layout": "long", "date": "%Y-%m-%d", "decimal": "."}
    refusal = ""
    try:
        first = seen(read_series(write_styled(tmp_path / "a.csv", table, style)))
        again = seen(read_series(write_styled(tmp_path / "b.csv", table, style | {"shuffle": seed})))
        later = table.assign(day=[d.replace(year=2022) for d in table["day"]])
        whole = seen(read_series(write_styled(tmp_path / "c.csv", pd.concat([table, later]), style)))
    except InvalidTable as error:
        refusal = str(error)
    assert not refusal or is_untold(table, style, refusal), refusal
    if refusal:
        return
    assert first == again
    assert {k: v for k, v in whole.items() if k[1] < "2022"} == first


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    count, dates = 1000, pd.date_range("2020-01-01", periods=100, freq="10D")
    table = pd.DataFrame(
        {"field": np.repeat(np.arange(count), 100), "date": np.tile(dates.strftime("%Y-%m-%d"), count)}
    )
    for band in ("B02", "B03", "B04", "B08", "B11", "VV"):
        table[band] = -10 - random.random(len(table)) if band == "VV" else random.integers(200, 4000, len(table))
    table.to_csv(tmp_path / "large.csv", index=False, sep=";")
    start = pd.Timestamp.now()
    found = read_table(tmp_path / "large.csv")
    assert (pd.Timestamp.now() - start).total_seconds() < 15
    assert found.series.values.shape[:2] == (1000, 100)
