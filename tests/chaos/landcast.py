"""The command line `landcast`, whose workers have gates: `python -m tests.chaos.landcast serve`."""

import sys

from cli.main import main
from service.process import worker_process
from tests.conftest import ROOT

APP = "tests.chaos.worker_app"

if __name__ == "__main__":
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {APP}"
    worker_process.CODE = f"{start}; from celery.__main__ import main; main()"
    worker_process.ARGUMENTS = ("-A", APP, *worker_process.ARGUMENTS[2:])
    sys.exit(main())
