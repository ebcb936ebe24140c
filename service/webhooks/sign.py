"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body, by a secret of a key.

Each key has a secret of its own, made of a secret of the service and the id of the key: nothing more is kept.
"""

import base64
import hashlib
import hmac

from sqlalchemy import Engine

from service.access.shares import service_secret

PREFIX = "whsec_"
_NAME = "webhooks"


def secret_of(engine: Engine, caller_id: str) -> str:
    """Return the secret by which messages about the jobs of a key are signed, as receivers are given it."""
    own = bytes.fromhex(service_secret(engine, _NAME))
    return PREFIX + base64.b64encode(hmac.digest(own, f"webhooks\n{caller_id}".encode(), hashlib.sha256)).decode()


def signed(secret: str, message_id: str, moment: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message.

    Args:
        secret: of `secret_of`.
        message_id: the same at each attempt, so that receivers can tell what they have had.
        moment: of the attempt, seconds since 1970: receivers refuse what is older than some minutes.
        body: as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{moment}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(moment), "webhook-signature": f"v1,{signature}"}
