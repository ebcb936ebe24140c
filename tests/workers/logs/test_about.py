"""What log lines are about: the process's task, in all its threads, and the request of the moment."""

import threading

from workers.logs.about import at_work_on, request_id, working_on


def test_a_task_is_that_of_all_threads_and_ends_with_its_work() -> None:
    seen: list[dict[str, str]] = []
    with working_on(job="j1", worker="w"):
        with working_on(job="j1", tile="t1", worker="w"):
            thread = threading.Thread(target=lambda: seen.append(dict(at_work_on())))
            thread.start()
            thread.join()
        assert dict(at_work_on()) == {"job": "j1", "worker": "w"}
    assert seen == [{"job": "j1", "tile": "t1", "worker": "w"}]
    assert dict(at_work_on()) == {}


def test_a_request_is_named_while_it_is_answered() -> None:
    token = request_id.set("abc")
    assert at_work_on()["request"] == "abc"
    request_id.reset(token)
    assert "request" not in at_work_on()
