"""Tiles of a planned job in the ledger, one or a page at a time: a job may have hundreds of thousands."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Select, select

from core.errors import UnknownJob
from core.grid import Grid, Tile
from core.job import TileTask
from workers.queue.ledger_rows import grid_of, tile_task
from workers.queue.schema import jobs, reading, tiles


@dataclass(frozen=True, kw_only=True)
class PlannedTile:
    """A tile of a plan and its state."""

    tile: Tile
    task: TileTask


def planned_tile(engine: Engine, job_id: str, tile_key: str) -> Tile:
    """Return one tile of a job.

    Raises:
        UnknownJob: no job with such a tile has the id.
    """
    with reading(engine) as connection:
        grid = _grid(connection, job_id)
        row = connection.execute(_own(job_id).where(tiles.c.tile_key == tile_key)).one_or_none()
    if row is None:
        raise UnknownJob(job_id)
    return grid.tile(row.tile_column, row.tile_row)


def plan_page(engine: Engine, job_id: str, *, after: str = "", limit: int) -> list[PlannedTile]:
    """Return tiles of a planned job in the order of their keys, which an index has, at most `limit`.

    Args:
        engine: of the ledger.
        job_id: of the tiles.
        after: key of the last tile that is known already; empty = from the beginning.
        limit: most tiles.

    Raises:
        UnknownJob: no job has the id.
    """
    query = _own(job_id).where(tiles.c.tile_key > after).order_by(tiles.c.tile_key).limit(limit)
    with reading(engine) as connection:
        grid = _grid(connection, job_id)
        rows = connection.execute(query).all()
    return [PlannedTile(tile=grid.tile(row.tile_column, row.tile_row), task=tile_task(row)) for row in rows]


def _own(job_id: str) -> Select[tuple[object, ...]]:
    return select(*tiles.c).where(tiles.c.job_id == job_id)


def _grid(connection: Connection, job_id: str) -> Grid:
    document = connection.scalar(select(jobs.c.grid).where(jobs.c.id == job_id))
    if document is None:
        raise UnknownJob(job_id)
    return grid_of(document)
