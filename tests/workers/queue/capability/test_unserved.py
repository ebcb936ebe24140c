from core.groups.queues import ALL, Capability
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, SMALL
from tests.workers.conftest import order
from workers.accept import check
from workers.queue.capability.reads import finish_read
from workers.queue.capability.unserved import sentence, tell_unserved
from workers.queue.dispatch import feed, submit
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import open_ledger
from workers.queue.presence import beat

INGEST, COMPUTE, POST = ALL


def test_what_is_missing_is_said_in_words() -> None:
    assert sentence([COMPUTE]) == "no worker serves the queue compute"
    assert sentence([INGEST, POST]) == "no worker serves the queues ingest and post"
    assert sentence(list(ALL)) == "no worker serves the queues ingest, compute and post"


def test_a_job_says_which_queue_it_waits_for_and_takes_it_back(shop: Settings) -> None:
    job, ledger = order(shop, region=SMALL), open_ledger(shop)
    (key,) = (tile.tile_key for tile in ledger.tiles(job.id))
    beat(shop, "elsewhere:1:1", [COMPUTE])
    assert tell_unserved(ledger, shop) == 0, "its message has not waited for long"
    assert tell_unserved(ledger, shop, wait_s=-1) == 1
    assert ledger.job(job.id).message == "waiting: no worker serves the queue ingest"
    assert tell_unserved(ledger, shop, wait_s=-1) == 0, "it is said once"
    beat(shop, "elsewhere:2:1", [INGEST])
    assert tell_unserved(ledger, shop, wait_s=-1) == 1
    assert ledger.job(job.id).message == "0 of 1 tiles"
    assert ledger.claim_tile(job.id, key, "w", 10)
    assert finish_read(ledger, job.id, key, "w", 1.0)
    feed(ledger, shop, job.id)
    assert tell_unserved(ledger, shop, wait_s=-1) == 0, "a worker computes"
    assert ledger.claim_tile(job.id, key, "w", 10)
    assert ledger.finish_tile(job.id, key, "w")
    feed(ledger, shop, job.id)
    assert tell_unserved(ledger, shop, wait_s=-1) == 1
    assert ledger.job(job.id).message == "waiting: no worker serves the queue post"
    told = [e.reason for e in events_after(ledger.engine, job.id, 0, limit=99) if e.kind is EventKind.WAITING]
    assert told == ["no worker serves the queue ingest", "no worker serves the queue post"]
    ledger.dismiss(job.id)


def test_a_job_that_nobody_plans_says_so(shop: Settings) -> None:
    found, ledger = check("fake-map", {"region": SMALL}, shop, FAKE_DEPENDENCIES), open_ledger(shop)
    job = submit(found.order, shop, pixels=found.pixels)
    beat(shop, "elsewhere:1:1", [Capability.COMPUTE, Capability.POST])
    assert tell_unserved(ledger, shop, wait_s=-1) == 1
    assert ledger.job(job.id).message == "waiting: no worker serves the queue ingest"
    ledger.dismiss(job.id)
