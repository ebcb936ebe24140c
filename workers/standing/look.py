"""One look at a standing order that is due: are there new scenes, or is it time? If so, its next job is ordered.

Which tiles are then computed is not decided here: each tile's cached pixels are named by its scenes, so a tile without
a new scene is found there, and the others are rendered.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from core.errors import LandcastError, OverQuota, UnknownJob
from core.product import Product
from core.settings import Settings
from core.timeline import Period
from ingest.archive import SENSOR_BANDS, Archive, Scene, TellsContent
from products.order import parse
from workers.accept import Checked, check
from workers.dependencies import Dependencies
from workers.queue.dispatch import submit
from workers.queue.ledger import Admit, open_ledger
from workers.standing.dates import HeldArchive, held_dependencies
from workers.standing.store import StandingOrder, StandingOrders

logger = logging.getLogger(__name__)

LEASE_S = 900.0
"""Longest time of a look; after it another service looks. Archives that do not answer are tried for some minutes."""
FIRST_RETRY_S = 60.0
"""After a look that failed; doubled with each further one, up to the time between two looks."""
DIGEST_LETTERS = 16

AdmitOf = Callable[[StandingOrder], Admit]
"""Standing order -> what its next job is checked by in the transaction that adds it."""


@dataclass(frozen=True, kw_only=True)
class Lookout:
    """What looks work with."""

    orders: StandingOrders
    settings: Settings
    dependencies: Dependencies
    holder: str
    """Name of this process, unlike that of all others."""
    admit_of: AdmitOf


def look_once(lookout: Lookout) -> bool:
    """Look at one standing order that is due; False = there is none.

    Raises:
        SQLAlchemyError: the ledger is away; the order is looked at again once its lease has run out.
    """
    order = lookout.orders.claim(lookout.holder, LEASE_S)
    if order is None:
        return False
    try:
        _look(lookout, order)
    except OverQuota as error:
        _put_off(lookout, order, str(error), wait_s=min(float(error.retry_after_s), _between_s(lookout)), failed=True)
    except LandcastError as error:
        _retry_later(lookout, order, str(error))
    except SQLAlchemyError:
        raise
    except Exception as error:  # whatever it is: the next look may succeed, and others are waiting
        logger.exception("look at a standing order failed order=%s", order.id)
        _retry_later(lookout, order, f"an unexpected error ({type(error).__name__}); the log has the details")
    return True


def _look(lookout: Lookout, order: StandingOrder) -> None:
    ledger = open_ledger(lookout.settings)
    if order.runs and _is_active(lookout, order.last_job):
        _put_off(lookout, order, f"its job {order.last_job} has not ended yet", wait_s=_between_s(lookout))
        return
    with suppress(UnknownJob):  # ordered by a look that did not come to its end: nobody noted which scenes it saw
        ledger.job(order.next_job)
        _note(lookout, order, f"job {order.next_job} was ordered", seen=sorted(order.seen))
        return
    found, seen = _check(lookout, order)
    new = [digest for digest in seen if digest not in order.seen]
    if not order.every_days and not new:
        text = "no new scenes" if order.runs else "the archive has no scenes of the region and period yet"
        _put_off(lookout, order, text, wait_s=_between_s(lookout))
        return
    _submit(lookout, order, found)
    why = f"{len(new)} new scenes" if new else f"{order.every_days} days have passed"
    _note(lookout, order, f"job {order.next_job} was ordered: {why}", seen=seen)
    logger.info("standing order runs order=%s job=%s scenes=%d", order.id, order.next_job, len(new))


def _check(lookout: Lookout, order: StandingOrder) -> tuple[Checked, list[str]]:
    """Return the checked order of the next job, and the digests of the scenes that it reads.

    Raises:
        LandcastError: it cannot be ordered any more, or the archive does not answer.
    """
    settings, product = lookout.settings, lookout.dependencies.find_product(order.product)
    held = held_dependencies(product, lookout.dependencies, every_days=order.every_days)
    found = check(order.product, order.inputs, settings, held)
    days = parse(product, found.order.params, available=found.archive.period).days
    archive = found.archive.inner if isinstance(found.archive, HeldArchive) else found.archive
    return found, scene_digests(product, archive, found, days)


def scene_digests(product: Product[Any], archive: Archive, found: Checked, days: Period) -> list[str]:
    """Return a digest of each scene of an order's region and days: of its name and content. Weather is left out."""
    wanted = {"NDVI", *product.bands}
    sensors = [name for name, bands in SENSOR_BANDS.items() if name != "weather" and wanted & set(bands)]
    scenes = [s for s in archive.search(found.grid.window(found.region), days) if s.sensor in sensors]
    return sorted({_digest(archive, scene) for scene in scenes})


def _digest(archive: Archive, scene: Scene) -> str:
    content = archive.content_of(scene) if isinstance(archive, TellsContent) else scene.version
    return hashlib.sha256(f"{scene.scene_id}\n{content}".encode()).hexdigest()[:DIGEST_LETTERS]


def _submit(lookout: Lookout, order: StandingOrder, found: Checked) -> None:
    accepted = replace(found.order, outputs=tuple(order.further.get("outputs") or ()))
    submit(
        accepted,
        lookout.settings,
        pixels=found.pixels,
        job_id=order.next_job,
        party=order.party,
        admit=lookout.admit_of(order),
    )


def _is_active(lookout: Lookout, job_id: str) -> bool:
    with suppress(UnknownJob):
        return not open_ledger(lookout.settings).job(job_id).state.is_final
    return False


def _between_s(lookout: Lookout) -> float:
    return lookout.settings.jobs.watch_minutes * 60


def _note(lookout: Lookout, order: StandingOrder, message: str, *, seen: list[str]) -> None:
    wait_s = 0.0 if order.every_days else _between_s(lookout)
    lookout.orders.note_run(order, lookout.holder, message, wait_s=wait_s, seen=seen)


def _put_off(lookout: Lookout, order: StandingOrder, message: str, *, wait_s: float, failed: bool = False) -> None:
    lookout.orders.put_off(order, lookout.holder, message, wait_s=wait_s, has_failed=failed)


def _retry_later(lookout: Lookout, order: StandingOrder, reason: str) -> None:
    logger.warning("standing order could not be run order=%s reason=%s", order.id, reason)
    wait_s = min(FIRST_RETRY_S * 2 ** min(order.failures, 20), _between_s(lookout))
    _put_off(lookout, order, reason, wait_s=wait_s, failed=True)
