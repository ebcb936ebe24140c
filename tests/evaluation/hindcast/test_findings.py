"""The sentences about a hindcast, on scores whose order is known."""

from dataclasses import replace

import pytest

from evaluation.hindcast.findings import findings
from models.baselines.rules import BASELINES
from models.metrics.forecast_scores import Interval, Score

SKILL = Interval(value=-0.25, low=-0.4, high=-0.1)
LEADS = ("all", "1-10")


def score(pinball: float) -> Score:
    return Score(targets=9, pinball=pinball, median_absolute_error=0.1, coverage_50=0.5, coverage_90=0.9)


def scores(**losses: float) -> dict[str, dict[str, Score]]:
    """Of all methods at two leads: 0.04 for the model, 0.05 for baselines, else as given with `_` for a blank."""
    given = {name.replace("_", " "): loss for name, loss in losses.items()}
    methods = {"landcast": 0.04, **dict.fromkeys(BASELINES, 0.05), **given}
    return {method: {lead: score(loss) for lead in LEADS} for method, loss in methods.items()}


def skills(skill: Interval = SKILL) -> dict[str, dict[str, dict[str, Interval]]]:
    return {"landcast": {name: dict.fromkeys(LEADS, skill) for name in BASELINES}}


def test_a_model_that_no_baseline_beats_has_one_finding() -> None:
    assert findings(scores(), skills()) == (
        "No simple baseline is better than landcast, at any lead or over all leads.",
    )


def test_the_best_baseline_is_named_first_with_both_losses_and_the_others_follow() -> None:
    over_all, at_10_days = findings(scores(persistence=0.03, last_year=0.035), skills())
    assert over_all == (
        "Over all leads, the baseline persistence is better than landcast: its pinball loss is 25.0 % lower (0.0300 "
        "instead of 0.0400). The skill of landcast against it is -0.250 (95 % interval -0.400 to -0.100). Also "
        "better: last year."
    )
    assert at_10_days.startswith("At leads of 1 to 10 days, the baseline persistence is better")


@pytest.mark.parametrize(("high", "is_doubtful"), [(0.02, True), (-0.02, False)])
def test_an_interval_that_includes_0_is_called_doubtful(high: float, is_doubtful: bool) -> None:
    found = findings(scores(persistence=0.03), skills(replace(SKILL, high=high)))
    assert ["may be chance" in sentence for sentence in found] == [is_doubtful] * 2


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (0.03, "the pinball loss of the blend is 25.0 % lower than that of landcast alone (0.0300 "),
        (0.05, "the pinball loss of the blend is 25.0 % higher than that of landcast alone (0.0500 "),
        (0.04, "the blend is as good as landcast alone."),
    ],
)
def test_a_blend_is_compared_with_the_model_alone(loss: float, sentence: str) -> None:
    found = findings(scores(blend=loss), skills() | {"blend": {"landcast": {"all": SKILL}}})
    assert found[-1].startswith(f"On the held-out part, {sentence}")
    assert ("Forecast without the blend" in found[-1]) == (loss > 0.04)
