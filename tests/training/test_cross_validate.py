"""The loop of folds: each row is predicted without its place, finished folds survive a kill, one network at the end."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InvalidOption
from models.training_set import TrainingSet
from tests.models.builders import tiny_network
from tests.training.class_sets import RUN, sets
from training.class_examples import Pool, make_pool
from training.cross_validate import LOG, CrossValidated, forget_folds, predict, train_in_folds
from training.finetune import finetune
from training.folds import FOLDS, folds_by_hash
from training.resume import RESUME, ResumeFile, ResumePolicy
from training.runs import Run

pytestmark = pytest.mark.usefixtures("one_thread")


def pool_of(given: dict[str, TrainingSet]) -> Pool:
    return make_pool(given, RUN.mixture, "crop", months=RUN.months, copies=RUN.copies, seed=0)


def trained(
    folder: Path,
    progress: Callable[[float], None] = lambda _share: None,
    run: Run = RUN,
    given: dict[str, TrainingSet] | None = None,
    policy: ResumePolicy = "if_possible",
) -> CrossValidated:
    pool = pool_of(given or sets())
    fold = np.where(pool.sets == "made-up", -1, folds_by_hash(pool.places))
    resume = ResumeFile(path=folder / RESUME, origin={"trunk": "tiny"}, policy=policy)
    return train_in_folds(run, tiny_network(), pool, fold, folder=folder, resume=resume, progress=progress)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that was not disturbed, with what it kept of its folds."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def found(whole: Path) -> CrossValidated:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    done = trained(whole)
    torch.set_num_threads(threads)
    return done


def test_rows_of_folds_are_predicted_once_as_they_are_and_others_never(found: CrossValidated) -> None:
    pool, rows = pool_of(sets()), found.out_of_fold
    wanted = np.flatnonzero((pool.sets != "made-up") & (pool.copy == 0))
    assert sorted(rows.row) == wanted.tolist()
    assert (np.diff(rows.fold) >= 0).all(), "rows of the first fold come first"
    np.testing.assert_array_equal(rows.fold, folds_by_hash(rows.places))
    for name in ("labels", "places", "sets", "weight"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(pool, name)[rows.row])


def test_the_last_network_is_trained_on_all_rows(found: CrossValidated, tmp_path: Path) -> None:
    alone = finetune(RUN, tiny_network(), pool_of(sets()), log=tmp_path / LOG, progress=lambda _share: None)
    mine, theirs = alone.state_dict(), found.network.state_dict()
    assert all(torch.equal(mine[k], theirs[k]) for k in theirs)


def test_a_label_does_not_move_the_prediction_of_its_own_fold(
    whole: Path, found: CrossValidated, tmp_path: Path
) -> None:
    assert len(found.out_of_fold.row)
    turned = sets()
    at = folds_by_hash(turned["waves"].places) == 2
    assert at.any()
    turned["waves"].labels["crop"][at] ^= 1
    trained(tmp_path, given=turned)
    mine, theirs = ({n: np.load(f / f"fold{n}.npz") for n in range(FOLDS)} for f in (whole, tmp_path))
    assert np.array_equal(mine[2]["logits"], theirs[2]["logits"])
    assert not any(np.array_equal(mine[n]["logits"], theirs[n]["logits"]) for n in (0, 1, 3, 4))
    assert all(np.array_equal(mine[n]["states"], theirs[n]["states"]) for n in range(FOLDS))


def test_predicting_gives_logits_and_the_states_that_they_were_read_from(found: CrossValidated) -> None:
    pool = pool_of(sets()).take(np.array([3, 70]))
    logits, states = predict(found.network, pool)
    with torch.inference_mode():
        expected = found.network.classify_states(torch.from_numpy(states), torch.from_numpy(pool.queries))
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)


class Stopped(Exception):
    """A kill, but in this process."""


def stop_in_fold(number: int, folder: Path) -> Callable[[float], None]:
    """Return a progress that stops once that fold has saved its training."""

    def progress(_share: float) -> None:
        if (folder / f"fold{number}.resume").exists():
            raise Stopped

    return progress


def test_finished_folds_are_kept_after_a_kill_and_are_not_trained_again(found: CrossValidated, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        trained(tmp_path, stop_in_fold(3, tmp_path))
    assert sorted(p.name for p in tmp_path.glob("fold*.npz")) == ["fold0.npz", "fold1.npz", "fold2.npz"]
    shares: list[float] = []
    again = trained(tmp_path, shares.append)
    assert shares == sorted(shares)
    done = np.arange(1, 4) / (FOLDS + 1)
    assert shares[:3] == pytest.approx(done), "no step of the first three folds is taken again"
    assert shares[-1] == 1
    np.testing.assert_array_equal(again.out_of_fold.logits, found.out_of_fold.logits)
    mine, theirs = again.network.state_dict(), found.network.state_dict()
    assert all(torch.equal(mine[k], theirs[k]) for k in theirs)


def test_nothing_of_the_folds_is_left_once_they_are_forgotten(tmp_path: Path) -> None:
    for name in ("fold0.npz", "fold1.resume", "fold1.jsonl", LOG):
        (tmp_path / name).touch()
    forget_folds(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [LOG]


def test_folds_are_trained_anew_for_another_run_or_where_resuming_is_refused(tmp_path: Path) -> None:
    killed, stop = stop_in_fold(1, tmp_path), partial(pytest.raises, Stopped)
    with stop():
        trained(tmp_path, killed)
    first = np.load(tmp_path / "fold0.npz")["logits"]
    (tmp_path / "fold1.resume").unlink()
    with stop():
        trained(tmp_path, killed, replace(RUN, seed=3))
    second = np.load(tmp_path / "fold0.npz")["logits"]
    assert not np.array_equal(first, second)
    (tmp_path / "fold1.resume").unlink()
    kept = dict(np.load(tmp_path / "fold0.npz"))
    np.savez(tmp_path / "fold0.npz", **{**kept, "logits": second + 1})
    with stop():
        trained(tmp_path, killed, replace(RUN, seed=3), policy="never")
    assert np.array_equal(np.load(tmp_path / "fold0.npz")["logits"], second)


def test_resuming_on_demand_goes_on_from_a_fold_and_is_refused_where_nothing_is_saved(
    found: CrossValidated, tmp_path: Path
) -> None:
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        trained(tmp_path, policy="always")
    with pytest.raises(Stopped):
        trained(tmp_path, stop_in_fold(0, tmp_path))
    again = trained(tmp_path, policy="always")
    np.testing.assert_array_equal(again.out_of_fold.logits, found.out_of_fold.logits)
