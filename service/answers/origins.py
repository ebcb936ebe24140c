"""Pages of other web sites that may read answers and send orders: none, unless LANDCAST_CORS_ORIGINS names them."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import Settings

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
READABLE = (
    "Content-Range",
    "ETag",
    "Link",
    "Location",
    "OpenEO-Identifier",
    "Preference-Applied",
    "Retry-After",
    "X-No-Data",
    "X-Request-ID",
)
"""Headers that scripts may read besides those that browsers always show."""
PREFLIGHT_S = 600


class Origins:
    """ASGI middleware: Starlette's for the origins of the settings (Fetch standard, CORS protocol); else nothing.

    Keys are sent as `Authorization`, never as cookies, so credentials of browsers are not allowed.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        allowed = settings.http.cors_origins.split()
        self._app = app
        if allowed:
            self._app = CORSMiddleware(
                app,
                allow_origins=allowed,
                allow_methods=METHODS,
                allow_headers=["*"],
                expose_headers=READABLE,
                max_age=PREFLIGHT_S,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer the preflight of one."""
        await self._app(scope, receive, send)
