"""Handles of jobs against a running service."""

from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio

from client import Client
from core.errors import InternalError, JobFailed, JobNotReady, RequestError, UnknownResult
from core.job import JobState
from tests.service import scene
from tests.service.conftest import Front
from workers.queue.ledger import open_ledger


def test_a_finished_job_is_waited_for_and_downloaded(service: Client, tmp_path: Path) -> None:
    job, shown = service.job("crop1"), []
    assert job.wait(shown.append) is job
    assert [(s.state, s.share, s.process_id) for s in shown] == [(JobState.SUCCESSFUL, 1.0, "crop")]
    assert [file.name for file in job.files()] == ["geotiff", "item", "quicklook", "style", "definition", "legend"]
    files = job.download(tmp_path / "new" / "folder")
    assert {name: path.name for name, path in files.items()} == {
        "geotiff": "crop.tif",
        "item": "crop.json",
        "quicklook": "crop.png",
        "style": "crop.qml",
        "definition": "crop.qlr",
        "legend": "crop.tif.aux.xml",
    }
    with rasterio.open(files["geotiff"]) as raster:
        assert raster.descriptions[0] == "class"
    assert list(job.download(tmp_path / "one", ["item"])) == ["item"]
    with pytest.raises(UnknownResult, match="definition, geotiff, item, legend, quicklook, style"):
        job.download(tmp_path, ["map"])


def test_a_result_is_read_as_xarray_without_leaving_a_file(
    service: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    found = service.job("canopy1").to_xarray(["class", "p_conifer"])
    assert list(found.data_vars) == ["class", "p_conifer"]
    assert np.isnan(found["class"][0]).all()
    assert found["class"].attrs["class_names"] == ["No tree canopy", "Conifer", "Broadleaf"]
    assert list(tmp_path.iterdir()) == []


def test_the_item_the_areas_and_the_gaps_of_a_job(service: Client) -> None:
    job = service.job("canopy1")
    assert job.item["properties"]["landcast:product"] == "canopy"
    assert job.areas == job.item["properties"].get("landcast:areas", {}).get("classes", [])
    assert job.gaps == []


def test_a_job_that_runs_on_is_given_back_after_the_time(service: Client, tmp_path: Path) -> None:
    job = service.job("running1")
    with pytest.raises(JobNotReady, match="is running"):
        job.wait(timeout_s=0.3)
    with pytest.raises(RequestError, match="its results exist once it is successful"):
        job.files()


def test_a_job_that_failed_says_why(service: Client) -> None:
    job = service.job("failed1")
    for ask in (job.wait, job.to_xarray, lambda: job.areas):
        with pytest.raises(JobFailed, match=r"no clear observation of the region in 2021-03\."):
            ask()
    with pytest.raises(InternalError, match="no clear observation"):
        job.files()


def test_the_log_and_the_events_tell_the_same(service: Client) -> None:
    job = service.job("failed1")
    log = list(job.log())
    assert [e["event"] for e in log] == ["accepted", "tile-started", "failed"]
    assert list(job.events()) == log
    assert [e["event"] for e in job.events(after=1)] == ["tile-started", "failed"]


def test_a_job_is_shared_with_people_without_a_key(service: Client) -> None:
    share = service.job("crop1").share(seconds=600)
    files = {"crop.tif", "crop.json", "crop.png", "crop.qml", "crop.qlr", "crop.tif.aux.xml"}
    assert set(share.urls) == {*files, "preview.png", "tilejson.json", "wmts"}
    assert "share=" in share.urls["crop.tif"]
    assert "share=" not in repr(share)
    assert httpx.get(share.urls["crop.json"], trust_env=False).json()["id"] == "crop1"


def test_a_job_is_tried_again_and_dismissed(mine: Client, own: Front) -> None:
    scene.failed(own.settings, "canopy", "gone", "the archive went away")
    job = mine.job("gone")
    assert job.retry() is job
    assert job.known["status"] == "running"
    job.dismiss()
    assert open_ledger(own.settings).job("gone").state is JobState.DISMISSED
    assert repr(job) == f"Job('gone', 'canopy', at '{own.client.base_url}/')"
