import numpy as np
from scipy import sparse

from core.bands import CHANNELS, channel
from products.fields.means import ClassSums, Sums

DAYS = np.array([100, 110, 120], np.int32)
NAMES = np.array(["a", "b"])


def pixels(ndvi: list[list[float]]) -> np.ndarray:
    """Pixels with NDVI, and with red of half of it."""
    values = np.full((len(ndvi), 3, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = ndvi
    values[..., channel("B04")] = np.array(ndvi) / 2
    values[..., channel("VV")] = -12
    return values


def of(values: np.ndarray, weights: list[list[float]]) -> tuple[Sums, np.ndarray]:
    sums = Sums(DAYS, 2)
    matrix = sparse.csr_matrix(np.array(weights))
    sums.add(values, matrix)
    return sums, np.asarray(matrix.sum(axis=1)).ravel()


def test_means_and_deviations_are_weighted_and_leave_out_what_is_unseen() -> None:
    nan = np.nan
    sums, weight = of(pixels([[0.2, 0.4, nan], [0.6, nan, nan], [0.5, 0.5, 0.5]]), [[1, 0.5, 0], [0, 0, 1]])
    found = sums.history(NAMES, weight)
    assert np.allclose(found.ndvi[0], [1 / 3, 0.4, nan], equal_nan=True)
    assert np.allclose(found.series.values[0, :, channel("B04")], [1 / 6, 0.2, nan], equal_nan=True)
    assert np.allclose(found.std[0], [np.sqrt(0.2**2 / 1.5 + 0.6**2 * 0.5 / 1.5 - 1 / 9), 0, nan], equal_nan=True)
    assert np.allclose(found.clear_share, [[1, 2 / 3, 0], [1, 1, 1]])
    assert np.isnan(found.series.values[..., channel("VV")]).all()


def test_a_date_on_which_less_than_half_is_clear_does_not_count() -> None:
    sums, weight = of(pixels([[0.2, 0.4, np.nan], [0.6, np.nan, 0.3]]), [[0.4, 0.6], [1, 1]])
    found = sums.history(NAMES, weight)
    assert np.isfinite(found.ndvi).tolist() == [[True, False, True], [True, True, True]]
    assert np.allclose(found.clear_share[0], [1, 0.4, 0.6])
    assert np.isnan(found.std[0, 1])


def test_parts_add_up_to_the_whole() -> None:
    values = pixels(np.random.default_rng(0).uniform(0, 1, (4, 3)).tolist())
    weights = np.random.default_rng(1).uniform(0, 1, (2, 4))
    whole, weight = of(values, weights.tolist())
    parts = Sums(DAYS, 2)
    for half in (slice(0, 2), slice(2, 4)):
        parts.add(values[half], sparse.csr_matrix(weights[:, half]))
    assert np.allclose(parts.history(NAMES, weight).ndvi, whole.history(NAMES, weight).ndvi)


def test_nothing_added_is_nothing_seen() -> None:
    found = Sums(DAYS, 2).history(NAMES, np.zeros(2))
    assert not found.clear_share.any()
    assert np.isnan(found.ndvi).all()


def test_class_means_and_shares_leave_out_pixels_without_a_class() -> None:
    sums = ClassSums(2, 3, 2)
    values = np.array([[1, 0.2, 0.8], [0, 0.9, 0.1], [np.nan] * 3], np.float32)
    sums.add(values, sparse.csr_matrix([[1, 0.5, 1], [0, 0, 1]]))
    assert np.allclose(sums.means()[0], [2 / 3, 0.65 / 1.5, 0.85 / 1.5])
    assert np.allclose(sums.shares()[0], [1 / 3, 2 / 3])
    assert np.isnan(sums.means()[1]).all()
    assert np.isnan(sums.shares()[1]).all()
