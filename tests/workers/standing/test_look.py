"""Looks at standing orders over a real archive that grows: when a job follows, and which of its tiles are computed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import OverQuota
from core.job import JobState
from core.settings import Settings
from tests.workers.conftest import workshop
from tests.workers.standing.growing import (
    REGION,
    GrowingArchive,
    carry_out,
    look,
    lookout_of,
    make_due,
    rendered,
    stand,
)
from workers.queue.ledger import open_ledger
from workers.standing.look import look_once
from workers.standing.store import StandingOrders


@pytest.fixture
def archive(tmp_path: Path) -> GrowingArchive:
    found = GrowingArchive(tmp_path / "archive")
    found.add("first", "2022-05-01", 0, 1)
    found.add("second", "2022-05-11", 0, 1)
    return found


@pytest.fixture
def shop(tmp_path: Path, archive: GrowingArchive) -> Settings:
    return workshop(tmp_path / "home", "redis+socket:///nowhere").but(archive=str(archive.folder), tile_size=16)


def jobs_of(settings: Settings) -> list[str]:
    return sorted(job.id for job in open_ledger(settings).jobs())


def test_a_new_scene_brings_a_job_that_computes_its_own_tiles_alone(shop: Settings, archive: GrowingArchive) -> None:
    first = look(shop, stand(shop))
    assert (first.runs, first.message) == (1, f"job {first.id}-1 was ordered: 4 new scenes")
    done = carry_out(shop, first.last_job)
    assert (done.state, done.tiles_total, len(rendered(shop, done.id))) == (JobState.SUCCESSFUL, 2, 2)

    assert look(shop, first).message == "no new scenes"
    archive.add("third", "2022-05-21", 1)
    second = look(shop, first)
    assert (second.runs, second.last_job) == (2, f"{first.id}-2")
    again = carry_out(shop, second.last_job)
    assert (again.state, again.tiles_done) == (JobState.SUCCESSFUL, 2)
    east = open_ledger(shop).tiles(again.id)[1].tile_key
    assert rendered(shop, again.id) == [east]


def test_nothing_is_ordered_without_new_scenes_nor_while_the_last_job_runs(
    shop: Settings, archive: GrowingArchive
) -> None:
    order = look(shop, stand(shop))
    archive.add("third", "2022-05-21", 0)
    assert look(shop, order).message == f"its job {order.id}-1 has not ended yet"
    carry_out(shop, order.last_job)
    assert look(shop, order).message == f"job {order.id}-2 was ordered: 1 new scenes"


def test_scenes_outside_of_the_days_or_the_region_bring_no_job(shop: Settings, archive: GrowingArchive) -> None:
    order = look(shop, stand(shop))
    carry_out(shop, order.last_job)
    archive.add("late", "2023-02-01", 0, 1)
    archive.add("elsewhere", "2022-06-01", 9)
    assert look(shop, order).message == "no new scenes"


def test_a_regular_order_runs_again_when_its_days_have_passed(shop: Settings) -> None:
    order = look(shop, stand(shop, every_days=10))
    assert order.due == pytest.approx(order.created + 10 * 86_400)
    carry_out(shop, order.last_job)
    again = look(shop, order)
    assert (again.runs, again.message) == (2, f"job {order.id}-2 was ordered: 10 days have passed")
    assert again.due == pytest.approx(order.created + 10 * 86_400), "whole intervals from the first day on"


def test_an_order_that_has_ended_or_was_removed_is_not_looked_at(shop: Settings) -> None:
    ended, removed = stand(shop, ends=1.0), stand(shop)
    StandingOrders(open_ledger(shop).engine).remove(removed.id)
    make_due(shop, ended.id)
    assert not look_once(lookout_of(shop))
    assert jobs_of(shop) == []


def test_many_services_order_a_job_once(shop: Settings) -> None:
    orders = [stand(shop) for _ in range(3)]

    def work(number: int) -> int:
        count = 0
        while look_once(lookout_of(shop, holder=f"service {number}")):
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))
    assert sum(counts) == 3
    assert jobs_of(shop) == sorted(f"{order.id}-1" for order in orders)


def test_a_service_that_dies_after_it_has_ordered_makes_no_second_job(
    shop: Settings, archive: GrowingArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = stand(shop)
    with monkeypatch.context() as broken:
        broken.setattr(StandingOrders, "note_run", lambda *_, **__: exec("raise KeyboardInterrupt"))
        with pytest.raises(KeyboardInterrupt):
            look_once(lookout_of(shop, holder="dies"))
    assert not look_once(lookout_of(shop, holder="other")), "it is held until its lease has run out"
    with open_ledger(shop).engine.begin() as connection:
        connection.exec_driver_sql("UPDATE standing_orders SET lease = 1")
    assert look_once(lookout_of(shop, holder="other"))
    found = StandingOrders(open_ledger(shop).engine).find(order.id)
    assert (jobs_of(shop), found.runs) == ([f"{order.id}-1"], 1)
    carry_out(shop, found.last_job)
    assert look(shop, found).runs == 2, "which scenes the first had seen is not known"
    carry_out(shop, f"{order.id}-2")
    assert rendered(shop, f"{order.id}-2") == []


def test_an_archive_that_is_away_is_looked_at_again_soon_and_says_why(shop: Settings, archive: GrowingArchive) -> None:
    order = stand(shop)
    away = archive.folder.rename(archive.folder.with_name("away"))
    first, second = look(shop, order), look(shop, order)
    assert "it is not there any more" in first.message
    assert (first.failures, second.failures) == (1, 2)
    assert second.due - first.due == pytest.approx(60, abs=20), "the pause is doubled"
    away.rename(archive.folder)
    found = look(shop, order)
    assert (found.runs, found.failures) == (1, 0)


def test_an_unexpected_error_is_logged_and_the_order_looked_at_again(
    shop: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    order = stand(shop)
    with monkeypatch.context() as broken:
        broken.setattr("workers.standing.look.check", lambda *_: 1 / 0)
        found = look(shop, order)
    assert found.message == "an unexpected error (ZeroDivisionError); the log has the details"
    assert "look at a standing order failed" in caplog.text
    assert look(shop, found).runs == 1


def test_a_party_over_its_quota_is_told_so_and_gets_its_job_later(shop: Settings) -> None:
    order = stand(shop)

    def refuse(*_: object) -> None:
        raise OverQuota("too many", "Wait.", retry_after_s=30)

    assert look_once(lookout_of(shop, admit=refuse))
    found = StandingOrders(open_ledger(shop).engine).find(order.id)
    assert (found.runs, found.message) == (0, "The order is over the quota: too many. Wait.")
    assert look(shop, found).runs == 1


def test_jobs_belong_to_the_party_of_the_order(shop: Settings) -> None:
    look(shop, stand(shop, inputs={"region": REGION}))
    with open_ledger(shop).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT party FROM jobs").scalars().all() == ["forest"]


def test_on_postgresql_too_a_job_is_ordered_once(tmp_path: Path, shop: Settings, empty_postgres_url: str) -> None:
    there = shop.but(database_url=SecretStr(empty_postgres_url))
    open_ledger(there).create_schema()
    order = stand(there)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: look_once(lookout_of(there, holder=str(n))), range(8)))
    assert found.count(True) == 1
    assert jobs_of(there) == [f"{order.id}-1"]
    open_ledger(there).close()
