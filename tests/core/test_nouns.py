import dataclasses
import inspect

import pytest

from core import bands, cube, forecast, grid, job, product, region, timeline
from core.job import JobState
from core.version import software_version

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


def test_quantiles_rise_and_name_their_columns() -> None:
    assert list(forecast.QUANTILES) == sorted(forecast.QUANTILES)
    assert forecast.QUANTILE_COLUMNS == tuple(f"q{round(100 * q):02d}" for q in forecast.QUANTILES)


def test_the_installed_software_has_a_version() -> None:
    assert software_version()[0].isdigit()
