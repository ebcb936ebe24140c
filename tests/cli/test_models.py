"""`landcast models`: models are listed and their cards shown."""

import json
from collections.abc import Callable

from core.settings import Settings
from models.registry import list_checkpoints


def test_every_model_is_listed_with_its_version_and_task(run: Callable[..., str]) -> None:
    rows = [line.split() for line in run("models", "list").splitlines()]
    shipped = {found.name: found for found in list_checkpoints(Settings())}
    assert [row[0] for row in rows] == list(shipped)
    for name, version, task, sha256, *_ in rows:
        assert (version, task) == (str(shipped[name].card["version"]), shipped[name].task)
        assert shipped[name].sha256.startswith(sha256)
    defaults = [row[0] for row in rows if row[-1] == "default"]
    assert sorted(shipped[name].task for name in defaults) == ["canopy", "crop", "forecast"]


def test_the_card_of_a_model_is_printed_with_the_path_of_its_report(run: Callable[..., str]) -> None:
    card = json.loads(run("models", "show", "canopy"))
    assert card["name"] == "canopy"
    assert card["validation_report"].endswith("canopy/validation.html")
    assert "validation_report" not in json.loads(run("models", "show", "earthpt-small"))


def test_an_unknown_model_is_refused_with_the_names_that_exist(refused: Callable[..., str]) -> None:
    assert "earthpt-small" in refused("models", "show", "nobody")
