"""The audit log: a line of JSON for each order, download, share, dismissal and change of a key, with who did it.

The lines go to `logs/audit.log` in the home folder, which its owner alone can read, and to the logger `landcast.audit`.
How long they are kept: audit_files.py.
"""

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.audit_files import AuditFiles
from service.access.caller import NOBODY, Caller, route_path

logger = logging.getLogger("landcast.audit")

FILE_NAME = "audit.log"
ACTIONS = (
    ("POST", re.compile(r"/processes/(?P<product>[^/]+)/execution"), "order"),
    ("POST", re.compile(r"/standing-orders"), "standing-order"),
    ("PATCH", re.compile(r"/standing-orders/(?P<order>[^/]+)"), "standing-order-change"),
    ("DELETE", re.compile(r"/standing-orders/(?P<order>[^/]+)"), "standing-order-removal"),
    ("POST", re.compile(r"/jobs/(?P<job>[^/]+)/retry"), "retry"),
    ("POST", re.compile(r"/jobs/(?P<job>[^/]+)/share"), "share"),
    ("DELETE", re.compile(r"/jobs/(?P<job>[^/]+)"), "dismissal"),
    ("GET", re.compile(r"/files/(?P<job>[^/]+)/(?P<file>[^/]+)"), "download"),
)
"""Requests that leave a line: method, path, name."""
REFUSED = 400
"""From this status on a request has done nothing."""


class AuditLog:
    """Writes lines below a home folder. May be used from several threads and processes."""

    def __init__(self, home: Path, *, days: int = 0) -> None:
        """Write below a home folder, and remove what is older than so many days; 0 = nothing for its age."""
        self._files = AuditFiles(home / "logs" / FILE_NAME, days=days)

    def note(self, action: str, caller: Caller = NOBODY, **facts: str | int) -> None:
        """Write what somebody has done; a line that cannot be written is logged as an error."""
        who = {"key": caller.id, "name": caller.name, "party": caller.party.strip()}
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": moment, "action": action, **who, **facts})
        logger.info("%s", line)
        try:
            self._files.append(line)
        except OSError as error:
            logging.getLogger(__name__).error("audit line not written reason=%s line=%s", error, line)


class Audit:
    """ASGI middleware: notes what requests have done, once their answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        found = _action(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        action, facts = found

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < REFUSED:
                _note(scope, message, action, facts)
            await send(message)

        await self._app(scope, receive, note)


def _action(scope: Scope) -> tuple[str, dict[str, str]] | None:
    path = route_path(scope)
    for method, pattern, action in ACTIONS:
        found = pattern.fullmatch(path) if scope["method"] == method else None
        if found is not None:
            return action, found.groupdict()
    return None


def _note(scope: Scope, message: Message, action: str, facts: dict[str, str]) -> None:
    further: dict[str, str | int] = {**facts, "status": message["status"], "address": (scope.get("client") or ("",))[0]}
    location, range_ = Headers(raw=message["headers"]).get("location"), Headers(scope=scope).get("range")
    if action in ("order", "standing-order") and location:
        further["job" if action == "order" else "order"] = location.rsplit("/", 1)[-1]
    if action == "download" and range_:
        further["range"] = range_[:100]
    log: AuditLog = scope["app"].state.audit
    log.note(action, scope["state"]["caller"], **further)
