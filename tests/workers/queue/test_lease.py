import pytest
from sqlalchemy.exc import OperationalError

from tests.workers.conftest import wait_for
from workers.queue.lease import Lease, LeaseLost


def test_a_lost_lease_stops_the_work() -> None:
    beats: list[float] = []

    def beat(share: float) -> bool:
        beats.append(share)
        return len(beats) < 3

    with Lease(beat, 0.04) as lease:
        lease.progress(0.5)
        lease.progress(0.25)
        wait_for(lambda: len(beats) == 3)
        with pytest.raises(LeaseLost):
            wait_for(lambda: lease.progress(1.0) is not None)
    assert beats == [0.5, 0.5, 0.5], "progress never falls"


def test_a_lease_is_asked_for_before_what_cannot_be_undone() -> None:
    with Lease(lambda share: False, 1000.0) as lease, pytest.raises(LeaseLost):
        lease.check()


def test_a_ledger_that_is_away_for_a_moment_does_not_end_the_work() -> None:
    beats: list[float] = []

    def beat(share: float) -> bool:
        beats.append(share)
        if len(beats) == 1:
            raise OperationalError("UPDATE", {}, Exception("locked"))
        return True

    with Lease(beat, 0.04) as lease:
        wait_for(lambda: len(beats) >= 3)
        lease.progress(0.5)


def test_a_lease_ends_with_its_block() -> None:
    beats: list[float] = []
    with Lease(lambda share: not beats.append(share), 0.04):
        wait_for(lambda: len(beats) > 1)
    count = len(beats)
    assert count > 1
    assert len(beats) == count
