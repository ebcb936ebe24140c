"""Change of canopy: probabilities, significance, which pixels are nodata, and what a simulated clear-cut gives."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bands import Floats, channel
from core.cube import Cube, Series
from core.forecast import ClassProbabilities
from core.product import Raster
from core.region import Region
from core.settings import Settings
from core.timeline import to_day
from ingest.build.cube import build_cube
from ingest.registry import open_archive
from ingest.simulate.archive import FELLED, draw_landscape, halve, write_archive
from products.canopy import CLASSES, Canopy
from products.change import change_codes, change_probabilities, change_values, least_probabilities
from products.order import parse
from products.rows import encode
from tests.products.felling import AVAILABLE, DATES, SECOND, felling

SIZE = 48
probabilities = st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(lambda p: np.array(p) / sum(p))


def by_ndvi(series: Series, after: date) -> ClassProbabilities:
    """Say conifer where the last three NDVI before a day are high, broadleaf where they are middling, else none."""
    known = series.values[:, series.days[0] < to_day(after), channel("NDVI")]
    share = np.full((len(series), 3), np.nan, np.float32)
    for row, ndvi in enumerate(known):
        seen = ndvi[np.isfinite(ndvi)][-3:]
        if len(seen):
            share[row] = 0.02
            share[row, np.digitize(np.median(seen), [0.5, 0.75]) * 2 % 3] = 0.96
    return ClassProbabilities(ids=series.ids, classes=CLASSES, probability=share)


def mapped(cube: Cube, **inputs: object) -> Raster:
    product = Canopy()
    options = parse(product, {"change": DATES, **inputs}, available=AVAILABLE)
    series, dates = cube.between(options.days).series(), options.change
    shares = [by_ndvi(series, day + timedelta(days=1)).probability for day in (dates.start, dates.end)]
    values = change_values(series, dates, *shares, significance=options.significance)
    return encode(product.layers(options), values.T.reshape(-1, *cube.shape_yx), cube)


def layer(raster: Raster, name: str) -> np.ndarray:
    return raster.pixels[[v.name for v in raster.layers].index(name)].ravel()


def test_felling_is_loss_planting_is_gain_and_standing_forest_is_stable() -> None:
    raster = mapped(felling())
    assert list(layer(raster, "change")) == [1, 0, 3, 2, 255, 255]
    assert list(layer(raster, "class_before")) == [1, 0, 1, 0, 255, 255]
    assert list(layer(raster, "class_after")) == [1, 0, 0, 1, 255, 255]
    assert list(layer(raster, "p_loss")) == [2, 4, 94, 0, 255, 255]
    assert list(layer(raster, "significance")[2:4]) == [94, 94]


def test_a_pixel_unseen_between_the_dates_or_before_the_first_is_nodata_in_all_layers_and_no_other_is() -> None:
    for kind, nodata in (("percent", 255), ("float", np.nan)):
        raster = mapped(felling(), probabilities=kind)
        empty = np.isnan(raster.pixels) if kind == "float" else raster.pixels == nodata
        assert np.array_equal(empty.reshape(8, 6), np.tile([False] * 4 + [True] * 2, (8, 1)))


def test_the_clear_count_is_that_of_the_observations_between_the_dates() -> None:
    assert list(layer(mapped(felling()), "clear_count")[:2]) == [18, 18]


def test_nothing_after_the_second_date_is_used() -> None:
    cube = felling()
    whole, cut = mapped(cube), mapped(cube.before(SECOND + timedelta(days=1)))
    assert cube.period.end > SECOND
    assert np.array_equal(whole.pixels, cut.pixels)


def test_a_change_that_is_not_significant_enough_is_stable() -> None:
    raster = mapped(felling(), significance=0.95)
    assert set(layer(raster, "change")[:4]) <= {0, 1}
    assert list(layer(raster, "p_loss")) == list(layer(mapped(felling()), "p_loss"))


def test_percents_are_rounded_float_probabilities() -> None:
    exact, whole = mapped(felling(), probabilities="float"), mapped(felling())
    assert exact.pixels.dtype == np.float32
    for name in ("p_gain", "p_loss", "p_switch", "significance"):
        assert np.abs(layer(exact, name)[:4] * 100 - layer(whole, name)[:4]).max() <= 0.51
    assert np.array_equal(layer(exact, "change")[:4], layer(whole, "change")[:4])


def test_a_cube_without_one_clear_pixel_is_all_nodata() -> None:
    cube = felling()
    for band in cube.data.data_vars:
        cube.data[band].values[:] = np.nan
    assert (mapped(cube).pixels == 255).all()


def test_the_probabilities_are_those_of_independent_dates() -> None:
    before, after = np.array([0.1, 0.7, 0.2]), np.array([0.5, 0.1, 0.4])
    assert np.allclose(change_probabilities(before, after), [0.05, 0.45, 0.7 * 0.4 + 0.2 * 0.1])


@given(before=probabilities, after=probabilities, significance=st.floats(0.5, 0.999))
def test_a_mapped_change_is_the_most_probable_and_no_dependence_takes_it_below_its_significance(
    before: Floats, after: Floats, significance: float
) -> None:
    least = least_probabilities(before, after)
    gain, loss, switch = change_probabilities(before, after)
    assert least[0] <= gain + 1e-9
    assert least[1] <= loss + 1e-9
    assert least[2:].sum() <= switch + 1e-9
    code = int(change_codes(before, after, significance))
    if code >= 2:
        assert least[code - 2] >= significance - 1e-6
        assert [gain, loss, switch, switch][code - 2] >= 0.5 - 1e-6
    else:
        assert least.max() < significance


def test_errors_that_persist_make_no_change() -> None:
    doubtful = np.array([0.5, 0.5, 0.0])
    assert change_probabilities(doubtful, doubtful)[1] == 0.25
    assert least_probabilities(doubtful, doubtful).max() == 0


def test_a_switch_of_type_has_a_direction() -> None:
    conifer, broadleaf = np.array([0.01, 0.98, 0.01]), np.array([0.01, 0.01, 0.98])
    assert (change_codes(conifer, broadleaf, 0.9), change_codes(broadleaf, conifer, 0.9)) == (4, 5)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Cube:
    """A corner of the simulated archive, in which a conifer stand is felled."""
    folder = tmp_path_factory.mktemp("simulated") / "archive"
    write_archive(folder, size=SIZE, first=date(2021, 9, 1), last=date(2022, 6, 30))
    archive = open_archive(str(folder), Settings(home=folder.parent / "home"))
    region = Region(geometry=archive.footprint)
    return build_cube(archive, archive.grid(region).window(region), archive.period, ("B04", "B08"))


def test_a_simulated_clear_cut_is_loss_and_the_forest_around_it_is_stable(sample: Cube) -> None:
    raster = mapped(sample, change="2022-01-31/2022-06-30")
    parcels = draw_landscape(np.random.default_rng(0), SIZE)
    at, seen = parcels.parcel_at, ~raster.is_unseen()
    felled, forest = (
        halve(np.isin(at, [n for n, p in enumerate(parcels.parcels) if p.canopy == 1 and p.is_felled == cut]) * 1.0)
        == 1
        for cut in (True, False)
    )
    assert date(2022, 1, 31) < FELLED < date(2022, 6, 30)
    assert (felled & seen).sum() >= 20
    assert (forest & seen).sum() >= 200
    assert (raster.pixels[0][felled & seen] == 3).all()
    assert (raster.pixels[0][forest & seen] == 1).all()
