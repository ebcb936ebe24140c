"""Simulated weather: clear overpasses, sun, soil moisture, noise."""

import numpy as np
import pytest

from ingest.simulate.clouds import add_measurement_noise, clear_overpasses, persistent_noise, soil_moisture, sun_zenith


def test_the_sun_stands_highest_in_june() -> None:
    days = np.arange(1, 366)
    zenith = sun_zenith(np.array(50.0, np.float32), days.astype(np.float32))
    assert 165 < days[zenith.argmin()] < 180
    assert 28 < zenith.min() < 36


def test_clear_overpasses_come_as_often_as_requested() -> None:
    day = np.tile(np.arange(0, 365, 5, dtype=np.float32), (500, 1))
    share, swing = (np.full(500, v, np.float32) for v in (0.4, 0.15))
    clear = clear_overpasses(np.random.default_rng(0), day, share=share, swing=swing)
    assert clear.mean() == pytest.approx(0.4, abs=0.02)
    assert clear[:, 30:45].mean() > clear[:, :12].mean() + 0.15


def test_noise_leaves_reflectance_positive() -> None:
    noisy = add_measurement_noise(np.random.default_rng(0), np.full((5000, 10), 0.002, np.float32), residues=0.05)
    assert (noisy > 0).all()


def test_soil_is_wetter_in_winter_and_stays_between_dry_and_wet() -> None:
    days = np.tile(np.arange(1, 366, 5, dtype=np.float32), (300, 1))
    wet = soil_moisture(np.random.default_rng(0), days, wetness=np.full(300, 0.5, np.float32))
    assert wet[:, :10].mean() > wet[:, 30:45].mean() + 0.2
    assert ((wet >= 0) & (wet <= 1)).all()


def test_noise_persists_from_one_date_to_the_next() -> None:
    noise = persistent_noise(np.random.default_rng(0), (400, 60), 0.6)
    assert noise.std() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(noise[:, 20], noise[:, 21])[0, 1] == pytest.approx(0.6, abs=0.1)
