"""Log lines as JSON: of one record, of the command line, and of a real worker."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from service.process.worker_process import worker_command
from tests.conftest import ROOT
from tests.fakes import SMALL
from tests.workers.conftest import CeleryWorker, assert_successful, end_of, order
from workers.log_rate import LogRate
from workers.logs.about import working_on
from workers.logs.json_lines import JsonLines, facts_of


def record(text: object, *args: Any, **further: Any) -> logging.LogRecord:
    return logging.LogRecord("workers.tasks", logging.WARNING, __file__, 7, text, args, further.get("error"))


def line_of(text: object, *args: Any, **further: Any) -> dict[str, Any]:
    text = JsonLines().format(record(text, *args, **further))
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_has_time_level_message_and_the_facts_of_the_message() -> None:
    found = line_of("tile done job=%s tile=%s seconds=%.1f reused=%s", "j1", "t1", 2.345, False)
    assert datetime.fromisoformat(found.pop("time")).tzinfo is not None
    assert found == {
        "level": "WARNING",
        "logger": "workers.tasks",
        "message": "tile done job=j1 tile=t1 seconds=2.3 reused=False",
        "job": "j1",
        "tile": "t1",
        "facts": {"seconds": 2.345, "reused": False},
    }


def test_what_the_process_is_at_work_on_is_named_in_lines_that_do_not_say_so() -> None:
    with working_on(job="j1", tile="t1", worker="w"):
        found = line_of("a scene could not be read reason=%s", ValueError("x"))
        other = line_of("tile begins job=%s", "j2")
    assert (found["job"], found["tile"], found["worker"]) == ("j1", "t1", "w")
    assert found["facts"] == {"reason": "x"}
    assert other["job"] == "j2", "the message knows best"


@pytest.mark.parametrize(
    ("text", "args", "facts"),
    [
        ("100%% done job=%s", ("a",), {"job": "a"}),
        ("plain %s and name=%r", (1, "x"), {"name": "x"}),
        ("%s", ("a=%s",), {}),
        ("too few a=%s b=%s", ("x",), {}),
        ("width=%*d", (3, 7), {}),
        ("by name=%(name)s", ({"name": "x"},), {}),
        (ValueError("no text a=%s"), (), {}),
    ],
)
def test_facts_are_taken_from_the_message_alone(text: object, args: tuple[Any, ...], facts: dict[str, Any]) -> None:
    assert facts_of(record(text, *args)) == facts
    assert line_of(text, *args)["message"]


def test_a_traceback_and_line_breaks_stay_in_one_line() -> None:
    try:
        raise ZeroDivisionError("first\nsecond")
    except ZeroDivisionError as error:
        found = line_of("tile failed reason=%s", "a\nb", error=(type(error), error, error.__traceback__))
    assert "ZeroDivisionError: first\nsecond" in found["exception"]
    assert found["facts"]["reason"] == "a\nb"


def test_the_rate_is_limited_as_that_of_plain_lines() -> None:
    rate = LogRate(most=2, period_s=60.0, clock=lambda: 0.0)
    assert [rate.filter(record("away reason=%s", n)) for n in range(4)] == [True, True, False, False]


def test_the_command_line_writes_json_where_it_is_wanted(tmp_path: Path) -> None:
    code = "import logging; from cli.main import _set_up_logging; _set_up_logging(is_debug=False); "
    code += "logging.getLogger('workers.x').warning('away job=%s', 'j1')"
    for wanted, is_json in (("json", True), ("plain", False)):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"LANDCAST_LOG": wanted},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stderr.strip().startswith("{") == is_json
        if is_json:
            assert json.loads(run.stderr)["job"] == "j1"


def test_every_line_of_a_real_worker_is_json_and_names_job_and_tile(
    shop: Settings, start_worker: Callable[..., CeleryWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDCAST_LOG", "json")
    worker = start_worker(shop)
    job = order(shop, region=SMALL)
    assert_successful(end_of(shop, job.id))
    lines = worker.log.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("{"))  # Celery's banner, unless it gets -q
    found = [json.loads(line) for line in lines[first:]]
    mine = [line for line in found if line.get("job") == job.id]
    begun = next(line for line in mine if line["message"].startswith("tile begins"))
    assert begun["tile"]
    assert begun["worker"]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in found)


def test_a_worker_of_the_service_has_no_banner_where_lines_are_json() -> None:
    assert "-q" in worker_command("w", Settings(log="json"))
    assert "-q" not in worker_command("w", Settings())
