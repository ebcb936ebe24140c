"""Hindcasts of samples: what is forecast, held out, fitted and refused."""

from dataclasses import replace

import numpy as np
import pytest

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import Forecast
from core.timeline import Days
from evaluation.hindcast.report import render_text
from tests.evaluation.hindcast.waves import CHECKPOINT, nonsense, run, waves
from tests.models.builders import START

NDVI = channel("NDVI")


def test_the_basis_counts_what_was_scored() -> None:
    sample = waves(8, limit=5)
    report = run(sample)
    basis = report.basis
    assert (basis.series, basis.total, basis.places, len(basis.issue_dates)) == (5, 8, 5, 12)
    assert report.scores["landcast"]["all"].targets == basis.targets > 100
    assert f"5 of 8 series, 12 issue dates ({basis.issue_dates[0]} to {basis.issue_dates[-1]})" in render_text(report)


def test_a_model_that_knows_nothing_is_worse_than_a_baseline_at_every_lead() -> None:
    report = run(waves())
    assert len(report.findings) == 6
    assert report.findings[0].startswith("Over all leads, the baseline ")
    assert report.findings[1].startswith("At leads of 1 to 10 days, the baseline ")
    assert all("is better than landcast: its pinball loss is " in sentence for sentence in report.findings)
    assert report.skills["landcast"]["phase-folding"]["all"].high < 0


def test_issue_dates_and_horizon_are_as_given() -> None:
    report = run(waves(), issues=(START + 900, START + 800), horizon_days=30)
    assert len(report.basis.issue_dates) == 2
    assert report.leads == ("all", "1-10", "11-25", "26-30")


def test_issue_dates_without_a_year_of_history_are_left_out() -> None:
    assert len(run(waves(), issues=(START + 100, START + 800)).basis.issue_dates) == 1


@pytest.mark.parametrize("issues", [(), (START + 300,), (START + 5000,)])
def test_too_short_a_history_is_refused_in_one_sentence(issues: tuple[int, ...]) -> None:
    with pytest.raises(InvalidOption, match=r"a year of history before an issue date .* no series has both"):
        run(waves(3, dates=44), issues=issues)


def test_a_horizon_of_years_is_refused() -> None:
    with pytest.raises(InvalidOption, match="1 to 366 days"):
        run(waves(), horizon_days=900)


def test_a_blend_gives_a_useless_model_little_weight_and_is_better_on_what_was_held_out() -> None:
    report = run(waves(), years=2, is_blend_wanted=True)
    assert report.blend is not None
    assert (report.blend.weights[:, 0] < 0.05).all()
    assert report.scores["blend"]["all"].pinball < 0.5 * report.scores["landcast"]["all"].pinball
    assert report.scores["blend"]["all"].pinball < 1.1 * report.scores["phase-folding"]["all"].pinball
    assert "lower than that of landcast alone" in report.findings[-1]
    assert report.blend.model_sha256 == CHECKPOINT.sha256


def test_a_blend_depends_on_nothing_of_the_part_that_it_is_scored_on() -> None:
    sample = waves()
    report = run(sample, years=2, is_blend_wanted=True)
    assert report.blend is not None
    assert report.basis.held_out is not None
    assert report.basis.held_out.is_apart_in_place
    start = np.datetime64(report.basis.held_out.first_issue, "D").astype(int)
    spoiled = sample.series.values.copy()
    spoiled[(sample.series.days >= start) & np.isfinite(spoiled[..., NDVI])] = 0.123
    again = run(replace(sample, series=replace(sample.series, values=spoiled)), years=2, is_blend_wanted=True)
    assert again.blend is not None
    assert again.blend.to_json() == report.blend.to_json()
    assert len(report.basis.issue_dates) == 12
    assert report.basis.series == 6


def test_a_blend_of_one_year_is_fitted_on_its_earlier_half() -> None:
    report = run(waves(), is_blend_wanted=True)
    assert report.blend is not None
    assert len(report.basis.issue_dates) == 6
    assert report.basis.issue_dates[0] == report.blend.fitted_on["targets_before"]
    assert max(report.blend.fitted_on["issue_dates"]) < report.basis.issue_dates[0]


def test_a_blend_of_one_series_is_apart_in_years_alone_and_the_report_says_so() -> None:
    report = run(waves(1), years=2, is_blend_wanted=True)
    assert report.basis.held_out is not None
    assert not report.basis.held_out.is_apart_in_place
    assert "earlier dates of this place" in render_text(report)


def test_too_little_to_fit_a_blend_on_is_refused() -> None:
    for issues in ((START + 900,), (START + 900, START + 901)):
        with pytest.raises(InvalidOption, match="a blend needs 50 or more clear observations to be fitted on"):
            run(waves(), issues=issues, is_blend_wanted=True)


def test_what_the_model_gives_no_forecast_of_is_counted_and_left_out_for_all() -> None:
    def silent(series: Series, issues: Days, targets: Days, checkpoint: Checkpoint) -> Forecast:
        given = nonsense(series, issues, targets, checkpoint)
        quantiles = np.where((series.ids == "s0")[:, None, None], np.float32(np.nan), given.quantiles)
        return replace(given, quantiles=quantiles)

    whole, report = run(waves()), run(waves(), silent)
    assert report.basis.unanswered > 0
    assert report.basis.targets + report.basis.unanswered == whole.basis.targets
    assert "gave no forecast for" in render_text(report)
