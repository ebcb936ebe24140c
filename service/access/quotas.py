"""Quotas: requests of a key in a minute, running jobs and pixels of a party, counted in the ledger by all processes."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import OverQuota
from core.settings import Settings
from service.access.caller import Caller
from service.access.tables import key_requests
from workers.queue.job_end import ACTIVE
from workers.queue.ledger import Admit
from workers.queue.schema import database_now, jobs, reading

MINUTE_S, DAY_S = 60, 86_400
RETRY_RUNNING_S = 30
"""When to try again while too many jobs run; nobody knows when the first of them ends."""
_LOCK = 7_217_002
"""With a party's hash the key of the PostgreSQL advisory lock under which its orders are counted one by one."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What a caller may use; 0 = no limit."""

    running_jobs: int
    pixels_per_day: int
    requests_per_minute: int


class Quotas:
    """Counts and limits what callers use. May be used from several threads and processes."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings.quotas

    def of(self, caller: Caller) -> Quota:
        """Return the quotas of a caller: its own, else those of the settings; none where no key is needed."""
        if not caller.id:
            return Quota(running_jobs=0, pixels_per_day=0, requests_per_minute=0)
        own, common = caller.limits, self._settings
        return Quota(
            running_jobs=common.running_jobs if own.running_jobs is None else own.running_jobs,
            pixels_per_day=common.pixels_per_day if own.pixels_per_day is None else own.pixels_per_day,
            requests_per_minute=(
                common.requests_per_minute if own.requests_per_minute is None else own.requests_per_minute
            ),
        )

    def count_request(self, caller: Caller) -> int:
        """Count a request; return 0, or the seconds until the caller may send the next one."""
        most = self.of(caller).requests_per_minute
        if not most:
            return 0
        with self._engine.begin() as connection:
            now = database_now(connection)
            count = _count(connection, caller.id, int(now // MINUTE_S))
        return 0 if count <= most else MINUTE_S - int(now % MINUTE_S)

    def admit(self, caller: Caller) -> Admit:
        """Return what keeps a job out of the ledger, in the transaction that would add it."""
        quota = self.of(caller)

        def check(connection: Connection, now: float, pixels: int) -> None:
            _lock(connection, caller.party)
            _check_running(connection, caller.party, quota.running_jobs)
            _check_pixels(connection, caller.party, now, pixels, quota.pixels_per_day)

        return check

    def check_running(self, caller: Caller) -> None:
        """Check that a party may have a further running job.

        Raises:
            OverQuota: it has as many as it may have.
        """
        with reading(self._engine) as connection:
            _check_running(connection, caller.party, self.of(caller).running_jobs)


def _count(connection: Connection, caller_id: str, minute: int) -> int:
    """Count a request of a minute; return their number. Earlier minutes of the caller are removed."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = insert(key_requests).values(caller=caller_id, minute=minute, count=1)
    raised = row.on_conflict_do_update(index_elements=["caller", "minute"], set_={"count": key_requests.c.count + 1})
    connection.execute(raised)
    this = (key_requests.c.caller == caller_id, key_requests.c.minute == minute)
    count = int(connection.execute(select(key_requests.c.count).where(*this)).scalar_one())
    if count == 1:
        connection.execute(
            delete(key_requests).where(key_requests.c.caller == caller_id, key_requests.c.minute < minute)
        )
    return count


def _lock(connection: Connection, party: str) -> None:
    """Let orders of one party wait for each other; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key, hashtext(:party))"), {"key": _LOCK, "party": party})


def _check_running(connection: Connection, party: str, most: int) -> None:
    if not most:
        return
    query = select(func.count()).select_from(jobs).where(jobs.c.party == party, jobs.c.state.in_(ACTIVE))
    running = int(connection.scalar(query) or 0)
    if running >= most:
        reason = f"{running} jobs of '{party}' wait or run, and it may have {most} at a time"
        raise OverQuota(reason, "Wait until one has ended, or dismiss one.", retry_after_s=RETRY_RUNNING_S)


def _check_pixels(connection: Connection, party: str, now: float, pixels: int, most: int) -> None:
    if not most:
        return
    recent = (jobs.c.party == party, jobs.c.created > now - DAY_S)
    used, first = connection.execute(select(func.sum(jobs.c.pixels), func.min(jobs.c.created)).where(*recent)).one()
    if int(used or 0) + pixels <= most:
        return
    reason = f"it has {pixels:,} pixels, and '{party}' has ordered {int(used or 0):,} of {most:,} in 24 hours"
    wait_s = DAY_S if first is None else max(1, int(float(first) + DAY_S - now) + 1)
    raise OverQuota(reason, "Order a smaller region, or wait.", retry_after_s=wait_s)
