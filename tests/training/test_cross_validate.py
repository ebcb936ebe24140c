"""Learning a class model fold by fold: real places judged once, folds kept after a kill, what the card says."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from core.bands import WEATHER_NAMES, channel
from core.cube import Series
from core.errors import InvalidOption
from evaluation.validation.figures import Validation, measure
from models.calibration import prediction_sets
from models.calibration import temperature as class_calibration
from models.training_set import TrainingSet
from tests.models.builders import TINY, tiny_network
from tests.training.tiny_training import small_set
from training import cross_validate as learn_classes_module
from training.class_examples import Pool, make_pool
from training.cross_validate import FOLD_SHARE, POOL_SHARE, LearnedClasses, ask, forget_folds, learn_classes
from training.finetune import FOLDS, in_fold
from training.resume import RESUME, ResumeFile, Wish
from training.runs import Run
from training.similar import climate

RUN = Run(
    name="tiny-crop",
    task="crop",
    mixture={"waves": 0.6, "others": 0.2, "made-up": 0.2},
    holdout="waves",
    classes=("non_crop", "crop"),
    months=12,
    members=2,
    copies=1,
    trees=4,
    steps=4,
    batch=8,
    check_every=2,
    warmup=2,
    average=0.5,
)
pytestmark = pytest.mark.usefixtures("one_thread")


def sets() -> dict[str, TrainingSet]:
    """Two real sets, of which one knows also what is not crop, and a simulated one."""
    others = small_set("others", 30)
    others.labels["crop"][:6] = [-1, -2, -3, 0, 1, -2]
    return {
        "waves": small_set("waves", 60),
        "others": replace(others, places=np.array([f"other {p}" for p in others.places])),
        "made-up": replace(small_set("made-up", 20), is_simulated=True),
    }


def learn(
    folder: Path,
    progress: Callable[[float], None] = lambda _share: None,
    run: Run = RUN,
    given: dict[str, TrainingSet] | None = None,
    wish: Wish = "if_possible",
    like: Series | None = None,
) -> LearnedClasses:
    resume = ResumeFile(path=folder / RESUME, origin={"trunk": "tiny"}, wish=wish)
    return learn_classes(
        run, tiny_network(), given or sets(), folder=folder, progress=progress, resume=resume, like=like
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that was not disturbed, with what it kept of its folds."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def found(whole: Path) -> LearnedClasses:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    done = learn(whole)
    torch.set_num_threads(threads)
    return done


def test_every_real_row_whose_class_is_named_is_judged_once_and_no_simulated_one(found: LearnedClasses) -> None:
    parts = {part.title: part for part in found.parts}
    assert set(parts) == {"waves", "others"}
    assert len(parts["waves"].truth) == 60
    assert len(parts["others"].truth) == 26, "one of thirty is unknown, and three say only what is not there"
    for name, part in parts.items():
        known = sets()[name].labels["crop"] >= 0
        assert sorted(part.places) == sorted(sets()[name].places[known])
        assert not part.is_simulated
        np.testing.assert_allclose(part.probability.sum(axis=1), 1, atol=1e-5)


def test_the_card_has_calibration_sets_accuracy_and_split(found: LearnedClasses) -> None:
    card = json.loads(json.dumps(found.card))
    assert set(card) == {"calibration", "prediction_sets", "accuracy", "split"}
    assert class_calibration.Temperature.from_json(card["calibration"]).temperature > 0
    assert prediction_sets.PredictionSets.from_json(card["prediction_sets"]).coverage == 0.9
    assert card["calibration"]["fitted_on"] == "waves, others, out of fold", "too few labels for biases"
    assert "bias" not in card["calibration"]
    assert card["prediction_sets"]["fitted_on"] == "waves, out of fold"
    figures = card["accuracy"]["out_of_fold"]
    assert set(figures) == {"waves", "others"}
    assert (figures["waves"]["series"], figures["waves"]["places"]) == (60, 30)
    assert {"balanced_accuracy", "brier", "ece", "roc_auc_crop", "pr_auc_non_crop", "f1_crop"} < set(figures["waves"])
    assert "each judged by networks that learned from the others" in card["split"]


def test_a_report_and_an_area_of_applicability_come_of_it(found: LearnedClasses) -> None:
    parts = measure(Validation(name="tiny", card=found.card, parts=found.parts))
    assert [p.title for p in parts] == ["waves", "others"]
    assert parts[0].coverage is not None
    points = found.applicability.points
    assert points.shape == (89, 2 * TINY.width), "all real rows with any label"
    assert 0 < found.applicability.threshold < 10


def test_the_area_of_a_trunk_that_learns_is_of_its_own_states(found: LearnedClasses, tmp_path: Path) -> None:
    tuned = learn(tmp_path, run=replace(RUN, tune="all", learning_rate=0.05))
    known = make_pool(sets(), RUN.mixture, "crop", months=RUN.months, copies=0, seed=0)
    real = known.take(known.sets != "made-up")
    for done in (found, tuned):
        states = ask(done.network, real)[1]
        np.testing.assert_allclose(done.applicability.mean, states.mean(axis=0), atol=1e-4)
    assert not np.allclose(found.applicability.mean, tuned.applicability.mean, atol=1e-2)


def test_places_of_a_climate_like_that_of_a_region_are_drawn_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sets()
    for source in given.values():
        warm = np.arange(len(source.series)) % 4 < 2
        source.series.values[..., channel("temperature_2m")] = np.where(warm, 300.0, 275.0)[:, None]
    region = given["others"].series.take(np.array([0]))
    seen: list[Pool] = []

    def note(_run: Run, _trunk: object, pool: Pool, **_more: object) -> None:
        seen.append(pool)
        raise Stopped

    monkeypatch.setattr(learn_classes_module, "finetune", note)
    for like in (None, region):
        with pytest.raises(Stopped):
            learn(tmp_path, given=given, like=like)
    plain, like_it = (pool.take(pool.copy == 0) for pool in seen)
    gain = like_it.weight / plain.weight
    temperature = np.nanmean(climate(plain)[:, :: len(WEATHER_NAMES)], axis=1)
    assert gain[temperature > 0].min() > 1 > gain[temperature < 0].max()
    without = replace(region, values=np.full_like(region.values, np.nan))
    with pytest.raises(InvalidOption, match="show no temperature_2m or total_precipitation"):
        learn(tmp_path, given=given, like=without)


def test_a_places_own_label_does_not_move_what_its_fold_says_of_it(
    whole: Path, found: LearnedClasses, tmp_path: Path
) -> None:
    assert found.parts
    turned = sets()
    at = in_fold(turned["waves"].places, 2)
    assert at.any()
    turned["waves"].labels["crop"][at] ^= 1
    learn(tmp_path, given=turned)
    mine, theirs = ({n: np.load(f / f"fold{n}.npz") for n in range(FOLDS)} for f in (whole, tmp_path))
    assert np.array_equal(mine[2]["logits"], theirs[2]["logits"])
    assert not any(np.array_equal(mine[n]["logits"], theirs[n]["logits"]) for n in (0, 1, 3, 4))
    assert all(np.array_equal(mine[n]["states"], theirs[n]["states"]) for n in range(FOLDS))


class Stopped(Exception):
    """A kill, but in this process."""


def test_folds_that_are_done_are_kept_after_a_kill_and_nothing_of_them_in_the_end(
    found: LearnedClasses, tmp_path: Path
) -> None:
    def killed(_share: float) -> None:
        if (tmp_path / "fold3.resume").exists():
            raise Stopped

    with pytest.raises(Stopped):
        learn(tmp_path, killed)
    assert sorted(p.name for p in tmp_path.glob("fold*.npz")) == ["fold0.npz", "fold1.npz", "fold2.npz"]
    shares: list[float] = []
    again = learn(tmp_path, shares.append)
    assert shares == sorted(shares)
    done = POOL_SHARE + FOLD_SHARE * np.arange(1, 4) / FOLDS
    assert [s for s in shares if POOL_SHARE < s <= done[-1]][:3] == pytest.approx(done), (
        "no step of them is taken again"
    )
    assert again.card == found.card
    mine, theirs = again.network.state_dict(), found.network.state_dict()
    assert all(torch.equal(mine[k], theirs[k]) for k in theirs)
    assert len(list(tmp_path.glob("fold*.npz"))) == FOLDS
    forget_folds(tmp_path)
    assert not list(tmp_path.glob("fold*"))


def test_folds_are_learned_anew_for_another_entry_or_where_that_is_wished(tmp_path: Path) -> None:
    def killed(_share: float) -> None:
        if (tmp_path / "fold1.resume").exists():
            raise Stopped

    stop = partial(pytest.raises, Stopped)
    with stop():
        learn(tmp_path, killed)
    first = np.load(tmp_path / "fold0.npz")["logits"]
    (tmp_path / "fold1.resume").unlink()
    with stop():
        learn(tmp_path, killed, replace(RUN, seed=3))
    second = np.load(tmp_path / "fold0.npz")["logits"]
    assert not np.array_equal(first, second)
    (tmp_path / "fold1.resume").unlink()
    kept = dict(np.load(tmp_path / "fold0.npz"))
    np.savez(tmp_path / "fold0.npz", **{**kept, "logits": second + 1})
    with stop():
        learn(tmp_path, killed, replace(RUN, seed=3), wish="never")
    assert np.array_equal(np.load(tmp_path / "fold0.npz")["logits"], second)


def test_resuming_as_a_must_goes_on_from_a_fold_and_is_refused_where_nothing_is_saved(
    found: LearnedClasses, tmp_path: Path
) -> None:
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        learn(tmp_path, wish="always")

    def killed(_share: float) -> None:
        if (tmp_path / "fold0.resume").exists():
            raise Stopped

    with pytest.raises(Stopped):
        learn(tmp_path, killed)
    assert learn(tmp_path, wish="always").card == found.card
