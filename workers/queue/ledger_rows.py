"""Rows of the ledger as jobs, tiles and grids, and back. No queries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from core.grid import Grid, Tile
from core.job import Job, JobState, Label, Order, TileState, TileTask
from workers.queue.limits.parts import stop_columns


def job_row(order: Order, job_tiles: Sequence[Tile], job_id: str, now: float) -> dict[str, Any]:
    """Return the row of a new job that is planned; its tiles, at least one, are of one grid."""
    grids = {t.grid for t in job_tiles}
    if len(grids) != 1:
        raise ValueError(f"a job needs tiles of one grid, and got {len(job_tiles)} tiles of {len(grids)} grids")
    return order_row(order, job_id, now) | plan_row(grids.pop(), len(job_tiles))


def plan_row(grid: Grid, count: int) -> dict[str, Any]:
    """Return what changes in the row of a job that is planned, with a number of tiles of a grid."""
    return {
        "grid": grid_document(grid),
        "message": "waiting for a worker",
        "tiles_total": count,
        "pixels": count * grid.tile_size**2,
    }


def order_row(order: Order, job_id: str, now: float) -> dict[str, Any]:
    """Return the row of a new job that is not planned yet: without tiles and their grid."""
    return {
        "id": job_id,
        "product": order.product,
        "model": order.model,
        "document": json.dumps(asdict(order)),
        "label": json.dumps(asdict(Label.of(order))),
        "grid": "",
        "state": JobState.ACCEPTED,
        "message": "",
        "created": now,
        "updated": now,
        "tiles_total": 0,
        "priority": order.priority,
    } | stop_columns(order.max_cost)


def tile_row(tile: Tile, place: int, job_id: str, now: float) -> dict[str, Any]:
    """Return the row of a new tile task."""
    return {
        "job_id": job_id,
        "tile_key": tile.key,
        "place": place,
        "tile_column": tile.column,
        "tile_row": tile.row,
        "state": TileState.OPEN,
        "updated": now,
    }


def grid_document(grid: Grid) -> str:
    """Return a grid as a job's row holds it."""
    return json.dumps(asdict(grid))


def grid_of(document: str) -> Grid:
    """Return the grid that a job's row holds as JSON."""
    values: Mapping[str, Any] = json.loads(document)
    return Grid(**{**values, "origin_xy": tuple(values["origin_xy"])})


def job_of(row: Row[Any]) -> Job:
    """Return a job from its row, with the sums over its tiles."""
    return _job_of(row, order_of(row.document))


def listed_job_of(row: Row[Any]) -> Job:
    """Return a job from a row without its document: its order has only a product and a model."""
    return _job_of(row, Order(product=row.product, region={}, archive="", model=row.model, params={}))


def _job_of(row: Row[Any], order: Order) -> Job:
    state = JobState(row.state)
    return Job(
        id=row.id,
        order=order,
        state=state,
        created=_iso(row.created),
        updated=_iso(max(row.updated, row.tiles_updated)),
        started=_iso(row.started),
        finished=_iso(row.finished),
        tiles_total=row.tiles_total,
        tiles_done=int(row.tiles_done),
        tiles_failed=int(row.tiles_failed),
        progress=1.0 if state is JobState.SUCCESSFUL else float(row.progress),
        message=row.message or _stage(row),
        label=Label(**json.loads(row.label)) if row.label else Label.of(order),
    )


def _stage(row: Row[Any]) -> str:
    return f"{row.tiles_done} of {row.tiles_total} tiles" if row.tiles_total else "waiting to be planned"


def order_of(document: str) -> Order:
    """Return the order that a job's row holds as JSON."""
    values: dict[str, Any] = json.loads(document)
    seconds = values.pop("max_seconds", None)  # in ledgers of before there were other limits
    if seconds is not None:
        values["max_cost"] = {"seconds": seconds}
    return Order(**{**values, **{name: tuple(values.get(name, ())) for name in ("input", "outputs")}})


def tile_task(row: Row[Any]) -> TileTask:
    """Return a tile task from its row."""
    return TileTask(
        job_id=row.job_id,
        tile_key=row.tile_key,
        column=row.tile_column,
        row=row.tile_row,
        state=TileState(row.state),
        attempts=row.attempts,
        progress=row.progress,
        error=row.error,
    )


def _iso(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
