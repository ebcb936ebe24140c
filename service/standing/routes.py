"""Standing orders: made, listed and removed. When they run: workers/standing; their results: series.py."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from core.errors import InvalidOption, InvalidPeriod
from core.settings import Settings
from core.timeline import parse_date, parse_duration
from products.catalogue import find_product
from service.access.keys import DAY_S, end_of
from service.errors import refusals
from service.hidden_paths import hidden_paths
from service.links import BaseUrl, link
from service.ordering.values import REFUSALS
from service.processes import plain_inputs
from service.schemas import Execute
from service.standing.schemas import (
    LONGEST_DAYS,
    StandingChange,
    StandingOrderInfo,
    StandingOrderList,
    StandingRequest,
)
from service.state import CurrentCaller, CurrentDependencies, CurrentLedger, CurrentSettings, party_seen
from service.webhooks.subscribe import read_subscriber, stored
from workers.dependencies import Dependencies
from workers.standing.dates import check_standing
from workers.standing.store import Change, NewStandingOrder, StandingOrder, StandingOrders

router = APIRouter(prefix="/standing-orders", tags=["Standing orders"])

UNKNOWN = refusals({404: "There is no such standing order."})
MAX_PAGE = 1000
MAX_DEPTH = 100
"""Levels of lists and objects in inputs; pydantic writes 255, and a region of GeoJSON has less than ten."""
FULL = refusals({429: "The party has as many standing orders as it may have."})


@router.post(
    "",
    status_code=201,
    summary="Order again and again",
    responses={**REFUSALS, **FULL},
    response_model_exclude_none=True,
)
def add(
    wanted: StandingRequest,
    response: Response,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
    caller: CurrentCaller,
    base: BaseUrl,
) -> StandingOrderInfo:
    """Check an order, and make it a standing one, which is run at once and then when new scenes arrive or it is time.

    It belongs to the party of the caller and goes on until it is removed or its last day has passed.
    """
    product, days = find_product(wanted.processID), read_days(wanted.every)
    check_depth(wanted.inputs)
    inputs = plain_inputs(product, Execute(inputs=wanted.inputs, outputs=wanted.outputs))
    subscriber = read_subscriber(wanted.subscriber, settings)
    check_standing(product, inputs, settings, dependencies, every_days=days)
    found = StandingOrders(ledger.engine).add(
        NewStandingOrder(
            product=product.id,
            inputs=inputs,
            party=caller.party,
            caller=caller.id,
            title=" ".join(wanted.title.split()),
            every_days=days,
            ends=read_end(wanted.ends),
            further={"outputs": list(wanted.outputs or ()), "base": base, "subscriber": stored(subscriber)},
        )
    )
    response.headers["Location"] = f"{base}/standing-orders/{found.id}"
    return info(found, base, settings)


@router.get("", summary="List standing orders", response_model_exclude_none=True)
def standing_orders(
    ledger: CurrentLedger,
    settings: CurrentSettings,
    caller: CurrentCaller,
    base: BaseUrl,
    limit: Annotated[int, Query(ge=1, description=f"Most in one answer, {MAX_PAGE} at most.")] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="To skip, counted from the newest.")] = 0,
) -> StandingOrderList:
    """Return the standing orders of the caller's party, newest first."""
    limit = min(limit, MAX_PAGE)
    found = StandingOrders(ledger.engine).all(party_seen(caller), limit=limit + 1, offset=offset)
    here = f"{base}/standing-orders?limit={limit}"
    links = [link(f"{here}&offset={offset}", "self")]
    if len(found) > limit:
        links.append(link(f"{here}&offset={offset + limit}", "next"))
    shown = [info(order, base, settings).model_copy(update={"inputs": None}) for order in found[:limit]]
    return StandingOrderList(standingOrders=shown, links=links)


@router.get("/{order_id}", summary="Show a standing order", responses=UNKNOWN, response_model_exclude_none=True)
def standing_order(
    order_id: str, ledger: CurrentLedger, settings: CurrentSettings, caller: CurrentCaller, base: BaseUrl
) -> StandingOrderInfo:
    """Return a standing order with what came of its last look."""
    return info(StandingOrders(ledger.engine).find(order_id, party_seen(caller)), base, settings)


@router.patch(
    "/{order_id}",
    summary="Change, pause or resume a standing order",
    responses={**REFUSALS, **UNKNOWN},
    response_model_exclude_none=True,
)
def change(
    order_id: str,
    wanted: StandingChange,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
    caller: CurrentCaller,
    base: BaseUrl,
) -> StandingOrderInfo:
    """Change what is named, and keep the rest. Other inputs are checked as those of an order, and run anew."""
    orders = StandingOrders(ledger.engine)
    before = orders.find(order_id, party_seen(caller))
    found = read_change(before, wanted, settings, dependencies)
    return info(orders.change(order_id, found, party_seen(caller)), base, settings)


@router.delete("/{order_id}", summary="Remove a standing order", responses=UNKNOWN, response_model_exclude_none=True)
def remove(
    order_id: str, ledger: CurrentLedger, settings: CurrentSettings, caller: CurrentCaller, base: BaseUrl
) -> StandingOrderInfo:
    """Remove a standing order: nothing is run any more. Its jobs and their results stay."""
    return info(StandingOrders(ledger.engine).remove(order_id, party_seen(caller)), base, settings)


def read_change(
    before: StandingOrder, wanted: StandingChange, settings: Settings, dependencies: Dependencies
) -> Change:
    """Return what changes of a standing order; a new order that cannot be carried out is refused.

    Raises:
        RequestError: a value is wrong, or nothing is named.
    """
    given = wanted.model_fields_set
    if not given:
        raise InvalidOption("body", "{}", f"name what changes: {', '.join(StandingChange.model_fields)}")
    days = read_days(wanted.every) if "every" in given else None
    product = find_product(before.product)
    check_depth(wanted.inputs)
    inputs = None
    if "outputs" in given or wanted.inputs is not None:
        execute = Execute(
            inputs=dict(before.inputs) if wanted.inputs is None else wanted.inputs, outputs=wanted.outputs
        )
        inputs = plain_inputs(product, execute)
    if wanted.inputs is not None or days is not None:
        every = before.every_days if days is None else days
        check_standing(product, inputs or dict(before.inputs), settings, dependencies, every_days=every)
    further = dict(before.further)
    further |= {"outputs": list(wanted.outputs or ())} if "outputs" in given else {}
    further |= {"subscriber": stored(read_subscriber(wanted.subscriber, settings))} if "subscriber" in given else {}
    return Change(
        title=None if wanted.title is None else " ".join(wanted.title.split()),
        every_days=days,
        ends=(read_end(wanted.ends),) if "ends" in given else None,
        is_paused=wanted.paused,
        inputs=None if wanted.inputs is None else inputs,
        further=further if further != before.further else None,
    )


def check_depth(inputs: Mapping[str, Any] | None) -> None:
    """Refuse inputs that could be read, but never be shown again: answers are nested to a limited depth.

    Raises:
        InvalidOption: they are nested too deeply.
    """
    level: list[Any] = [inputs]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _members(value)]
        if not level:
            return
    raise InvalidOption("inputs", "...", f"they are nested too deeply; {MAX_DEPTH} levels are read")


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def read_days(every: str | None) -> int:
    """Return the days between two runs; 0 = a run when new scenes arrive.

    Raises:
        InvalidOption: no number of days, or too many.
    """
    if every in (None, ""):
        return 0
    try:
        days = parse_duration(str(every))
    except InvalidPeriod:
        days = 0
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidOption("every", every, f"give 1 to {LONGEST_DAYS} days, as 10d")
    return days


def read_end(ends: str | None) -> float | None:
    """Return the moment after which nothing is run, seconds since 1970; None = there is none.

    Raises:
        InvalidPeriod, InvalidOption: no date, or one that has passed.
    """
    if ends in (None, ""):
        return None
    day = parse_date(str(ends)).isoformat()
    try:
        return end_of(day, datetime.now(UTC).timestamp())
    except InvalidOption:
        raise InvalidOption("ends", ends, "it has passed") from None


def info(order: StandingOrder, base: str, settings: Settings) -> StandingOrderInfo:
    """Return a standing order as the service shows it, without paths of the server."""
    has_ended = order.ends is not None and order.ends <= datetime.now(UTC).timestamp()
    return StandingOrderInfo(
        id=order.id,
        processID=order.product,
        title=order.title,
        every=f"{order.every_days}d" if order.every_days else None,
        ends=None if order.ends is None else _iso(order.ends - DAY_S)[:10],
        created=_iso(order.created),
        paused=order.is_paused,
        nextLook=None if has_ended or order.is_paused else _iso(order.due),
        runs=order.runs,
        lastRun=None if order.last_run is None else _iso(order.last_run),
        lastJob=order.last_job or None,
        message=hidden_paths(order.message, settings),
        inputs=dict(order.inputs),
        links=_links(order, base),
    )


def _links(order: StandingOrder, base: str) -> list[Any]:
    series = f"{base}/stac/collections/{order.id}"
    links = [
        link(f"{base}/standing-orders/{order.id}", "self"),
        link(f"{base}/processes/{order.product}", "up", title="Process"),
        link(series, "collection", title="The series of its results, a STAC collection"),
    ]
    if order.last_job:
        links.append(link(f"{base}/jobs/{order.last_job}", "latest-version", title="The latest job"))
    return links


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
