"""The application: it assembles routes, opens the ledger, starts the reconciler. Routes live in the other modules."""

import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.exc import SQLAlchemyError

from core.settings import Settings
from core.version import software_version
from service import archives, errors, files, health, jobs, page, preview, processes
from service.access.audit import Audit, AuditLog
from service.access.check import Access, KeyCheck
from service.access.hosts import HostCheck, SafeHeaders
from service.access.owners import check_owner
from service.access.quotas import Quotas
from service.access.shares import Shares
from service.answers.compression import Compression
from service.answers.head import Head
from service.answers.origins import Origins
from service.answers.redirects import PublicRedirects
from service.answers.request_id import RequestIds
from service.answers.tags import Tags
from service.answers.together import Together
from service.answers.wait import Wait
from service.background.start import start_background
from service.bodies import Bodies
from service.definition import routes as definition
from service.description import describe
from service.edr import queries as edr_queries
from service.edr import routes as edr
from service.fields import routes as fields
from service.follow import routes as follow
from service.follow.streams import Streams
from service.idempotency import Keys
from service.metrics import routes as metrics
from service.metrics.requests import Measured
from service.openeo import jobs as openeo_jobs
from service.openeo import routes as openeo
from service.openeo.codes import OpenEoCodes
from service.plan import routes as plan
from service.point import routes as point
from service.reconciler import Reconciler
from service.sharing import routes as sharing
from service.stac import routes as stac
from service.standing import routes as standing
from service.statistics import routes as statistics
from service.tiles import routes as tiles
from service.webhooks import routes as webhooks
from workers.queue.items import Items
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.publish import publish_missing
from workers.recent_archives import recent_dependencies

log = logging.getLogger(__name__)


ROUTERS: tuple[APIRouter, ...] = (
    page.router,
    definition.router,
    health.router,
    metrics.router,
    fields.router,  # before those of any {process_id}
    processes.router,
    jobs.router,
    follow.router,
    plan.router,
    sharing.router,
    webhooks.router,
    preview.router,
    point.router,
    tiles.router,
    statistics.router,
    files.router,
    archives.router,
    standing.router,
    stac.router,
    edr.router,
    edr_queries.router,
    openeo.router,
    openeo_jobs.router,
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
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings, app.state.dependencies, app.state.together = settings, recent_dependencies(), Together()
    app.add_middleware(Measured)
    app.add_middleware(Bodies)
    app.add_middleware(Wait)
    app.add_middleware(Audit)
    app.add_middleware(KeyCheck)
    app.add_middleware(PublicRedirects)
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(OpenEoCodes)
    app.add_middleware(Tags)
    app.add_middleware(Compression)
    app.add_middleware(Head)
    app.add_middleware(Origins, settings=settings)
    app.add_middleware(SafeHeaders)
    app.add_middleware(RequestIds)
    errors.register(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(check_owner)])
    page.mount_static(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def end_streams(app: FastAPI) -> None:
    """Let all streams of events end, so that a server that stops need not break them off."""
    if hasattr(app.state, "streams"):  # it has started
        app.state.streams.end()


def _lifespan(settings: Settings, *, reconcile: bool) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ledger = open_ledger(settings)
        app.state.ledger, app.state.items, app.state.keys = ledger, Items(ledger.engine), Keys(ledger.engine)
        _let_in(app, ledger, settings)
        metrics.register(app, ledger, settings)
        app.state.streams = Streams(ledger.engine)
        app.state.reconciler = Reconciler(ledger, settings) if reconcile else None
        stop = threading.Event()
        threads = [threading.Thread(target=_publish, args=(ledger, settings, stop), name="publish", daemon=True)]
        if app.state.reconciler is not None:
            threads.append(
                threading.Thread(target=app.state.reconciler.run, args=(stop,), name="reconcile", daemon=True)
            )
        for thread in threads:
            thread.start()
        if reconcile:
            threads += start_background(app, ledger, settings, stop)
        gc.collect()
        gc.freeze()  # what is loaded stays: else each large body makes the collector look at all of it, for 0.3 s
        yield
        stop.set()
        app.state.streams.close()
        for thread in threads:
            thread.join()

    return lifespan


def _let_in(app: FastAPI, ledger: Ledger, settings: Settings) -> None:
    """Prepare what decides who may do what, and notes what they did."""
    shares, quotas = Shares(ledger.engine), Quotas(ledger.engine, settings)
    app.state.shares, app.state.quotas = shares, quotas
    app.state.audit = AuditLog(settings.home, days=settings.access.audit_days)
    app.state.access = Access(ledger.engine, settings, shares=shares, quotas=quotas)


def _publish(ledger: Ledger, settings: Settings, stop: threading.Event) -> None:
    """Publish results of an older version's jobs, in the background: there may be many, and the API need not wait."""
    try:
        publish_missing(ledger.engine, settings, stop.is_set)
    except SQLAlchemyError:
        log.exception("results of earlier jobs are not all published; the next start continues")
