import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.bands import CHANNELS, LEAST_NDVI, NDVI, OPTICAL, RADAR, STATIC, WEATHER, BandKind, channel, ndvi, red_and_nir

reflectances = arrays(np.float32, (3, 4), elements=st.floats(np.float32(0.001), 1, width=32) | st.just(np.nan))


def test_every_band_has_one_channel() -> None:
    names = [b.name for b in (*OPTICAL, NDVI, *RADAR, *WEATHER)]
    assert sorted(names) == sorted(CHANNELS)
    assert [channel(n) for n in CHANNELS] == list(range(len(CHANNELS)))
    assert not set(STATIC) & set(CHANNELS)


def test_optical_bands_rise_in_wavelength_and_only_they_have_one() -> None:
    wavelengths = [b.wavelength_nm for b in OPTICAL]
    assert wavelengths == sorted(wavelengths)
    assert all(b.kind is BandKind.REFLECTANCE and b.fwhm_nm > 0 for b in OPTICAL)
    assert all(b.wavelength_nm == b.fwhm_nm == 0 for b in (NDVI, *RADAR, *WEATHER))


def test_ndvi_of_a_known_pixel() -> None:
    index = ndvi(np.float32([[0.05]]), np.float32([[0.45]]))
    assert index.dtype == np.float32
    assert index[0, 0] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("red", "nir"), [(np.nan, 0.4), (0.1, np.nan), (0.0, 0.4), (0.1, 0.0), (-0.01, 0.4), (0.1, -0.2)]
)
def test_ndvi_is_unseen_where_a_band_is_unseen_or_not_above_zero(red: float, nir: float) -> None:
    assert np.isnan(ndvi(np.float32([red]), np.float32([nir])))[0]


@given(reflectances, reflectances)
def test_ndvi_lies_between_minus_one_and_one_and_changes_sign_with_the_bands(red: np.ndarray, nir: np.ndarray) -> None:
    index = ndvi(red, nir)
    assert (np.isnan(index) == (np.isnan(red) | np.isnan(nir))).all()
    assert (np.abs(index[np.isfinite(index)]) <= 1).all()
    np.testing.assert_allclose(index, -ndvi(nir, red), rtol=1e-6)


def test_two_indices_determine_the_two_bands_behind_them() -> None:
    red, nir = np.meshgrid(np.linspace(0.01, 0.3, 12, dtype=np.float32), np.linspace(0.02, 0.6, 12, dtype=np.float32))
    index = (nir - red) / (nir + red)
    enhanced = 2.5 * (nir - red) / (nir + 2.4 * red + 1)
    solved = red_and_nir(index, enhanced)
    is_determined = np.abs(index) >= LEAST_NDVI
    for found, band in zip(solved, (red, nir), strict=True):
        np.testing.assert_allclose(found[is_determined], band[is_determined], rtol=2e-3)
        assert np.isnan(found[~is_determined]).all()


def test_indices_that_no_pair_of_reflectances_has_give_no_bands() -> None:
    nan = np.float32("nan")
    index = np.array([0.5, 0.5, -0.5, 1.0, nan, 0.5], np.float32)
    enhanced = np.array([-0.2, 2.4, 0.3, 0.5, 0.3, nan], np.float32)
    for band in red_and_nir(index, enhanced):
        assert np.isnan(band).all()
