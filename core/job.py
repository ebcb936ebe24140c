"""Order, Job and Tile task: what was accepted, its pieces, and their states. The ledger is in workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shapely.geometry import shape

from core.region import Region

FIELDS = "fields"
"""What orders of fields have in place of a product: they are answered by a table, not by a map."""


class JobState(StrEnum):
    """States of a job, named as OGC API - Processes 1.0 names them."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self in (JobState.SUCCESSFUL, JobState.FAILED, JobState.DISMISSED)


class TileState(StrEnum):
    """States of one tile task."""

    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Priority(StrEnum):
    """How urgent a job is among those of its party; it changes nothing for other parties."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Order:
    """A checked request: everything that determines the pixels of a result."""

    product: str
    region: Mapping[str, Any]
    """GeoJSON geometry, WGS84."""
    archive: str
    """Archive specification as `ingest.archive.open_archive` takes it."""
    model: str
    """Name of a checkpoint."""
    params: Mapping[str, Any]
    """`Options.to_json()` of the product."""
    input: Sequence[str] = ()
    """What the archive was taken for when the order was accepted, a line each; changes no pixel."""
    fail_on_gaps: bool = False
    """Whether a tile that cannot be made ends the job; else the map is delivered without it. Changes no pixel."""
    outputs: Sequence[str] = ()
    """Kinds of files that the list of results shows; empty = all. Changes no pixel."""
    priority: str = Priority.NORMAL
    """Among the jobs of its party: a value of Priority. Changes no pixel."""
    max_cost: Mapping[str, float] = field(default_factory=dict)
    """Limits by part of the cost, after which no further tile is begun; empty = none. Changes no pixel."""
    title: str = ""
    """The user's own name for the result; empty = none. Changes no pixel."""

    @property
    def is_of_fields(self) -> bool:
        """Whether the polygons of many fields were sent, which a table answers; its region is the box around them."""
        return self.product == FIELDS


@dataclass(frozen=True, kw_only=True)
class Label:
    """What tells one job of a list from another."""

    title: str = ""
    """The user's own name; empty = none."""
    subject: str = ""
    """Which days: a date, `change D to D`, `issued D`, `D to D`; empty = not known."""
    place: Sequence[float] = ()
    """Longitude and latitude of the middle of the region, degrees; empty = not known."""

    @classmethod
    def of(cls, order: Order) -> "Label":
        """Return the label of an order."""
        return cls(title=order.title, subject=_subject(order.params), place=_place(order.region))


def _subject(params: Mapping[str, Any]) -> str:
    def days(name: str) -> str:
        return str(params[name]).replace("/", " to ")

    if params.get("change"):
        return f"change {days('change')}"
    if params.get("issue_date"):
        return f"issued {days('issue_date')}"
    if params.get("since") and params.get("until"):
        return f"{days('since')} to {days('until')}"
    named = next((name for name in ("date", "period") if params.get(name)), None)
    return days(named) if named else ""


def _place(region: Mapping[str, Any]) -> Sequence[float]:
    if not region.get("coordinates"):
        return ()
    longitude, latitude = Region(geometry=shape(dict(region))).centroid
    return round(longitude, 5), round(latitude, 5)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A part of a result that could not be made."""

    tile_key: str
    geometry: Mapping[str, Any]
    """GeoJSON geometry, WGS84: the tile, as far as it lies in the region."""
    reason: str

    def to_geojson(self) -> dict[str, Any]:
        """Return a GeoJSON feature."""
        properties = {"tile": self.tile_key, "reason": self.reason}
        return {"type": "Feature", "geometry": dict(self.geometry), "properties": properties}


@dataclass(frozen=True, kw_only=True)
class TileTask:
    """One tile of a job."""

    job_id: str
    tile_key: str
    column: int
    row: int
    state: TileState
    attempts: int
    """How often a worker has taken it."""
    progress: float
    """Share done, 0..1."""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One accepted order."""

    id: str
    order: Order
    state: JobState
    created: str
    """ISO 8601 UTC."""
    updated: str
    started: str = ""
    finished: str = ""
    tiles_total: int = 0
    """0 = not planned yet."""
    tiles_done: int = 0
    tiles_failed: int = 0
    progress: float = 0.0
    """Share of all tiles' work done, 0..1."""
    message: str = ""
    """One sentence for people: the stage, or why it failed."""
    label: Label = Label()
    """What tells it from other jobs of a list."""

    @property
    def has_result(self) -> bool:
        """Whether its files are there: it was successful, or is being retried and they are those of before."""
        return self.state is JobState.SUCCESSFUL or (not self.state.is_final and bool(self.finished))

    @property
    def is_complete(self) -> bool:
        """Whether every tile is done."""
        return self.is_planned and self.tiles_done == self.tiles_total

    @property
    def keeps_lines(self) -> bool:
        """Whether the lines of some fields wait for a retry, which answers those that were left out."""
        return self.order.is_of_fields and self.state is JobState.SUCCESSFUL and not self.is_complete

    @property
    def is_planned(self) -> bool:
        """Whether a worker has cut the region into tiles."""
        return self.tiles_total > 0
