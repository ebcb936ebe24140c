"""`GET /metrics` in the text form of Prometheus. Where keys are needed, it needs one with the scope `admin`."""

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from core.settings import Settings
from service.metrics.requests import RequestFigures
from service.metrics.state import StateCollector
from workers.queue.ledger import Ledger

router = APIRouter(tags=["Service"])

PROMETHEUS = "text/plain"
TEXT: dict[int | str, dict[str, object]] = {
    200: {"description": "The figures.", "content": {PROMETHEUS: {"schema": {"type": "string"}}}}
}


def register(app: FastAPI, ledger: Ledger, settings: Settings) -> None:
    """Give an application figures of its own."""
    app.state.figures = registry = CollectorRegistry()
    app.state.request_figures = RequestFigures(registry)
    registry.register(StateCollector(ledger, settings))


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses=TEXT)
def metrics(request: Request) -> Response:
    """Return jobs, tiles, queue, workers, and the requests that this process has answered."""
    return Response(generate_latest(request.app.state.figures), media_type=CONTENT_TYPE_LATEST)
