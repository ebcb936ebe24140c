"""A canopy job from order to files: areas and minimum mapping unit, by the shipped model over the fake archive."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.grid import Window
from core.product import Raster
from core.settings import Settings
from core.timeline import parse_period
from models.registry import find_checkpoint
from outputs.cog import plain_raster
from outputs.measure import measure_file, measure_raster
from products.catalogue import find_product
from service.layers import first_layer, layers_of
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.outputs.rasters import forecast
from tests.workers.conftest import assert_successful, worker_here, workshop
from workers.accept import accept
from workers.queue.dispatch import submit
from workers.tasks import carry_out_tile, close_job

ROOMS = replace(FAKE_DEPENDENCIES, find_product=find_product, find_checkpoint=find_checkpoint)
DATES = "2022-04-15/2022-06-01"


@pytest.mark.parametrize("height", [90, 25])
def test_a_file_is_measured_as_the_same_raster_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    monkeypatch.setattr("outputs.measure.strip_rows", lambda resolution_m, width: 20)
    product = find_product("canopy")
    params = product.parse({}, available=parse_period("2016-01-01/2018-12-31"))
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(height, 33))
    layers = product.layers(params)
    pixels = np.random.default_rng(2).integers(0, 3, (len(layers), height, 33)).astype(np.uint8)
    pixels[:, :4, :7] = 255
    raster = Raster(layers=layers, pixels=pixels, window=window, nodata=255)
    with plain_raster(tmp_path / "plain.tif", layers, window, dtype="uint8", nodata=255) as out:
        out.write(pixels)
    found = measure_raster(raster, product, params)
    assert measure_file(tmp_path / "plain.tif", product, params, layers) == found
    assert found["total_ha"] == pytest.approx((height * 33 - 28) / 100)


def test_a_product_without_classes_has_no_areas() -> None:
    product = find_product("ndvi-forecast")
    params = product.parse({}, available=parse_period("2016-01-01/2018-12-31"))
    assert measure_raster(forecast(), product, params) == {}


@pytest.mark.parametrize("inputs", [{"change": DATES, "mmu": 0.3}, {"change": DATES, "probabilities": "float"}, {}])
def test_a_canopy_job_says_its_areas_in_the_item_and_the_map(tmp_path: Path, inputs: dict[str, object]) -> None:
    settings: Settings = workshop(tmp_path / "home", "redis+socket:///nowhere")
    order, _, tiles = accept("canopy", {"region": REGION, **inputs}, settings, ROOMS)
    worker = replace(worker_here(settings), dependencies=ROOMS)
    job = submit(order, tiles, settings)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    done = worker.ledger.job(job.id)
    assert_successful(done)
    folder = settings.home / "jobs" / job.id
    assert sorted(p.name for p in folder.iterdir()) == ["canopy.json", "canopy.png", "canopy.tif"]
    item = json.loads((folder / "canopy.json").read_text())
    areas = item["properties"]["landcast:areas"]
    with rasterio.open(folder / "canopy.tif") as raster:
        assert areas == json.loads(raster.tags()["LANDCAST_AREAS"])
        assert [v.name for v in layers_of(done)] == list(raster.descriptions)
        assert first_layer(done) == raster.descriptions[0]
        code = raster.read(1)
    seen = np.isfinite(code) & (code != 255)
    assert areas["total_ha"] == pytest.approx(seen.sum() / 100)
    for row in areas["classes"]:
        assert row["mapped_ha"] == pytest.approx(np.isin(code[seen], row["codes"]).sum() / 100)
    if "change" in inputs:
        assert item["properties"]["start_datetime"].startswith("2022-04-15")
        assert item["properties"]["end_datetime"].startswith("2022-06-01")
