"""What ended jobs have left is removed, here and in the store, even if the store was away at first."""

from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.job import JobState
from core.settings import Settings
from tests.fakes import SMALL
from tests.workers.conftest import carry_out, order
from workers.queue.dispatch import dismiss, scratch_folder
from workers.queue.ledger import open_ledger
from workers.queue.sweep import PAUSE_S, Sweeper, sweep_ended
from workers.store.folder import FolderStore


@pytest.fixture
def apart(lonely: Settings, tmp_path: Path) -> Settings:
    """A home folder and a store that lies elsewhere."""
    return lonely.but(store=str(tmp_path / "store"))


def left(settings: Settings, job_id: str) -> list[Path]:
    folders = (scratch_folder(settings, job_id), *(Path(settings.store) / part / job_id for part in ("work", "jobs")))
    return [folder for folder in folders if folder.exists()]


def test_files_of_running_and_unknown_jobs_stay(apart: Settings) -> None:
    job = order(apart)
    for name in (job.id, "local-1"):
        scratch_folder(apart, name).mkdir(parents=True)
    assert sweep_ended(open_ledger(apart), apart) == 0
    assert len(left(apart, job.id)) == 1


def test_a_dismissed_job_leaves_nothing_in_the_store(apart: Settings) -> None:
    job = carry_out(apart, region=SMALL)
    assert left(apart, job.id) == [Path(apart.store) / "jobs" / job.id]
    dismiss(job.id, apart)
    assert left(apart, job.id) == []


def test_files_that_could_not_be_removed_are_removed_when_the_store_is_back(
    apart: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: FolderStore, key: str) -> None:
        raise StoreUnavailable("it does not answer")

    job, ledger = carry_out(apart, region=SMALL), open_ledger(apart)
    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "remove", away)
        assert dismiss(job.id, apart).state is JobState.DISMISSED
    assert left(apart, job.id) == [scratch_folder(apart, job.id), Path(apart.store) / "jobs" / job.id]
    assert sweep_ended(ledger, apart) == 1
    assert left(apart, job.id) == []


def test_a_successful_job_keeps_its_result(apart: Settings) -> None:
    job = carry_out(apart, region=SMALL)
    scratch_folder(apart, job.id).mkdir(parents=True)
    assert sweep_ended(open_ledger(apart), apart) == 1
    assert left(apart, job.id) == [Path(apart.store) / "jobs" / job.id]


def test_a_worker_sweeps_now_and_then(apart: Settings) -> None:
    now = [100.0]
    sweeper, ledger, job = Sweeper(lambda: now[0]), open_ledger(apart), order(apart)
    dismiss(job.id, apart)

    def is_swept_after(seconds: float) -> bool:
        now[0] += seconds
        scratch_folder(apart, job.id).mkdir(parents=True, exist_ok=True)
        sweeper.sweep(ledger, apart)
        return not scratch_folder(apart, job.id).exists()

    assert [is_swept_after(seconds) for seconds in (0, PAUSE_S / 2, PAUSE_S)] == [True, False, True]
