"""Named runs from a data folder to a checkpoint, and what is measured of one."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.errors import InvalidOption, UnknownModel
from core.settings import Settings
from models.registry import CARD, find_checkpoint, verify
from models.training_set import TrainingSet
from tests.models.builders import wavy_series
from tests.training.tiny_training import small_set
from training.datasets import LOADERS
from training.resume import RESUME
from training.runner import evaluate, train_named_run
from training.runs import RUNS, Run

SITES = "hrvpp_s2_sites"
EARLIER = Run(
    name="tiny-before-2022",
    task="forecast",
    size="tiny",
    mixture={SITES: 1.0},
    holdout=SITES,
    before="2022-01-01",
    steps=2,
    batch=4,
    targets=3,
    check_every=2,
    warmup=1,
    is_default=False,
)
WHOLE = replace(EARLIER, name="tiny-whole", before="", relies_on=(EARLIER.name,))


def sites(_folder: Path, _seed: int) -> TrainingSet:
    """Twelve series of NDVI from 2016 to 2023."""
    return replace(small_set(SITES, 12), series=wavy_series(12, dates=330))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a data collection, with the runs that read it among the named ones."""
    for run in (EARLIER, WHOLE):
        monkeypatch.setitem(RUNS, run.name, run)
    monkeypatch.setitem(LOADERS, SITES, sites)
    (tmp_path / "data" / SITES).mkdir(parents=True)
    return tmp_path / "data"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
@pytest.mark.usefixtures("one_thread")
def test_a_forecaster_is_measured_on_the_test_year_and_calibrated_by_those_that_learned_from_less(
    data: Path, tmp_path: Path
) -> None:
    settings, out = Settings(home=tmp_path / "home"), tmp_path / "models"
    cards = []
    for run in (EARLIER, WHOLE):
        shares: list[float] = []
        path = train_named_run(run.name, data=data, out=out, settings=settings, progress=shares.append)
        assert shares[-1] == 1
        assert sorted(p.name for p in path.parent.iterdir()) == [
            "card.json",
            "log.jsonl",
            "loss.png",
            "network.onnx",
            "weights.safetensors",
        ], "nothing of the training in progress is left"
        cards.append(json.loads(path.read_text()))
        verify(find_checkpoint(run.name, "forecast", Settings(models=out)))
    earlier, whole = cards
    assert (earlier["version"], earlier["default"]) == ("1", False)
    assert earlier["made_by"] == "landcast train tiny-before-2022 --data DATA -o FOLDER"
    assert earlier["split"].startswith(f"{SITES}: observations before 2022-01-01 trained")
    assert earlier["accuracy"]["test_year"]["targets"] > 100
    assert "calibration" not in earlier
    assert whole["calibration"]["fitted_on"] == [
        f"{SITES}, 2022, whole histories and those of a year, by {EARLIER.name}"
    ]
    assert whole["accuracy"]["measured_on"] == f"{EARLIER.name}, which has not learned from 2022"
    assert whole["accuracy"]["test_year"] == earlier["accuracy"]["test_year"]
    measured = evaluate(EARLIER.name, data=data, settings=Settings(models=out), progress=lambda _share: None)
    assert measured == earlier["accuracy"]


def test_an_unknown_run_or_part_of_the_trunk_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    common = {"data": data, "out": tmp_path / "models", "settings": Settings(), "progress": lambda _share: None}
    with pytest.raises(InvalidOption, match="the runs are ndvi-small"):
        train_named_run("nothing", **common)  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="heads, low-rank, all"):
        train_named_run(EARLIER.name, tune="some", **common)  # type: ignore[arg-type]
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("one_thread")
def test_a_run_that_must_resume_is_refused_where_nothing_is_saved(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="nothing is saved there, and only --restart begins anew"):
        train_named_run(
            EARLIER.name,
            data=data,
            out=tmp_path,
            settings=Settings(),
            progress=lambda _share: None,
            resume="always",
        )
    assert not (tmp_path / EARLIER.name / RESUME).exists()
    assert not (tmp_path / EARLIER.name / CARD).exists()


def test_a_class_model_has_the_accuracy_of_its_folds(tmp_path: Path) -> None:
    found = evaluate("crop", data=tmp_path, settings=Settings(models=tmp_path), progress=lambda _share: None)
    assert set(found) == {"out_of_fold", "out_of_fold_cut_histories"}
    assert found["out_of_fold"]["worldcereal_points"]["places"] == 366
    old = evaluate("crop-1m", data=tmp_path, settings=Settings(models=tmp_path), progress=lambda _share: None)
    assert old == found


def test_a_model_that_learned_from_everything_or_is_unknown_cannot_be_measured(tmp_path: Path) -> None:
    measured = partial(evaluate, data=tmp_path, settings=Settings(models=tmp_path), progress=lambda _share: None)
    with pytest.raises(InvalidOption, match="measure 'ndvi-small-before-2022' instead"):
        measured("ndvi-small")
    with pytest.raises(UnknownModel, match="nothing"):
        measured("nothing")
