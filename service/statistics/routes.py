"""POST of polygons to a finished map: statistics of its layers under each of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from core.errors import UnknownResult
from core.job import Job
from core.product import Layer
from service.errors import refusals
from service.layers import layers_of
from service.preview import item_of
from service.results import find_file
from service.stac.items import is_simulated
from service.state import CurrentItems, CurrentSettings, FinishedMap
from service.statistics.measure import measure
from service.statistics.schemas import Feature, Features, Measured
from service.statistics.table import CSV, PARQUET, as_csv, as_parquet
from service.statistics.zones import check_values, read_zones

router = APIRouter(prefix="/jobs", tags=["Jobs"])

REFUSALS = refusals(
    {
        400: "The features are not valid, or too much to measure; the detail gives the reason.",
        404: "There is no such job or layer, or the job has not finished.",
        500: "The job failed; the detail gives the reason.",
    }
)
_TEXT = {"schema": {"type": "string"}}
TABLES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The features with their statistics, or a table of them.",
        "content": {"text/csv": _TEXT, PARQUET: {"schema": {"type": "string", "format": "binary"}}},
    }
}
Form = Literal["geojson", "csv", "parquet"]


@router.post(
    "/{job_id}/statistics",
    summary="Statistics of a map over polygons",
    response_model=Measured,
    response_model_exclude_unset=False,
    responses={**REFUSALS, **TABLES},
)
def statistics(
    job: FinishedMap,
    settings: CurrentSettings,
    items: CurrentItems,
    wanted: Features,
    layer: Annotated[list[str] | None, Query(description="Names of layers; default: all.")] = None,
    form: Annotated[Form, Query(alias="f", description="Form of the answer.")] = "geojson",
) -> Measured | Response:
    """Return minimum, maximum, mean, deviation and quartiles of each layer, or areas and shares of classes.

    A pixel counts with the share of it that lies in the polygon.
    """
    import rasterio

    layers = _layers(job, layer)
    features = [f.model_dump() for f in wanted.features]
    with rasterio.open(find_file(settings, job, f"{job.order.product}.tif")) as cog:
        zones = read_zones(features, cog.crs.to_string(), stated=(wanted.model_extra or {}).get("crs"))
        check_values(zones, cog, len(layers))
        found = measure(cog, layers, zones)
    if form == "csv":
        return Response(as_csv(features, zones, found), media_type=CSV)
    if form == "parquet":
        return Response(as_parquet(features, zones, found), media_type=PARQUET)
    for feature, zone, values in zip(features, zones, found, strict=True):
        own = {"statistics": values, **({"reason": zone.reason} if zone.reason else {})}
        feature["properties"] = {**(feature["properties"] or {}), **own}
    return Measured(job=job.id, simulated=is_simulated(item_of(job, items)), features=[Feature(**f) for f in features])


def _layers(job: Job, names: list[str] | None) -> list[Layer]:
    layers = {layer.name: layer for layer in layers_of(job)}
    for name in names or ():
        if name not in layers:
            raise UnknownResult(name, list(layers))
    return [layers[name] for name in names] if names else list(layers.values())
