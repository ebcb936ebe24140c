"""The Celery app and its tasks: the plan of a job, one tile, and the closing. What they do is in plain functions.

A tile is read and rendered in one task where its worker serves both queues; else one task reads it, and one renders it.

Start workers with `celery -A workers.tasks worker`, or `landcast worker`. Importing this module reads no settings and
loads no model: both happen in the child processes, when the first task arrives. What every tile needs is loaded once,
before the children are forked; what only results and fields need, where they are written and answered.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

from core.errors import LandcastError, RequestError, WorkerUnavailable
from core.grid import Tile
from core.groups.queues import ALL, Capability
from core.job import Job, JobState
from core.settings import Settings
from ingest.io.meter import METER, Spent
from workers.dependencies import REAL, Dependencies
from workers.disk import await_room
from workers.fields.stopped import LimitReached, stop_tile
from workers.gaps import end_sentence, gaps_of
from workers.log_rate import limit_log_rate
from workers.logs.about import working_on
from workers.logs.json_lines import use_json_lines
from workers.patient_store import patient_store
from workers.plan_rows import open_plan, pages
from workers.queue.broker import COMPUTE, FINISH, PLAN, TILE, capabilities_of, celery_settings
from workers.queue.capability.reads import SHARE, finish_read
from workers.queue.cost.limit import Allowance
from workers.queue.dispatch import feed, sweep
from workers.queue.fairness.claim import Turns
from workers.queue.item_rows import Item, read_item
from workers.queue.lease import Lease, LeaseLost
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.liveness import is_gone, worker_name
from workers.queue.patience import brief, patiently
from workers.queue.plan.tiles import planned_tile
from workers.queue.planning import Planning
from workers.queue.presence import beat_while_at_work
from workers.queue.schema import AWAY
from workers.queue.sweep import WITHOUT_RESULT, Sweeper
from workers.read_archive import without_archive
from workers.recent_archives import recent_dependencies
from workers.stored_cubes import CubeMissing, remove_cube, store_cube, stored_cube
from workers.tile import Recipe, build_tile, find_tile, read_recipe, render_cube, render_tile

if TYPE_CHECKING:
    from workers.fields.job import FieldWork

logger = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One process at work."""

    name: str
    """As `worker_name` gives it."""
    settings: Settings
    ledger: Ledger
    dependencies: Dependencies
    queues: tuple[Capability, ...] = ALL
    """What it serves."""
    sweeper: Sweeper = field(default_factory=Sweeper)


def make_app(dependencies: Dependencies = REAL, read_settings: Callable[[], Settings] = Settings) -> Celery:
    """Return a Celery app whose tasks work with these dependencies; settings are read when they are first needed."""
    app = Celery("landcast", set_as_current=False)
    app.add_defaults(lambda: celery_settings(read_settings()))

    @cache
    def worker() -> Worker:
        settings = read_settings()
        ledger = patiently(lambda: open_ledger(settings))
        served: Any = {"dependencies": dependencies, "queues": capabilities_of(app)}
        return Worker(name=worker_name(), settings=settings, ledger=ledger, **served)

    @cache
    def planner() -> Worker:
        return replace(worker(), dependencies=recent_dependencies(dependencies))

    def plan(job_id: str) -> None:
        with working_on(job=job_id, worker=worker_name()):
            plan_job(planner(), job_id)

    def tile(job_id: str, tile_key: str) -> None:
        with working_on(job=job_id, tile=tile_key, worker=worker_name()):
            carry_out_tile(worker(), job_id, tile_key)

    def compute(job_id: str, tile_key: str) -> None:
        with working_on(job=job_id, tile=tile_key, worker=worker_name()):
            carry_out_tile(worker(), job_id, tile_key, Capability.COMPUTE)

    def finish(job_id: str) -> None:
        with working_on(job=job_id, worker=worker_name()):
            close_job(worker(), job_id)

    app.task(plan, name=PLAN, shared=False)
    app.task(tile, name=TILE, shared=False)
    app.task(compute, name=COMPUTE, shared=False)
    app.task(finish, name=FINISH, shared=False)
    beat_while_at_work(app, read_settings)
    return app


def plan_job(worker: Worker, job_id: str) -> None:
    """Cut the region of a job into tiles, if nobody else does, and send them. Every end is written into the ledger."""
    planning, lease_s = Planning(worker.ledger), worker.settings.jobs.lease_seconds
    await_room(worker.settings.home)
    patiently(lambda: planning.release(is_gone, allowance_s=lease_s))
    if patiently(lambda: planning.claim(job_id, worker.name, lease_s)):
        logger.info("planning begins job=%s worker=%s", job_id, worker.name)
        with Lease(lambda _: planning.heartbeat(job_id, worker.name, lease_s), lease_s) as lease:
            _try_plan(worker, job_id, lease)
    else:
        logger.info("job is not to be planned job=%s", job_id)
    _send_next(worker, job_id)


def carry_out_tile(worker: Worker, job_id: str, tile_key: str, stage: Capability = Capability.INGEST) -> None:
    """Carry out the tile that a message names, or the one that is due before it, and send what comes next.

    A tile that is to be read is rendered too where the worker computes; else its cube is left in the store for one
    that does. Every end is written into the ledger. Whose tile is due: `workers.queue.fairness`.

    While ledger or store are away or the disk is full, the message waits: it is acknowledged when this returns.
    """
    ledger, lease_s = worker.ledger, worker.settings.jobs.lease_seconds
    _await_parts(worker)
    patiently(lambda: ledger.release(is_gone, job_id, allowance_s=lease_s))
    found = patiently(lambda: Turns(ledger).claim(job_id, tile_key, worker.name, lease_s, stage))
    if found is None or found.job_id != job_id:
        _send_next(worker, job_id)  # its tile may need another message
    if found is None:
        logger.info("tile is not to be done job=%s tile=%s", job_id, tile_key)
        return
    _carry_out(worker, found.job_id, found.tile_key, stage)
    _send_next(worker, found.job_id)


def _carry_out(worker: Worker, job_id: str, tile_key: str, stage: Capability) -> None:
    ledger, lease_s = worker.ledger, worker.settings.jobs.lease_seconds
    logger.info("tile begins job=%s tile=%s worker=%s", job_id, tile_key, worker.name)
    with Lease(lambda share: ledger.heartbeat(job_id, tile_key, worker.name, lease_s, share), lease_s) as lease:
        _try_tile(worker, job_id, tile_key, stage, lease)


def close_job(worker: Worker, job_id: str) -> None:
    """Write the result of a job whose tiles are done, if nobody else does. Every end is written into the ledger."""
    ledger, lease_s = worker.ledger, worker.settings.jobs.lease_seconds
    _await_parts(worker)
    patiently(lambda: ledger.release_closers(is_gone, allowance_s=lease_s))
    if patiently(lambda: ledger.claim_close(job_id, worker.name, lease_s)):
        logger.info("closing begins job=%s worker=%s", job_id, worker.name)
        with Lease(lambda _: ledger.heartbeat_close(job_id, worker.name, lease_s), lease_s) as lease:
            _try_close(worker, job_id, lease)
    else:
        logger.info("job is not to be closed job=%s", job_id)
    _send_next(worker, job_id)


def _try_plan(worker: Worker, job_id: str, lease: Lease) -> None:
    ledger, planning, began = worker.ledger, Planning(worker.ledger), time.monotonic()
    try:
        order = patiently(lambda: ledger.job(job_id)).order
        plan = open_plan(order, worker.settings, worker.dependencies)
        last_row, count = patiently(lambda: planning.resume(job_id, plan.grid))
        page: list[Tile] = []
        for following in pages(plan.rows(below=last_row, before=count)):
            if page:
                _add_page(planning, job_id, worker.name, page)
            page = following
            lease.progress(0.0)
    except LeaseLost:
        logger.info("planning dropped job=%s", job_id)
    except Exception as error:
        logger.warning("planning failed job=%s", job_id, exc_info=error)
        for_good = isinstance(error, RequestError)
        why = str(error) if for_good else reason(error)
        patiently(lambda: planning.fail(job_id, worker.name, why, for_good=for_good))
    else:
        patiently(lambda: planning.finish(job_id, worker.name, page))
        logger.info("planning done job=%s seconds=%.1f", job_id, time.monotonic() - began)


def _add_page(planning: Planning, job_id: str, worker: str, page: Sequence[Tile]) -> None:
    """Write tiles into the ledger.

    Raises:
        LeaseLost: somebody else plans the job, or it has ended.
    """
    if not patiently(lambda: planning.add_page(job_id, worker, page)):
        raise LeaseLost


def _await_parts(worker: Worker) -> None:
    """Return once the disk has room and the store answers; tidy up meanwhile."""
    await_room(worker.settings.home)
    patient_store(worker.settings).check()
    patiently(lambda: worker.sweeper.sweep(worker.ledger, worker.settings))


def _try_tile(worker: Worker, job_id: str, tile_key: str, stage: Capability, lease: Lease) -> None:
    ledger, began, before = worker.ledger, time.monotonic(), METER.spent()
    try:
        job = patiently(lambda: ledger.job(job_id))
        tile = patiently(lambda: planned_tile(ledger.engine, job_id, tile_key))
        work = _answer if job.order.is_of_fields else _compute if stage is Capability.COMPUTE else _read_and_compute
        pixels = work(worker, job, tile, lease)
    except LeaseLost:
        logger.info("tile dropped job=%s tile=%s", job_id, tile_key)
    except LimitReached as limit:
        logger.info("fields left out job=%s reason=%s", job_id, limit.reason)
        ended: Any = {"reason": limit.reason, "pixels": limit.pixels, "has_some": limit.has_some}
        ended |= {"spent": METER.spent().since(before)}
        patiently(lambda: stop_tile(ledger, job_id, tile_key, worker.name, **ended))
    except Exception as error:
        logger.warning("tile failed job=%s tile=%s", job_id, tile_key, exc_info=error)
        further: Any = {"for_good": isinstance(error, RequestError), "spent": METER.spent().since(before)}
        further |= {"stage": Capability.INGEST} if isinstance(error, CubeMissing) else {}
        why = reason(error)
        patiently(lambda: ledger.fail_tile(job_id, tile_key, worker.name, why, **further))
    else:
        is_done = _note_end(worker, job_id, tile, pixels, time.monotonic() - began, METER.spent().since(before))
        if is_done and stage is Capability.COMPUTE:
            remove_cube(tile, worker.settings, job_id)


READ = -1
"""In place of a number of pixels: the cube is in the store, for another worker."""


def _note_end(worker: Worker, job_id: str, tile: Tile, pixels: int | None, seconds: float, spent: Spent) -> bool:
    """Write the end of an attempt that did not fail; False = the tile is not done, or no longer this worker's.

    Args:
        worker, job_id, tile: whose, and of what.
        pixels: rendered; None = an existing tile was reused; READ.
        seconds, spent: of the attempt.
    """
    ledger, held = worker.ledger, (job_id, tile.key, worker.name)
    if pixels == READ:
        patiently(lambda: finish_read(ledger, *held, seconds, spent=spent))
        logger.info("tile read job=%s tile=%s seconds=%.1f", job_id, tile.key, seconds)
        return False
    measured = (None, None) if pixels is None else (seconds, pixels)
    is_done = patiently(lambda: ledger.finish_tile(*held, *measured, spent=spent))
    logger.info("tile done job=%s tile=%s seconds=%.1f reused=%s", job_id, tile.key, seconds, pixels is None)
    return is_done


def _read_and_compute(worker: Worker, job: Job, tile: Tile, lease: Lease) -> int | None:
    """Render a tile, or leave its cube for a worker that does; return the number of pixels, see `_note_end`."""
    recipe = read_recipe(job.order, worker.settings, worker.dependencies)
    if find_tile(recipe, tile, worker.settings, job.id) is not None:
        return None
    if Capability.COMPUTE not in worker.queues:
        cube = build_tile(recipe, tile, worker.settings, worker.dependencies)
        lease.progress(SHARE)
        store_cube(recipe, tile, cube, worker.settings, job.id)
        return READ
    render_tile(recipe, tile, worker.settings, job.id, lease.progress, worker.dependencies)
    return _pixels(recipe, tile)


def _compute(worker: Worker, job: Job, tile: Tile, lease: Lease) -> int | None:
    """Render a tile that another worker has read; return the number of pixels, see `_note_end`.

    Raises:
        CubeMissing: the cube is not there or damaged.
    """
    with stored_cube(tile, worker.settings, job.id) as stored:
        recipe = read_recipe(job.order, worker.settings, without_archive(worker.dependencies, stored.archive))
        found = find_tile(recipe, tile, worker.settings, job.id)
        if found is None:
            render_cube(recipe, tile, stored.cube, worker.settings, job.id, lease.progress)
    return _pixels(recipe, tile) if found is None else None


def _pixels(recipe: Recipe, tile: Tile) -> int:
    return int(recipe.mask(tile).sum())


def _answer(worker: Worker, job: Job, _: Tile, lease: Lease) -> int | None:
    """Answer the fields of a job, reading and all; return the number of pixels, None if their lines were there."""
    return _field_work(worker, job).answer(lease.progress, Allowance(worker.ledger.engine, job).reached)


def _field_work(worker: Worker, job: Job) -> "FieldWork":
    from workers.fields.job import FieldWork  # pandas is loaded where fields are answered

    return FieldWork(job=job, settings=worker.settings, engine=worker.ledger.engine, dependencies=worker.dependencies)


def _try_close(worker: Worker, job_id: str, lease: Lease) -> None:
    ledger, began = worker.ledger, time.monotonic()
    try:
        job = patiently(lambda: ledger.job(job_id))
        message, item = _write_table(worker, job, lease) if job.order.is_of_fields else _write_map(worker, job, lease)
    except LeaseLost:
        logger.info("closing dropped job=%s", job_id)
    except RequestError as error:
        why = str(error)
        patiently(lambda: ledger.close_job(job_id, JobState.FAILED, why, worker.name))
        logger.info("job failed job=%s reason=%s", job_id, error)
    except Exception as error:
        logger.warning("closing failed job=%s", job_id, exc_info=error)
        why = reason(error)
        patiently(lambda: ledger.fail_close(job_id, worker.name, why))
    else:
        patiently(lambda: ledger.close_job(job_id, JobState.SUCCESSFUL, message, worker.name, item=item))
        logger.info("closing done job=%s seconds=%.1f", job_id, time.monotonic() - began)
    _clean_up(worker, job_id)


def _write_map(worker: Worker, job: Job, lease: Lease) -> tuple[str, Item | None]:
    """Write the files of a map; return the message of the job and its item."""
    from workers.finish import finish  # matplotlib and dask are loaded where a result is written

    ledger = worker.ledger
    tiles = patiently(lambda: ledger.lattice(job.id))
    gaps = patiently(lambda: gaps_of(ledger, job))
    report = _reporter(ledger, job.id)
    note = finish(job, tiles, worker.settings, lease, report, worker.dependencies, gaps=gaps)
    message = end_sentence(len(gaps), len(tiles), job.id, note)
    return message, read_item(patient_store(worker.settings), job.id, job.order.product)


def _write_table(worker: Worker, job: Job, lease: Lease) -> tuple[str, Item | None]:
    """Write the files of fields; return the message of the job. There is no item: STAC describes rasters here."""
    return _field_work(worker, job).finish(lease, _reporter(worker.ledger, job.id)), None


def _clean_up(worker: Worker, job_id: str) -> None:
    """Leave no file of a job that ended without a result, and no scratch file of one that ended with one."""
    job = patiently(lambda: worker.ledger.job(job_id))
    if job.state.is_final and not job.keeps_lines:
        sweep(job_id, worker.settings, with_result=job.state in WITHOUT_RESULT)


def _reporter(ledger: Ledger, job_id: str) -> Callable[[str], None]:
    def report(message: str) -> None:
        try:
            ledger.report(job_id, message)
        except AWAY as error:
            logger.warning("stage not reported job=%s stage=%s reason=%s", job_id, message, brief(error))

    return report


def _send_next(worker: Worker, job_id: str) -> None:
    try:
        feed(worker.ledger, worker.settings, job_id)
    except (WorkerUnavailable, *AWAY) as error:
        logger.warning(
            "next tile not sent job=%s reason=%s", job_id, brief(error)
        )  # workers.queue.reconcile sends it later


def reason(error: Exception) -> str:
    """Return an error as the clause of a sentence, without a full stop at its end."""
    if isinstance(error, LandcastError):
        return str(error).removesuffix(".")
    if isinstance(error, MemoryError):
        return "memory ran out; a smaller LANDCAST_TILE_SIZE needs less"
    return f"of {type(error).__name__} ({error})"


def _log(loglevel: Any = "INFO", **_: Any) -> None:
    logging.basicConfig(level=loglevel, format=LOG_FORMAT)
    use_json_lines(os.environ.get("LANDCAST_LOG") == "json")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # rasterio asks it for keys with each file that it opens
    limit_log_rate()


signals.setup_logging.connect(_log)
app = make_app()
