from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from shapely.geometry import mapping

from core.bands import channel
from core.product import Variable
from products.fields.coverage import cover
from products.rows import render
from tests.products.fields.squares import disc, square
from tests.workers.fields.scene import open_scene, order_of
from workers.fields import measure as module
from workers.fields.measure import measure

SHAPES = [disc(12.3, 9.1, 97), disc(30.2, 20.7, 41), square(3.3, 22.1, 4)]
NAMES = np.array(["a", "b", "c"])


def test_means_deviations_and_clear_shares_equal_a_reference_by_exactextract(tmp_path: Path) -> None:
    """Date by date, from the raster of NDVI itself."""
    cube = open_scene(tmp_path, dates=12).source.whole
    history, _ = measure(cube, cover(SHAPES, cube.window), NAMES, ())
    features = [{"type": "Feature", "geometry": mapping(s), "properties": {}} for s in SHAPES]
    xmin, ymin, xmax, ymax = cube.window.bounds
    half = "(min_coverage_frac=0.5)"
    for date, image in enumerate(cube.ndvi()):
        source, whole = (
            NumPyRasterSource(v, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax, nodata=np.nan)
            for v in (image.astype(np.float64), np.ones(image.shape))
        )
        ops = [f"mean{half}", f"stdev{half}", f"count{half}"]
        found = [f["properties"] for f in exact_extract(source, JSONFeatureSource(features), ops)]
        total = [f["properties"]["count"] for f in exact_extract(whole, JSONFeatureSource(features), ops[2:])]
        share = np.array([f["count"] for f in found]) / total
        assert np.allclose(history.clear_share[:, date], share, atol=1e-6)
        is_clear = share >= 0.5
        for name, values in (("mean", history.ndvi), ("stdev", history.std)):
            expected = np.where(is_clear, [f[name] for f in found], np.nan)
            assert np.allclose(values[:, date], expected, atol=1e-6, equal_nan=True)


def test_bands_are_averaged_over_the_pixels_that_ndvi_is(tmp_path: Path) -> None:
    cube = open_scene(tmp_path, clear=1.0, dates=3).source.whole
    history, _ = measure(cube, cover([square(2, 3, 4)], cube.window), NAMES[:1], ())
    expected = cube.data["B08"].values[:, 3:7, 2:6].mean(axis=(1, 2))
    assert np.allclose(history.series.values[0, :, channel("B08")], expected, atol=1e-6)


def test_classes_are_the_means_of_the_pixels_of_the_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_scene(tmp_path)
    order, cube = order_of(source, ("crop",)), source.source.whole
    (part,) = order.maps
    coverage = cover([square(2, 3, 5), square(20, 10, 3)], cube.window)
    raster = render(part.product, cube, part.options, part.checkpoint, lambda _: None)
    monkeypatch.setattr(module, "BLOCK_PIXELS", 7)  # several blocks of each strip
    monkeypatch.setattr(module, "STRIP_BYTES", 2**20)  # and several strips
    _, (found,) = measure(cube, coverage, NAMES[:2], [part])
    names = [layer.name for layer in raster.layers]
    first = raster.pixels[:, 3:8, 2:7].reshape(len(names), -1)
    assert found.figures()["p_crop"][0] == pytest.approx(first[names.index("p_crop")].mean(), abs=1e-5)
    assert found.figures()["crop_share"][0] == pytest.approx((first[0] == 1).mean(), abs=1e-5)
    assert set(found.figures()) == {"p_crop", "crop_share"}
    index = found.dissimilarity()
    assert index is not None
    at = next(n for n, v in enumerate(raster.layers) if v.variable == Variable.DISSIMILARITY)
    assert index[1] == pytest.approx(raster.pixels[at, 10:13, 20:23].mean(), abs=1e-5)


def test_a_field_outside_its_area_of_applicability_is_known(tmp_path: Path) -> None:
    source = open_scene(tmp_path)
    cube = source.source.whole
    (part,) = order_of(source, ("canopy",)).maps
    _, (found,) = measure(cube, cover([square(2, 3, 5), square(99, 99, 2)], cube.window), NAMES[:2], [part])
    index = found.dissimilarity()
    assert index is not None
    assert found.is_outside(0) == bool(index[0] > part.options.dissimilarity_limit)
    assert not found.is_outside(1)
    assert set(found.figures()) == {"p_conifer", "conifer_share", "p_broadleaf", "broadleaf_share"}


def test_a_cube_without_a_date_shows_nothing(tmp_path: Path) -> None:
    cube = open_scene(tmp_path, dates=3).source.whole
    none = cube.between(
        type(cube.period)(start=cube.period.start.replace(year=2000), end=cube.period.start.replace(year=2001))
    )
    history, _ = measure(none, cover([square(2, 3, 5)], cube.window), NAMES[:1], ())
    assert not history.clear_share.any()


def test_a_field_of_which_less_than_half_was_seen_has_no_class(tmp_path: Path) -> None:
    source = open_scene(tmp_path)
    cube = source.source.whole
    (part,) = order_of(source, ("crop",)).maps
    is_hidden = np.zeros(cube.shape_yx, bool)
    is_hidden[2:10, 2:7] = True  # 5 of the 8 columns of the first field, none of the second
    hidden = replace(cube, data=cube.data.where(xr.DataArray(~is_hidden, dims=("y", "x"))))
    _, (found,) = measure(hidden, cover([square(2, 2, 8), square(20, 10, 8)], cube.window), NAMES[:2], [part])
    assert found.seen.tolist() == pytest.approx([0.375, 1], abs=0.05)
    assert np.isnan(found.figures()["p_crop"]).tolist() == [True, False]
    assert np.isnan(found.figures()["crop_share"]).tolist() == [True, False]
