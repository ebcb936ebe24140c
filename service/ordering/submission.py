"""A checked order made a job: once for each idempotency key, within the quotas, with who is told of it."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from core.job import Order
from core.settings import Settings
from service.access.caller import Caller
from service.access.quotas import Quotas
from service.answers.prefer import read_preferences
from service.idempotency import MAX_KEY, Keys, body_sha256
from service.jobs import status_info
from service.links import BaseUrl
from service.ordering.values import PREFER
from service.schemas import Execute, StatusInfo
from service.state import CurrentCaller, CurrentKeys, CurrentQuotas, CurrentSettings
from service.webhooks.subscribe import also_subscribe, read_subscriber
from workers.queue import dispatch


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a request brings besides its order."""

    request: Request
    response: Response
    settings: Settings
    keys: Keys
    caller: Caller
    quotas: Quotas
    base: str
    idempotency_key: str | None
    prefer: str | None

    def submit(self, given: Execute, accepted: Order, *, pixels: int, upload: bytes | None = None) -> StatusInfo:
        """Accept an order as a job; `Location` is its URL.

        Args:
            given: as it was sent.
            accepted: as it was checked.
            pixels, upload: see `workers.queue.planning.Planning.add`.
        """
        subscriber = read_subscriber(given.subscriber, self.settings)
        job_id = self._job_id(given, accepted.product)
        admit = also_subscribe(
            self.quotas.admit(self.caller), subscriber, job_id=job_id, base=self.base, caller=self.caller.id
        )
        job = dispatch.submit(
            accepted,
            self.settings,
            pixels=pixels,
            job_id=job_id,
            party=self.caller.party,
            admit=admit,
            upload=upload,
        )
        self.request.state.pixels = pixels  # for answers/wait.py: whether it is small enough to wait for
        self.response.headers["Location"] = f"{self.base}/jobs/{job.id}"
        if read_preferences(self.prefer).respond_async:
            self.response.headers["Preference-Applied"] = "respond-async"
        return status_info(job, self.base, self.settings)

    def _job_id(self, given: Execute, process_id: str) -> str:
        if not self.idempotency_key:
            return uuid.uuid4().hex[:12]
        return self.keys.reserve(self.idempotency_key, _digest(process_id, given), party=self.caller.party)


def _digest(process_id: str, order: Execute) -> str:
    """Return the digest of an order; that of one for all outputs is the same as before there was a choice."""
    body: Any = order.inputs
    if order.subscriber is not None:
        body = [order.inputs, sorted(order.outputs or ()), order.subscriber.model_dump()]
    elif order.outputs:
        body = [order.inputs, sorted(order.outputs)]
    return body_sha256(process_id, body)


def _submission(
    request: Request,
    response: Response,
    settings: CurrentSettings,
    keys: CurrentKeys,
    caller: CurrentCaller,
    quotas: CurrentQuotas,
    base: BaseUrl,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=MAX_KEY,
            pattern=r"^[\x21-\x7e]+$",
            description="Text of your choice; sending the same order with the same key again gives the same job.",
        ),
    ] = None,
    prefer: Annotated[str | None, Header(description=PREFER)] = None,
) -> Submission:
    return Submission(
        request=request,
        response=response,
        settings=settings,
        keys=keys,
        caller=caller,
        quotas=quotas,
        base=base,
        idempotency_key=idempotency_key,
        prefer=prefer,
    )


CurrentSubmission = Annotated[Submission, Depends(_submission)]
"""The request, as an order becomes a job by it."""
