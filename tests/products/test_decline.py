"""Canopy in decline: a simulated stand that dies beside one that lives, and what cannot be known."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.bands import NDVI, channel
from core.cube import Series
from core.errors import InvalidOption
from core.product import Raster
from core.timeline import to_day
from outputs.measure import measure_raster
from products.areas import area_lines
from products.canopy import CLASSES, Canopy, CanopyOptions
from products.decline import DATES, decline_codes
from products.order import parse
from products.rows import render
from tests.products.class_models import copied, named
from tests.products.felling import AVAILABLE, cube_of

FIRST, LAST = date(2019, 1, 5), date(2021, 9, 30)
DAYS = [FIRST + timedelta(days=10 * n) for n in range((LAST - FIRST).days // 10 + 1)]
WINTER_DROP = 0.15


def stand(*, dies_on: date | None = None, drop: float = 0.25, noise: float = 0.02, seed: int = 3) -> np.ndarray:
    """(T,) NDVI of simulated conifers: 0.85 in summer, less in winter, and lower from a day on."""
    of_year = np.array([(d - date(d.year, 1, 1)).days for d in DAYS])
    season = 0.85 - WINTER_DROP * (0.5 + 0.5 * np.cos(2 * np.pi * (of_year - 15) / 365))
    dead = np.array([dies_on is not None and d >= dies_on for d in DAYS])
    return np.asarray(season - drop * dead + np.random.default_rng(seed).normal(0, noise, len(DAYS)), np.float32)


def series_of(*stands: np.ndarray) -> Series:
    days = np.broadcast_to(np.array([to_day(d) for d in DAYS], np.int32), (len(stands), len(DAYS)))
    values = np.full((*days.shape, 15), np.nan, np.float32)
    values[..., channel(NDVI.name)] = np.stack(stands)
    return Series(ids=np.arange(len(stands)).astype(str), days=days, values=values)


def codes(*stands: np.ndarray, last: date = LAST) -> list[float]:
    found = decline_codes(series_of(*stands), np.full(len(stands), to_day(last), np.int32))
    return [float(code) for code in found]


def test_a_dying_stand_is_in_decline_and_a_healthy_one_is_not() -> None:
    assert codes(stand(dies_on=date(2021, 6, 1)), stand()) == [1, 0]


def test_it_is_not_yet_in_decline_in_the_year_before_it_dies() -> None:
    assert codes(stand(dies_on=date(2021, 6, 1)), last=date(2020, 9, 30)) == [0]


def test_less_than_three_low_dates_are_no_decline() -> None:
    assert codes(stand(dies_on=DAYS[-2]), stand(dies_on=DAYS[-3])) == [0, 1]


def test_a_stand_that_varies_much_must_fall_deeper() -> None:
    died, restless = date(2021, 6, 1), {"noise": 0.12, "drop": 0.15}
    assert codes(stand(dies_on=died, noise=0.02, drop=0.15), stand(dies_on=died, **restless)) == [1, 0]


def test_hazy_dates_are_no_decline_and_a_drop_on_clear_dates_is() -> None:
    """Haze that the mask has missed lowers NDVI and is bright in the blue band; dying trees hardly are."""
    low = stand(drop=0.25, dies_on=date(2021, 9, 1))
    series = series_of(low, low)
    blue = np.full(low.shape, 0.03, np.float32)
    hazy = np.where(np.array([d >= date(2021, 9, 1) for d in DAYS]), np.float32(0.12), blue)
    series.values[..., channel("B02")] = np.stack([hazy, blue])
    found = decline_codes(series, np.full(2, to_day(LAST), np.int32))
    assert found.tolist() == [0, 1]


def test_winter_tells_nothing() -> None:
    ends = np.array([d.month not in range(5, 10) for d in DAYS])
    assert codes(np.where(ends, 0.1, stand()).astype(np.float32)) == [0]


@pytest.mark.parametrize("years", [(2019, 2020), (2021,)])
def test_a_year_with_too_few_clear_summer_dates_leaves_it_unknown(years: tuple[int, ...]) -> None:
    index = stand(dies_on=date(2021, 6, 1))
    summer = [n for n, d in enumerate(DAYS) if d.year in years and d.month in range(5, 10)]
    index[summer[DATES - 1 :]] = np.nan
    assert np.isnan(codes(index)).all()
    assert np.isnan(codes(np.full_like(index, np.nan))).all()


def canopy_map(models: Path, folder: Path, kind: str = "conifer", **inputs: object) -> tuple[CanopyOptions, Raster]:
    """Render six pixels by a model that sees one class: four healthy, one dying, one dying and not seen before."""
    died = stand(dies_on=date(2021, 6, 1))
    new = np.where([d < date(2021, 5, 1) for d in DAYS], np.nan, died)
    pixels = np.stack([*(stand(seed=seed) for seed in (4, 5, 6, 7)), died, new], axis=1)
    cube = cube_of(pixels.reshape(-1, 2, 3).astype(np.float32), DAYS)
    bias = [20.0 if name == kind else -20.0 for name in CLASSES]
    copied(models, "canopy", folder / kind, calibration={"temperature": 1.0, "bias": bias})
    options = parse(Canopy(), inputs, available=cube.period)
    return options, render(Canopy(), cube, options, named(folder / kind, "canopy"), lambda _: None)


def band(raster: Raster, name: str) -> list[float]:
    """Return the values of a band; nodata is 255."""
    values = raster.pixels[[layer.name for layer in raster.layers].index(name)].ravel()
    return [float(v) for v in np.nan_to_num(values, nan=255)]


@pytest.mark.parametrize("form", ["percent", "float"])
def test_a_map_of_canopy_has_the_band_and_its_share(class_models: Path, tmp_path: Path, form: str) -> None:
    options, raster = canopy_map(class_models, tmp_path, decline=True, probabilities=form)
    assert [layer.name for layer in raster.layers][-2:] == ["decline", "clear_count"]
    assert band(raster, "class") == [1] * 6
    assert band(raster, "decline") == [0, 0, 0, 0, 1, 255]
    table = measure_raster(raster, Canopy(), options)
    assert table["decline"] == {"declining_ha": 0.01, "judged_ha": 0.05, "share": 0.2}
    assert list(area_lines(table))[-1] == "canopy in decline: 20.0 % of the 0.05 ha that could be judged"


def test_where_there_is_no_canopy_nothing_is_judged(class_models: Path, tmp_path: Path) -> None:
    options, raster = canopy_map(class_models, tmp_path, "none", decline=True)
    assert band(raster, "decline") == [255] * 6
    table = measure_raster(raster, Canopy(), options)
    assert table["decline"]["share"] is None
    assert list(area_lines(table))[-1] == "canopy in decline: not known, no canopy with enough clear summer dates"


def test_a_map_without_the_option_is_the_same_but_for_the_band(class_models: Path, tmp_path: Path) -> None:
    _, with_it = canopy_map(class_models, tmp_path / "with", decline=True)
    _, without = canopy_map(class_models, tmp_path / "without")
    assert [v.name for v in without.layers] == [v.name for v in with_it.layers if v.name != "decline"]
    np.testing.assert_array_equal(without.pixels, np.delete(with_it.pixels, -2, axis=0))


def test_it_cannot_be_combined_with_a_change() -> None:
    with pytest.raises(InvalidOption, match="decline"):
        parse(Canopy(), {"decline": True, "change": "2020-06-30/2021-06-30"}, available=AVAILABLE)
