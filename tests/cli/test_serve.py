"""`landcast serve` and `worker` without a Redis; whole services are in tests/service/process/."""

import pytest

from cli.main import FAILED, WRONG_INPUT, run_command
from cli.serve import _open_to_others


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "who"), [(["serve", "--no-worker"], "a service without a worker"), (["worker"], "a worker alone")]
)
def test_a_service_without_a_worker_and_a_worker_alone_need_the_url_of_a_redis(
    capsys: pytest.CaptureFixture[str], arguments: list[str], who: str
) -> None:
    assert run_command(arguments) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{who} needs LANDCAST_REDIS_URL" in printed.err


def test_a_port_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["serve", "--port", "70000"]) == WRONG_INPUT
    assert "'--port'" in capsys.readouterr().err


def test_what_other_machines_may_reach_is_named_with_its_port() -> None:
    assert "0.0.0.0:8000, which other machines may reach, and no key" in _open_to_others(
        "0.0.0.0", "http://127.0.0.1:8000"
    )
    assert "[::]:80," in _open_to_others("::", "http://[::1]:80")
