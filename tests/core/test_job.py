"""States of jobs."""

from core.job import JobState


def test_a_job_that_has_ended_never_changes_again() -> None:
    assert [s for s in JobState if s.is_final] == [JobState.SUCCESSFUL, JobState.FAILED, JobState.DISMISSED]
    assert {s.value for s in JobState} == {"accepted", "running", "successful", "failed", "dismissed"}  # OGC 18-062r2
