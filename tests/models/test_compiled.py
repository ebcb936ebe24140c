"""Compiled loops."""

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled


def _running_sum(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    total = 0.0
    for i in range(values.size):
        total += values[i]
        out[i] = total


def test_a_compiled_loop_computes_what_it_says_and_is_compiled_once() -> None:
    values, out = np.array([1.0, 2.5, -4.0]), np.empty(3)
    compiled(_running_sum)(values, out)
    assert out.tolist() == [1.0, 3.5, -0.5]
    assert compiled(_running_sum) is compiled(_running_sum)
    assert compiled(_running_sum) is not _running_sum
