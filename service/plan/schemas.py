"""Bodies of a plan (GeoJSON, RFC 7946). No behaviour."""

# ruff: noqa: N815 - members are named as OGC API - Features names them

from typing import Any, Literal

from pydantic import BaseModel, Field

from service.schemas import Link

TileStatus = Literal["open", "running", "done", "failed"]


class TileProperties(BaseModel):
    """State of one tile."""

    status: TileStatus
    attempts: int = Field(description="How often a worker has begun it.")
    reason: str | None = Field(default=None, description="Why its last attempt failed.")


class TileFeature(BaseModel):
    """One tile of a job (GeoJSON, WGS84)."""

    type: Literal["Feature"] = "Feature"
    id: str = Field(description="Key of the tile, the same in all jobs.")
    geometry: dict[str, Any]
    properties: TileProperties


class PlanPage(BaseModel):
    """Tiles of a job; `next` among the links leads to those that follow."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[TileFeature]
    numberMatched: int = Field(description="Tiles of the job; 0 until a worker has planned it.")
    numberReturned: int
    links: list[Link]
