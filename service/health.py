"""Whether the service is alive, whether it can accept orders, and its version."""

from collections.abc import Mapping

import redis
from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import StoreUnavailable, WorkerUnavailable
from core.groups.queues import Capability
from core.settings import Settings
from core.version import software_version
from service.errors import problem
from service.reconciler import Reconciler
from service.schemas import CheckName, Health, NotReady, Readiness, Version
from service.state import CurrentLedger, CurrentReconciler, CurrentSettings
from workers.disk import MIN_FREE_BYTES, free_bytes
from workers.queue.addresses.redis_address import redis_address
from workers.queue.capability.unserved import sentence
from workers.queue.ledger import Ledger
from workers.queue.presence import unserved
from workers.queue.schema import reading
from workers.store.open_store import open_store

router = APIRouter(tags=["Service"])

PING_S = 2.0
"""A check of readiness waits so long for Redis, and reports the first failure."""


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answer 200 while the process is alive."""
    return Health()


@router.get(
    "/readyz",
    summary="Can orders be carried out?",
    response_model=Readiness,
    responses={503: {"model": NotReady, "description": "A part is not ready; `checks` names it and the reason."}},
)
def readyz(ledger: CurrentLedger, settings: CurrentSettings, reconciler: CurrentReconciler) -> Response | Readiness:
    """Answer 200 if ledger, queue, reconciler, workers of all queues, disk and store are ready; else 503."""
    troubles = find_troubles(ledger, settings, reconciler)
    checks = {name: why or "ok" for name, why in troubles.items()}
    if not any(troubles.values()):
        return Readiness(checks=checks)
    reasons = "; ".join(f"{name}: {why}" for name, why in troubles.items() if why)
    detail = f"Jobs cannot be carried out now: {reasons}."
    return problem(503, WorkerUnavailable.title, detail, further={"checks": checks})


def find_troubles(ledger: Ledger, settings: Settings, reconciler: Reconciler | None) -> Mapping[CheckName, str]:
    """Return why each part is not ready, as the clause of a sentence; empty for one that is."""
    queue = _queue_trouble(settings)
    return {
        "ledger": _ledger_trouble(ledger),
        "queue": queue,
        "reconciler": reconciler.trouble() if reconciler else "",
        "worker": "it cannot be asked without Redis" if queue else _worker_trouble(settings),
        "disk": _disk_trouble(settings),
        "store": _store_trouble(settings),
    }


def _ledger_trouble(ledger: Ledger) -> str:
    try:
        with reading(ledger.engine) as connection:
            connection.execute(text("SELECT 1 FROM jobs LIMIT 1"))
    except SQLAlchemyError as error:
        return f"the ledger of jobs cannot be reached ({type(error).__name__})"
    return ""


def _queue_trouble(settings: Settings) -> str:
    try:
        ping_redis(settings)
    except WorkerUnavailable as error:
        return error.reason
    return ""


def _worker_trouble(settings: Settings) -> str:
    try:
        missing = unserved(settings)
        if len(missing) == len(Capability):
            return "no worker has given a sign of life lately"
        return sentence(missing) if missing else ""
    except WorkerUnavailable as error:
        return error.reason


def _disk_trouble(settings: Settings) -> str:
    try:
        free = free_bytes(settings.home)
    except OSError as error:
        return f"the home folder cannot be reached ({error.strerror})"
    is_full = free < MIN_FREE_BYTES
    return f"the disk of the home folder is full, {free / 1024**2:.0f} MiB are free" if is_full else ""


def _store_trouble(settings: Settings) -> str:
    try:
        open_store(settings).check()
    except StoreUnavailable as error:
        return error.reason
    return ""


def ping_redis(settings: Settings) -> None:
    """Check that Redis answers.

    Raises:
        WorkerUnavailable: it does not answer, or none is set.
    """
    if settings.jobs.redis_url is None:
        raise WorkerUnavailable("no Redis is set; start the service with 'landcast serve'")
    try:
        with redis_address(settings).client(timeout_s=PING_S) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise WorkerUnavailable(f"Redis does not answer ({type(error).__name__})") from error


@router.get("/version", summary="Version of the software")
async def version() -> Version:
    """Return the version of the software."""
    return Version(version=software_version())
