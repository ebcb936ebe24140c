"""gzip for clients that take it, of JSON, pages and scripts. Files, pictures and event streams are sent as they are."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1000
"""Bytes; less fits one packet of the network anyway."""
LEVEL = 5
"""A search of 88 kB has 9 kB from level 4 on; level 9 takes three times as long."""
AS_THEY_ARE = ("/files/",)
"""Paths whose answers have ranges of bytes, which are of the file itself."""


class Compression:
    """ASGI middleware around Starlette's: leaves out files, and weakens the ETags of what it compresses.

    Two answers with the same strong ETag are the same bytes (RFC 9110, section 8.8.1), compressed and plain ones not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        kinds = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/tiff", "application/x-netcdf", "application/octet-stream")
        self._gzip = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=LEVEL, exclude_content_types=kinds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer compressed where that is useful."""

        async def send_weakly(message: Message) -> None:
            if message["type"] == "http.response.start":
                _weaken(MutableHeaders(raw=message["headers"]))
            await send(message)

        if scope["type"] != "http" or route_path(scope).startswith(AS_THEY_ARE):
            await self._app(scope, receive, send)
        else:
            await self._gzip(scope, receive, send_weakly)


def _weaken(headers: MutableHeaders) -> None:
    etag = headers.get("etag", "")
    if "content-encoding" in headers and etag.startswith('"'):
        headers["etag"] = f"W/{etag}"


def route_path(scope: Scope) -> str:
    """Return the path of a request below the root path of a proxy."""
    root, path = scope.get("root_path", "").rstrip("/"), str(scope["path"])
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
