"""Reconciling: Redis is sent again what the ledger holds as open and Redis may have lost.

The service calls this every second. Any number of processes may do so: every step is a conditional change or an extra
message, and a message for a tile that is taken or done has no effect.
"""

import logging
from dataclasses import dataclass

from core.errors import WorkerUnavailable
from core.groups.queues import Capability
from core.settings import Settings
from workers.queue.broker import backlogs
from workers.queue.capability.unserved import WAIT_S, tell_unserved
from workers.queue.cost.limit import stop_spent
from workers.queue.dispatch import feed, send_plan
from workers.queue.ledger import Ledger
from workers.queue.liveness import is_gone
from workers.queue.planning import Planning
from workers.queue.sweep import sweep_ended

logger = logging.getLogger(__name__)

GRACE_S = 5.0
"""A message sent longer ago than this, while none waits in Redis, is with a worker or lost."""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """Counts of one round."""

    released: int = 0
    """Tiles and closings taken back from workers that died or stopped renewing their leases."""
    forgotten: int = 0
    """Messages taken for lost."""
    sent: int = 0
    """Messages sent."""
    swept: int = 0
    """Ended jobs whose scratch files were removed."""
    told: int = 0
    """Jobs that say now that no worker serves their queue, or no longer say so."""


def reconcile(
    ledger: Ledger,
    settings: Settings,
    *,
    grace_s: float = GRACE_S,
    allowance_s: float = 0.0,
    wait_s: float = WAIT_S,
) -> Reconciled:
    """Take work back from dead workers, send open tiles, and remove files that ended jobs have left.

    Args:
        ledger, settings: of the service.
        grace_s: age at which a message is taken for lost, while none waits in Redis.
        allowance_s: how long ago a lease must have run out: after an outage of the ledger, during which nobody could
            renew one, workers that live get this time to do so.
        wait_s: age at which a message in a queue that no worker serves is told of.
    """
    planning = Planning(ledger)
    released = ledger.release(is_gone, allowance_s=allowance_s)
    released += ledger.release_closers(is_gone, allowance_s=allowance_s)
    released += planning.release(is_gone, allowance_s=allowance_s)
    stop_spent(ledger.engine, ledger.clock)
    forgotten = sent = told = 0
    try:
        empty = {queue for queue, count in backlogs(settings).items() if count == 0}
        forgotten = ledger.forget_sent(older_than_s=grace_s, queues=empty)
        if Capability.INGEST in empty:
            forgotten += planning.forget_sent(older_than_s=grace_s)
        sent = sum(send_plan(ledger, settings, job_id) for job_id in planning.waiting())
        sent += sum(feed(ledger, settings, job_id) for job_id in ledger.waiting())
        told = tell_unserved(ledger, settings, wait_s=wait_s)
    except WorkerUnavailable as error:
        logger.warning("nothing can be sent reason=%s", error)
    swept = sweep_ended(ledger, settings)
    found = Reconciled(released=released, forgotten=forgotten, sent=sent, swept=swept, told=told)
    if found != Reconciled():
        logger.info("reconciled released=%d forgotten=%d sent=%d swept=%d", released, forgotten, sent, found.swept)
    return found
