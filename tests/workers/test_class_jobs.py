"""Jobs of class maps from order to files, by tiny models of other classes, with sets and area of applicability."""

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
from service.layers import layers_of, ramp_of
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.products.class_models import copied, write_class_models
from tests.workers.conftest import assert_successful, worker_here, workshop
from workers.accept import accept
from workers.queue.dispatch import submit
from workers.tasks import carry_out_tile, close_job

ROOMS = replace(FAKE_DEPENDENCIES, find_product=find_product, find_checkpoint=find_checkpoint)


@pytest.fixture(scope="module")
def class_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of tiny class models: crop, canopy, types, rice."""
    return write_class_models(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("probabilities", ["percent", "float"])
def test_a_job_of_crop_types_keeps_its_classes_and_says_what_lies_outside(
    class_models: Path, tmp_path: Path, probabilities: str
) -> None:
    settings: Settings = workshop(tmp_path / "home", "redis+socket:///nowhere").model_copy(
        update={"models": class_models}
    )
    inputs = {"model": "types", "sets": True, "applicability": True, "probabilities": probabilities}
    order, _, tiles = accept("crop", {"region": REGION, **inputs}, settings, ROOMS)
    worker = replace(worker_here(settings), dependencies=ROOMS)
    job = submit(order, tiles, settings)
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


def test_an_order_that_the_model_cannot_serve_is_refused_before_anything_is_kept(
    class_models: Path, tmp_path: Path
) -> None:
    models = copied(class_models, "crop", tmp_path / "models", prediction_sets=None)
    settings = workshop(tmp_path / "home", "redis+socket:///nowhere").model_copy(update={"models": models})
    with pytest.raises(InvalidOption, match="no sets"):
        accept("crop", {"region": REGION, "model": "crop", "sets": True}, settings, ROOMS)


def test_the_threshold_on_a_card_is_part_of_the_order(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "rice", tmp_path / "models", threshold=0.37)
    settings = workshop(tmp_path / "home", "redis+socket:///nowhere").model_copy(update={"models": models})
    wishes = {"region": REGION, "model": "rice"}
    for asked, expected in ({}, 0.37), ({"threshold": "0.6"}, 0.6):
        order, _, _ = accept("crop", wishes | asked, settings, ROOMS)
        assert order.params["threshold"] == expected
        assert order.params["classes"] == ["other", "rice"]
