"""`landcast serve` and `worker` without a Redis; whole services are in tests/service/process/."""

import pytest

from cli.main import FAILED, WRONG_INPUT, run_command


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "who"), [(["serve", "--no-worker"], "a service without a worker"), (["worker"], "a worker alone")]
)
def test_what_shares_a_redis_needs_its_url(capsys: pytest.CaptureFixture[str], arguments: list[str], who: str) -> None:
    assert run_command(arguments) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{who} needs LANDCAST_REDIS_URL" in printed.err


def test_a_port_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["serve", "--port", "70000"]) == WRONG_INPUT
    assert "'--port'" in capsys.readouterr().err
