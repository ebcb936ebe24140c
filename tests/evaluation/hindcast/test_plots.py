"""The picture of a hindcast: skill by lead."""

import io

import numpy as np
from PIL import Image

from evaluation.hindcast.plots import draw_skill
from models.metrics.forecast_scores import Interval

LEADS = ("all", "1-10", "11-25")


def pixels(value: float, high: float) -> np.ndarray:
    skill = Interval(value=value, low=value - 0.1, high=high)
    png = draw_skill({"persistence": dict.fromkeys(LEADS[:2], skill), "last year": {"all": skill}}, LEADS)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_the_same_skills_give_the_same_picture_and_others_do_not() -> None:
    first, again, other = pixels(0.2, 0.3), pixels(0.2, 0.3), pixels(0.2, 0.9)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_baseline_has_its_own_colour() -> None:
    colours = {tuple(rgb) for rgb in pixels(0.2, 0.3).reshape(-1, 3).tolist()}
    assert {(0, 114, 178), (213, 94, 0)} <= colours


def test_a_value_outside_its_interval_is_drawn_without_a_negative_bar() -> None:
    assert pixels(0.5, 0.4).shape[2] == 3  # of rare draws, an interval may lie below its value
