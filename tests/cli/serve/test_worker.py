"""`landcast worker` without a Redis, and what it need not load; whole workers are in tests/service/process/."""

import subprocess
import sys

import pytest

from cli.main import FAILED, WRONG_INPUT, run_command
from tests.conftest import ROOT

UNUSED = ("fastapi", "uvicorn", "xarray", "pandas", "celery", "rasterio")


@pytest.mark.usefixtures("folder")
def test_a_worker_alone_needs_the_url_of_a_redis(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["worker"]) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "a worker alone needs LANDCAST_REDIS_URL" in printed.err


def test_a_queue_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["worker", "--queues", "paint"]) == WRONG_INPUT
    assert "--queues" in capsys.readouterr().err


def test_what_becomes_a_worker_loads_no_service_and_nothing_that_the_worker_loads_again() -> None:
    code = f"import sys; import cli.serve.worker; print(*(m for m in {UNUSED!r} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_a_worker_starts_without_what_only_results_and_fields_need() -> None:
    names = ("matplotlib", "dask", "pandas", "zarr")
    code = f"import sys; import workers.tasks; print(*(m for m in {names!r} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) <= {"pandas"}, "xarray brings pandas; nothing else of these is needed for a tile"
