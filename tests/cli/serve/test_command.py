"""`landcast serve` without a Redis, and its door; whole services are in tests/service/process/."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cli.main import FAILED, WRONG_INPUT, run_command
from cli.serve.command import _address
from core.settings import Settings
from tests.conftest import ROOT
from tests.service.access.keyed import bearer, make_key


@pytest.mark.usefixtures("folder")
def test_a_service_without_a_worker_needs_the_url_of_a_redis(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["serve", "--no-worker"]) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "a service without a worker needs LANDCAST_REDIS_URL" in printed.err


def test_a_port_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["serve", "--port", "70000"]) == WRONG_INPUT
    assert "'--port'" in capsys.readouterr().err


def test_the_address_that_is_bound_is_named() -> None:
    assert _address("127.0.0.1", "http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    shown = "http://0.0.0.0:8000, all addresses of this machine, from here http://127.0.0.1:8000"
    assert _address("0.0.0.0", "http://127.0.0.1:8000") == _address("", "http://127.0.0.1:8000") == shown
    assert _address("::", "http://[::1]:80").startswith("http://[::]:80, all addresses")
    assert _address("10.0.0.5", "http://10.0.0.5:80") == "http://10.0.0.5:80"


def test_a_service_for_other_machines_says_its_real_address_and_that_keys_are_needed(
    archive_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    key = make_key(settings, "alice")
    command = [sys.executable, "-m", "cli.main", "serve", "--host", "0.0.0.0"]
    variables = dict(os.environ) | {
        "LANDCAST_HOME": str(settings.home),
        "LANDCAST_ARCHIVE": str(archive_folder / "archives" / "fields.nc"),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            port = int(re.search(r"http://0\.0\.0\.0:(\d+), all addresses of this machine", said)[1])  # type: ignore[index]
            assert httpx.get(f"http://127.0.0.1:{port}/jobs", trust_env=False).status_code == 401
            answer = httpx.get(f"http://127.0.0.1:{port}/jobs", headers=bearer(key), trust_env=False)
            assert answer.json()["jobs"] == []
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    assert "Requests need a key" in err
    assert key[18:] not in said + err
