"""`landcast models`: models are listed and their cards shown."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.doctor import command as doctor
from cli.doctor.archive import NOTE
from cli.main import DONE, WRONG_INPUT, run_command
from core.settings import Settings
from models.registry import find_checkpoint, list_checkpoints


def test_every_model_is_listed_with_its_version_and_task(run: Callable[..., str]) -> None:
    rows = [line.split() for line in run("models", "list").splitlines()]
    shipped = {found.name: found for found in list_checkpoints(Settings())}
    assert [row[0] for row in rows] == list(shipped)
    for name, version, task, sha256, *_ in rows:
        assert (version, task) == (str(shipped[name].card["version"]), shipped[name].task)
        assert shipped[name].sha256.startswith(sha256)
    defaults = [row[0] for row in rows if row[-1] == "default"]
    assert sorted(shipped[name].task for name in defaults) == ["canopy", "crop", "forecast"]


def test_an_own_model_that_is_a_default_takes_the_place_of_the_shipped_one(
    folder: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = next(c for c in list_checkpoints(Settings()) if c.name == "crop")
    shutil.copytree(shipped.folder, folder / "own" / "our-crop")
    card = folder / "own" / "our-crop" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"name": "our-crop"}))
    monkeypatch.setenv("LANDCAST_MODELS", str(folder / "own"))
    rows = [line.split() for line in run("models", "list").splitlines()]
    assert [row[0] for row in rows if row[2] == "crop" and row[-1] == "default"] == ["our-crop"]
    assert len([row for row in rows if row[-1] == "default"]) == 3
    settings = Settings(models=folder / "own")
    assert find_checkpoint("", "crop", settings).name == "our-crop"


def test_the_card_of_a_model_is_printed_with_the_path_of_its_report(run: Callable[..., str]) -> None:
    card = json.loads(run("models", "show", "canopy"))
    assert card["name"] == "canopy"
    assert card["validation_report"].endswith("canopy/validation.html")
    assert "validation_report" not in json.loads(run("models", "show", "earthpt-small"))


def test_an_unknown_model_is_refused_with_the_names_that_exist(refused: Callable[..., str]) -> None:
    assert "earthpt-small" in refused("models", "show", "nobody")


def test_a_broken_model_is_left_out_of_the_list_and_doctor_and_the_reason_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "own" / "bad").mkdir(parents=True)
    (folder / "own" / "bad" / "card.json").write_text("{}")
    monkeypatch.setenv("LANDCAST_MODELS", str(folder / "own"))
    assert run_command(["models", "list"]) == DONE
    printed = capsys.readouterr()
    assert "bad" not in printed.out
    assert "Left out" in printed.err
    assert "it lacks 'name'" in printed.err
    assert any("left out" in line and "it lacks 'name'" in line for line in doctor.models(Settings()))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [["models", "list"], ["serve"], ["worker"], ["run"]])
def test_a_folder_of_models_that_is_not_there_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("LANDCAST_MODELS", "/nowhere/models")
    assert run_command(arguments) == WRONG_INPUT
    assert capsys.readouterr().err == (
        "Error: '/nowhere/models' is not a valid value of 'LANDCAST_MODELS': there is no such folder.\n"
    )


def test_doctor_warns_of_a_folder_of_models_that_is_not_there(tmp_path: Path) -> None:
    lines = list(doctor.models(Settings(models=tmp_path / "nothing")))
    assert any(line.startswith(NOTE) and "there is no such folder" in line for line in lines)
