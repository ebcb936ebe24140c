"""Names and folders of models from user labels."""

from pathlib import Path

import pytest

from core.errors import InvalidOption
from models.registry import CARD
from training.user_model.files import OLD_USER_LABELS, USER_LABELS, WORK, ModelRequest, check_name


def write_card(folder: Path, content: str) -> None:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / CARD).write_text(content)


def test_a_request_has_a_folder_of_its_own_and_one_for_unfinished_parts(tmp_path: Path) -> None:
    request = ModelRequest(name="mine", folder=tmp_path, command="landcast finetune crop")
    assert request.model_folder == tmp_path / "mine"
    assert request.work_folder == tmp_path / "mine" / WORK


def test_an_unknown_part_of_the_trunk_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="it is one of heads, low-rank, all"):
        ModelRequest(name="mine", folder=tmp_path, command="", tune="some")


def test_names_of_shipped_models_and_names_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="a shipped model has it"):
        check_name("crop", tmp_path, "never")
    with pytest.raises(InvalidOption, match="letters, digits"):
        check_name("../mine", tmp_path, "if_possible")


def test_a_finished_model_is_replaced_only_by_a_restart(tmp_path: Path) -> None:
    write_card(tmp_path, f'{{"{USER_LABELS}": {{}}}}')
    with pytest.raises(InvalidOption, match="--restart trains it anew"):
        check_name("mine", tmp_path, "if_possible")
    check_name("mine", tmp_path, "never")
    (tmp_path / "mine" / WORK).mkdir()
    check_name("mine", tmp_path, "if_possible")  # a restart that was killed goes on


def test_a_model_of_the_first_release_may_be_replaced_too(tmp_path: Path) -> None:
    write_card(tmp_path, f'{{"{OLD_USER_LABELS}": {{}}}}')
    check_name("mine", tmp_path, "never")


def test_a_model_that_was_not_made_from_user_labels_is_never_replaced(tmp_path: Path) -> None:
    write_card(tmp_path, '{"made_by": "landcast models import"}')
    with pytest.raises(InvalidOption, match="was not made from your labels"):
        check_name("mine", tmp_path, "never")
