"""The Celery app of the fakes on a machine whose clock is off by TEST_SHIFT_S seconds."""

import os
import time

_true, _shift_s = time.time, float(os.environ.pop("TEST_SHIFT_S"))
time.time = lambda: _true() + _shift_s

from tests.fakes import FAKE_DEPENDENCIES  # noqa: E402 - after the clock was shifted
from workers.tasks import make_app  # noqa: E402 - as above

app = make_app(FAKE_DEPENDENCIES)
