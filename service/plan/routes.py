"""The tiles of a job as GeoJSON. Its gaps are in its status: service/jobs.py."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from shapely.geometry import mapping

from core.errors import JobWithoutMap
from core.settings import Settings
from service.errors import refusals
from service.hidden_paths import hidden_paths
from service.links import GEOJSON, BaseUrl, link
from service.plan.schemas import PlanPage, TileFeature, TileProperties
from service.state import CurrentLedger, CurrentSettings, KnownJob
from workers.queue.plan.tiles import PlannedTile, plan_page

router = APIRouter(prefix="/jobs", tags=["Jobs"])

MAX_PAGE = 10_000
UNKNOWN = refusals({404: "There is no such job."})


class GeoJson(JSONResponse):
    """A document of GeoJSON."""

    media_type = GEOJSON


@router.get(
    "/{job_id}/plan",
    summary="Tiles of a job",
    responses=UNKNOWN,
    response_class=GeoJson,
    response_model=PlanPage,
)
def job_plan(
    found: KnownJob,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    base: BaseUrl,
    after: Annotated[str, Query(max_length=128, description="Only tiles whose keys follow this one.")] = "",
    limit: Annotated[int, Query(ge=1, description=f"Most tiles in one answer, {MAX_PAGE} at most.")] = 1000,
) -> GeoJson:
    """Return the tiles of a job with their footprints and states, in the order of their keys."""
    if found.order.is_of_fields:
        raise JobWithoutMap(found.id)
    limit = min(limit, MAX_PAGE)
    tiles = plan_page(ledger.engine, found.id, after=after, limit=limit + 1) if found.is_planned else []
    here = f"{base}/jobs/{found.id}/plan?limit={limit}"
    links = [link(here + (f"&after={quote(after)}" if after else ""), "self", kind=GEOJSON)]
    if len(tiles) > limit:
        links.append(link(f"{here}&after={quote(tiles[limit - 1].task.tile_key)}", "next", kind=GEOJSON))
    features = [_feature(planned, settings) for planned in tiles[:limit]]
    page = PlanPage(features=features, numberMatched=found.tiles_total, numberReturned=len(features), links=links)
    return GeoJson(page.model_dump(exclude_none=True))


def _feature(planned: PlannedTile, settings: Settings) -> TileFeature:
    task = planned.task
    return TileFeature(
        id=task.tile_key,
        geometry=dict(mapping(planned.tile.window.footprint_wgs84)),
        properties=TileProperties(
            status=task.state.value,
            attempts=task.attempts,
            reason=hidden_paths(task.error, settings) if task.error else None,
        ),
    )
