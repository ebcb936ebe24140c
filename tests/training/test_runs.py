"""The named runs, and what may be changed of one."""

import json

import pytest

from core.errors import InvalidOption
from models.registry import SHIPPED
from training.runs import RUNS, Run


@pytest.mark.parametrize("run", RUNS.values(), ids=lambda r: r.name)
def test_every_run_starts_from_something_that_is_made_by_a_run(run: Run) -> None:
    assert run.trunk in {"", *RUNS}
    assert set(run.relies_on) <= set(RUNS)
    assert run.holdout in run.mixture


def test_every_shipped_model_is_made_by_the_run_of_its_name_and_version() -> None:
    for folder in SHIPPED.iterdir():
        card = json.loads((folder / "card.json").read_text())
        run = RUNS[folder.name]
        assert (card["name"], card["version"], card["task"]) == (run.name, run.version, run.task)
        unused = {"layer"} if run.task == "forecast" else set()
        kept = {k: v for k, v in json.loads(json.dumps(run.to_json())).items() if k in card["run"] and k not in unused}
        assert {k: card["run"][k] for k in kept} == kept


def test_another_part_of_the_trunk_may_be_learned() -> None:
    assert RUNS["crop"].with_tune("") is RUNS["crop"]
    tuned = RUNS["crop"].with_tune("low-rank")
    assert (tuned.tune, tuned.name, tuned.trees) == ("low-rank", "crop", RUNS["crop"].trees)
    assert (RUNS["crop"].layer, tuned.layer) == ("none", "last"), "what is learned of the trunk is read"
    assert RUNS["crop"].with_tune("heads") == RUNS["crop"]


def test_an_unknown_part_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidOption, match=r"'all of it' is not a valid value of '--tune'.*heads, low-rank, all"):
        RUNS["crop"].with_tune("all of it")
