"""Adding a product is one file and one line: greenness.py, and the entry below. Everything else follows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from PIL import Image

from cli import products_page
from core.settings import Settings
from products import catalogue
from products.catalogue import Entry
from tests.cli.conftest import folder, run
from tests.cli.cubes import write_cube, write_series
from tests.service import scene
from tests.service.conftest import archive_folder, redis_url
from workers.dependencies import REAL
from workers.queue.ledger import open_ledger
from workers.queue.liveness import worker_name
from workers.tasks import Worker, carry_out_tile, close_job, plan_job

__all__ = ["archive_folder", "folder", "redis_url", "run"]

ENTRY = Entry("greenness", "greenness", "tests.house.greenness:Greenness", "Map how green it is for the season.")


@pytest.fixture(autouse=True)
def _one_line_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ENTRIES", (*catalogue.ENTRIES, ENTRY))


@pytest.fixture
def service(archive_folder: Path, tmp_path: Path, redis_url: str) -> Iterator[tuple[Settings, httpx.Client]]:
    archive = str(archive_folder / "archives" / "fields.nc")
    settings = Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)
    with scene.served(settings) as client:
        yield settings, client


def test_it_is_a_command_with_help_and_maps_cubes_and_tables(folder: Path, run: Callable[..., str]) -> None:
    assert re.search(r"^  greenness +Map how green it is for the season\.$", run("--help"), re.MULTILINE)
    assert "--date" in run("greenness", "--help")
    write_cube(folder / "cube.nc")
    write_series(folder / "series.csv")
    run("greenness", "cube.nc", "-o", "map.tif", "--date", "2021-06-30")
    run("greenness", "cube.nc", "-o", "map.nc")
    run("greenness", "series.csv", "-o", "table.csv")
    with rasterio.open("map.tif") as raster:
        assert raster.descriptions == ("anomaly", "clear_count")
        assert raster.tags(1)["LANDCAST_VARIABLE"] == "anomaly"
        assert raster.tags(1)["LANDCAST_DATE"] == "2021-06-30"
        assert np.nanmax(np.abs(raster.read(1))) < 0.5
        assert raster.tags()["LANDCAST_PRODUCT"] == "greenness"
    with xr.open_dataset("map.nc") as cube:
        assert {"anomaly", "clear_count"} <= set(cube.data_vars)
    assert list(pd.read_csv("table.csv").columns) == ["series_id", "anomaly"]


def test_it_is_ordered_over_rest_and_found_in_stac_with_its_pictures(service: tuple[Settings, httpx.Client]) -> None:
    settings, client = service
    described = client.get("/processes/greenness").json()
    assert described["inputs"]["date"]["schema"]["format"] == "date"
    refused = client.post("/processes/greenness/execution", json=scene.order(colour="red"))
    assert (refused.status_code, "'colour'" in refused.json()["detail"]) == (400, True)
    answer = client.post("/processes/greenness/execution", json=scene.order(date="2022-06-30"))
    assert answer.status_code == 201, answer.text
    job = answer.json()["jobID"]
    carry_out(settings, job)
    status = client.get(f"/jobs/{job}").json()
    assert (status["status"], status["processID"]) == ("successful", "greenness")
    layers = client.get(f"/jobs/{job}/layers").json()["layers"]
    assert [layer["name"] for layer in layers] == ["anomaly", "clear_count"]
    item = client.get("/stac/search", params={"collections": "greenness"}).json()["features"][0]
    assert item["id"] == job
    assert item["properties"]["landcast:params"]["date"] == "2022-06-30"
    assert "greenness" in [c["id"] for c in client.get("/stac/collections").json()["collections"]]
    picture = settings.home / "jobs" / job / "greenness.png"
    assert len(np.unique(np.asarray(Image.open(picture)))) > 50


def carry_out(settings: Settings, job_id: str) -> None:
    """Do the work of a job in this process, as a worker does."""
    ledger = open_ledger(settings)
    worker = Worker(name=worker_name(), settings=settings, ledger=ledger, dependencies=REAL)
    plan_job(worker, job_id)
    for task in ledger.tiles(job_id):
        carry_out_tile(worker, job_id, task.tile_key)
    close_job(worker, job_id)


def test_the_page_of_products_describes_it() -> None:
    page = products_page.text()
    assert "Product `greenness`, on the command line `landcast greenness`." in page
    assert "| `date` | `--date` | date |  | Day of the map; default: the last observation. |" in page
