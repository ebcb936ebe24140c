"""What a map lacks of its region: tiles that could not be made, with reasons, and the part outside the archive."""

from shapely.geometry import mapping

from core.job import Gap, Job, TileState
from core.region import Region, parse_region
from ingest.archive import Archive
from workers.queue.ledger import Ledger

WHOLE = 0.999
"""Share of a region from which it counts as covered: footprints have few digits."""


def gaps_of(ledger: Ledger, job: Job) -> tuple[Gap, ...]:
    """Return the gaps that a job has at the moment: tiles given up, and of a result all tiles that are not done."""
    is_without = not job.tiles_failed and not job.state.is_final
    if job.is_complete or not job.is_planned or is_without:
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


def end_sentence(missing: int, total: int, job_id: str, note: str) -> str:
    """Return the message of a job that ended with a result, which may have gaps, and a note on its region."""
    gaps = f"{missing} of {total} tiles could not be made; POST /jobs/{job_id}/retry tries them again"
    done = f"done with gaps: {gaps}" if missing else "done"
    return f"{done}. {note}" if note else done


def covered_share(region: Region, archive: Archive) -> float:
    """Return the share of a region that an archive covers, 0..1; exactly 1 where it is nearly whole."""
    share = float(region.geometry.intersection(archive.footprint).area / region.geometry.area)
    return 1.0 if share > WHOLE else share


def coverage_note(share: float) -> str:
    """Return a sentence on the part of a region that lies outside the archive; empty = there is none."""
    return "" if share == 1.0 else f"The archive covers {100 * share:.3g} % of the region."
