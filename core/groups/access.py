"""Settings of access: keys, tokens of an issuer, quotas. What they do: service/access."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from core.groups.config import CONFIG


class AccessSettings(BaseSettings):
    """Who may use the service."""

    model_config = CONFIG

    keys: Literal["auto", "required"] = Field(
        default="auto",
        description="`required` = requests need a key; `auto` = only where LANDCAST_HOST or LANDCAST_PUBLIC_URL is not "
        "this machine.",
    )
    key: SecretStr | None = Field(
        default=None, description="Key that `landcast order` sends to the service; `landcast keys create` makes one."
    )
    audit_days: int = Field(
        default=365,
        ge=0,
        description="An earlier file of the audit log whose last line is older than so many days is removed; 0 = none.",
    )


class OidcSettings(BaseSettings):
    """Bearer tokens of an OpenID Connect issuer, besides keys."""

    model_config = CONFIG

    issuer: str = Field(
        validation_alias="LANDCAST_OIDC_ISSUER",
        default="",
        description="OpenID Connect issuer whose bearer tokens are taken besides keys; empty = none.",
    )
    audience: str = Field(
        validation_alias="LANDCAST_OIDC_AUDIENCE",
        default="",
        description="Audience (`aud`) of tokens for this service.",
    )
    jwks_url: str = Field(
        validation_alias="LANDCAST_OIDC_JWKS_URL",
        default="",
        description="Where the issuer's public keys are; empty = where its configuration says.",
    )
    party_claim: str = Field(
        validation_alias="LANDCAST_OIDC_PARTY_CLAIM",
        default="party",
        description="Claim that names the party; dots lead into nested claims.",
    )
    scope_claim: str = Field(
        validation_alias="LANDCAST_OIDC_SCOPE_CLAIM",
        default="scope",
        description="Claim with the scopes, a text or a list: `read` or `landcast:read`, and so on.",
    )


class QuotaSettings(BaseSettings):
    """What each key and party may use, where a key has no quota of its own; 0 = no limit."""

    model_config = CONFIG

    running_jobs: int = Field(
        validation_alias="LANDCAST_QUOTA_RUNNING_JOBS",
        default=100,
        ge=0,
        description="Most jobs of one party that wait or run at a time; 0 = no limit.",
    )
    pixels_per_day: int = Field(
        validation_alias="LANDCAST_QUOTA_PIXELS_PER_DAY",
        default=0,
        ge=0,
        description="Most pixels of all tiles that one party may order within 24 hours; 0 = no limit.",
    )
    requests_per_minute: int = Field(
        validation_alias="LANDCAST_QUOTA_REQUESTS_PER_MINUTE",
        default=1200,
        ge=0,
        description="Most requests with one key in a minute; 0 = no limit.",
    )
