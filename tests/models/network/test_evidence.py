"""What was seen of a series, in numbers."""

import numpy as np

from core.bands import CHANNELS, channel
from core.cube import Series
from models.network.class_inputs import class_inputs
from models.network.composite import calendar_composite
from models.network.evidence import EVIDENCE, SUMMER_HALF, WINTER_HALF, evidence, months_seen
from tests.models.builders import START, wavy_series

END = 18_000


def seen(months: int, bands: tuple[str, ...]) -> dict[str, float]:
    """Return the evidence of a series with some bands every five days of some months."""
    days = (END - 1 - 5 * np.arange(months * 6, dtype=np.int32))[::-1][None]
    values = np.full((1, days.shape[1], len(CHANNELS)), np.nan, np.float32)
    for band in bands:
        values[..., channel(band)] = -12.0 if band in ("VV", "VH") else 0.3
    tokens, queries = class_inputs(Series(ids=np.array(["a"]), days=days, values=values), np.array([END]), months=36)
    found = evidence(tokens.is_padding, queries)[0]
    return {name: float(value) for name, value in zip(EVIDENCE, found, strict=True)}


def test_more_months_are_more_evidence_up_to_three_years() -> None:
    found = [seen(months, ("B04", "B08", "NDVI"))["months"] for months in (1, 3, 12, 36)]
    assert found == sorted(found)
    assert found[-1] == 1
    assert seen(3, ("NDVI",))["seasons"] < 0.5 < seen(12, ("NDVI",))["seasons"]


def test_groups_of_bands_are_told() -> None:
    every = seen(12, CHANNELS)
    assert [every[name] for name in EVIDENCE[2:]] == [1, 1, 1, 1, 0]
    alone = seen(12, ("NDVI",))
    assert [alone[name] for name in EVIDENCE[2:]] == [0, 0, 0, 0, 1]
    radar = seen(12, ("VV", "VH"))
    assert [radar[name] for name in EVIDENCE[2:]] == [0, 0, 0, 1, 0]


def test_months_seen_are_those_of_the_composite() -> None:
    series = wavy_series(9)
    series.values[2] = np.nan
    series.values[3:5, 20:] = np.nan
    series.values[5, ..., channel("NDVI")] = np.nan
    reference = (START + 700 + 13 * np.arange(9)).astype(np.int32)
    for months in (3, 18, 36):
        composite = calendar_composite(series, reference, months=months)
        is_seen = np.isfinite(composite.values[..., channel("NDVI")])
        number = composite.days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
        is_summer = (number >= 3) & (number < 9)
        count, halves = months_seen(series, reference, months=months)
        assert count.tolist() == is_seen.sum(axis=1).tolist()
        assert ((halves & SUMMER_HALF) > 0).tolist() == (is_seen & is_summer).any(axis=1).tolist()
        assert ((halves & WINTER_HALF) > 0).tolist() == (is_seen & ~is_summer).any(axis=1).tolist()
    assert count[2] == count[5] == 0 < count[0]
