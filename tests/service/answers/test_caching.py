"""How long copies of results may be used."""

from dataclasses import replace

from core.job import Job, JobState, Order
from service.answers.caching import ASK, FOREVER, cache_control

ORDER = Order(product="crop", region={}, archive="", model="m", params={})
WHOLE = Job(id="a", order=ORDER, state=JobState.SUCCESSFUL, created="", updated="", tiles_total=2, tiles_done=2)


def test_only_a_complete_result_can_never_change() -> None:
    assert cache_control(WHOLE) == FOREVER
    assert cache_control(replace(WHOLE, tiles_done=1)) == ASK
    assert cache_control(replace(WHOLE, state=JobState.RUNNING, finished="x")) == ASK, "a retry replaces it"


def test_no_cache_between_keeps_what_belongs_to_one_party() -> None:
    assert "private" in FOREVER
