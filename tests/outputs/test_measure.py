"""A canopy job from order to files: areas and minimum mapping unit, by the shipped model over the fake archive."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.settings import Settings
from models.registry import find_checkpoint
from products.catalogue import find_product
from service.layers import first_layer, layers_of
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.workers.conftest import assert_successful, worker_here, workshop
from workers.accept import accept
from workers.queue.dispatch import submit
from workers.tasks import carry_out_tile, close_job

ROOMS = replace(FAKE_DEPENDENCIES, find_product=find_product, find_checkpoint=find_checkpoint)
DATES = "2022-04-15/2022-06-01"


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
