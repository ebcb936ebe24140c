"""Ordering fields over REST. Orders are checked in workers/fields/accept.py; products: service/processes.py."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter

from core.job import FIELDS
from service.fields.describe import description
from service.links import BaseUrl
from service.ordering.submission import CurrentSubmission
from service.ordering.values import CONFLICT, REFUSALS, WAITED, plain_values
from service.results import FIELD_OUTPUTS
from service.schemas import Estimate, Execute, Process, StatusInfo
from service.state import CurrentDependencies, CurrentSettings
from workers.fields import accept

router = APIRouter(prefix=f"/processes/{FIELDS}", tags=["Processes"])


@router.get("", summary="Describe the process of fields", response_model_exclude_none=True)
def fields_process(base: BaseUrl) -> Process:
    """Return the inputs of an order of fields, each with a JSON schema, and its outputs."""
    return description(base)


@router.post("/estimate", summary="Estimate an order of fields", responses=REFUSALS, response_model_exclude_none=True)
def estimate_fields(order: Execute, settings: CurrentSettings, dependencies: CurrentDependencies) -> Estimate:
    """Check an order of fields and return its size and expected run time; nothing is ordered."""
    return Estimate.model_validate(accept.estimate_fields(_inputs(order), settings, dependencies))


@router.post(
    "/execution",
    status_code=201,
    summary="Order fields",
    responses={**WAITED, **REFUSALS, **CONFLICT},
    response_model_exclude_none=True,
)
def execute_fields(
    order: Execute, settings: CurrentSettings, dependencies: CurrentDependencies, submission: CurrentSubmission
) -> StatusInfo:
    """Check an order of fields and accept it as a job; `Location` is the URL of the job.

    Its results are tables with a line for each field and date. A field that cannot be measured has a line with the
    reason.
    """
    found = accept.check_fields(_inputs(order), settings, dependencies)
    accepted = replace(found.order, outputs=tuple(order.outputs or ()))
    return submission.submit(order, accepted, pixels=found.pixels, upload=found.upload)


def _inputs(order: Execute) -> dict[str, Any]:
    return plain_values(order, FIELDS, {o.id: o.kind for o in FIELD_OUTPUTS})
