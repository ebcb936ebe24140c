import itertools

import pytest

from client.status import LAST_POLL_S, JobStatus, ended_well, pauses, read_status
from core.errors import JobFailed
from core.job import JobState

DOCUMENT = {
    "jobID": "7",
    "processID": "crop",
    "status": "successful",
    "progress": 100,
    "message": "done",
    "started": "2026-11-22T10:00:00.000Z",
    "finished": "2026-11-22T10:00:12.500Z",
}


def test_the_state_of_a_job_is_read() -> None:
    status = read_status(DOCUMENT, "http://server/jobs/7")
    assert status == JobStatus(
        id="7",
        url="http://server/jobs/7",
        state=JobState.SUCCESSFUL,
        share=1.0,
        message="done",
        process_id="crop",
        seconds=12.5,
    )
    assert not read_status({**DOCUMENT, "complete": False}, "").is_complete


def test_a_status_is_one_line_for_people() -> None:
    assert str(read_status(DOCUMENT | {"status": "running", "progress": 40, "message": ""}, "")) == "running, 40 %"
    assert str(read_status(DOCUMENT, "")) == "successful, 100 %: done"


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.DISMISSED])
def test_a_job_that_ended_without_a_result_is_an_error(state: JobState) -> None:
    with pytest.raises(JobFailed, match="no clear"):
        ended_well(JobStatus(id="7", url="", state=state, share=0.5, message="There is no clear observation."))


def test_the_pauses_grow_to_a_limit() -> None:
    found = list(itertools.islice(pauses(), 30))
    assert found == sorted(found)
    assert found[-1] == LAST_POLL_S
