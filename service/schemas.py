"""Bodies of requests and answers, as OGC API - Processes 1.0, STAC API 1.0 and RFC 9457 define them. No behaviour."""

# ruff: noqa: N815 - members are named as the standards name them

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict


class Problem(BaseModel):
    """Problem details (RFC 9457): what went wrong, in one sentence."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Link(BaseModel):
    """A link to another resource."""

    href: str
    rel: str
    type: str | None = None
    title: str | None = None
    method: Literal["GET", "POST"] | None = Field(default=None, description="How to follow it; absent = GET.")
    body: dict[str, Any] | None = Field(default=None, description="Body to send by POST.")
    merge: bool | None = Field(default=None, description="True = merge `body` into the body of the previous request.")


class Landing(BaseModel):
    """Links to all resources."""

    title: str
    description: str
    links: list[Link]


class Conformance(BaseModel):
    """Conformance classes that the service implements."""

    conformsTo: list[str]


class Health(BaseModel):
    """State of the service."""

    status: Literal["ok"] = "ok"


CheckName = Literal["ledger", "queue", "reconciler", "worker", "disk", "store"]


class Readiness(BaseModel):
    """Whether orders can be carried out, part by part."""

    status: Literal["ok"] = "ok"
    checks: dict[CheckName, str] = Field(description="`ok`, or why a part is not ready.")


class NotReady(Problem):
    """Problem details with the state of every part."""

    checks: dict[CheckName, str] = Field(description="`ok`, or why a part is not ready.")


class Version(BaseModel):
    """Version of the software."""

    version: str


class ProcessSummary(BaseModel):
    """One product that can be ordered."""

    id: str
    title: str
    description: str
    version: str
    keywords: list[str] = []
    jobControlOptions: list[Literal["async-execute", "dismiss"]]
    outputTransmission: list[Literal["reference"]]
    links: list[Link]


class ProcessList(BaseModel):
    """All products."""

    processes: list[ProcessSummary]
    links: list[Link]


class InputDescription(BaseModel):
    """One input of a process."""

    title: str
    description: str = ""
    minOccurs: int = 1
    maxOccurs: int = 1
    schema_: dict[str, Any] = Field(alias="schema", description="JSON schema of the value.")


class OutputDescription(BaseModel):
    """One output of a process."""

    title: str
    description: str = ""
    schema_: dict[str, Any] = Field(alias="schema", description="JSON schema of the value.")


class Process(ProcessSummary):
    """Full description of one product."""

    inputs: dict[str, InputDescription]
    outputs: dict[str, OutputDescription]


class Wanted(BaseModel):
    """How an output is returned: as a link. A `format` other than the output's own is refused."""

    model_config = ConfigDict(extra="allow")

    transmissionMode: str = "reference"


class SubscriberUris(BaseModel):
    """Who is told of a job by POST: signed, tried again for a day, and never at an address that is not public."""

    model_config = ConfigDict(extra="forbid")

    successUri: str = Field(description="Gets the results, as `GET /jobs/{job_id}/results` gives them.")
    inProgressUri: str | None = Field(default=None, description="Gets the state of the job while it runs.")
    failedUri: str | None = Field(default=None, description="Gets the state of a job that failed or was dismissed.")


class Execute(BaseModel):
    """An order. Each value in `inputs` may be plain or wrapped as `{"value": ...}`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "inputs": {
                        "region": {
                            "type": "Polygon",
                            "coordinates": [[[11.0, 48.0], [11.01, 48.0], [11.01, 48.01], [11.0, 48.0]]],
                        }
                    }
                }
            ]
        },
    )

    inputs: dict[str, Any] = Field(description="Values of the inputs that the process description lists.")
    outputs: dict[str, Wanted] | None = Field(
        default=None,
        description="Outputs that the results list; without it, all. Unknown names are refused.",
    )
    subscriber: SubscriberUris | None = Field(default=None, description="Who is told of the job.")
    response: Literal["document"] = Field(default="document", description="Results are a document of links.")


class Estimate(BaseModel):
    """Size and expected run time of an order."""

    tiles: int = Field(description="Tiles to compute.")
    pixels: int = Field(description="Pixels inside the region.")
    area_km2: float = Field(description="Area of the region in square kilometres.")
    scenes: int = Field(description="Scenes that the archive lists for region and period.")
    archive_share: float = Field(description="Share of the region that the archive covers, 0..1; the rest is nodata.")
    seconds: float = Field(description="Expected run time in seconds.")
    scene_reads: int = Field(
        description="Windows of scenes to read, at most: nothing is in the cache, and each scene shows each tile."
    )
    read_bytes: int = Field(description="Size in memory of the pixels of these reads.")
    processing_units: float | None = Field(
        default=None, description="What reading all of them costs at Sentinel Hub; absent for archives without charge."
    )


JobStatus = Literal["accepted", "running", "successful", "failed", "dismissed"]
Stage = Literal["waiting", "tiles", "result"]


class GapProperties(BaseModel):
    """Which tile is missing, and why."""

    tile: str
    reason: str


class GapFeature(BaseModel):
    """A part of the region that could not be made (GeoJSON, WGS84)."""

    type: Literal["Feature"] = "Feature"
    geometry: dict[str, Any]
    properties: GapProperties


class WebhookState(BaseModel):
    """How it stands with telling the subscriber of a job."""

    pending: bool = Field(description="Whether something may still be told.")
    attempts: int = Field(description="Failed attempts to tell the job's end.")
    error: str | None = Field(default=None, description="Why the latest attempt failed.")


class CostInfo(BaseModel):
    """What a job has cost so far; once it has ended, what it cost."""

    seconds: float = Field(
        description="Time of workers: every attempt at a tile, and the writing of the result; planning is not counted."
    )
    pixels: int = Field(description="Pixels rendered; tiles that another job had rendered cost none.")
    sceneReads: int = Field(description="Windows of scenes read from archives, not from a cache.")
    readBytes: int = Field(description="Size in memory of the pixels read; less travels over a network.")
    processingUnits: float = Field(description="Of Sentinel Hub, as it states them.")


class StatusInfo(BaseModel):
    """State of one job."""

    jobID: str
    processID: str
    type: Literal["process"] = "process"
    title: str | None = Field(default=None, description="The user's own name; absent if the order gave none.")
    subject: str | None = Field(
        default=None, description="Which days: a date, `change D to D`, `issued D`, or `D to D`."
    )
    place: list[float] | None = Field(
        default=None, description="Longitude, latitude of the middle of the region, WGS84 degrees."
    )
    status: JobStatus
    message: str = Field(description="The stage, or the reason of a failure, in one sentence.")
    progress: int = Field(ge=0, le=100, description="Per cent of the work that is done.")
    stage: Stage | None = Field(
        default=None,
        description="Of a job that has not ended: `waiting` for a worker, computing `tiles`, writing the `result`.",
    )
    secondsLeft: int | None = Field(
        default=None, description="Until the job ends, at its present speed; absent while nothing is known."
    )
    estimatedCompletion: str | None = Field(default=None, description="The same as a time, ISO 8601, UTC.")
    created: str = Field(description="ISO 8601, UTC.")
    started: str | None = None
    finished: str | None = None
    updated: str
    tiles: int = Field(description="Tiles of the job; 0 until a worker has planned it.")
    tilesDone: int
    tilesFailed: int
    complete: bool | None = Field(
        default=None, description="Of a job with a result: whether no tile is missing in it; see `gaps`."
    )
    gaps: list[GapFeature] | None = Field(
        default=None, description="Tiles that could not be made, with the reasons; `POST /jobs/{job_id}/retry`."
    )
    webhook: WebhookState | None = Field(default=None, description="Of a job with a subscriber.")
    cost: CostInfo | None = Field(
        default=None, description="What it has cost so far; absent in lists of jobs and in answers to changes."
    )
    inputs: dict[str, Any] | None = Field(
        default=None,
        description="The order with all defaults; ordering it again gives the same result. Of fields, `fields` "
        "has their number, their pixels and the sha256 of the features in place of the features.",
    )
    input: list[str] | None = Field(
        default=None,
        description="What the archive's files were taken for, a line each; lines that begin with `Note:` tell what was "
        "decided or left out. Absent for archives that state everything.",
    )
    links: list[Link]


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[StatusInfo]
    links: list[Link]


class Reference(BaseModel):
    """One result file."""

    href: str
    type: str
    title: str


class LegendStop(BaseModel):
    """One colour of a legend."""

    value: float
    label: str
    colour: str = Field(description="CSS colour, #rrggbb.")


class LayerView(BaseModel):
    """One band of a result, as the map page shows it."""

    name: str
    description: str
    unit: str
    date: str
    kind: Literal["classes", "ramp"]
    legend: list[LegendStop]


class LayerList(BaseModel):
    """Layers of a finished job and the bounds of its previews."""

    title: str
    product: str = Field(description="Id of the product; the raster is the file `PRODUCT.tif`.")
    simulated: bool = Field(description="True = computed from simulated observations, not from satellite measurements.")
    bounds: Annotated[list[float], Field(min_length=4, max_length=4)] = Field(
        description="West, south, east, north of every preview, WGS84 degrees."
    )
    start: str = Field(description="Layer to show first.")
    evidence: str = Field(
        default="", description="What a class map rests on, one sentence: months, halves of the year, bands."
    )
    notes: list[str] = Field(
        default=[], description="Sentences that a user should read before the map, the most important first."
    )
    areas: dict[str, Any] | None = Field(
        default=None,
        description="Hectares of each class: `mapped_ha`, `expected_ha`, and its 95 % interval `low_ha` to `high_ha`.",
    )
    clear_share: float | None = Field(default=None, description="Share of the region's pixels that were seen, 0..1.")
    completeness: float | None = Field(default=None, description="Share of the reads of scenes that succeeded, 0..1.")
    layers: list[LayerView]


class ArchiveView(BaseModel):
    """One archive that orders may name."""

    id: str | None = Field(default=None, description="Value of `archive` in an order; absent = leave `archive` out.")
    title: str
    attribution: str
    simulated: bool
    default: bool
    period: str
    footprint: dict[str, Any] = Field(description="GeoJSON geometry, WGS84.")


class ArchiveList(BaseModel):
    """Archives that orders may name."""

    archives: list[ArchiveView]


class StacDocument(BaseModel):
    """A STAC catalogue, collection or item as the STAC specification 1.1 defines it."""

    model_config = ConfigDict(extra="allow")

    type: str
    id: str
    stac_version: str
    links: list[Link]


class CollectionList(BaseModel):
    """All collections."""

    collections: list[StacDocument]
    links: list[Link]


class ItemCollection(BaseModel):
    """One page of items."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[StacDocument]
    links: list[Link]
    numberMatched: int
    numberReturned: int


BBox = Annotated[list[Annotated[float, Strict()]], Field(min_length=4, max_length=6)]


class Search(BaseModel):
    """An item search (STAC API 1.0)."""

    model_config = ConfigDict(extra="forbid")

    bbox: BBox | None = Field(default=None, description="West, south, east, north; heights are ignored.")
    intersects: dict[str, Any] | None = Field(default=None, description="GeoJSON geometry.")
    datetime: str | None = Field(
        default=None, description="A time (RFC 3339, `2024-05-01T00:00:00Z`), or an interval with `/`; `..` = open."
    )
    collections: list[str] | None = None
    ids: list[str] | None = None
    limit: Annotated[int, Strict()] = Field(default=10, ge=1, description="Most items in one answer, 1000 at most.")
    token: str | None = Field(default=None, description="Where the next page begins, from a `next` link.")
