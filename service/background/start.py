"""Which work a service does besides its requests; the reconciler is in service/reconciler.py."""

import threading
from functools import partial

from fastapi import FastAPI

from core.settings import Settings
from service.background.rounds import start_rounds
from service.standing.thread import PAUSE_S, make_lookout
from service.webhooks.thread import PAUSE_S as SEND_PAUSE_S
from service.webhooks.thread import THREADS as SENDERS
from service.webhooks.thread import Sender
from workers.queue.ledger import Ledger
from workers.standing.look import look_once

LOOKERS = 2
"""Standing orders that are looked at at the same time: an archive that does not answer keeps not all others waiting."""


def start_background(app: FastAPI, ledger: Ledger, settings: Settings, stop: threading.Event) -> list[threading.Thread]:
    """Start the threads of a service that has been let in; they end soon after the event is set."""
    threads = []
    for number in range(LOOKERS):
        lookout = make_lookout(ledger, settings, app.state.quotas, app.state.dependencies)
        threads.append(start_rounds(f"standing-orders-{number}", partial(look_once, lookout), stop, pause_s=PAUSE_S))
    for number in range(SENDERS):
        sender = Sender(ledger, settings)
        threads.append(start_rounds(f"webhooks-{number}", sender.send_one, stop, pause_s=SEND_PAUSE_S))
    return threads
