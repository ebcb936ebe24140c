"""Gaps: tiles of a job that could not be made, as polygons with reasons."""

from shapely.geometry import mapping

from core.job import Gap, Job, TileState
from core.region import parse_region
from workers.queue.ledger import Ledger


def gaps_of(ledger: Ledger, job: Job) -> tuple[Gap, ...]:
    """Return the gaps that a job has at the moment: tiles given up, and of a result all tiles that are not done.

    Fields have none: each has a line, which says what is missing.
    """
    is_without = not job.tiles_failed and not job.state.is_final
    if job.is_complete or not job.is_planned or is_without or job.order.is_of_fields:
        return ()
    region = parse_region(dict(job.order.region)).geometry
    states = {TileState.FAILED} if not job.state.is_final else set(TileState) - {TileState.DONE}
    tasks = {task.tile_key: task for task in ledger.tiles(job.id) if task.state in states}
    footprints = {t.key: t.window.footprint_wgs84 for t in ledger.lattice(job.id) if t.key in tasks}
    parts = {key: footprint.intersection(region) for key, footprint in footprints.items()}
    return tuple(
        Gap(
            tile_key=key,
            geometry=mapping(footprints[key] if part.area == 0 else part),
            reason=tasks[key].error or "it was not tried",
        )
        for key, part in parts.items()
    )


def gaps_sentence(missing: int, total: int, job_id: str) -> str:
    """Return the message of a job that ended with gaps."""
    return f"done with gaps: {missing} of {total} tiles could not be made; POST /jobs/{job_id}/retry tries them again"
