"""The result of a hindcast as JSON."""

import json
from dataclasses import replace
from datetime import date

from core.version import software_version
from evaluation.hindcast.result import Basis, HeldOut, HindcastResult
from models.metrics.forecast_scores import Interval, Score

BASIS = Basis(
    input="waves.csv",
    unit="series",
    series=3,
    total=7,
    places=3,
    issue_dates=("2021-03-01", "2021-04-01"),
    targets=19,
    horizon_days=40,
    is_simulated=False,
    model="fake",
    model_sha256="f" * 64,
    held_out=HeldOut(first_issue=date(2021, 3, 1), is_apart_in_place=True),
)
SCORE = Score(targets=19, pinball=0.031, median_absolute_error=0.05, coverage_50=0.4, coverage_90=0.8)
RESULT = HindcastResult(
    basis=BASIS,
    leads=("all", "1-10"),
    scores={"landcast": {"all": SCORE}},
    skills={"landcast": {"persistence": {"all": Interval(value=0.2, low=0.1, high=0.25)}}},
    findings=("One sentence.",),
    blend=None,
)


def test_every_figure_comes_back_from_the_json() -> None:
    content = json.loads(json.dumps(RESULT.to_json()))
    assert content["scores"]["landcast"]["all"]["median_absolute_error"] == 0.05
    assert content["skill"]["landcast"]["persistence"]["all"] == {"value": 0.2, "low": 0.1, "high": 0.25}
    assert content["leads"] == ["all", "1-10"]
    assert content["findings"] == ["One sentence."]
    assert content["blend"] is None


def test_the_basis_names_the_software_and_the_held_out_part() -> None:
    basis = RESULT.to_json()["basis"]
    assert basis["software_version"] == software_version()
    assert basis["held_out"] == {"first_issue": "2021-03-01", "is_apart_in_place": True}
    assert replace(RESULT, basis=replace(BASIS, held_out=None)).to_json()["basis"]["held_out"] is None
