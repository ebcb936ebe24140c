"""The threads of a service that send webhooks; several services share the work by claims in the ledger."""

import logging
import os
import secrets
import socket
from urllib.parse import urlsplit

from core.errors import LandcastError
from core.settings import Settings
from service.webhooks.address import read_networks
from service.webhooks.send import LONGEST_S, Outcome, deliver, message_body
from service.webhooks.sign import secret_of
from workers.queue.ledger import Ledger
from workers.webhooks.outbox import Kind, Notice, Outbox

logger = logging.getLogger(__name__)

THREADS = 4
"""Receivers that are sent to at the same time: one that is slow keeps no other waiting."""
PAUSE_S = 1.0
LEASE_S = LONGEST_S + 40.0
"""After it another thread sends; an attempt is over by then."""
LATER_S = 30.0


class Sender:
    """Sends what is to be told of jobs. Used by one thread."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger, self._settings, self._outbox = ledger, settings, Outbox(ledger.engine)
        self._networks = read_networks(settings.webhooks.networks)
        self._holder = f"{socket.gethostname()[:200]}-{os.getpid()}-{secrets.token_hex(4)}"

    def send_one(self) -> bool:
        """Send one message that is due; False = there is none.

        Raises:
            SQLAlchemyError: the ledger is away; the message is sent again later.
        """
        notice = self._outbox.claim(self._holder, LEASE_S)
        if notice is None:
            return False
        try:
            body = message_body(notice, self._ledger, self._settings)
        except LandcastError as error:
            logger.warning("message not made job=%s reason=%s", notice.job_id, type(error).__name__)
            self._outbox.put_off(notice, self._holder, LATER_S)
            return True
        except ValueError as error:
            self._note(notice, Outcome(error=str(error), is_final=True))
            return True
        secret = secret_of(self._ledger.engine, notice.caller)
        self._note(notice, deliver(notice, body, secret, networks=self._networks))
        return True

    def _note(self, notice: Notice, outcome: Outcome) -> None:
        host = urlsplit(notice.uri).hostname or ""  # the rest of the address may be a secret
        if not outcome.error:
            self._outbox.note_told(notice, self._holder)
            logger.info("webhook sent job=%s kind=%s host=%s", notice.job_id, notice.kind, host)
            return
        follows = self._outbox.note_failed(
            notice, self._holder, outcome.error, wait_s=outcome.wait_s, is_final=outcome.is_final
        )
        text = "webhook not sent job=%s kind=%s host=%s attempt=%d reason=%s"
        if not follows and notice.kind is not Kind.IN_PROGRESS:
            text = text.replace("not sent", "given up")
        logger.warning(text, notice.job_id, notice.kind, host, notice.attempts + 1, outcome.error)
