"""Numbers in files and what they stand for, with known values."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.product import Layer, Variable
from core.quantities import QUANTITIES
from core.rasters.stored import coding_for, is_compact

NDVI = coding_for(Layer(name="a", description="", variable="NDVI", quantile=0.5))


def test_known_values_have_known_numbers_and_read_back() -> None:
    values = np.array([0.5, -0.3, 1.0, 0.0, 0.12344, 0.12346, np.nan], np.float32)
    numbers = NDVI.numbers(values)
    assert numbers.dtype == np.int16
    assert numbers.tolist() == [5000, -3000, 10000, 0, 1234, 1235, -32768]
    assert NDVI.values(numbers).tolist()[:4] == [0.5, np.float32(-0.3), 1.0, 0.0]
    assert np.isnan(NDVI.values(numbers)[-1])


def test_what_lies_beyond_the_ends_becomes_an_end_and_is_counted() -> None:
    values = np.array([3.2767, 3.2768, 4.0, 1e9, -1e9, np.inf, -np.inf, np.nan], np.float32)
    assert NDVI.numbers(values).tolist() == [32767] * 4 + [-32767, 32767, -32767, -32768]
    assert NDVI.beyond(values) == 6


@given(arrays(np.float32, (5, 7), elements=st.floats(-3.25, 3.25, width=32, allow_subnormal=False)))
def test_rounding_is_off_by_half_a_step_at_most_and_keeps_quantiles_sorted(drawn: np.ndarray) -> None:
    values = np.sort(drawn, axis=0)
    found = NDVI.values(NDVI.numbers(values))
    assert np.abs(found.astype(np.float64) - values).max() <= 0.5e-4 + 2e-7
    assert (np.diff(found, axis=0) >= 0).all()


@pytest.mark.parametrize("name", [*QUANTITIES, Variable.CLIMATOLOGY, Variable.ANOMALY])
def test_every_quantity_fits_between_its_limits(name: str) -> None:
    limits = QUANTITIES[name].limits if name in QUANTITIES else (-1.3, 1.3)
    coding = coding_for(Layer(name="a", description="", variable=name))
    assert coding.beyond(np.array(limits, np.float32)) == 0
    np.testing.assert_allclose(coding.values(coding.numbers(np.array(limits, np.float32))), limits, rtol=1e-6)
    assert coding.scale == (1e-3 if name == "GCVI" else 1e-4)


@pytest.mark.parametrize("name", [Variable.CLEAR_COUNT, Variable.POOLED_OVER, Variable.DAYS_TO_CLEAR])
def test_counts_are_whole_numbers(name: str) -> None:
    assert coding_for(Layer(name="a", description="", variable=name)).scale == 1


def test_rasters_with_quantiles_are_compact_and_class_maps_are_not() -> None:
    quantile = Layer(name="a", description="", variable="NDVI", quantile=0.5)
    count = Layer(name="b", description="", variable=Variable.CLEAR_COUNT)
    assert is_compact([quantile, count])
    assert not is_compact([count])
    assert not is_compact([replace(quantile, dtype="int16"), replace(count, dtype="int16")])
