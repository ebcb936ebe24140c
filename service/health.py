"""Whether the service is alive, whether it can accept orders, and its version."""

import redis
from fastapi import APIRouter
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

from core.errors import WorkerUnavailable
from core.settings import Settings
from core.version import software_version
from service.errors import refusals
from service.schemas import Health, Version
from service.state import CurrentLedger, CurrentSettings
from workers.queue.schema import reading

router = APIRouter(tags=["Service"])

AT_ONCE = Retry(NoBackoff(), 0)
"""A check of readiness reports the first failure; redis-py would retry for seconds."""


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answer 200 while the process is alive."""
    return Health()


@router.get(
    "/readyz", summary="Can orders be carried out?", responses=refusals({503: "Ledger or Redis cannot be reached."})
)
def readyz(ledger: CurrentLedger, settings: CurrentSettings) -> Health:
    """Answer 200 if ledger and Redis can be reached, else 503 with the reason."""
    with reading(ledger.engine) as connection:
        connection.execute(text("SELECT 1"))
    ping_redis(settings)
    return Health()


def ping_redis(settings: Settings) -> None:
    """Check that Redis answers.

    Raises:
        WorkerUnavailable: it does not answer, or none is set.
    """
    if settings.jobs.redis_url is None:
        raise WorkerUnavailable("no Redis is set; start the service with 'landcast serve'")
    url = settings.jobs.redis_url.get_secret_value().replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, retry=AT_ONCE) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise WorkerUnavailable(f"Redis does not answer ({type(error).__name__})") from error


@router.get("/version", summary="Version of the software")
async def version() -> Version:
    """Return the version of the software."""
    return Version(version=software_version())
