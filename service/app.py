"""The application: routes put together, ledger opened, reconciler started. No route lives here."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import LandcastError
from core.region import MAX_FILE_BYTES
from core.settings import Settings
from core.version import software_version
from service import archives, errors, files, health, jobs, page, preview, processes
from service.description import describe
from service.idempotency import Keys
from service.stac import routes as stac
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.reconcile import reconcile as reconcile_once

log = logging.getLogger(__name__)

MAX_BODY_BYTES = MAX_FILE_BYTES
RECONCILE_SECONDS = 1.0
"""Pause between two looks at the ledger: how long a tile whose lease ran out waits at most for its next worker."""

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
    """Return the application; nothing is opened or written before it starts.

    Args:
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
        app.state.ledger = ledger
        app.state.keys = Keys(ledger.engine)
        stop = threading.Event()
        thread = threading.Thread(target=_reconcile, args=(ledger, settings, stop), name="reconciler", daemon=True)
        if reconcile:
            thread.start()
        yield
        stop.set()
        if reconcile:
            thread.join()

    return lifespan


def _reconcile(ledger: Ledger, settings: Settings, stop: threading.Event) -> None:
    while not stop.wait(RECONCILE_SECONDS):
        try:
            reconcile_once(ledger, settings)
        except (LandcastError, OSError):
            log.exception("reconciler could not do its round; it goes on")


class BodyLimit:
    """ASGI middleware that answers 413 to bodies above a size, declared or counted."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
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
