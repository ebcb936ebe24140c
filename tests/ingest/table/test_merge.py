"""Rows to arrays."""

import numpy as np

from core.bands import channel
from ingest.rules.series_values import Owners
from ingest.table.merge import from_evi2, stack, with_ndvi


def test_dates_are_sorted_joined_and_padded_and_conflicts_counted() -> None:
    owners = Owners(series=np.array([0, 0, 1, 0]), ids=["a", "b"])
    days = np.array([9, 5, 7, 9], np.int32)
    ids, found, values, remark = stack(owners, days, {"NDVI": np.array([0.1, 0.2, 0.3, 0.4], np.float32)})
    assert (ids.tolist(), found.tolist()) == (["a", "b"], [[5, 9], [7, 7]])
    np.testing.assert_allclose(values[..., channel("NDVI")], [[0.2, 0.1], [0.3, np.nan]])
    assert remark == "1 date of a series comes twice with other values; the first count."


def test_ndvi_is_filled_from_the_bands() -> None:
    owners = Owners(series=np.array([0]), ids=["a"])
    bands = {"B04": np.array([0.1], np.float32), "B8A": np.array([0.3], np.float32)}
    values = with_ndvi(stack(owners, np.array([1], np.int32), bands)[2])
    np.testing.assert_allclose(values[0, 0, channel("NDVI")], 0.5, rtol=1e-6)


def test_bands_are_solved_only_where_none_is_given() -> None:
    red, nir = np.array([0.05, 0.05], np.float32), np.array([0.35, 0.35], np.float32)
    index, evi2 = (nir - red) / (nir + red), 2.5 * (nir - red) / (nir + 2.4 * red + 1)
    found = from_evi2({"NDVI": index, "B04": np.array([np.nan, 0.07], np.float32)}, evi2)
    np.testing.assert_allclose(found["B04"], [0.05, 0.07], rtol=1e-4)
    np.testing.assert_allclose(found["B08"], [0.35, np.nan], rtol=1e-4)
