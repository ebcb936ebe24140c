"""Who sends a request: scopes, party and quotas, and which scope a request needs. Keys and tokens: keys.py, oidc.py."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.types import Scope as RequestScope

from core.errors import InvalidOption

READING = ("GET", "HEAD", "OPTIONS")
PUBLIC = re.compile(
    r"/(healthz|readyz|page/.*|\.well-known/openeo|openeo|openeo/(credentials/basic|file_formats|processes)?)?"
)
"""The page itself and its files, what probes of a container ask, and what clients of openEO ask without a token yet.

None of it holds data; `credentials/basic` checks the key that it is given.
"""
ADMIN = re.compile(r"/metrics")
ONLY_READ = re.compile(r"/stac/search|/openeo/validation|/processes/[^/]+/estimate|/jobs/[^/]+/(statistics|share)")
"""Paths to which POST changes nothing."""
SHARED = re.compile(
    r"/files/(?P<file>[^/]+)/[^/]+|/jobs/(?P<job>[^/]+)/(layers|point|preview\.png|tilejson\.json|wmts|tiles/.+)"
)
"""Paths that a share link opens."""


class Scope(StrEnum):
    """What a key may do."""

    READ = "read"
    """Products, estimates, jobs, results."""
    ORDER = "order"
    """Order, retry and dismiss."""
    ADMIN = "admin"
    """`GET /metrics`."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Quotas; None = as the settings say, 0 = no limit."""

    running_jobs: int | None = None
    """Jobs of the party that wait or run at a time."""
    pixels_per_day: int | None = None
    """Pixels of all tiles that the party has ordered within 24 hours."""
    requests_per_minute: int | None = None
    """Requests of the caller in a minute of the clock."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who sends a request."""

    id: str = ""
    """Of the key, or of the subject of a token; empty where no key is needed. Requests are counted by it."""
    key_id: str = ""
    """Of the key, if it has one: it may be revoked."""
    name: str = ""
    party: str = ""
    """Whose jobs it orders and sees."""
    scopes: frozenset[Scope] = frozenset()
    sees_all: bool = False
    """Whether it sees the jobs of all parties."""
    job_id: str = ""
    """The only job that a share link opens; empty = all of the party."""
    limits: Limits = field(default_factory=Limits)
    ends: float | None = None
    """When its token expires, seconds since 1970; None = it has a key, which is looked up, or needs none."""


NOBODY = Caller(party=" ")
"""Of public paths: may do nothing further. No key has a party of this name, and no job belongs to it."""
LOCAL = Caller(scopes=frozenset(Scope), sees_all=True)
"""Anyone on this machine, where no keys are needed."""


def read_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Return scopes by their names.

    Raises:
        InvalidOption: there is no such scope, or none is named.
    """
    given = [word.strip() for word in words if word.strip()]
    known = [scope.value for scope in Scope]
    for word in given:
        if word not in known:
            raise InvalidOption("scope", word, f"the scopes are {', '.join(known)}")
    if not given:
        raise InvalidOption("scope", "", f"name one or more of {', '.join(known)}")
    return frozenset(Scope(word) for word in given)


def route_path(scope: RequestScope) -> str:
    """Return the path that routes are compared with: without the path of a proxy before it, as Starlette cuts it."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path


def is_public(path: str) -> bool:
    """Tell whether a path needs no key."""
    return PUBLIC.fullmatch(path) is not None


def needed_scope(method: str, path: str) -> Scope:
    """Return the scope that a request needs; paths that are not known need the most that their method may do."""
    if ADMIN.fullmatch(path):
        return Scope.ADMIN
    return Scope.READ if method in READING or ONLY_READ.fullmatch(path) else Scope.ORDER


def shared_job(method: str, path: str) -> str:
    """Return the id of the job whose share link opens a path; empty if none does."""
    found = SHARED.fullmatch(path) if method in READING else None
    return (found["file"] or found["job"]) if found else ""
