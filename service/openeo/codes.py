"""Codes of openEO for refusals that no route of openEO answers: unknown paths, keys, limits, hosts, failures."""

import json
import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answers.compression import route_path
from service.errors import PROBLEM_TYPE
from service.openeo.refusals import MAX_MESSAGE

PATHS = re.compile(r"/openeo(/.*)?|/\.well-known/openeo", re.DOTALL)
WRONG_TOKEN = "invalid_token"  # noqa: S105 - a word of RFC 6750
CODES = {
    400: "RequestInvalid",
    401: "AuthenticationRequired",
    403: "PermissionsInsufficient",
    404: "NotFound",
    405: "FeatureUnsupported",
    413: "RequestTooLarge",
    429: "RateLimitExceeded",
    500: "Internal",
    503: "InfrastructureBusy",
}
"""By status, as openEO's list of errors names them where it has a name."""
OTHER = "RequestInvalid"


class OpenEoCodes:
    """ASGI middleware: problem details below `/openeo` have the members `code` and `message`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and a refusal with its code."""
        if scope["type"] != "http" or not PATHS.fullmatch(route_path(scope)):
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def send_coded(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body = coded(start, message["body"])
                await send(start)
                await send({**message, "body": body})
                start = None

        await self._app(scope, receive, send_coded)


def coded(start: Message, body: bytes) -> bytes:
    """Return problem details with a code and a message, and set the length of the answer that begins with `start`."""
    found: dict[str, Any] = json.loads(body)
    if "code" in found:
        return body
    headers = MutableHeaders(raw=start["headers"])
    is_wrong_token = WRONG_TOKEN in headers.get("www-authenticate", "")
    code = "TokenInvalid" if is_wrong_token else CODES.get(found["status"], OTHER)
    text = json.dumps({**found, "code": code, "message": found["detail"][:MAX_MESSAGE]}).encode()
    headers["content-length"] = str(len(text))
    return text


def _is_problem(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= 400 and kind.partition(";")[0] == PROBLEM_TYPE
