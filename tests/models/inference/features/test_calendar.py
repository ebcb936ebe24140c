"""Months by whole numbers."""

import numpy as np
import torch

from core.timeline import FIRST_DATE, LAST_DATE, months_since_1970, to_day
from models.inference.features import calendar

EVERY_DAY = np.arange(to_day(FIRST_DATE) - 60_000, to_day(LAST_DATE) + 60_000, dtype=np.int32)


def test_the_month_of_every_day_is_that_of_the_calendar() -> None:
    found = calendar.months_since_1970(torch.from_numpy(EVERY_DAY))
    np.testing.assert_array_equal(found, months_since_1970(EVERY_DAY))


def test_every_month_begins_on_its_first_day() -> None:
    months = np.arange(-3000, 4000)
    expected = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    np.testing.assert_array_equal(calendar.first_days(torch.from_numpy(months)), expected)
