from core.job import JobState
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, SMALL
from tests.workers.conftest import order, workshop
from workers.accept import check
from workers.queue.broker import backlog, redis_of
from workers.queue.dispatch import submit
from workers.queue.ledger import open_ledger
from workers.queue.planning import Planning
from workers.queue.reconcile import Reconciled, reconcile


def test_a_job_is_kept_while_redis_is_away_and_sent_when_it_is_back(lonely: Settings, redis_url: str) -> None:
    job = order(lonely)
    assert open_ledger(lonely).job(job.id).state is JobState.ACCEPTED
    back = workshop(lonely.home, redis_url)
    ledger = open_ledger(back)
    ledger.forget_sent(older_than_s=-1)
    waiting = backlog(back)
    assert reconcile(ledger, back).sent == job.tiles_total
    assert backlog(back) == waiting + job.tiles_total
    assert reconcile(ledger, back).sent == 0
    ledger.dismiss(job.id)


def test_a_plan_whose_message_was_lost_is_sent_again(shop: Settings) -> None:
    found, ledger = check("fake-map", {"region": SMALL}, shop, FAKE_DEPENDENCIES), open_ledger(shop)
    job = submit(found.order, shop, pixels=found.pixels)
    assert reconcile(ledger, shop, grace_s=-1) == Reconciled(), "its message waits"
    with redis_of(shop) as client:
        client.flushall()
    assert reconcile(ledger, shop).sent == 0
    assert reconcile(ledger, shop, grace_s=-1) == Reconciled(forgotten=1, sent=1)
    assert backlog(shop) == 1
    ledger.dismiss(job.id)


def test_a_planner_that_died_is_replaced(shop: Settings) -> None:
    found, ledger = check("fake-map", {"region": SMALL}, shop, FAKE_DEPENDENCIES), open_ledger(shop)
    job = submit(found.order, shop, pixels=found.pixels)
    assert Planning(ledger).claim(job.id, "elsewhere:1:1", -1.0)
    assert reconcile(ledger, shop) == Reconciled(released=1, sent=1)
    ledger.dismiss(job.id)


def test_what_an_ended_job_left_is_swept(shop: Settings) -> None:
    job, ledger = order(shop), open_ledger(shop)
    leftover = shop.home / "work" / job.id / "half-written.tif"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    assert reconcile(ledger, shop).swept == 0
    ledger.dismiss(job.id)
    assert reconcile(ledger, shop).swept == 1
    assert not leftover.parent.exists()


def test_a_round_with_nothing_to_do_changes_nothing(shop: Settings) -> None:
    assert reconcile(open_ledger(shop), shop) == Reconciled()


def test_a_tile_whose_lease_ran_out_is_sent_again(shop: Settings) -> None:
    job, ledger = order(shop), open_ledger(shop)
    key = ledger.tiles(job.id)[0].tile_key
    assert ledger.claim_tile(job.id, key, "elsewhere:1:1", lease_s=-1.0)
    found = reconcile(ledger, shop)
    assert (found.released, found.sent) == (1, 1)
    ledger.dismiss(job.id)
