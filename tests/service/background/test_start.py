"""A service starts its background threads with itself, and ends them with itself."""

import threading
from pathlib import Path

from tests.service import scene


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_threads_run_with_a_service_that_reconciles_and_end_with_it(tmp_path: Path, redis_url: str) -> None:
    settings = scene.settings_for(tmp_path, redis_url=redis_url)
    with scene.served(settings, reconcile=False):
        assert not {"standing-orders-0", "webhooks-3"} & names()
    with scene.served(settings, reconcile=True):
        assert {"standing-orders-0", "webhooks-3"} <= names()
    assert not {"standing-orders-0", "webhooks-3"} & names()
