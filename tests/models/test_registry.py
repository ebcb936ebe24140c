"""Which checkpoints are found by which name."""

import json
import logging
from pathlib import Path

import pytest

from core.errors import InvalidCheckpoint, InvalidOption, UnknownModel
from core.settings import Settings
from models.registry import (
    CARD,
    RENAMED,
    SHIPPED,
    WEIGHTS,
    check_models_folder,
    check_new_name,
    current_name,
    find_checkpoint,
    find_named,
    find_trunk,
    is_usable,
    list_checkpoints,
    list_unusable,
    report_of,
    verify,
)

NETWORK = {"query_features": 4}
"""Of a class model of an earlier design."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, models=tmp_path / "models")


def write_card(settings: Settings, name: str, **fields: object) -> Path:
    assert settings.models is not None
    path = settings.models / name / CARD
    path.parent.mkdir(parents=True)
    content = {"name": name, "task": "crop", "sha256": {WEIGHTS: "ab" * 32}, "network": NETWORK, **fields}
    path.write_text(json.dumps(content))
    (path.parent / WEIGHTS).write_bytes(b"weights")
    return path


def test_shipped_models_are_complete_lie_in_folders_of_their_names_and_have_a_version(settings: Settings) -> None:
    shipped = list_checkpoints(settings)
    assert {c.name for c in shipped} == {
        "earthpt-small",
        "ndvi-small",
        "ndvi-small-before-2022",
        "canopy",
        "crop",
    }
    for checkpoint in shipped:
        verify(checkpoint)
        assert Path(checkpoint.folder) == SHIPPED / checkpoint.name
        assert checkpoint.card["version"] == ("3" if checkpoint.card["classes"] else "2")


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_finds_the_renamed_model_and_a_note_gives_its_new_name(
    settings: Settings, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    shipped = {c.name: c for c in list_checkpoints(settings)}
    with caplog.at_level(logging.WARNING):
        assert find_checkpoint(old, shipped[new].task, settings) == find_named(old, settings) == shipped[new]
    assert f"old={old} new={new}" in caplog.text


def test_current_names_are_taken_as_they_are_and_without_a_note(caplog: pytest.LogCaptureFixture) -> None:
    assert current_name("earthpt-small") == "earthpt-small"
    assert current_name("mine") == "mine"
    assert not caplog.records


def test_a_users_model_of_an_old_name_stands_before_the_renamed_one(settings: Settings) -> None:
    write_card(settings, "crop-1m")
    assert find_checkpoint("crop-1m", "crop", settings).sha256 == "ab" * 32
    assert find_checkpoint("crop", "crop", settings).sha256 != "ab" * 32


def test_without_a_name_the_default_is_found_a_users_before_the_shipped_one(settings: Settings) -> None:
    write_card(settings, "a-plain", default=False)
    assert find_checkpoint("", "crop", settings).name == "crop"
    write_card(settings, "mine", default=True)
    assert find_checkpoint("", "crop", settings).name == "mine"
    assert find_checkpoint("", "canopy", settings).name == "canopy"


def test_a_name_of_another_task_or_of_nothing_is_refused_with_the_names_that_there_are(settings: Settings) -> None:
    with pytest.raises(InvalidOption, match="it is a model for 'crop', and this needs one for 'forecast'"):
        find_checkpoint("crop", "forecast", settings)
    with pytest.raises(UnknownModel, match="earthpt-small, ndvi-small, ndvi-small-before-2022"):
        find_checkpoint("oak", "forecast", settings)
    with pytest.raises(UnknownModel, match="canopy"):
        find_named("oak", settings)


def test_a_product_without_a_task_has_no_model_and_takes_none(settings: Settings) -> None:
    assert find_checkpoint("", "", settings).name == "none"
    assert find_checkpoint("none", "", settings).name == "none"
    with pytest.raises(InvalidOption, match="this product needs no model"):
        find_checkpoint("crop", "", settings)


def test_an_imported_model_is_usable_once_the_order_of_its_bands_is_known(settings: Settings) -> None:
    write_card(settings, "unknown", task="forecast", network={"form": "calendar"}, bands=[])
    write_card(settings, "known", task="forecast", network={"form": "calendar"}, bands=["B04", "B08"])
    found = {c.name: is_usable(c) for c in list_checkpoints(settings)}
    assert (found["unknown"], found["known"], found["crop"]) == (False, True, True)
    with pytest.raises(InvalidOption, match="import it again with --bands"):
        find_checkpoint("unknown", "forecast", settings)


@pytest.mark.parametrize("name", ["crop", "crop-1m", "earthpt-1m-before-2022"])
def test_a_new_model_cannot_have_a_name_of_a_shipped_one_old_or_new(name: str) -> None:
    with pytest.raises(InvalidOption, match="a shipped model has it; give another by --name"):
        check_new_name(name)


def test_a_new_model_may_have_any_name_that_a_folder_can_have() -> None:
    check_new_name("crop-2026.v2_b")
    with pytest.raises(InvalidOption, match="up to 64 letters"):
        check_new_name("../crop2")


def test_a_changed_file_is_refused(settings: Settings) -> None:
    write_card(settings, "mine")
    with pytest.raises(InvalidCheckpoint, match="sha256"):
        verify(find_named("mine", settings))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "it is not the JSON of a card"),
        ("[]", "it is not the JSON of a card"),
        ("[" * 5000, "it is not the JSON of a card"),
        ("{}", "it lacks 'name'"),
        (json.dumps({"name": 7, "task": "crop", "sha256": {WEIGHTS: "ab"}}), "must be texts"),
        (json.dumps({"name": "mine", "task": "crop", "sha256": {"other": "ab"}}), f"it lacks '{WEIGHTS}'"),
    ],
)
def test_a_folder_with_a_broken_card_is_left_out_and_the_reason_is_known(
    settings: Settings, text: str, reason: str
) -> None:
    before = list_checkpoints(settings)
    write_card(settings, "mine", default=True).write_text(text)
    assert list_checkpoints(settings) == before
    (error,) = list_unusable(settings)
    assert reason in str(error)


@pytest.mark.parametrize("missing", [CARD, WEIGHTS])
def test_a_folder_without_card_or_weights_is_left_out(settings: Settings, missing: str) -> None:
    (write_card(settings, "mine").parent / missing).unlink()
    assert "mine" not in {c.name for c in list_checkpoints(settings)}
    assert f"it has no {missing}" in str(list_unusable(settings)[0])


def test_a_folder_of_models_that_is_named_must_exist(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_MODELS': there is no such folder"):
        check_models_folder(settings)
    (tmp_path / "models").mkdir()
    check_models_folder(settings)
    check_models_folder(Settings(home=tmp_path / "nothing"))


def test_class_models_ship_with_a_validation_report_and_forecasters_without(settings: Settings) -> None:
    assert report_of(find_named("crop", settings)) == SHIPPED / "crop" / "validation.html"
    assert report_of(find_named("earthpt-small", settings)) is None


@pytest.mark.parametrize("folder", sorted(SHIPPED.iterdir()), ids=lambda f: f.name)
def test_shipped_files_have_nothing_of_the_machine_that_made_them(folder: Path) -> None:
    for file in folder.iterdir():
        content = file.read_bytes()
        assert b"site-packages" not in content
        assert b'File "' not in content


def test_a_trunk_is_a_forecaster_that_reads_single_dates(settings: Settings) -> None:
    assert find_trunk("", settings).name == "earthpt-small"
    with pytest.raises(InvalidOption, match="take 'earthpt-small'"):
        find_trunk("ndvi-small", settings)
