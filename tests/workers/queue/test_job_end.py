"""The end of a job: only from the states that are named, and with one event."""

from pathlib import Path

from core.job import JobState
from tests.workers.queue.ledger_parts import add
from workers.queue.events.log import events_after
from workers.queue.job_end import ACTIVE, end_job
from workers.queue.ledger import Ledger


def test_a_job_ends_once_and_says_so_once(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.create_schema()
    add(ledger)
    with ledger.engine.begin() as connection:
        assert not end_job(connection, 5.0, "a", JobState.FAILED, "not its closer", of=ACTIVE, worker="w")
        assert end_job(connection, 6.0, "a", JobState.FAILED, "no scene", of=ACTIVE)
        assert not end_job(connection, 7.0, "a", JobState.SUCCESSFUL, "done", of=ACTIVE)
    last = events_after(ledger.engine, "a", 0, limit=10)[1:]
    assert [(str(e.kind), e.reason, e.moment) for e in last] == [("failed", "no scene", 6.0)]
    ledger.close()
