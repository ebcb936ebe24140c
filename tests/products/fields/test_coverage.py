"""Weights of pixels, checked against exactextract's own statistics."""

import numpy as np
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from shapely import MultiPolygon
from shapely.geometry import mapping

from products.fields.coverage import cover
from tests.products.fields.squares import NORTH, WEST, WINDOW, disc, square

PIXELS = 30 * 40


def weights_of(*shapes: object) -> np.ndarray:
    return cover(list(shapes), WINDOW).weights.toarray().reshape(-1, 30, 40)  # type: ignore[arg-type]


def test_weighted_means_equal_those_of_exactextract_with_half_covered_pixels() -> None:
    values = np.random.default_rng(3).normal(0.5, 0.2, (30, 40))
    shapes = [disc(12.3, 9.1, 97), disc(30.2, 20.7, 41), MultiPolygon([square(1, 1, 3), square(33.4, 2.2, 4)])]
    source = NumPyRasterSource(values, xmin=WEST, ymin=NORTH - 300, xmax=WEST + 400, ymax=NORTH)
    features = [{"type": "Feature", "geometry": mapping(s), "properties": {}} for s in shapes]
    half = "(min_coverage_frac=0.5)"
    found = exact_extract(source, JSONFeatureSource(features), [f"mean{half}", f"stdev{half}", f"count{half}"])
    weights = cover(shapes, WINDOW).weights
    total = np.asarray(weights.sum(axis=1)).ravel()
    mean = weights @ values.ravel() / total
    std = np.sqrt(weights @ values.ravel() ** 2 / total - mean**2)
    assert np.allclose(total, [f["properties"]["count"] for f in found])
    assert np.allclose(mean, [f["properties"]["mean"] for f in found])
    assert np.allclose(std, [f["properties"]["stdev"] for f in found])


def test_pixels_less_than_half_inside_are_left_out_and_others_count_with_their_share() -> None:
    (weights,) = weights_of(square(5.25, 7.0, 3))
    assert np.allclose(weights[7:10, 5:9], [[0.75, 1, 1, 0]] * 3)
    assert np.isclose(weights.sum(), 3 * 2.75)


def test_a_field_without_a_pixel_of_its_own_has_all_that_it_touches_and_says_so() -> None:
    found = cover([square(5.8, 7.8, 0.4), square(10, 10, 2)], WINDOW)
    tiny = found.weights.toarray()[0].reshape(30, 40)
    assert found.is_mixed.tolist() == [True, False]
    assert np.allclose(tiny[7:9, 5:7], 0.04)
    assert np.isclose(tiny.sum(), 0.16)


def test_the_share_inside_the_window_is_known_and_a_field_outside_has_no_pixel() -> None:
    found = cover([square(38, 0, 4), square(60, 0, 4), square(0, 0, 4)], WINDOW)
    assert np.allclose(found.inside, [0.5, 0, 1])
    assert found.weights.sum(axis=1).ravel().tolist()[0] == [8, 0, 16]
    assert not found.is_mixed.any()


def test_wanted_pixels_are_those_of_any_field() -> None:
    wanted = cover([square(0, 0, 2), square(1, 1, 2)], WINDOW).is_wanted().reshape(30, 40)
    assert wanted.sum() == 7
    assert not wanted[0, 2]


def test_thinned_weights_keep_some_pixels_of_a_large_field_and_all_of_a_small_one() -> None:
    found = cover([square(0, 0, 20), square(30, 3, 2), square(60, 0, 4)], WINDOW)
    thin = found.thinned(10).toarray()
    assert [(row > 0).sum() for row in thin] == [10, 4, 0]
    rows = np.nonzero(thin[0].reshape(30, 40).any(axis=1))[0]
    assert (rows.min(), rows.max()) == (0, 19)
    assert np.array_equal(thin[1], found.weights.toarray()[1])


def test_no_fields_have_no_weights() -> None:
    found = cover([], WINDOW)
    assert found.weights.shape == (0, PIXELS)
    assert not found.is_wanted().any()
    assert found.thinned().shape == (0, PIXELS)
