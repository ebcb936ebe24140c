"""Jobs, tiles, queue and workers as they are when Prometheus asks. One that is away is said to be away, not zero."""

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from core.errors import WorkerUnavailable
from core.job import JobState, TileState
from core.settings import Settings
from workers.queue.broker import backlogs
from workers.queue.job_end import ACTIVE
from workers.queue.ledger import Ledger
from workers.queue.presence import queues_by_worker
from workers.queue.schema import AWAY, jobs, reading, tiles
from workers.standing.figures import overdue_s, runs_so_far, standing_by_state, webhooks_by_state

Family = GaugeMetricFamily


class StateCollector(Collector):
    """Reads ledger and Redis each time it is asked: a few counts, of active jobs alone where there may be many rows."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger, self._settings = ledger, settings

    def describe(self) -> list[Family]:
        """Return nothing, so that registering asks neither ledger nor Redis."""
        return []

    def collect(self) -> Iterator[Family]:
        """Yield the figures of what answers, and for each part whether it does."""
        up = Family("landcast_up", "1 if a part answers, else 0.", labels=["part"])
        for part, read, away in (("ledger", self._of_ledger, AWAY), ("queue", self._of_queue, (WorkerUnavailable,))):
            found = _read(read, away)
            up.add_metric([part], float(found is not None))
            yield from found or ()
        yield up

    def _of_ledger(self) -> list[Family]:
        with reading(self._ledger.engine) as connection:
            return [_jobs(connection), *_tiles(connection), *_standing(connection)]

    def _of_queue(self) -> list[Family]:
        waiting, workers = backlogs(self._settings), queues_by_worker(self._settings)
        messages = Family("landcast_queue_messages", "Messages that wait for a worker.", labels=["queue"])
        serving = Family("landcast_queue_workers", "Living workers that serve a queue.", labels=["queue"])
        for queue, count in waiting.items():
            messages.add_metric([queue], count)
            serving.add_metric([queue], sum(queue in served for served in workers.values()))
        living = Family("landcast_workers", "Workers that have given a sign of life lately.", value=len(workers))
        return [messages, serving, living]


def _read(read: Callable[[], list[Family]], away: tuple[type[Exception], ...]) -> list[Family] | None:
    try:
        return read()
    except away:
        return None


def _jobs(connection: Connection) -> Family:
    counts: dict[Any, int] = dict(connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all())
    found = Family("landcast_jobs", "Jobs in the ledger.", labels=["state"])
    for state in JobState:
        found.add_metric([state.value], counts.get(state.value, 0))
    return found


def _standing(connection: Connection) -> list[Family]:
    """Return standing orders by state, how late they are, and webhooks that have something to tell."""
    orders = Family("landcast_standing_orders", "Standing orders.", labels=["state"])
    hooks = Family("landcast_webhooks", "Webhooks that have something to tell.", labels=["state"])
    for family, counts in ((orders, standing_by_state(connection)), (hooks, webhooks_by_state(connection))):
        for state, count in counts.items():
            family.add_metric([state], count)
    late = "Time for which the standing order that waits longest for a look has been due."
    return [
        orders,
        Family("landcast_standing_order_runs", "Jobs of the standing orders so far.", value=runs_so_far(connection)),
        Family("landcast_standing_orders_overdue_seconds", late, value=overdue_s(connection)),
        hooks,
    ]


def _tiles(connection: Connection) -> list[Family]:
    """Return the tiles of active jobs by state, and the time of those that were rendered."""
    query = (
        select(tiles.c.state, func.count(), func.count(tiles.c.seconds), func.coalesce(func.sum(tiles.c.seconds), 0.0))
        .join(jobs, jobs.c.id == tiles.c.job_id)
        .where(jobs.c.state.in_(ACTIVE))
        .group_by(tiles.c.state)
    )
    rows = {row[0]: row for row in connection.execute(query)}
    counts = Family("landcast_tiles", "Tiles of active jobs.", labels=["state"])
    for state in TileState:
        counts.add_metric([state.value], rows[state.value][1] if state.value in rows else 0)
    rendered, seconds = (sum(row[n] for row in rows.values()) for n in (2, 3))
    return [
        counts,
        Family("landcast_tiles_rendered", "Tiles of active jobs that were rendered, not reused.", value=rendered),
        Family("landcast_tiles_rendered_seconds", "Time that these took, added up.", value=seconds),
    ]
