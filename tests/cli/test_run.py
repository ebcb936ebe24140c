"""The main job: whole over a small cube (slow), and its parts over a fake service."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import MultiPolygon, box

from cli.run import coverage, fetch, order_all, print_table, region_of, run_main_job
from client import JobStatus
from client.client import Process
from core.errors import RequestError, WorkerUnavailable
from core.job import JobState
from core.region import Region, parse_region
from core.settings import Settings
from tests.cli.cubes import square, write_cube
from tests.fakes import FakeArchive

REGION = parse_region(square(15.0005, 47.85))


class FakeClient:
    """A service that knows two products, refuses one, and ends the other after three questions."""

    def __init__(self, *, end: JobState = JobState.SUCCESSFUL) -> None:
        self.job = FakeJob(end)

    def products(self) -> list[Process]:
        return [Process(id="canopy"), Process(id="crop")]

    def order(self, product: str, region: Mapping[str, Any]) -> "FakeJob":
        assert region["type"] == "Polygon"
        if product == "crop":
            raise RequestError("There is no radar.")
        return self.job


class FakeJob:
    """The job of the product that is not refused."""

    def __init__(self, end: JobState) -> None:
        self._end, self._requests, self.is_dismissed = end, 0, False

    @property
    def status(self) -> JobStatus:
        self._requests += 1
        state = JobState.RUNNING if self._requests < 3 else self._end
        return JobStatus(id="1", url="", state=state, share=self._requests / 3, message="It rained.", seconds=4.5)

    def dismiss(self) -> None:
        self.is_dismissed = True

    def download(self, folder: Path) -> dict[str, Path]:
        folder.mkdir(exist_ok=True)
        west, _, _, north = Region(geometry=REGION.geometry).to_crs("EPSG:32633").bounds
        pixels = np.zeros((1, 8, 8), np.uint8)
        pixels[0, :, :4] = 255
        place = Affine(10, 0, west - 20, 0, -10, north + 20)
        given: dict[str, Any] = {"width": 8, "height": 8, "count": 1, "dtype": "uint8", "nodata": 255, "crs": 32633}
        with rasterio.open(folder / "canopy.tif", "w", driver="GTiff", transform=place, **given) as raster:
            raster.write(pixels)
        return {"geotiff": folder / "canopy.tif"}


class Worker:
    is_hopeless = False
    log = Path("worker.log")


class FakeSupervisor:
    worker = Worker()


def test_a_refused_product_does_not_keep_the_others_from_being_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client: Any = FakeClient()
    supervisor: Any = FakeSupervisor()
    (tmp_path / "crop").mkdir()
    (tmp_path / "crop" / "crop.tif").write_text("of an earlier run")
    (tmp_path / "crop" / "crop_notes.txt").write_text("of the user")
    orders = order_all(client, REGION, supervisor)
    for ordered in orders:
        fetch(ordered, tmp_path / ordered.product)
    print_table(orders, REGION)
    printed = capsys.readouterr()
    assert [p.name for p in (tmp_path / "crop").iterdir()] == ["crop_notes.txt"]
    assert "canopy" in printed.out
    assert str(tmp_path / "canopy" / "canopy.tif") in printed.out
    assert "4.5" in printed.out
    assert "not made: There is no radar." in printed.out
    assert "crop There is no radar." in printed.err
    assert not client.job.is_dismissed


def test_the_reason_of_a_failed_job_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    client: Any = FakeClient(end=JobState.FAILED)
    supervisor: Any = FakeSupervisor()
    orders = order_all(client, REGION, supervisor)
    assert [o.failure for o in orders] == ["It rained.", "There is no radar."]


def test_a_run_whose_worker_cannot_start_ends_and_calls_its_jobs_off() -> None:
    client: Any = FakeClient(end=JobState.RUNNING)
    supervisor: Any = FakeSupervisor()
    supervisor.worker = Worker()
    supervisor.worker.is_hopeless = True
    with pytest.raises(WorkerUnavailable, match=r"worker\.log"):
        order_all(client, REGION, supervisor)
    assert client.job.is_dismissed


def test_coverage_is_the_share_of_the_region_that_has_data(tmp_path: Path) -> None:
    files = FakeClient().job.download(tmp_path)
    assert 0.2 < coverage(files["geotiff"], REGION) < 0.8


def test_the_own_region_lies_a_pixel_inside_the_archive() -> None:
    archive = FakeArchive("plain", 32)
    region = region_of(archive)
    assert archive.footprint.contains(region.geometry)
    grid = archive.grid(region)
    outside = Region(geometry=archive.footprint).to_crs(grid.crs)
    assert outside.boundary.distance(region.to_crs(grid.crs)) == pytest.approx(grid.resolution_m, rel=0.01)


def test_of_an_archive_in_pieces_the_largest_is_ordered_and_of_a_large_one_its_middle() -> None:
    archive = FakeArchive("plain", 32)
    archive.footprint = MultiPolygon([box(11.0, 48.0, 11.01, 48.01), box(12.0, 48.0, 12.3, 48.2)])
    region = region_of(archive)
    assert region.geometry.bounds[0] > 12.0
    assert region.area_km2 == pytest.approx(25, rel=0.02)


PLAIN = (".tif", ".json", ".png", ".qml", ".qlr")


def test_the_main_job_writes_all_products_of_a_cube(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cube = write_cube(tmp_path / "cube.nc", shape_yx=(12, 14), dates=80)
    ready = settings.but(archive=str(cube))
    assert run_main_job(ready, None, tmp_path / "results") == 0
    printed = capsys.readouterr().out
    for product, endings in {
        "ndvi-forecast": {*PLAIN, "_pixel.png", ".nc"},
        "ndvi-gap-fill": {*PLAIN},
        "ndvi-anomaly": {*PLAIN},
        "canopy": {*PLAIN, ".tif.aux.xml"},
        "crop": {*PLAIN, ".tif.aux.xml"},
    }.items():
        found = {p.name for p in (tmp_path / "results" / product).iterdir()}
        assert found == {product + e for e in endings}
        assert str(tmp_path / "results" / product / f"{product}.tif") in printed
        item = json.loads((tmp_path / "results" / product / f"{product}.json").read_text())
        assert item["properties"]["landcast:product"] == product
