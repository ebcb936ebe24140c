"""The thread of a service that looks after standing orders; several services share the work by claims in the ledger."""

import os
import secrets
import socket

from core.settings import Settings
from service.access.caller import Caller
from service.access.keys import KeyStore
from service.access.quotas import Quotas
from service.webhooks.subscribe import also_subscribe, restored
from workers.dependencies import Dependencies
from workers.queue.ledger import Admit, Ledger
from workers.standing.look import Lookout
from workers.standing.store import StandingOrder, StandingOrders

PAUSE_S = 5.0
"""Between two questions whether any standing order is due."""


def make_lookout(ledger: Ledger, settings: Settings, quotas: Quotas, dependencies: Dependencies) -> Lookout:
    """Return what looks work with; jobs are counted against the quotas of the key that made the standing order."""
    keys = KeyStore(ledger.engine)

    def admit_of(order: StandingOrder) -> Admit:
        admit, subscriber = quotas.admit(orderer(order, keys)), restored(order.further.get("subscriber"))
        base = str(order.further.get("base") or "")
        return also_subscribe(admit, subscriber, job_id=order.next_job, base=base, caller=order.caller)

    return Lookout(
        orders=StandingOrders(ledger.engine),
        settings=settings,
        dependencies=dependencies,
        holder=f"{socket.gethostname()[:200]}-{os.getpid()}-{secrets.token_hex(4)}",
        admit_of=admit_of,
    )


def orderer(order: StandingOrder, keys: KeyStore) -> Caller:
    """Return in whose name a standing order runs: its party, with the quotas of its key, also of a revoked one."""
    own = next((key.limits for key in keys.all() if key.id == order.caller), None)
    caller = Caller(id=order.caller, name=order.id, party=order.party)
    return caller if own is None else Caller(id=order.caller, name=order.id, party=order.party, limits=own)
