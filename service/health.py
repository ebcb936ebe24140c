"""Whether the service lives, whether it can carry out orders, and its version."""

import redis
from fastapi import APIRouter, Request
from sqlalchemy import text

from core.errors import WorkerUnavailable
from core.settings import Settings
from core.version import software_version
from service.schemas import Health, Problem, Version
from workers.queue.schema import reading

router = APIRouter(tags=["Service"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answer as long as the process lives."""
    return Health()


@router.get("/readyz", summary="Can orders be carried out?", responses={503: {"model": Problem}})
def readyz(request: Request) -> Health:
    """Answer 200 if ledger and Redis can be reached, else 503 with the reason."""
    with reading(request.app.state.ledger.engine) as connection:
        connection.execute(text("SELECT 1"))
    ping_redis(request.app.state.settings)
    return Health()


def ping_redis(settings: Settings) -> None:
    """Ask Redis for a sign of life.

    Raises:
        WorkerUnavailable: it gives none.
    """
    if settings.redis_url is None:
        raise WorkerUnavailable("no Redis is set; start the service with 'landcast serve'")
    url = settings.redis_url.get_secret_value().replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise WorkerUnavailable(f"Redis does not answer ({type(error).__name__})") from error


@router.get("/version", summary="Version of the software")
async def version() -> Version:
    """Return the version of the software."""
    return Version(version=software_version())
