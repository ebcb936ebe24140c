"""Texts for clients without the folders of the service."""

import json
import re
from pathlib import Path

from core.settings import Settings
from models.registry import CARD, SHIPPED, WEIGHTS
from service.app import create_app
from service.description import describe
from service.hidden_paths import hidden_paths
from tests.conftest import ROOT
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


def test_no_answer_and_no_file_names_a_folder_of_the_service(front: Front) -> None:
    """Every route that reads, for each job and with wrong names too; and every file that a job has."""
    paths = describe(create_app(front.settings, reconcile=False))["paths"]
    jobs = [j["jobID"] for j in front.client.get("/jobs").json()["jobs"]]
    streams = ("/jobs/{job_id}/events",)
    wanted = [
        re.sub(
            r"\{\w+\}", "none", re.sub(r"\{(process|collection)_id\}", "crop", re.sub(r"\{(job|item)_id\}", job, path))
        )
        for path, operations in paths.items()
        if "get" in operations and path not in streams
        for job in jobs
    ]
    wanted += [f"/files/{p.parent.name}/{p.name}" for p in (front.settings.home / "jobs").glob("*/*")]
    folders = [str(front.settings.home), str(Path(front.settings.archives.default).parent), str(ROOT)]
    assert len(wanted) > 50
    for path in dict.fromkeys(wanted):
        answer = front.client.get(path)
        assert [f for f in folders if f.encode() in answer.content] == [], path
        assert [f for f in folders if f in str(answer.headers)] == [], path
