"""Standing orders in the ledger: added, listed, removed, and claimed by one service at a time.

A claim is a conditional UPDATE with a lease, as those of tiles are: of any number of services, one looks at an order
that is due. Jobs are numbered, and their ids follow from the number: a service that dies after it has ordered, or that
is slower than its lease, cannot make another order a second time.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, func, insert, or_, select, update

from core.errors import OverQuota, UnknownStandingOrder
from workers.queue.items import SERIES, is_series_id
from workers.queue.schema import database_now, reading
from workers.standing.table import standing_orders

MOST = 100
"""Standing orders of one party."""
MAX_MESSAGE = 2000
DAY_S = 86_400.0
_rows = standing_orders.c


@dataclass(frozen=True, kw_only=True)
class NewStandingOrder:
    """What a user wants again and again."""

    product: str
    inputs: Mapping[str, Any]
    """As of an order; dates that are left out follow the archive."""
    party: str = ""
    caller: str = ""
    """Id of the key or token that makes it; empty = none."""
    title: str = ""
    every_days: int = 0
    """Days between two runs; 0 = a run when new scenes arrive."""
    ends: float | None = None
    """After this moment nothing is run any more, seconds since 1970; None = never."""
    further: Mapping[str, Any] = field(default_factory=dict)
    """What else each job gets, as JSON: outputs, and who is told of its end."""


@dataclass(frozen=True, kw_only=True)
class StandingOrder(NewStandingOrder):
    """A standing order in the ledger."""

    id: str
    created: float
    """Seconds since 1970, as all times here."""
    due: float
    """When it is looked at next."""
    runs: int = 0
    """Jobs so far."""
    last_run: float | None = None
    failures: int = 0
    """Looks in a row that failed."""
    message: str = ""
    """What came of the last look, one sentence."""
    is_paused: bool = False
    """Nothing is run until it is resumed."""
    seen: frozenset[str] = frozenset()
    """Digests of the scenes that its runs have had."""

    @property
    def last_job(self) -> str:
        """Id of the latest job; empty = there was none."""
        return job_id_of(self.id, self.runs) if self.runs else ""

    @property
    def next_job(self) -> str:
        """Id of the next job."""
        return job_id_of(self.id, self.runs + 1)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changes of a standing order; None = stays as it is."""

    title: str | None = None
    every_days: int | None = None
    ends: tuple[float | None] | None = None
    """The new end, which may be none, in a tuple of one."""
    is_paused: bool | None = None
    inputs: Mapping[str, Any] | None = None
    """Other inputs: the scenes that its runs have had are forgotten."""
    further: Mapping[str, Any] | None = None

    def fields(self) -> dict[str, Any]:
        """Return the new values by name."""
        names = ("title", "every_days", "is_paused", "inputs", "further")
        found = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return found if self.ends is None else {**found, "ends": self.ends[0]}


def job_id_of(order_id: str, number: int) -> str:
    """Return the id of a job of a standing order, counted from 1."""
    return f"{order_id}-{number}"


class StandingOrders:
    """The standing orders of a ledger. May be used from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, wanted: NewStandingOrder) -> StandingOrder:
        """Add a standing order, which is due at once.

        Raises:
            OverQuota: the party has as many as it may have.
        """
        document = json.dumps({"inputs": wanted.inputs, "further": wanted.further})
        with self._engine.begin() as connection:
            own = select(func.count()).select_from(standing_orders).where(_rows.party == wanted.party)
            if int(connection.scalar(own) or 0) >= MOST:
                reason = f"'{wanted.party}' has {MOST} standing orders, as many as it may have"
                raise OverQuota(reason, "Remove one that is not needed any more.", retry_after_s=3600)
            now = database_now(connection)
            row = {
                **{n: getattr(wanted, n) for n in ("party", "caller", "title", "product", "every_days", "ends")},
                "id": SERIES + secrets.token_hex(6),
                "document": document,
                "created": now,
                "due": now,
                "holder": "",
                "lease": 0.0,
                "scenes": "",
                "runs": 0,
                "failures": 0,
                "message": "waiting for its first run",
            }
            connection.execute(insert(standing_orders), row)
        return self.find(str(row["id"]))

    def find(self, order_id: str, party: str | None = None) -> StandingOrder:
        """Return a standing order of a party, or of any.

        Raises:
            UnknownStandingOrder: there is none.
        """
        with reading(self._engine) as connection:
            row = None
            if is_series_id(order_id):
                query = select(standing_orders).where(_rows.id == order_id, *_of(party))
                row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownStandingOrder(order_id)
        return _order_of(row)

    def all(self, party: str | None = None, *, limit: int = 1000, offset: int = 0) -> list[StandingOrder]:
        """Return the standing orders of a party, or all, newest first."""
        query = select(standing_orders).where(*_of(party)).order_by(_rows.created.desc(), _rows.id)
        with reading(self._engine) as connection:
            return [_order_of(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def remove(self, order_id: str, party: str | None = None) -> StandingOrder:
        """Remove a standing order; its jobs and their results stay.

        Raises:
            UnknownStandingOrder: there is none.
        """
        found = self.find(order_id, party)
        with self._engine.begin() as connection:
            connection.execute(delete(standing_orders).where(_rows.id == order_id))
        return found

    def change(self, order_id: str, wanted: Change, party: str | None = None) -> StandingOrder:
        """Change a standing order of a party, or of any; what is left out stays.

        A look that is under way ends without effect, and the order is due again: by its new dates, or at once.

        Raises:
            UnknownStandingOrder: there is none.
        """
        before = self.find(order_id, party)
        after = replace(before, **wanted.fields())
        values: dict[str, Any] = {n: getattr(after, n) for n in ("title", "every_days", "ends")}
        values |= {"paused": int(after.is_paused), "holder": "", "lease": 0.0, "message": _changed(before, after)}
        values["document"] = json.dumps({"inputs": after.inputs, "further": after.further})
        is_new = after.inputs != before.inputs
        values |= {"scenes": "", "failures": 0} if is_new else {}
        with self._engine.begin() as connection:
            now = database_now(connection)
            due = now if is_new or not after.runs else _next_due(after, now, 0.0)
            values |= {"due": due if after.every_days != before.every_days or is_new else before.due}
            connection.execute(update(standing_orders).where(_rows.id == order_id, *_of(party)).values(**values))
        return self.find(order_id, party)

    def claim(self, holder: str, lease_s: float) -> StandingOrder | None:
        """Claim one order that is due and that nobody else looks at; None = there is none."""
        with reading(self._engine) as connection:
            now = database_now(connection)
            waiting = select(_rows.id).where(*_is_due(now)).order_by(_rows.due, _rows.id).limit(20)
            ids = list(connection.scalars(waiting))
        for order_id in ids:
            with self._engine.begin() as connection:
                now = database_now(connection)
                change = update(standing_orders).where(_rows.id == order_id, *_is_due(now))
                taken = change.values(holder=holder, lease=now + lease_s).returning(*standing_orders.c)
                row = connection.execute(taken).one_or_none()
            if row is not None:
                return _order_of(row)
        return None

    def put_off(self, order: StandingOrder, holder: str, message: str, *, wait_s: float, has_failed: bool) -> bool:
        """End a look that ordered nothing; False = the order is no longer this service's, or was removed.

        Args:
            order, holder: as claimed.
            message: why, one sentence.
            wait_s: until the next look.
            has_failed: whether the look went wrong.
        """
        return self._end(order, holder, message, wait_s, failures=order.failures + 1 if has_failed else 0)

    def note_run(self, order: StandingOrder, holder: str, message: str, *, wait_s: float, seen: Sequence[str]) -> bool:
        """End a look that ordered the next job, with the digests of all scenes it has; False as of `put_off`."""
        run = {"runs": order.runs + 1, "scenes": " ".join(sorted(seen))}
        return self._end(order, holder, message, wait_s, failures=0, **run)

    def _end(self, order: StandingOrder, holder: str, message: str, wait_s: float, **changes: Any) -> bool:
        mine = (_rows.id == order.id, _rows.holder == holder, _rows.runs == order.runs)
        with self._engine.begin() as connection:
            now = database_now(connection)
            if "runs" in changes:
                changes["last_run"] = now
            values = {**changes, "message": message[:MAX_MESSAGE], "holder": "", "lease": 0.0}
            change = update(standing_orders).where(*mine).values(**values, due=_next_due(order, now, wait_s))
            return connection.execute(change).rowcount == 1


def _changed(before: StandingOrder, after: StandingOrder) -> str:
    """Return what a change came to, for people."""
    if after.is_paused:
        return "paused"
    return "resumed, waiting for its next look" if before.is_paused else "changed, waiting for its next look"


def _next_due(order: StandingOrder, now: float, wait_s: float) -> float:
    """Return when an order is due next: in `wait_s`, and of a regular one at a whole number of its intervals."""
    if not order.every_days or wait_s:
        return now + wait_s
    interval = order.every_days * DAY_S
    return order.created + interval * (1 + (now - order.created) // interval)


def _of(party: str | None) -> list[Any]:
    return [] if party is None else [_rows.party == party]


def _is_due(now: float) -> tuple[Any, ...]:
    goes_on = or_(_rows.ends.is_(None), _rows.ends > now)
    return _rows.due <= now, _rows.lease <= now, _rows.paused == 0, and_(goes_on)


def _order_of(row: Row[Any]) -> StandingOrder:
    document: Mapping[str, Any] = json.loads(row.document)
    same = ("id", "party", "caller", "title", "product", "every_days", "ends", "created", "due", "runs", "last_run")
    return StandingOrder(
        **{name: getattr(row, name) for name in same},
        inputs=document["inputs"],
        further=document["further"],
        failures=row.failures,
        message=row.message,
        is_paused=bool(row.paused),
        seen=frozenset(row.scenes.split()),
    )
