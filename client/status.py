"""State of a job as a service reports it, and when to look again. No requests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import JobFailed
from core.job import JobState

FIRST_POLL_S, LAST_POLL_S = 0.2, 2.0


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """State of a job as the service reports it (OGC API - Processes 1.0, statusInfo)."""

    id: str
    url: str
    state: JobState
    share: float
    """0..1."""
    message: str
    process_id: str = ""
    """Product of the job."""
    seconds: float = 0.0
    """From the first tile's start to the end; 0 while it runs."""
    is_complete: bool = True
    """False of a successful job with gaps."""

    def __str__(self) -> str:
        """Return one line for people: `running, 40 %: 2 of 5 tiles`."""
        return f"{self.state}, {100 * self.share:.0f} %" + (f": {self.message}" if self.message else "")


def read_status(document: Mapping[str, Any], url: str) -> JobStatus:
    """Return the state of the job at a URL from the document that the service sends."""
    started, finished = document.get("started") or "", document.get("finished") or ""
    is_over = started and finished
    seconds = (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds() if is_over else 0.0
    return JobStatus(
        id=document["jobID"],
        url=url,
        state=JobState(document["status"]),
        share=float(document.get("progress") or 0) / 100,
        message=document.get("message") or "",
        process_id=document.get("processID") or "",
        seconds=seconds,
        is_complete=document.get("complete") is not False,
    )


def ended_well(status: JobStatus) -> JobStatus:
    """Return the status of a successful job.

    Raises:
        JobFailed: the job failed or was dismissed.
    """
    if status.state is not JobState.SUCCESSFUL:
        raise JobFailed(status.id, status.message or f"it is {status.state}.")
    return status


def pauses() -> Iterator[float]:
    """Yield the seconds to wait between requests: short at first, then longer, without end."""
    pause = FIRST_POLL_S
    while True:
        yield pause
        pause = min(LAST_POLL_S, pause * 1.3)
