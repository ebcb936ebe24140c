"""Bodies of requests and answers about standing orders. No behaviour."""

# ruff: noqa: N815 - members are named as OGC API - Processes names them

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.schemas import Link, SubscriberUris, Wanted
from workers.standing.table import MAX_TITLE

LONGEST_DAYS = 366


class StandingRequest(BaseModel):
    """A product of a region, to be made again when new scenes arrive, or every so many days."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "processID": "crop",
                    "title": "Crops of the valley",
                    "inputs": {
                        "region": {
                            "type": "Polygon",
                            "coordinates": [[[11.0, 48.0], [11.01, 48.0], [11.01, 48.01], [11.0, 48.0]]],
                        }
                    },
                }
            ]
        },
    )

    processID: str = Field(description="The product, as `GET /processes` lists it.")
    inputs: dict[str, Any] = Field(description="As of an order. Dates that are left out follow the archive.")
    outputs: dict[str, Wanted] | None = Field(default=None, description="As of an order.")
    subscriber: SubscriberUris | None = Field(default=None, description="Who is told of each job, as of an order.")
    title: str = Field(default="", max_length=MAX_TITLE, description="For people; names the series of results.")
    every: str | None = Field(
        default=None,
        description="Days between two runs, `10d` or `P10D`; without it, a run follows when new scenes arrive.",
    )
    ends: str | None = Field(default=None, description="Last day (UTC) on which it runs; without it, until removed.")


class StandingChange(BaseModel):
    """What is to change of a standing order; members that are left out stay as they are."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"minProperties": 1, "examples": [{"paused": True}, {"every": "10d"}]}
    )

    paused: bool | None = Field(default=None, description="`true` = nothing is run until it is `false` again.")
    title: str | None = Field(default=None, max_length=MAX_TITLE, description="For people; names the series.")
    every: str | None = Field(
        default=None, description="Days between two runs, `10d` or `P10D`; empty or null = when new scenes arrive."
    )
    ends: str | None = Field(default=None, description="Last day (UTC) on which it runs; empty or null = none.")
    inputs: dict[str, Any] | None = Field(default=None, description="As of an order, all of them; it is run anew.")
    outputs: dict[str, Wanted] | None = Field(default=None, description="As of an order; null = all.")
    subscriber: SubscriberUris | None = Field(default=None, description="As of an order; null = nobody is told.")


class StandingOrderInfo(BaseModel):
    """One standing order."""

    id: str
    processID: str
    title: str
    every: str | None = Field(default=None, description="Days between two runs; absent = when new scenes arrive.")
    ends: str | None = Field(default=None, description="Last day (UTC) on which it runs.")
    created: str = Field(description="ISO 8601, UTC.")
    paused: bool = Field(default=False, description="Whether nothing is run until it is resumed.")
    nextLook: str | None = Field(
        default=None, description="When it is looked at next; absent once it has ended and while it is paused."
    )
    runs: int = Field(description="Jobs so far.")
    lastRun: str | None = None
    lastJob: str | None = Field(default=None, description="Id of the latest job.")
    message: str = Field(description="What came of the last look, one sentence or clause.")
    inputs: dict[str, Any] | None = Field(default=None, description="As they were given; absent in lists.")
    links: list[Link]


class StandingOrderList(BaseModel):
    """Standing orders, newest first."""

    standingOrders: list[StandingOrderInfo]
    links: list[Link]
