"""Calendars of simulated crops."""

import numpy as np

from ingest.simulate.calendars import CATCH, CROPS


def test_crop_calendars_run_forward_and_end_bare() -> None:
    for crop in (*CROPS, CATCH):
        days, lai, brown = np.array(crop.knots).T
        assert (np.diff(days) > 0).all(), crop.name
        assert lai[0] <= 0.1, crop.name
        assert lai[-1] <= 0.15, crop.name
        assert ((brown >= 0) & (brown <= 1)).all(), crop.name
        assert days[-1] - days[0] < 420, crop.name
