"""How long copies of a job's results may be used without asking again (RFC 9111, RFC 8246)."""

from core.job import Job, JobState

FOREVER = "private, max-age=31536000, immutable"
ASK = "no-cache"


def cache_control(job: Job) -> str:
    """Return the Cache-Control of what is made of a job's result: files, tiles, pictures.

    A complete result never changes: a retry leaves it as it is, and a new order is a new job. One with gaps is replaced
    under the same URL by a retry. `private`, as results belong to whoever ordered them.
    """
    return FOREVER if job.state is JobState.SUCCESSFUL and job.is_complete else ASK
