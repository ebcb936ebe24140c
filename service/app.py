"""The application: it assembles routes, opens the ledger, starts the reconciler. Routes live in the other modules."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.region import MAX_FILE_BYTES
from core.settings import Settings
from core.version import software_version
from service import archives, errors, files, health, jobs, page, preview, processes
from service.description import describe
from service.idempotency import Keys
from service.reconciler import Reconciler
from service.stac import routes as stac
from workers.queue.items import Items
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.publish import publish_missing

log = logging.getLogger(__name__)

MAX_BODY_BYTES = MAX_FILE_BYTES

ROUTERS: tuple[APIRouter, ...] = (
    page.router,
    health.router,
    processes.router,
    jobs.router,
    preview.router,
    files.router,
    archives.router,
    stac.router,
)


def create_app(settings: Settings, *, reconcile: bool = True) -> FastAPI:
    """Return the application; it opens and writes nothing before it starts.

    Args:
        settings: where ledger and Redis are.
        reconcile: start the thread that gives lost tiles to other workers and closes jobs.
    """
    app = FastAPI(
        title="landcast",
        version=software_version(),
        lifespan=_lifespan(settings, reconcile=reconcile),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    errors.register(app)
    for router in ROUTERS:
        app.include_router(router)
    page.mount_static(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _lifespan(settings: Settings, *, reconcile: bool) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ledger = open_ledger(settings)
        app.state.ledger, app.state.items, app.state.keys = ledger, Items(ledger.engine), Keys(ledger.engine)
        app.state.reconciler = Reconciler(ledger, settings) if reconcile else None
        stop = threading.Event()
        threads = [threading.Thread(target=_publish, args=(ledger, settings, stop), name="publish", daemon=True)]
        if app.state.reconciler is not None:
            threads.append(
                threading.Thread(target=app.state.reconciler.run, args=(stop,), name="reconcile", daemon=True)
            )
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join()

    return lifespan


def _publish(ledger: Ledger, settings: Settings, stop: threading.Event) -> None:
    """Publish results of an older version's jobs, in the background: there may be many, and the API need not wait."""
    try:
        publish_missing(ledger.engine, settings, stop.is_set)
    except SQLAlchemyError:
        log.exception("results of earlier jobs are not all published; the next start continues")


class BodyLimit:
    """ASGI middleware that answers 413 if the declared or received size of a body exceeds a limit."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            return await errors.too_large(self._max_bytes)(scope, receive, send)
        return await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def count() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise errors.BodyTooLarge(self._max_bytes)
            return message

        return count
