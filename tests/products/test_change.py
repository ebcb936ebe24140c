"""Change of canopy: probabilities, significance, which pixels are nodata, and what a simulated clear-cut gives."""

from datetime import date, timedelta

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from core.bands import Floats, channel
from core.cube import Cube, Series
from core.errors import InvalidOption, InvalidPeriod
from core.forecast import ClassProbabilities
from core.grid import Window
from core.product import Raster
from core.region import Region
from core.settings import Settings
from core.timeline import Period, parse_period, to_day
from ingest.build.cube import build_cube
from ingest.registry import open_archive
from ingest.simulate.archive import FELLED, draw_landscape, halve, write_archive
from models.registry import find_checkpoint
from products.canopy import CLASSES, Canopy
from products.change import change_codes, change_probabilities, change_values, least_probabilities
from products.order import parse
from products.rows import encode, render

AVAILABLE = parse_period("2018-01-01/2022-12-31")
FIRST, SECOND = date(2021, 6, 30), date(2022, 6, 30)
DATES = f"{FIRST}/{SECOND}"
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(2, 3))
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


def cube_of(ndvi: Floats, days: list[date]) -> Cube:
    """A cube of (T, Y, X) NDVI."""
    near = np.where(np.isnan(ndvi), np.nan, 0.4).astype(np.float32)
    red = (near * (1 - ndvi) / (1 + ndvi)).astype(np.float32)
    dims = ("time", "y", "x")
    times = np.array(days, "datetime64[ns]")
    return Cube(data=xr.Dataset({"B04": (dims, red), "B08": (dims, near)}, {"time": times}), window=WINDOW, archive="t")


def felling() -> Cube:
    """Six pixels: forest, field, felled, planted, unseen between the dates, unseen before the first."""
    days = [date(2020, 7, 1) + timedelta(days=20 * n) for n in range(44)]
    late = np.array([d > date(2021, 12, 1) for d in days])
    between = np.array([FIRST < d <= SECOND for d in days])
    high, low = np.full(len(days), 0.9), np.full(len(days), 0.2)
    pixels = [high, low, np.where(late, 0.2, 0.9), np.where(late, 0.9, 0.2)]
    pixels += [np.where(between, np.nan, 0.9), np.where(np.cumsum(between) > 0, 0.9, np.nan)]
    return cube_of(np.stack(pixels, axis=1).reshape(-1, 2, 3), days)


def mapped(cube: Cube, **inputs: object) -> Raster:
    product = Canopy()
    options = parse(product, {"change": DATES, **inputs}, available=AVAILABLE)
    series, dates = cube.between(options.days).series(), options.change
    shares = [by_ndvi(series, day + timedelta(days=1)).probability for day in (dates.start, dates.end)]
    values = change_values(series, dates, *shares, significance=options.significance)
    return encode(product.layers(options), values.T.reshape(-1, *cube.shape_yx), cube)


def layer(raster: Raster, name: str) -> np.ndarray:
    return raster.pixels[[v.name for v in raster.layers].index(name)].ravel()


def test_felling_is_loss_planting_is_gain_and_what_stands_is_stable() -> None:
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


def test_float_probabilities_are_what_percents_round() -> None:
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


def test_an_order_reads_three_years_before_the_first_date_and_is_read_back_to_the_same() -> None:
    params = parse(Canopy(), {"change": DATES, "mmu": 0.5}, available=AVAILABLE)
    assert params.period == Period(start=FIRST - timedelta(days=1095), end=SECOND)
    assert params.to_json() == {
        "period": str(params.period),
        "change": DATES,
        "significance": 0.9,
        "probabilities": "percent",
        "mmu": 0.5,
    }
    assert parse(Canopy(), params.to_json(), available=AVAILABLE) == params


def test_an_order_without_change_is_that_of_before() -> None:
    assert set(parse(Canopy(), {"mmu": 0}, available=AVAILABLE).to_json()) == {"period", "date", "probabilities"}


@pytest.mark.parametrize(
    ("inputs", "error", "said"),
    [
        ({"change": "2022-06-30/2021-06-30"}, InvalidPeriod, "before it starts"),
        ({"change": "2021-06-30"}, InvalidPeriod, "slash"),
        ({"change": "2021-06-30/2021-06-30"}, InvalidPeriod, "two different dates"),
        ({"change": "2017-06-30/2019-06-30"}, InvalidPeriod, "starts after"),
        ({"change": "2022-12-31/2023-06-30"}, InvalidPeriod, "no day between"),
        ({"change": DATES, "date": "2022-01-01"}, InvalidOption, "two dates"),
        ({"change": DATES, "significance": 0.4}, InvalidOption, "from 0.5"),
        ({"change": DATES, "significance": "much"}, InvalidOption, "from 0.5"),
        ({"significance": 0.9}, InvalidOption, "belongs to change"),
        ({"mmu": -1}, InvalidOption, "hectares"),
        ({"mmu": "small"}, InvalidOption, "hectares"),
        ({"mmu": True}, InvalidOption, "hectares"),
        ({"mmu": 10**400}, InvalidOption, "hectares"),
        ({"mmu": "nan"}, InvalidOption, "hectares"),
    ],
)
def test_what_makes_no_sense_is_refused(inputs: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        parse(Canopy(), inputs, available=AVAILABLE)


def test_the_minimum_mapping_unit_is_said_in_the_first_layer_alone() -> None:
    for inputs in ({"mmu": 0.5}, {"mmu": 0.5, "change": DATES}):
        first, *others = Canopy().layers(parse(Canopy(), inputs, available=AVAILABLE))
        assert "below 0.5 ha" in first.description
        assert not any("below" in v.description for v in others)


def test_the_shipped_model_gives_all_layers_of_a_change() -> None:
    product, cube = Canopy(), felling()
    params = parse(product, {"change": DATES}, available=cube.period)
    raster = render(product, cube, params, find_checkpoint("", "canopy", Settings()), lambda share: None)
    assert raster.layers == product.layers(params)
    assert raster.layers[-1].name == "clear_count"
    assert [v.name for v in raster.layers if v.legend] == ["change", "class_before", "class_after"]
    assert np.array_equal(raster.is_unseen().ravel(), [False] * 4 + [True] * 2)


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
