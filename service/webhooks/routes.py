"""The secret by which a receiver of webhooks checks that a message is the service's."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.state import CurrentCaller, CurrentLedger
from service.webhooks.sign import secret_of

router = APIRouter(prefix="/webhooks", tags=["Jobs"])


class WebhookSecret(BaseModel):
    """What receivers need to know."""

    secret: str = Field(description="`whsec_` and the key of HMAC-SHA256 in base64, as Standard Webhooks 1.0 has it.")


@router.get("/secret", summary="Secret of webhooks")
def webhook_secret(caller: CurrentCaller, ledger: CurrentLedger) -> WebhookSecret:
    """Return the secret that signs messages about the jobs of the caller's key; each key has its own."""
    return WebhookSecret(secret=secret_of(ledger.engine, caller.id))
