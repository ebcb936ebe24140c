from pathlib import Path

import pytest

from core.errors import JobDismissed, JobFailed, JobNotReady, UnknownJob, UnknownResult
from products.catalogue import find_product
from service.results import KINDS, find_file, find_job, finished_job, is_job_id, outputs_for, outputs_of
from tests.service import scene
from tests.service.conftest import Front
from workers.queue.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(front: Front) -> Ledger:
    return open_ledger(front.settings)


@pytest.mark.parametrize("text", ["a", "A-b_9", "x" * 64])
def test_an_id_has_letters_digits_and_dashes(text: str) -> None:
    assert is_job_id(text)


@pytest.mark.parametrize("text", ["", "a/b", "..", "a b", "a\n", "\x00", "é", "x" * 65])
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_job_id(text)


def test_a_text_that_cannot_be_an_id_is_an_unknown_job(ledger: Ledger) -> None:
    assert find_job(ledger, "crop1").id == "crop1"
    for text in ("../crop1", "nothing"):
        with pytest.raises(UnknownJob):
            find_job(ledger, text)


def test_only_a_successful_job_is_finished(ledger: Ledger) -> None:
    assert finished_job(ledger, "crop1").id == "crop1"
    with pytest.raises(JobNotReady, match="'running1' is running"):
        finished_job(ledger, "running1")
    with pytest.raises(JobFailed, match="no clear observation"):
        finished_job(ledger, "failed1")


def test_results_of_a_dismissed_job_are_gone(own: Front) -> None:
    scene.half_done(own.settings, "crop", "gone")
    open_ledger(own.settings).dismiss("gone")
    with pytest.raises(JobDismissed, match="Job 'gone' was dismissed"):
        finished_job(open_ledger(own.settings), "gone")


def test_only_forecasts_have_a_plot_and_a_cube() -> None:
    assert [o.id for o in outputs_for(find_product("ndvi-forecast"))] == [
        "geotiff",
        "item",
        "quicklook",
        "plot",
        "netcdf",
        "style",
        "definition",
    ]


def test_only_class_maps_have_a_legend_for_gdal() -> None:
    of_classes = ["geotiff", "item", "quicklook", "style", "definition", "legend"]
    assert [o.id for o in outputs_for(find_product("crop"))] == of_classes
    assert [o.id for o in outputs_for(find_product("canopy"))] == of_classes
    assert "legend" not in [o.id for o in outputs_for(find_product("ndvi-anomaly"))]


def test_outputs_are_those_that_were_written(front: Front, ledger: Ledger) -> None:
    found = [(output.id, name) for output, name in outputs_of(front.settings, ledger.job("forecast1"))]
    assert found == [
        ("geotiff", "ndvi-forecast.tif"),
        ("item", "ndvi-forecast.json"),
        ("quicklook", "ndvi-forecast.png"),
        ("plot", "ndvi-forecast_pixel.png"),
        ("style", "ndvi-forecast.qml"),
        ("definition", "ndvi-forecast.qlr"),
    ]
    assert outputs_of(front.settings, ledger.job("running1")) == []


def test_a_file_is_found_by_its_name_alone(front: Front, ledger: Ledger) -> None:
    job = ledger.job("crop1")
    assert find_file(front.settings, job, "crop.tif").is_file()
    for name in ("nothing.tif", "../crop1/crop.tif", str(find_file(front.settings, job, "crop.tif"))):
        with pytest.raises(UnknownResult, match=r"crop\.json, crop\.png, crop\.qlr, crop\.qml, crop\.tif"):
            find_file(front.settings, job, name)


def test_every_ending_has_a_media_type() -> None:
    assert KINDS[".png"] == "image/png"
    assert Path("a.tif").suffix in KINDS
