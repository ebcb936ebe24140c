"""Requests counted and timed by route, method and status. Labels come from routes, never from what a client wrote."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Route of a path that the service does not have, and method that HTTP does not know."""


class RequestFigures:
    """Counts and durations of one process since its start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.counts = Counter(
            "landcast_http_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            "landcast_http_request_seconds", "Time to the first byte of the answer.", ("route",), registry=registry
        )


class Measured:
    """ASGI middleware: notes each request once its answer begins, in `app.state.request_figures`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, note)


def _note(scope: Scope, status: int, seconds: float) -> None:
    figures: RequestFigures = scope["app"].state.request_figures
    route = str(getattr(scope.get("route"), "path", OTHER))
    method = scope["method"] if scope["method"] in METHODS else OTHER
    figures.counts.labels(route, method, str(status)).inc()
    figures.seconds.labels(route).observe(seconds)
