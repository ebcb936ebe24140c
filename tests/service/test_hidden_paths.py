"""Texts for clients without the folders of the service."""

import json
from pathlib import Path

from core.settings import Settings
from models.registry import CARD, SHIPPED, WEIGHTS
from service.hidden_paths import hidden_paths
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import order, problem_of, served


def test_of_a_path_of_the_service_the_part_below_its_folder_is_left(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "own", archive=str(tmp_path / "data" / "fields.nc"))
    text = f"'{tmp_path}/own/cache/a.zarr', '{tmp_path}/data/fields.nc', '{SHIPPED}/crop/{CARD}' and '/jobs/x'"
    assert hidden_paths(text, settings) == f"'cache/a.zarr', 'fields.nc', 'crop/{CARD}' and '/jobs/x'"
    assert hidden_paths(f"{tmp_path / 'own'} is full", settings) == "own is full"


def test_a_relative_home_is_hidden_too() -> None:
    assert hidden_paths(f"{Path.cwd()}/.landcast/x", Settings(home=Path(".landcast"))) == "x"


def test_broken_models_are_left_out_and_orders_go_on(own: Front, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name, text in {"empty": "{}", "text": "no JSON", "list": "[]", "deep": "[" * 5000}.items():
        (models / name).mkdir(parents=True)
        (models / name / CARD).write_text(text)
    (models / "cardless").mkdir()
    (models / "cardless" / WEIGHTS).write_bytes(b"")
    card = {"name": "bare", "task": "crop", "default": True, "sha256": {WEIGHTS: "ab" * 32}}
    (models / "bare").mkdir()
    (models / "bare" / CARD).write_text(json.dumps(card))
    with served(own.settings.but(models=models)) as client:
        for product in ("crop", "canopy", "ndvi-forecast"):
            assert client.get(f"/processes/{product}").status_code == 200
            assert client.post(f"/processes/{product}/estimate", json=order()).status_code == 200


def test_an_error_and_a_failed_job_name_no_path_of_the_service(own: Front) -> None:
    settings = own.settings.but(archive=str(own.settings.home / "gone" / "fields.nc"))
    with served(settings) as client:
        problem = problem_of(client.post("/processes/crop/estimate", json=order()), 400)
        assert "fields.nc" in problem["detail"]
        assert str(own.settings.home) not in problem["detail"]
    scene.failed(own.settings, "crop", "failed2", f"Scene '{own.settings.home}/a.tif' could not be read.")
    assert own.client.get("/jobs/failed2").json()["message"].endswith("Scene 'a.tif' could not be read.")
