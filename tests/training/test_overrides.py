"""What a call may change of a run that learns classes."""

import pytest

from core.errors import InvalidOption
from training.overrides import OPTIONS, Choices
from training.runs import RUNS


def test_nothing_chosen_leaves_a_run_as_it_is() -> None:
    assert Choices().of(RUNS["crop"]) == RUNS["crop"]
    assert Choices().words == []


def test_what_is_chosen_stands_in_the_run_and_in_the_words() -> None:
    chosen = Choices(tune="low-rank", layer="middle", meta="anil")
    run = chosen.of(RUNS["crop"])
    assert (run.tune, run.layer, run.meta) == ("low-rank", "middle", "anil")
    assert chosen.words == ["--tune", "low-rank", "--read-layer", "middle", "--meta", "anil"]


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_not_known_is_refused_by_the_options_name(name: str) -> None:
    option, known = OPTIONS[name]
    with pytest.raises(InvalidOption, match=f"'all of it' is not a valid value of '{option}'.*{known[-1]}"):
        Choices(**{name: "all of it"})
