import dataclasses
import inspect
from datetime import date

import numpy as np
import pytest

from core import bands, cube, forecast, grid, job, product, region, timeline
from core.job import JobState
from core.product import Layer, Params, Raster
from core.timeline import Period
from core.version import software_version
from tests.core.cubes import WINDOW

ROOMS = (bands, cube, forecast, grid, job, product, region, timeline)
NOUNS = [
    c
    for m in ROOMS
    for _, c in inspect.getmembers(m, inspect.isclass)
    if dataclasses.is_dataclass(c) and c.__module__ == m.__name__
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda n: n.__name__)
def test_a_noun_is_frozen_and_takes_its_fields_by_name(noun: type) -> None:
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert all(f.kw_only for f in dataclasses.fields(noun))


def test_a_job_that_has_ended_never_changes_again() -> None:
    assert [s for s in JobState if s.is_final] == [JobState.SUCCESSFUL, JobState.FAILED, JobState.DISMISSED]
    assert {s.value for s in JobState} == {"accepted", "running", "successful", "failed", "dismissed"}  # OGC 18-062r2


def test_params_write_plain_json_and_give_dates_back() -> None:
    period = Period(start=date(2022, 1, 1), end=date(2022, 12, 31))
    params = Params(period=period, options={"date": "2022-07-01"})
    assert params.to_json() == {"period": "2022-01-01/2022-12-31", "date": "2022-07-01"}
    assert params.day("date") == date(2022, 7, 1)


@pytest.mark.parametrize(("dtype", "nodata"), [(np.uint8, 255), (np.float32, np.nan)])
def test_a_raster_is_unseen_where_its_first_layer_is_nodata(dtype: type, nodata: float) -> None:
    pixels = np.zeros((2, *WINDOW.shape_yx), dtype)
    pixels[0, 1, 2] = nodata
    pixels[1, 0, 0] = nodata
    layers = tuple(Layer(name=n, description="A layer.") for n in ("class", "p_crop"))
    unseen = Raster(layers=layers, pixels=pixels, window=WINDOW, nodata=nodata).is_unseen()
    assert np.argwhere(unseen).tolist() == [[1, 2]]


def test_quantiles_rise_and_name_their_columns() -> None:
    assert list(forecast.QUANTILES) == sorted(forecast.QUANTILES)
    assert forecast.QUANTILE_COLUMNS == tuple(f"q{round(100 * q):02d}" for q in forecast.QUANTILES)


def test_the_installed_software_has_a_version() -> None:
    assert software_version()[0].isdigit()
