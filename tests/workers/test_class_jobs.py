"""Jobs of class maps from order to files: by tiny models of other classes, with all options, and by a shipped one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.errors import InvalidOption
from core.settings import Settings
from models.registry import find_checkpoint
from products.catalogue import find_product
from service.layers import first_layer, layers_of, ramp_of
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.products.class_models import copied
from tests.workers.conftest import assert_successful, submit_planned, worker_here, workshop
from workers.accept import accept
from workers.tasks import carry_out_tile, close_job

REAL_PRODUCTS = replace(FAKE_DEPENDENCIES, find_product=find_product, find_checkpoint=find_checkpoint)
DATES = "2022-04-15/2022-06-01"


@pytest.mark.parametrize("probabilities", ["percent", "float"])
def test_a_job_of_crop_types_keeps_its_classes_and_reports_the_share_outside(
    class_models: Path, tmp_path: Path, probabilities: str
) -> None:
    settings: Settings = workshop(tmp_path / "home", "redis+socket:///nowhere").but(models=class_models)
    inputs = {"model": "types", "sets": True, "applicability": True, "probabilities": probabilities}
    order, _, tiles = accept("crop", {"region": REGION, **inputs}, settings, REAL_PRODUCTS)
    worker = replace(worker_here(settings), dependencies=REAL_PRODUCTS)
    job = submit_planned(order, tiles, settings)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    done = worker.ledger.job(job.id)
    assert_successful(done)
    folder = settings.home / "jobs" / job.id
    facts = json.loads((folder / "crop.json").read_text())["properties"]
    with rasterio.open(folder / "crop.tif") as raster:
        names = ("class", "p_other", "p_winter_wheat", "p_maize", "set", "dissimilarity", "clear_count")
        assert raster.descriptions == names
        code, mask, index = (raster.read(names.index(n) + 1) for n in ("class", "set", "dissimilarity"))
        assert json.loads(raster.tags()["LANDCAST_APPLICABILITY"]) == facts["landcast:applicability"]
    assert facts["landcast:params"]["classes"] == ["other", "winter_wheat", "maize"]
    seen = np.isfinite(code) & (code != 255)
    limit = facts["landcast:params"]["dissimilarity_limit"] * (100 if probabilities == "percent" else 1)
    assert facts["landcast:applicability"]["outside_share"] == pytest.approx((index[seen] > limit).mean(), abs=1e-5)
    assert (mask[seen].astype(int) >> code[seen].astype(int) & 1).all()
    views = {layer.name: layer for layer in layers_of(done)}
    assert tuple(views) == names
    assert [entry.label for entry in views["class"].legend] == ["Other", "Winter wheat", "Maize"]
    assert [entry.value for entry in views["set"].legend] == list(range(1, 8))
    assert ramp_of(views["dissimilarity"]).values[-1] == (100 if probabilities == "percent" else 1)


@pytest.mark.parametrize("inputs", [{"change": DATES, "mmu": 0.3}, {"change": DATES, "probabilities": "float"}, {}])
def test_a_canopy_job_has_its_areas_in_the_item_and_the_map(tmp_path: Path, inputs: dict[str, object]) -> None:
    settings: Settings = workshop(tmp_path / "home", "redis+socket:///nowhere")
    order, _, tiles = accept("canopy", {"region": REGION, **inputs}, settings, REAL_PRODUCTS)
    worker = replace(worker_here(settings), dependencies=REAL_PRODUCTS)
    job = submit_planned(order, tiles, settings)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    done = worker.ledger.job(job.id)
    assert_successful(done)
    folder = settings.home / "jobs" / job.id
    assert sorted(p.name for p in folder.iterdir()) == [
        f"canopy.{ending}" for ending in ("json", "png", "qlr", "qml", "tif", "tif.aux.xml")
    ]
    item = json.loads((folder / "canopy.json").read_text())
    areas = item["properties"]["landcast:areas"]
    with rasterio.open(folder / "canopy.tif") as raster:
        assert areas == json.loads(raster.tags()["LANDCAST_AREAS"])
        assert [v.name for v in layers_of(done)] == list(raster.descriptions)
        assert first_layer(done) == raster.descriptions[0]
        code = raster.read(1)
        stated = raster.tags().get("LANDCAST_EVIDENCE", "{}")
    rests_on = item["properties"].get("landcast:evidence", {})
    assert json.loads(stated) == rests_on
    assert rests_on.get("band_groups") == (None if "change" in inputs else ["red and near infrared"])
    alone = [note for note in item["properties"]["landcast:notes"] if "red and near infrared alone" in note]
    assert len(alone) == ("change" not in inputs)
    seen = np.isfinite(code) & (code != 255)
    assert areas["total_ha"] == pytest.approx(seen.sum() / 100)
    for row in areas["classes"]:
        assert row["mapped_ha"] == pytest.approx(np.isin(code[seen], row["codes"]).sum() / 100)
    if "change" in inputs:
        assert item["properties"]["start_datetime"].startswith("2022-04-15")
        assert item["properties"]["end_datetime"].startswith("2022-06-01")


def test_an_order_that_the_model_cannot_serve_is_refused_before_anything_is_kept(
    class_models: Path, tmp_path: Path
) -> None:
    models = copied(class_models, "crop", tmp_path / "models", prediction_sets=None)
    settings = workshop(tmp_path / "home", "redis+socket:///nowhere").but(models=models)
    with pytest.raises(InvalidOption, match="no sets"):
        accept("crop", {"region": REGION, "model": "crop", "sets": True}, settings, REAL_PRODUCTS)


def test_the_threshold_on_a_card_is_part_of_the_order(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "rice", tmp_path / "models", threshold=0.37)
    settings = workshop(tmp_path / "home", "redis+socket:///nowhere").but(models=models)
    inputs = {"region": REGION, "model": "rice"}
    for more, expected in ({}, 0.37), ({"threshold": "0.6"}, 0.6):
        order, _, _ = accept("crop", inputs | more, settings, REAL_PRODUCTS)
        assert order.params["threshold"] == expected
        assert order.params["classes"] == ["other", "rice"]
