"""Forecasts by an imported network, on small seeded series of all bands."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.bands import CHANNELS, OPTICAL_NAMES, channel, ndvi
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import QUANTILES
from core.settings import Settings
from core.timeline import to_day
from models.baselines.climatology import expect
from models.published.convert import read_published
from models.published.forecast import NORMAL, calendar_features, read_history, scaled
from models.published.save import save_imported
from models.registry import find_checkpoint
from models.runtime import forecast
from tests.models.builders import START, wavy_series
from tests.models.published.published_files import TEN, next_step, published_weights, rollout, write_published

ISSUE = START + 500
LEADS = (4, 30, 90, 140)
HEADS, SEED = 3, 7
"""Weights of this seed forecast NDVI well inside the range to which forecasts are clipped."""


def imported(
    folder: Path, bands: Sequence[str] = TEN, *, positions: int = 80, channels: int | None = None
) -> Checkpoint:
    weights = published_weights(channels=channels or len(bands), positions=positions, seed=SEED)
    found = read_published(write_published(folder / "a.pt", weights, heads=HEADS))
    save_imported(found, folder / "models" / "mine", bands=bands)
    return find_checkpoint("mine", "forecast", Settings(models=folder / "models"))


def spectra(count: int = 6, *, seed: int = 0) -> Series:
    """Seasonal series of all ten bands, all unseen on the same dates."""
    series = wavy_series(count, seed=seed)
    rng = np.random.default_rng(seed)
    seen = np.isfinite(series.values[..., channel("B04")])
    for number, name in enumerate(OPTICAL_NAMES):
        if name not in ("B04", "B08"):
            noise = rng.normal(0, 0.01, seen.shape)
            series.values[..., channel(name)] = np.where(seen, 0.05 + 0.03 * number + noise, np.nan)
    return series


def run(series: Series, checkpoint: Checkpoint, *, issue: int = ISSUE, leads: Sequence[int] = LEADS) -> np.ndarray:
    issues = np.full(len(series), issue, np.int32)
    return forecast(
        series, issues, (issues[:, None] + np.array(leads)).astype(np.int32), checkpoint, threads=1
    ).quantiles


def test_quantiles_are_finite_ascend_and_stay_in_range(tmp_path: Path) -> None:
    quantiles = run(spectra(), imported(tmp_path))
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert quantiles.min() >= -0.3
    assert quantiles.max() <= 1.0


@pytest.mark.parametrize("positions", [80, 20])
def test_a_forecast_is_the_roll_out_with_the_errors_of_its_own_next_steps(tmp_path: Path, positions: int) -> None:
    series, weights = spectra(1), published_weights(channels=10, positions=positions, seed=SEED)
    known = np.isfinite(series.values[0, :, 0]) & (series.days[0] < ISSUE)
    days = series.days[0, known][-positions:].astype(np.int32)
    values = 2.0 * series.values[0, known][-positions:, [channel(b) for b in TEN]] - 1
    targets = np.array([ISSUE + lead for lead in LEADS], np.int32)
    time = calendar_features(days, np.append(days[1:], targets[0]).astype(np.int32))
    x = np.concatenate([values, time], axis=1)[None].astype(float)
    future = calendar_features(targets, np.append(targets[1:], targets[-1]).astype(np.int32))

    def index(columns: np.ndarray) -> np.ndarray:
        red, nir = (np.maximum((columns[..., TEN.index(b)] + 1) / 2, 1e-4) for b in ("B04", "B08"))
        return ndvi(red, nir)

    ahead = index(rollout(weights, HEADS, x, future)[0, -len(LEADS) :])
    errors = index(values)[1:] - index(next_step(weights, HEADS, x)[0, :-1])
    expected = np.clip(ahead[:, None] + np.quantile(errors, QUANTILES), -0.3, 1)
    assert (np.diff(expected, axis=1) > 0).all()
    np.testing.assert_allclose(run(series, imported(tmp_path, positions=positions))[0], expected, atol=2e-5)


def test_a_forecast_looks_at_nothing_on_or_after_the_issue_date(tmp_path: Path) -> None:
    series, checkpoint = spectra(), imported(tmp_path)
    expected = run(series, checkpoint)
    series.values[series.days >= ISSUE] = 0.9
    np.testing.assert_array_equal(run(series, checkpoint), expected)


def test_a_change_of_the_last_date_changes_the_forecast(tmp_path: Path) -> None:
    series, checkpoint = spectra(1), imported(tmp_path)
    expected = run(series, checkpoint)
    last = np.nonzero(np.isfinite(series.values[0, :, 0]) & (series.days[0] < ISSUE))[0][-1]
    series.values[0, last] += 0.2
    assert (np.abs(run(series, checkpoint) - expected)[..., 2] > 1e-4).all()


def test_a_date_that_lacks_a_band_is_no_step(tmp_path: Path) -> None:
    series, checkpoint = spectra(), imported(tmp_path)
    first = series.values.copy()
    series.values[:, 10, channel("B11")] = np.nan
    first[:, 10] = np.nan
    expected = run(Series(ids=series.ids, days=series.days, values=first), checkpoint)
    np.testing.assert_array_equal(run(series, checkpoint), expected)


def test_a_series_without_a_date_of_all_bands_has_no_forecast_but_a_climatology(tmp_path: Path) -> None:
    series, checkpoint = spectra(3), imported(tmp_path)
    series.values[1, :, channel("B05")] = np.nan
    issues = np.full(3, ISSUE, np.int32)
    result = forecast(series, issues, issues[:, None] + 10, checkpoint)
    assert np.isnan(result.quantiles[1]).all()
    assert np.isfinite(result.quantiles[[0, 2]]).all()
    assert np.isfinite(result.climatology).all()


def test_a_band_that_the_input_never_shows_is_named(tmp_path: Path) -> None:
    checkpoint = imported(tmp_path)
    with pytest.raises(InvalidOption, match="B02, B03, B05, B06, B07, B8A, B11, B12, which the input never shows"):
        run(wavy_series(), checkpoint)


def test_series_never_seen_have_no_forecast(tmp_path: Path) -> None:
    series = spectra(2)
    series.values[:] = np.nan
    assert np.isnan(run(series, imported(tmp_path))).all()


def test_one_observation_takes_its_spread_from_the_seasonal_cycle(tmp_path: Path) -> None:
    series, checkpoint = spectra(1), imported(tmp_path)
    series.values[0, np.nonzero(np.isfinite(series.values[0, :, 0]))[0][1:]] = np.nan
    issues = np.full(1, ISSUE, np.int32)
    spread = expect(series.days, series.values[..., channel("NDVI")], issues, issues[:, None]).spread[0, 0]
    quantiles = run(series, checkpoint, leads=LEADS[:1])[0, 0]
    np.testing.assert_allclose(quantiles - quantiles[2], spread * NORMAL, atol=1e-6)


def test_the_order_of_series_does_not_matter(tmp_path: Path) -> None:
    series, checkpoint = spectra(70), imported(tmp_path)  # more than one batch
    order = np.random.default_rng(0).permutation(70)
    np.testing.assert_allclose(run(series.take(order), checkpoint), run(series, checkpoint)[order], atol=2e-5)


def test_targets_in_any_order_and_asked_twice_have_one_answer(tmp_path: Path) -> None:
    series, checkpoint = spectra(2), imported(tmp_path)
    expected = run(series, checkpoint)
    np.testing.assert_allclose(run(series, checkpoint, leads=(90, 4, 140, 30)), expected[:, [2, 0, 3, 1]], atol=1e-6)
    padded = run(series, checkpoint, leads=(*LEADS, 140, 140))
    np.testing.assert_allclose(padded[:, [0, 1, 2, 3, 3, 3]], padded, atol=0)
    np.testing.assert_allclose(padded[:, :4], expected, atol=1e-6)


def test_the_named_order_of_bands_decides_which_column_is_which(tmp_path: Path) -> None:
    swapped = ("B02", "B03", "B08", "B05", "B06", "B07", "B04", "B8A", "B11", "B12")
    plain, other = run(spectra(), imported(tmp_path)), run(spectra(), imported(tmp_path, swapped))
    assert np.abs(plain - other).max() > 1e-3


def test_blank_columns_are_zero_and_dates_need_only_the_named_ones() -> None:
    series = spectra(2)
    series.values[:, :, channel("B11")] = np.nan
    columns = ("B04", "-", "B08", "-")
    history = read_history(series, np.full(2, ISSUE, np.int32), columns, longest=30)
    assert history.values.shape == (2, 30, 4)
    assert (history.values[..., [1, 3]] == 0).all()
    assert (history.lengths == 30).all()
    last = np.nonzero(np.isfinite(series.values[1, :, 2]) & (series.days[1] < ISSUE))[0][-1]
    assert history.days[1, -1] == series.days[1, last]
    assert history.values[1, -1, 2] == pytest.approx(2 * series.values[1, last, channel("B08")] - 1)


def test_a_network_of_optical_and_radar_columns_forecasts_with_the_radar_left_blank(tmp_path: Path) -> None:
    checkpoint = imported(tmp_path, (*TEN, "-", "-", "-", "-"), channels=14)
    assert np.isfinite(run(spectra(), checkpoint)).all()


def test_named_radar_must_be_seen_on_the_same_dates(tmp_path: Path) -> None:
    checkpoint, series = imported(tmp_path, (*TEN, "VV", "-", "VH", "-"), channels=14), spectra()
    with pytest.raises(InvalidOption, match="VV, VH"):
        run(series, checkpoint)
    series.values[..., channel("VV")], series.values[..., channel("VH")] = -10.0, -17.0
    assert np.isfinite(run(series, checkpoint)).all()


def test_columns_are_scaled_as_the_docs_say() -> None:
    np.testing.assert_allclose(scaled(np.float32([0, 0.25, 1]), "B04"), [-1, -0.5, 1])
    np.testing.assert_allclose(scaled(np.float32([-10, 0]), "VV"), [-0.8, 1], rtol=1e-6)


def test_time_features_are_the_angle_of_the_day_of_year_of_both_dates() -> None:
    days = np.array([to_day(date(2021, 1, 1)), to_day(date(2020, 12, 31))], np.int32)
    later = np.array([to_day(date(2021, 4, 2)), to_day(date(2021, 1, 1))], np.int32)
    phase = 2 * np.pi * 91 / 365
    expected = [[0, 1, np.sin(phase), np.cos(phase)], [0, 1, 0, 1]]  # 31 December 2020 is day 365, counted from 0
    np.testing.assert_allclose(calendar_features(days, later), expected, atol=1e-6)


def test_all_channels_have_the_place_that_the_builder_gives_them() -> None:
    seen = np.isfinite(spectra().values).any(axis=(0, 1))
    assert {c for c in CHANNELS if seen[channel(c)]} == {*OPTICAL_NAMES, "NDVI"}
