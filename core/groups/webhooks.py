"""Settings of webhooks. What they do: service/webhooks."""

from ipaddress import ip_network

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from core.groups.config import CONFIG


class WebhookSettings(BaseSettings):
    """Who may be told of jobs."""

    model_config = CONFIG

    networks: str = Field(
        validation_alias="LANDCAST_WEBHOOK_NETWORKS",
        default="",
        description="Private networks, as `10.1.0.0/16`, separated by spaces, to which webhooks may be sent, also "
        "without TLS; empty = public addresses by https alone.",
    )

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for word in value.split():
            try:
                ip_network(word)
            except ValueError:
                raise ValueError(f"'{word}' is no network; write it as 10.1.0.0/16 or fd00::/8") from None
        return value
