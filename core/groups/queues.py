"""Queues by capability: what a worker can do, and the setting that says which of it one does."""

from enum import StrEnum

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from core.groups.config import CONFIG


class Capability(StrEnum):
    """One part of the work, with a queue of its own."""

    INGEST = "ingest"
    """Plans jobs and reads archives. Needs the way to the archives, no model's weights."""
    COMPUTE = "compute"
    """Renders tiles. Needs the models; of what another worker has read it needs no archive."""
    POST = "post"
    """Writes results: mosaic, COG, STAC item."""


ALL = tuple(Capability)


def read_capabilities(text: str) -> tuple[Capability, ...]:
    """Return the capabilities that a text names, separated by commas or spaces, in the order of the work.

    Raises:
        ValueError: it names none, or one that there is not.
    """
    words = set(text.replace(",", " ").split())
    unknown = sorted(words - set(ALL))
    if unknown or not words:
        what = f"'{unknown[0]}' is no queue" if unknown else "it names no queue"
        raise ValueError(f"{what}; the queues are {', '.join(ALL)}")
    return tuple(c for c in ALL if c in words)


class WorkerSettings(BaseSettings):
    """What workers of this machine do."""

    model_config = CONFIG

    queues: str = Field(
        default=",".join(ALL),
        description="Queues that workers of this machine serve, separated by commas: `ingest` (plans, reads archives), "
        "`compute` (renders tiles), `post` (writes results).",
    )

    @field_validator("queues")
    @classmethod
    def _known_queues(cls, value: str) -> str:
        return ",".join(read_capabilities(value))

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """The queues, as what a worker can do."""
        return read_capabilities(self.queues)
