"""Bodies of answers about what happens to jobs. No behaviour."""

from typing import Literal

from pydantic import BaseModel, Field

from service.schemas import Link

EventName = Literal[
    "accepted",
    "planned",
    "retried",
    "tile-started",
    "tile-read",
    "tile-done",
    "tile-failed",
    "tile-given-up",
    "stopped",
    "result-started",
    "waiting",
    "stage",
    "result-failed",
    "successful",
    "failed",
    "dismissed",
]


class JobEvent(BaseModel):
    """One change of a job or of one of its tiles."""

    number: int = Field(description="From 1, without gaps within a job; `id` in the stream of events.")
    time: str = Field(description="ISO 8601, UTC.")
    event: EventName
    tile: str | None = Field(default=None, description="Absent of events of the job as a whole.")
    reason: str | None = Field(default=None, description="Why, or the stage or message, in one sentence or clause.")
    seconds: float | None = Field(
        default=None,
        description="Of a tile that was read or rendered: how long it took; absent where an existing one was used.",
    )


class JobLog(BaseModel):
    """Events of a job, oldest first."""

    events: list[JobEvent]
    links: list[Link]
