"""What is to be told of jobs: kept with the job in one transaction, claimed by one sender at a time, tried again.

The events of a job, which are written with each of its changes, are what is to be told: a row remembers up to which of
them its receiver knows. So nothing is lost, whichever process dies at which moment; a receiver may be told twice. Of a
job that runs its state is told, the latest one only and not too often; its end is told until the receiver takes it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from core.job import JobState
from workers.queue.job_end import ACTIVE
from workers.queue.schema import database_now, jobs, reading
from workers.webhooks.table import webhooks

BACKOFF_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 28_800.0)
"""Pauses after the first failed attempt, the second, ...: about a day. After one more the receiver is given up."""
PROGRESS_S = 30.0
"""Least time between two messages about the progress of one job."""
MAX_ERROR = 500
_hooks = webhooks.c


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Who is told of a job: an empty URI is not told."""

    success: str
    in_progress: str = ""
    failed: str = ""


class Kind(StrEnum):
    """What a message tells."""

    SUCCESS = "success"
    IN_PROGRESS = "in-progress"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message to be sent now."""

    job_id: str
    kind: Kind
    uri: str
    base: str
    """URL of the service, for links in the message."""
    caller: str
    """Whose secret signs it."""
    number: int
    """Latest event of the job; the message tells its state after it."""
    attempts: int
    """Attempts that have failed so far."""

    @property
    def id(self) -> str:
        """Id of the message, the same at each attempt."""
        return f"{self.job_id}.{self.number}.{self.kind}"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How it stands with telling a job's end."""

    is_pending: bool
    attempts: int
    error: str


class Outbox:
    """The webhooks of a ledger. May be used from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, holder: str, lease_s: float) -> Notice | None:
        """Claim one message that is to be sent now and that nobody else sends; None = there is none."""
        with reading(self._engine) as connection:
            now = database_now(connection)
            ids = list(connection.scalars(_waiting(now).order_by(_hooks.due, _hooks.job_id).limit(20)))
        for job_id in ids:
            with self._engine.begin() as connection:
                notice = _take(connection, job_id, holder, lease_s)
            if notice is not None:
                return notice
        return None

    def note_told(self, notice: Notice, holder: str) -> None:
        """Note that the receiver has taken a message; after the end of a job nothing is left to tell."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            due = now if notice.kind is Kind.IN_PROGRESS else None
            told = {"number": notice.number, "told": now, "due": due, "attempts": 0, "error": ""}
            connection.execute(_mine(notice, holder).values(**told, holder="", lease=0.0))

    def note_failed(
        self, notice: Notice, holder: str, error: str, *, wait_s: float = 0.0, is_final: bool = False
    ) -> bool:
        """Note that an attempt failed; True = another follows.

        Args:
            notice, holder: as claimed.
            error: why, a clause.
            wait_s: least time until the next attempt, as the receiver asks for.
            is_final: another attempt is useless.
        """
        text, is_over = error[:MAX_ERROR], is_final or notice.attempts >= len(BACKOFF_S)
        with self._engine.begin() as connection:
            now = database_now(connection)
            changes: dict[str, Any] = {"error": text}
            if notice.kind is Kind.IN_PROGRESS:  # the next message has the newer state
                changes |= {"told": now, "number": notice.number}
            elif is_over:
                changes |= {"number": notice.number, "due": None, "attempts": notice.attempts + 1}
            else:
                pause_s = max(BACKOFF_S[notice.attempts], min(wait_s, BACKOFF_S[-1]))
                changes |= {"due": now + pause_s, "attempts": notice.attempts + 1}
            connection.execute(_mine(notice, holder).values(**changes, holder="", lease=0.0))
        return not is_over and notice.kind is not Kind.IN_PROGRESS

    def put_off(self, notice: Notice, holder: str, wait_s: float) -> None:
        """Leave a message for later that could not be made: that is no failure of the receiver."""
        with self._engine.begin() as connection:
            later = database_now(connection) + wait_s
            connection.execute(_mine(notice, holder).values(due=later, holder="", lease=0.0))

    def reopen(self, job_id: str) -> None:
        """Tell the next end of a job, too: it is tried again."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            connection.execute(update(webhooks).where(_hooks.job_id == job_id).values(due=now, attempts=0, error=""))

    def delivery(self, job_id: str) -> Delivery | None:
        """Return how it stands with telling a job's end; None = nobody wants to be told."""
        with reading(self._engine) as connection:
            row = connection.execute(select(webhooks).where(_hooks.job_id == job_id)).one_or_none()
        return None if row is None else Delivery(is_pending=row.due is not None, attempts=row.attempts, error=row.error)


def subscribe(connection: Connection, job_id: str, subscriber: Subscriber, *, base: str, caller: str) -> None:
    """Write who is told of a job, in the transaction that adds the job."""
    uris = {"success": subscriber.success, "in_progress": subscriber.in_progress, "failed": subscriber.failed}
    state = {"number": 0, "told": 0.0, "due": 0.0, "holder": "", "lease": 0.0, "attempts": 0, "error": ""}
    connection.execute(insert(webhooks).values(job_id=job_id, base=base, caller=caller, **uris, **state))


def _waiting(now: float) -> Any:
    """Select ids of jobs of which something is to be told now, or of whose end nobody wants to be told."""
    progress = and_(jobs.c.state == JobState.RUNNING, _hooks.in_progress != "", _hooks.told <= now - PROGRESS_S)
    something = or_(progress, jobs.c.state.not_in(ACTIVE))
    free = (_hooks.due <= now, _hooks.lease <= now, jobs.c.events > _hooks.number)
    return select(_hooks.job_id).join(jobs).where(*free, something)


def _take(connection: Connection, job_id: str, holder: str, lease_s: float) -> Notice | None:
    """Claim the message about a job that was waiting a moment ago; None if another was faster, or it has no receiver.

    What another may have changed since is compared in the row itself, which is then locked.
    """
    now = database_now(connection)
    this = (_hooks.job_id == job_id, _hooks.due <= now, _hooks.lease <= now)
    taken = update(webhooks).where(*this).values(holder=holder, lease=now + lease_s).returning(*webhooks.c)
    row = connection.execute(taken).one_or_none()
    if row is None:
        return None
    state, number = connection.execute(select(jobs.c.state, jobs.c.events).where(jobs.c.id == job_id)).one()
    notice = _notice(row, JobState(state), int(number))
    if notice.uri and number > row.number:
        return notice
    is_over = notice.kind is not Kind.IN_PROGRESS
    ends = {"number": number, "due": None} if is_over else {}
    connection.execute(update(webhooks).where(_hooks.job_id == job_id).values(**ends, holder="", lease=0.0))
    return None


def _notice(row: Any, state: JobState, number: int) -> Notice:
    kind = Kind.IN_PROGRESS if state in ACTIVE else Kind.SUCCESS if state is JobState.SUCCESSFUL else Kind.FAILED
    uris = {Kind.SUCCESS: row.success, Kind.IN_PROGRESS: row.in_progress, Kind.FAILED: row.failed}
    return Notice(
        job_id=row.job_id,
        kind=kind,
        uri=uris[kind],
        base=row.base,
        caller=row.caller,
        number=number,
        attempts=row.attempts,
    )


def _mine(notice: Notice, holder: str) -> Any:
    return update(webhooks).where(_hooks.job_id == notice.job_id, _hooks.holder == holder)
