"""Scores and the block bootstrap."""

import numpy as np
import pytest

from core.forecast import QUANTILES
from models.metrics.forecast_scores import Outcome, pinball, score_table, skill_table

LEADS = ("1-10", "11-25")


def outcome(*, series: int = 20, dates: int = 12, per_date: int = 4, seed: int = 0) -> Outcome:
    """Two methods on simulated targets: `good` errs half as much as `bad`; nothing lies in the second lead bin."""
    rng = np.random.default_rng(seed)
    owner, issue, _ = (a.ravel() for a in np.indices((series, dates, per_date)))
    truth = rng.uniform(0.2, 0.8, len(owner)).astype(np.float32)
    shift = rng.normal(0, 0.1, len(owner))
    spread = np.array([-0.1, -0.04, 0, 0.04, 0.1])
    quantiles = np.stack([truth[:, None] + s * shift[:, None] + spread for s in (1, 2)], axis=1).astype(np.float32)
    return Outcome(
        methods=("good", "bad"),
        quantiles=quantiles,
        truth=truth,
        owner=owner.astype(np.int64),
        places=np.array([f"p{o // 2}" for o in owner]),
        issues=(17_000 + 30 * issue).astype(np.int32),
        bins=np.zeros(len(owner), np.int64),
        leads=LEADS,
    )


def test_pinball_is_zero_where_all_quantiles_are_right_and_weighs_sides_as_defined() -> None:
    quantiles = np.array([[0.4] * 5, [0.3] * 5], np.float32)
    expected = [0.0, 0.1 * np.mean(QUANTILES)]
    np.testing.assert_allclose(pinball(quantiles, np.array([0.4, 0.4], np.float32)), expected, atol=1e-7)


def test_every_series_weighs_the_same_however_many_targets_it_has() -> None:
    many = Outcome(
        methods=("one",),
        quantiles=np.repeat(np.array([0.5, 0.5, 0.5, 0.4], np.float32), 5).reshape(4, 1, 5),
        truth=np.array([0.5, 0.5, 0.5, 0.6], np.float32),
        owner=np.array([3, 3, 3, 8]),
        places=np.array(["a", "a", "a", "b"]),
        issues=np.full(4, 17_000, np.int32),
        bins=np.array([0, 0, 0, 0]),
        leads=LEADS,
    )
    score = score_table(many)["one"]["all"]
    assert score.pinball == pytest.approx(0.2 * np.mean(QUANTILES) / 2, rel=1e-5)
    assert score.median_absolute_error == pytest.approx(0.1, rel=1e-5)
    assert score.coverage_90 == pytest.approx(0.5)


def test_a_lead_bin_without_targets_is_left_out() -> None:
    found = outcome()
    assert set(score_table(found)["good"]) == {"all", "1-10"}
    assert set(skill_table(found, "good", ["bad"])["bad"]) == {"all", "1-10"}


def test_the_interval_holds_the_skill_and_the_skill_is_that_of_the_scores() -> None:
    found = outcome()
    scores, skill = score_table(found), skill_table(found, "good", ["bad"])["bad"]["all"]
    assert skill.value == pytest.approx(1 - scores["good"]["all"].pinball / scores["bad"]["all"].pinball, abs=1e-4)
    assert skill.low < skill.value < skill.high
    assert skill.low > 0.2
    assert skill_table(found, "good", ["bad"])["bad"]["all"] == skill


def test_a_method_has_no_skill_against_itself() -> None:
    skill = skill_table(outcome(), "good", ["good"])["good"]["all"]
    assert (skill.low, skill.value, skill.high) == (0, 0, 0)


def test_fewer_independent_places_give_a_wider_interval() -> None:
    found = outcome(series=40)
    few = Outcome(**{**vars(found), "places": np.array([f"p{o % 3}" for o in found.owner])})
    bad_places = found.owner % 3 == 0
    few.quantiles[bad_places, 1] += 0.3  # the baseline fails in one of three places
    wide, narrow = (skill_table(f, "good", ["bad"])["bad"]["all"] for f in (few, found))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_one_issue_date_and_one_place_are_enough_for_a_figure() -> None:
    skill = skill_table(outcome(series=1, dates=1), "good", ["bad"])["bad"]["all"]
    assert skill.low == pytest.approx(skill.value) == pytest.approx(skill.high)
