"""How many standing orders there are, by what becomes of them, and how many webhooks wait: figures of a service."""

from sqlalchemy import Connection, case, func, or_, select

from workers.queue.schema import database_now
from workers.standing.table import standing_orders
from workers.webhooks.table import webhooks

STATES = ("active", "failing", "paused", "ended")
"""A standing order whose last look failed is failing; one whose last day has passed has ended."""
HOOK_STATES = ("waiting", "failing")
"""Of webhooks that have something to tell: an attempt to tell the end failed, or none has yet."""


def standing_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of standing orders in each of STATES."""
    c, now = standing_orders.c, database_now(connection)
    state = case((c.ends <= now, "ended"), (c.paused == 1, "paused"), (c.failures > 0, "failing"), else_="active")
    counts: dict[str, int] = {r[0]: r[1] for r in connection.execute(select(state, func.count()).group_by(state))}
    return {name: int(counts.get(name, 0)) for name in STATES}


def overdue_s(connection: Connection) -> float:
    """Return for how long the standing order that waits longest for a look has been due, in seconds."""
    c, now = standing_orders.c, database_now(connection)
    goes_on = or_(c.ends.is_(None), c.ends > now)
    first = connection.scalar(select(func.min(c.due)).where(c.paused == 0, c.lease <= now, goes_on))
    return max(0.0, now - first) if first is not None else 0.0


def runs_so_far(connection: Connection) -> int:
    """Return the number of jobs that the standing orders have made, of those that were not removed."""
    return int(connection.scalar(select(func.coalesce(func.sum(standing_orders.c.runs), 0))) or 0)


def webhooks_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of webhooks in each of HOOK_STATES."""
    c = webhooks.c
    state = case((c.attempts > 0, "failing"), else_="waiting")
    query = select(state, func.count()).where(c.due.is_not(None)).group_by(state)
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    return {name: int(counts.get(name, 0)) for name in HOOK_STATES}
