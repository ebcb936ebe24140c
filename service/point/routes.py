"""A pixel of a finished job: its layers, and its clear observations. How they are read: read.py."""

from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.access.shares import PARAMETER
from service.answers.caching import cache_control
from service.errors import busy, refusals
from service.point.read import read_history, read_point
from service.point.schemas import Point, PointHistory
from service.stac.search_request import check_parameters
from service.state import CurrentDependencies, CurrentSettings, FinishedMap

router = APIRouter(prefix="/jobs", tags=["Jobs"])

_HISTORIES = BoundedSemaphore(2)
"""Histories that one process reads at a time: each reads an archive."""
REFUSALS = refusals(
    {
        400: "The place lies outside the map.",
        404: "There is no such job, or the job has not finished.",
        500: "The job failed; the detail gives the reason.",
    }
)
READ = refusals(
    {
        502: "The archive does not answer, or its scenes cannot be read.",
        503: "Other histories are being read; try again in a few seconds.",
    }
)
PLACE = ("lon", "lat", PARAMETER)
"""Parameters: a CRS, for one, would change nothing."""
Longitude = Annotated[float, Query(ge=-180, le=180, description="Degrees east, WGS84.")]
Latitude = Annotated[float, Query(ge=-90, le=90, description="Degrees north, WGS84.")]


@router.get("/{job_id}/point", summary="One pixel of a result", responses=REFUSALS)
def point(
    job: FinishedMap, settings: CurrentSettings, request: Request, response: Response, lon: Longitude, lat: Latitude
) -> Point:
    """Return all layers of the pixel at a place: class and probabilities, or quantiles by date."""
    check_parameters(request.query_params, PLACE)
    response.headers["Cache-Control"] = cache_control(job)
    return read_point(settings, job, lon, lat)


@router.get(
    "/{job_id}/point/history",
    summary="Clear observations of one pixel",
    response_model=PointHistory,
    responses={**REFUSALS, **READ},
)
def point_history(
    job: FinishedMap, settings: CurrentSettings, dependencies: CurrentDependencies, lon: Longitude, lat: Latitude
) -> PointHistory | Response:
    """Return the clear NDVI of the pixel at a place in the period of the job, read from its archive."""
    if not _HISTORIES.acquire(timeout=20):
        return busy("Other histories are being read")
    try:
        return read_history(settings, dependencies, job, lon, lat)
    finally:
        _HISTORIES.release()
