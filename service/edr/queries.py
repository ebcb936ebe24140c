"""EDR queries of values: at a place, in an area, of the newest result that fits or of one job. Found in find.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.job import Job
from core.region import Region
from core.settings import Settings
from service.answers.caching import ASK, cache_control
from service.edr.collections import about_url
from service.edr.coords import CRS84, Place, other_readings, read_area, read_crs, read_place, short
from service.edr.coverage import COVERAGE_JSON, OF_OBSERVATIONS, OF_RESULTS, about, coverage_json
from service.edr.find import OBSERVED_ID, Result, check_collection, check_names, newest, result_of
from service.edr.find import Query as Wanted
from service.edr.routes import check_instance
from service.edr.schemas import Coverage
from service.edr.table import CSV, as_csv
from service.edr.times import read_times
from service.edr.values import Values, of_block, of_history, of_point
from service.errors import refusals
from service.links import GEOJSON, base_url
from service.point.area import read_block
from service.point.read import read_point
from service.point.routes import point_history
from service.preview import item_of
from service.stac.search_request import check_parameters, split_words
from service.state import CurrentDependencies, CurrentItems, CurrentLedger, CurrentSettings, FinishedJob
from workers.dependencies import Dependencies
from workers.queue.items import Items
from workers.queue.ledger import Ledger

router = APIRouter(prefix="/edr/collections", tags=["EDR"])

KNOWN = ("coords", "crs", "datetime", "parameter-name", "parameter_names", "z", "f")
REASON = "X-No-Data"
"""Header of an answer without values: the reason, a sentence. Status 204, which the standard asks for, has no body."""
CONTENT: dict[str, Any] = {COVERAGE_JSON: {"schema": {"$ref": "#/components/schemas/Coverage"}}, "text/csv": {}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Coverage, "description": "The values, with the job that they are of.", "content": CONTENT},
    204: {"description": f"No finished result has what is asked for; the header `{REASON}` says why."},
    **refusals(
        {
            400: "The query is not valid, or asks for too much; the detail gives the reason.",
            404: "There is no such collection or instance, or the job has not finished.",
            500: "The job failed; the detail gives the reason.",
            502: "The archive does not answer, or its scenes cannot be read.",
            503: "Other histories are being read; try again in a few seconds.",
        }
    ),
}


class CoverageAnswer(JSONResponse):
    """CoverageJSON."""

    media_type = COVERAGE_JSON


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Parameters that all queries have, read."""

    coords: str
    crs: str
    query: Wanted
    form: str


def asked(
    request: Request,
    collection_id: str,
    coords: Annotated[str, Query(description="Well-Known Text: longitude before latitude, or as `crs` says.")],
    crs: Annotated[
        str | None,
        Query(description="Of `coords` and of the answer: CRS84, or a projected one, as `EPSG:32632`."),
    ] = None,
    time: Annotated[
        str | None,
        Query(alias="datetime", description="A time (RFC 3339) or day, an interval with `/`, or several with commas."),
    ] = None,
    names: Annotated[
        str | None, Query(alias="parameter-name", description="Parameters, separated by commas; default: all.")
    ] = None,
    names_of_owslib: Annotated[
        str | None, Query(alias="parameter_names", description="The same, as OWSLib writes it.")
    ] = None,
    z: Annotated[str | None, Query(description="Changes nothing: results have no height.")] = None,
    form: Annotated[Literal["CoverageJSON", "CSV"], Query(alias="f", description="Form of the answer.")] = (
        "CoverageJSON"
    ),
) -> Asked:
    """Return what a query asks for; unknown parameters are refused."""
    check_collection(collection_id)
    check_parameters(request.query_params, KNOWN)
    parameters = tuple(split_words(names if names is not None else names_of_owslib) or ())
    query = Wanted(collection=collection_id, names=parameters, times=read_times(time))
    return Asked(coords=coords, crs=read_crs(crs), query=query, form=form)


CurrentQuery = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads the values of a result, and writes the answer."""

    settings: Settings
    dependencies: Dependencies
    base: str

    def at(self, result: Result | None, place: Place, given: Asked) -> Response:
        """Return the answer of a position query."""
        if result is None:
            return nothing(f"No finished result of '{given.query.collection}' with what is asked for covers the place.")
        if given.query.collection == OBSERVED_ID:
            return self._history(result, place, given)
        names = {layer.name for layer in result.layers}
        found = read_point(self.settings, result.job, place.longitude, place.latitude, names)
        return self._answer(result, of_point(found, result.layers, result.times, place), given)

    def within(self, result: Result | None, area: Region, given: Asked) -> Response:
        """Return the answer of an area query."""
        if result is None:
            return nothing(f"No finished result of '{given.query.collection}' with what is asked for meets the area.")
        own = result.crs
        if given.crs not in (CRS84, own):
            raise InvalidOption("crs", given.crs, f"the result of job {result.job.id} is in {own}; name that or CRS84")
        block = read_block(self.settings, result.job, area, {layer.name for layer in result.layers})
        if block is None:
            return nothing("No pixel of the result belongs to the area.")
        return self._answer(result, of_block(block, result.times, given.crs), given)

    def _history(self, result: Result, place: Place, given: Asked) -> Response:
        found = point_history(result.job, self.settings, self.dependencies, place.longitude, place.latitude)
        if isinstance(found, Response):
            return found
        values = of_history(found, place, given.query.times)
        if values is None:
            return nothing(f"The archive shows no clear observation of the place at that time in {found.period}.")
        return self._answer(result, values, given)

    def _answer(self, result: Result, values: Values, given: Asked) -> Response:
        product = result.job.order.product
        facts = about(result, OF_OBSERVATIONS if given.query.collection == OBSERVED_ID else OF_RESULTS)
        links = (
            f'<{self.base}/stac/collections/{product}/items/{result.job.id}>; rel="describedby"; type="{GEOJSON}"',
            f'<{self.base}/jobs/{result.job.id}>; rel="via"; type="application/json"',
        )
        headers = {"Link": ", ".join(links), "Cache-Control": ASK}
        if given.form == "CSV":
            return Response(as_csv(values, facts), media_type=CSV, headers=headers)
        return CoverageAnswer(coverage_json(values, facts, about_url(self.base, product)), headers=headers)


def _reader(request: Request, settings: CurrentSettings, dependencies: CurrentDependencies) -> Reader:
    return Reader(settings=settings, dependencies=dependencies, base=base_url(request))


CurrentReader = Annotated[Reader, Depends(_reader)]


@router.get("/{collection_id}/position", summary="Values at a place", responses=ANSWERS, response_class=CoverageAnswer)
def edr_position(given: CurrentQuery, reader: CurrentReader, ledger: CurrentLedger, items: CurrentItems) -> Response:
    """Return the values of the pixel at `POINT(lon lat)`, of the newest finished result that covers it.

    Results are never mixed. The answer names the job, how complete it is and what it rests on. Unseen pixels are null,
    in CSV empty.
    """
    place = read_place(given.coords, given.crs)
    found = _looked_up(lambda where: newest(ledger, items, given.query, where, whole=False), place.point, given)
    return reader.at(found, place, given)


@router.get("/{collection_id}/area", summary="Values in an area", responses=ANSWERS, response_class=CoverageAnswer)
def edr_area(given: CurrentQuery, reader: CurrentReader, ledger: CurrentLedger, items: CurrentItems) -> Response:
    """Return the pixels of `POLYGON((...))` as a grid: of the newest finished result that covers it, else meets it."""
    _check_has_areas(given)
    area = read_area(given.coords, given.crs)
    found = _looked_up(lambda where: newest(ledger, items, given.query, where, whole=True), area.geometry, given)
    return reader.within(found, area, given)


@router.get(
    "/{collection_id}/instances/{job_id}/position",
    summary="Values of one job at a place",
    responses=ANSWERS,
    response_class=CoverageAnswer,
)
def edr_instance_position(
    job: FinishedJob, given: CurrentQuery, reader: CurrentReader, ledger: CurrentLedger, items: CurrentItems
) -> Response:
    """Return the values of the pixel at `POINT(lon lat)` in the result of one job."""
    place = read_place(given.coords, given.crs)
    found = _looked_up(lambda where: _of_job(job, given, ledger, items, where), place.point, given)
    answer = reader.at(found, place, given)
    if given.query.collection != OBSERVED_ID and answer.status_code == 200:
        answer.headers["Cache-Control"] = cache_control(job)
    return answer


@router.get(
    "/{collection_id}/instances/{job_id}/area",
    summary="Values of one job in an area",
    responses=ANSWERS,
    response_class=CoverageAnswer,
)
def edr_instance_area(
    job: FinishedJob, given: CurrentQuery, reader: CurrentReader, ledger: CurrentLedger, items: CurrentItems
) -> Response:
    """Return the pixels of `POLYGON((...))` in the result of one job, as a grid."""
    _check_has_areas(given)
    area = read_area(given.coords, given.crs)
    found = _looked_up(lambda where: _of_job(job, given, ledger, items, where), area.geometry, given)
    answer = reader.within(found, area, given)
    if answer.status_code == 200:
        answer.headers["Cache-Control"] = cache_control(job)
    return answer


def nothing(reason: str) -> Response:
    """Return the answer to a query for which there are no values."""
    return Response(status_code=204, headers={REASON: reason, "Cache-Control": ASK})


def _looked_up(find: Callable[[BaseGeometry], Result | None], where: BaseGeometry, given: Asked) -> Result | None:
    """Return the result at a place, None if there is none.

    Raises:
        InvalidOption: there is none, and the coordinates seem to be meant for another place.
    """
    found = find(where)
    for other, advice in other_readings(given.coords, given.crs) if found is None else ():
        if other is None or find(other) is not None:
            raise InvalidOption("coords", short(given.coords), advice)
    return found


def _of_job(job: Job, given: Asked, ledger: Ledger, items: Items, where: BaseGeometry) -> Result | None:
    check_instance(given.query.collection, job.id, job.order.product)
    item = item_of(job, items)
    found = result_of(ledger, item, given.query)
    if found is None:
        check_names(given.query)
        return None
    return found if found.footprint.intersects(where) else None


def _check_has_areas(given: Asked) -> None:
    if given.query.collection == OBSERVED_ID:
        raise InvalidOption("query", "area", f"'{OBSERVED_ID}' has position queries; a product's collection has areas")
