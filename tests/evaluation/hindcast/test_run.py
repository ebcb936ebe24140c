"""Hindcasts of samples: what is drawn, held out and said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption, NoClearObservation
from core.forecast import QUANTILES, Forecast
from core.timeline import Days
from evaluation.hindcast.page import render_page, write_report
from evaluation.hindcast.report import Report, render_json, render_text, write_blend
from evaluation.hindcast.run import Forecaster, Plan, run_hindcast
from evaluation.hindcast.sample import Sample, sample_cube, sample_table
from ingest.cubes.read import read_cube
from models.baselines.blend import METHODS, read_blend
from tests.cli.cubes import write_cube
from tests.models.builders import START, wavy_series

NDVI = channel("NDVI")
CHECKPOINT = Checkpoint(name="fake", task="forecast", sha256="f" * 64, folder="", card={})


def nonsense(series: Series, issues: Days, targets: Days, _checkpoint: Checkpoint) -> Forecast:
    """A model that knows nothing: NDVI is about zero, always."""
    quantiles = np.broadcast_to((np.array(QUANTILES) - 0.5) / 10, (*targets.shape, 5)).astype(np.float32)
    return Forecast(
        ids=series.ids, issue_days=issues, target_days=targets, quantiles=quantiles, climatology=quantiles[..., 2]
    )


def waves(count: int = 12, *, dates: int = 190, limit: int = 100) -> Sample:
    """Series of four years."""
    return sample_table(wavy_series(count, dates=dates), "waves.csv", limit)


def run(sample: Sample, forecast: Forecaster = nonsense, **asked: Any) -> Report:
    told: list[float] = []
    report = run_hindcast(sample, CHECKPOINT, Plan(**asked), told.append, forecast=forecast)
    assert told == sorted(told)
    assert told[-1] == 1.0
    return report


def test_a_sample_of_a_table_is_drawn_among_series_ever_seen() -> None:
    series = wavy_series(20)
    series.values[::2] = np.nan
    drawn = sample_table(series, "table.csv", 4)
    assert len(drawn.series) == 4
    assert drawn.total == 10
    assert all(int(name[1:]) % 2 == 1 for name in drawn.series.ids)
    np.testing.assert_array_equal(drawn.places, drawn.series.ids)
    with pytest.raises(NoClearObservation):
        sample_table(replace(series, values=np.full_like(series.values, np.nan)), "table.csv", 4)


def test_a_sample_of_a_cube_holds_its_pixels_and_names_their_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = read_cube(write_cube(tmp_path / "cube.nc", shape_yx=(23, 14), dates=8))
    whole = cube.series()
    monkeypatch.setattr("evaluation.hindcast.sample.ROW_PIXELS", 50)  # several blocks of rows
    drawn = sample_cube(cube, "cube.nc", 60)
    assert len(drawn.series) == 60
    every = sample_cube(cube, "cube.nc", 10_000)
    seen = np.isfinite(whole.values[..., NDVI]).any(axis=1)
    np.testing.assert_array_equal(every.series.values, whole.values[seen])
    assert every.total == seen.sum()
    assert set(every.places) == {"0_0", "0_1", "1_0", "1_1", "2_0", "2_1"}
    assert every.places[0] == "0_0"
    assert every.places[-1] == "2_1"


def test_figures_rest_on_what_the_report_says() -> None:
    sample = waves(8, limit=5)
    report = run(sample)
    basis = report.basis
    assert (basis.series, basis.total, basis.places, len(basis.issue_dates)) == (5, 8, 5, 12)
    assert report.scores["landcast"]["all"].targets == basis.targets > 100
    assert f"5 of 8 series, 12 issue dates ({basis.issue_dates[0]} to {basis.issue_dates[-1]})" in render_text(report)


def test_a_model_that_knows_nothing_is_told_so_at_every_lead() -> None:
    report = run(waves())
    assert len(report.findings) == 6
    assert report.findings[0].startswith("Over all leads ")
    assert report.findings[1].startswith("At leads of 1 to 10 days ")
    assert all("is better than landcast: its loss is " in told for told in report.findings)
    assert report.skills["landcast"]["phase-folding"]["all"].high < 0


def test_issue_dates_and_horizon_are_as_asked() -> None:
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
    assert "lower than that of landcast alone on what was held out" in report.findings[-1]
    assert report.blend.model_sha256 == CHECKPOINT.sha256


def test_a_blend_depends_on_nothing_of_the_part_that_it_is_judged_on() -> None:
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


def test_a_blend_of_one_series_is_apart_in_years_alone_and_says_so() -> None:
    report = run(waves(1), years=2, is_blend_wanted=True)
    assert report.basis.held_out is not None
    assert not report.basis.held_out.is_apart_in_place
    assert "earlier dates of the same place" in render_text(report)


def test_too_little_to_fit_a_blend_on_is_refused() -> None:
    for issues in ((START + 900,), (START + 900, START + 901)):
        with pytest.raises(InvalidOption, match="a blend is fitted on 50 clear observations or more"):
            run(waves(), issues=issues, is_blend_wanted=True)


def test_what_the_model_gives_no_forecast_of_is_counted_and_left_out_for_all() -> None:
    def silent(series: Series, issues: Days, targets: Days, checkpoint: Checkpoint) -> Forecast:
        given = nonsense(series, issues, targets, checkpoint)
        quantiles = np.where((series.ids == "s0")[:, None, None], np.float32(np.nan), given.quantiles)
        return replace(given, quantiles=quantiles)

    whole, report = run(waves()), run(waves(), silent)
    assert report.basis.unanswered > 0
    assert report.basis.targets + report.basis.unanswered == whole.basis.targets
    assert "gave no forecast of" in render_text(report)


def test_the_page_holds_every_figure_and_needs_nothing_else(tmp_path: Path) -> None:
    sample = replace(waves(), name="<b>waves</b>.csv", is_simulated=True)
    report = run(sample, years=2, is_blend_wanted=True)
    page = render_page(report)
    assert "<b>waves" not in page
    assert "Simulated data" in page
    assert "data:image/png;base64," in page
    assert 'src="http' not in page
    for method in (*METHODS, "blend"):
        assert f"<td>{method}</td>" in page
        assert f"{report.scores[method]['all'].pinball:.4f}" in page
    write_report(report, tmp_path / "new" / "report.html")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report.html"]
    with pytest.raises(InvalidOption, match=r"\.html or \.json"):
        write_report(report, tmp_path / "report.pdf")


def test_the_json_holds_every_figure(tmp_path: Path) -> None:
    report = run(waves(), years=2, is_blend_wanted=True)
    write_report(report, tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content == json.loads(render_json(report))
    assert content["basis"]["model"] == "fake"
    assert content["scores"]["landcast"]["1-10"]["pinball"] == report.scores["landcast"]["1-10"].pinball
    assert set(content["skill"]["landcast"]["persistence"]["all"]) == {"value", "low", "high"}
    write_blend(report.blend, tmp_path / "blend.json")  # type: ignore[arg-type]
    assert json.loads((tmp_path / "blend.json").read_text()) == content["blend"]
    np.testing.assert_allclose(read_blend(tmp_path / "blend.json").weights, report.blend.weights, atol=1e-4)  # type: ignore[union-attr]


def test_simulated_data_are_called_simulated() -> None:
    assert "Simulated data" in render_text(run(replace(waves(4), is_simulated=True)))
    assert "Simulated data" not in render_text(run(waves(4)))
