"""A row of the table: a fault in a stage, and what came of it."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import gates
from tests.chaos.site import Site

MOST_ATTEMPTS = 2


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a fault."""

    end: str
    """State of the job, or what else was to be seen."""
    seconds: float = 0.0
    """From the end of the fault to the end of the job."""
    twice: int | None = None
    """Number of tiles that were tried twice; None = the fault concerns no tiles."""
    equal: bool | None = None
    """Whether the files are those of a clean run; None = there are none to compare."""
    wrong: str = ""
    """What is not as it should be."""


class Skip(Exception):
    """The machine lacks what a row needs; the text says what."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where a row is carried out."""

    folder: Path
    archive: Path
    clean: str
    """Digest of the clean run's files."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault."""

    fault: str
    stage: str = "-"
    run: Callable[[Room], Outcome] = field(repr=False)
    long: bool = False
    """Carried out by `make chaos-all` alone."""
    alone: bool = False
    """It measures times, so that nothing else is carried out beside it."""

    @property
    def name(self) -> str:
        """Fault and stage in one text."""
        return f"{self.fault} / {self.stage}"

    def carry_out(self, room: Room) -> Outcome:
        """Return what came of it; whatever went wrong is part of the answer."""
        try:
            room.folder.mkdir(parents=True)
            return self.run(room)
        except Skip as reason:
            return Outcome(end="skipped", wrong=f"skipped: {reason}")
        except Exception as error:
            (room.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
            return Outcome(end="-", wrong=f"{type(error).__name__}: {error}")


def disturbed_job(
    site: Site, stage: str, fault: Callable[[], None], clean: str, *, most: int = MOST_ATTEMPTS
) -> Outcome:
    """Order a map, cause a fault while a worker waits in a stage, and follow the job to its end.

    Args:
        fault: returns when the fault has ended; the worker goes on while it lasts.
        most: attempts at a tile that are as they should be.
    """
    gates.arm(site.gates, stage)
    job_id = site.order()
    site.await_gate(stage)
    fault()
    gates.open_gate(site.gates, stage)
    return ended(site, job_id, clean, most=most)


def ended(site: Site, job_id: str, clean: str, *, most: int = MOST_ATTEMPTS) -> Outcome:
    """Return how a job ends, now that its fault has ended."""
    began = time.monotonic()
    job = site.await_end(job_id)
    seconds = time.monotonic() - began
    attempts = [tile.attempts for tile in site.tiles(job_id)]
    is_successful = job["status"] == "successful"
    equal = is_successful and site.digest(job_id) == clean
    wrong = [
        "" if is_successful else f"the job is {job['status']}: {job.get('message')}",
        "" if equal or not is_successful else "other bytes than those of the clean run",
        "" if max(attempts) <= most else f"a tile was tried {max(attempts)} times",
    ]
    return Outcome(
        end=job["status"],
        seconds=seconds,
        twice=sum(n > 1 for n in attempts),
        equal=equal,
        wrong="; ".join(filter(None, wrong)),
    )
