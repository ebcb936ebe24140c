"""Which result answers: the newest that fits, and never two."""

from typing import Any

import pytest
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, UnknownResult
from core.settings import Settings
from service.edr.find import Query, Result, check_collection, newest, result_of
from service.edr.times import read_times
from tests.service import scene
from workers.queue.dispatch import dismiss
from workers.queue.items import Items
from workers.queue.ledger import Ledger, open_ledger

WEST = {"type": "Polygon", "coordinates": [[[10.342, 48.0232], [10.344, 48.0232], [10.344, 48.025], [10.342, 48.0232]]]}
PLACE = box(10.3436, 48.0236, 10.3437, 48.0237)
"""In both regions."""
WIDE = box(10.3436, 48.0236, 10.3445, 48.0240)
"""Partly outside of the smaller region."""


@pytest.fixture(scope="module")
def settings(archive_folder: Any, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("found") / "home"
    found = Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)
    scene.finished(found, "canopy", "old", period="2021-03-01/2021-12-31")
    scene.finished(found, "canopy", "change", change="2021-06-30/2022-06-30")
    order(found, "small", period="2021-03-01/2022-05-31")
    return found


def order(settings: Settings, job_id: str, **inputs: Any) -> None:
    """Write a finished job of the smaller region."""
    before, scene.REGION = scene.REGION, WEST
    try:
        scene.finished(settings, "canopy", job_id, **inputs)
    finally:
        scene.REGION = before


def found_in(settings: Settings, where: BaseGeometry, query: Query, *, whole: bool = False) -> Result | None:
    ledger = open_ledger(settings)
    return newest(ledger, Items(ledger.engine), query, where, whole=whole)


def job_of(found: Result | None) -> str:
    return "" if found is None else found.job.id


def test_the_newest_result_answers(settings: Settings) -> None:
    assert job_of(found_in(settings, PLACE, Query(collection="canopy"))) == "small"
    assert job_of(found_in(settings, PLACE, Query(collection="crop"))) == ""


def test_the_newest_with_all_parameters_answers(settings: Settings) -> None:
    assert job_of(found_in(settings, PLACE, Query(collection="canopy", names=("change", "p_gain")))) == "change"
    assert job_of(found_in(settings, PLACE, Query(collection="canopy", names=("change", "p_conifer")))) == ""


def test_the_newest_of_the_time_answers(settings: Settings) -> None:
    asked = Query(collection="canopy", times=read_times("2021-12-01/2021-12-31"))
    assert job_of(found_in(settings, PLACE, asked)) == "change"
    named = Query(collection="canopy", names=("class",), times=read_times("2021-12-01/2021-12-31"))
    assert job_of(found_in(settings, PLACE, named)) == "old"


def test_an_area_is_answered_by_a_result_that_covers_all_of_it_if_there_is_one(settings: Settings) -> None:
    query = Query(collection="canopy", names=("class",))
    assert job_of(found_in(settings, WIDE, query, whole=True)) == "old"
    assert job_of(found_in(settings, WIDE, query)) == "small"
    assert job_of(found_in(settings, box(10.34, 48.0, 10.35, 48.1), query, whole=True)) == "small"


def test_a_parameter_that_no_result_has_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidOption, match=r"'canopy' has class, .*change"):
        found_in(settings, PLACE, Query(collection="canopy", names=("height",)))


def test_a_dismissed_result_does_not_answer(settings: Settings) -> None:
    order(settings, "gone")
    ledger: Ledger = open_ledger(settings)
    item = Items(ledger.engine).find("canopy", "gone")
    assert item is not None
    assert job_of(result_of(ledger, item, Query(collection="canopy"))) == "gone"
    dismiss("gone", settings)
    assert result_of(ledger, item, Query(collection="canopy")) is None
    assert job_of(found_in(settings, PLACE, Query(collection="canopy"))) == "small"


def test_an_unknown_collection_is_not_found() -> None:
    with pytest.raises(UnknownResult, match="ndvi-observed"):
        check_collection("rain")
