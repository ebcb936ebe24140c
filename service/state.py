"""What a request works with: settings, ledger, published items, and the job that its path names. No routes."""

from typing import Annotated

from fastapi import Depends, Request

from core.job import Job
from core.settings import Settings
from service.access.caller import Caller
from service.access.owners import caller_of
from service.access.quotas import Quotas
from service.idempotency import Keys
from service.reconciler import Reconciler
from service.results import find_job, finished_job, finished_map
from workers.dependencies import Dependencies
from workers.queue.items import Items
from workers.queue.ledger import Ledger


async def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _ledger(request: Request) -> Ledger:
    found: Ledger = request.app.state.ledger
    return found


async def _items(request: Request) -> Items:
    found: Items = request.app.state.items
    return found.of_party(party_seen(caller_of(request)))


async def _keys(request: Request) -> Keys:
    found: Keys = request.app.state.keys
    return found


async def _reconciler(request: Request) -> Reconciler | None:
    found: Reconciler | None = request.app.state.reconciler
    return found


async def _caller(request: Request) -> Caller:
    return caller_of(request)


async def _quotas(request: Request) -> Quotas:
    found: Quotas = request.app.state.quotas
    return found


def party_seen(caller: Caller) -> str | None:
    """Return the party whose jobs and items a caller sees; None = those of all."""
    return None if caller.sees_all else caller.party


async def _dependencies(request: Request) -> Dependencies:
    found: Dependencies = request.app.state.dependencies
    return found


CurrentDependencies = Annotated[Dependencies, Depends(_dependencies)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
CurrentLedger = Annotated[Ledger, Depends(_ledger)]
CurrentItems = Annotated[Items, Depends(_items)]
"""Those that the caller may see."""
CurrentCaller = Annotated[Caller, Depends(_caller)]
CurrentQuotas = Annotated[Quotas, Depends(_quotas)]
CurrentKeys = Annotated[Keys, Depends(_keys)]
CurrentReconciler = Annotated[Reconciler | None, Depends(_reconciler)]
"""None where another process of the same ledger reconciles."""


def _known_job(job_id: str, ledger: CurrentLedger) -> Job:
    return find_job(ledger, job_id)


def _finished_job(job_id: str, ledger: CurrentLedger) -> Job:
    return finished_job(ledger, job_id)


def _finished_map(job_id: str, ledger: CurrentLedger) -> Job:
    return finished_map(ledger, job_id)


KnownJob = Annotated[Job, Depends(_known_job)]
"""The job that `{job_id}` of the path names; UnknownJob if there is none."""
FinishedJob = Annotated[Job, Depends(_finished_job)]
"""The same, but only if it was successful; see `service.results.finished_job` for what is raised otherwise."""
FinishedMap = Annotated[Job, Depends(_finished_map)]
"""The same, but JobWithoutMap of one that answers fields."""
