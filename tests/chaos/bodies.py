"""Made-up requests for a running service: no answer is an error of the service.

The bodies are those of tests/service/test_bad_bodies.py; requests of the OpenAPI document are made up by schemathesis.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.service.test_bad_bodies import DOCUMENT, ROUTES, bodies

SCHEMA_SHARE = 0.2
"""Of the requests, those that are made up from the OpenAPI document."""
PASSED_OVER = {"/jobs/{job_id}/events"}
"""A stream without an end."""


def check(answer: Any, sent: object) -> None:
    """Check that an answer is no error of the service.

    Raises:
        AssertionError: it is; the text says what was sent.
    """
    is_fine = answer.status_code < 500 or answer.status_code == 503
    assert is_fine, f"{answer.request.method} {answer.request.url}: {answer.status_code} for {str(sent)[:300]}"
    assert "Traceback" not in answer.text, f"a traceback for {str(sent)[:300]}"


def ask_at_random(url: str, count: int) -> int:
    """Send so many requests, about, to a service; return how many there were."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        sent = _bodies(client, int(count * (1 - SCHEMA_SHARE)))
        return sent + _by_schema(client, int(count * SCHEMA_SHARE))


def _bodies(client: httpx.Client, count: int) -> int:
    sent = 0
    for method, path in ROUTES:
        sent += _each(bodies, count // len(ROUTES), partial(_send_body, client, method, path))
    return sent


def _send_body(client: httpx.Client, method: str, path: str, body: bytes) -> None:
    check(client.request(method, path, content=body, headers={"Content-Type": "application/json"}), body)


def _by_schema(client: httpx.Client, count: int) -> int:
    schema: Any = schemathesis.openapi.from_dict(DOCUMENT)
    operations = [
        (path, method) for path, kinds in DOCUMENT["paths"].items() if path not in PASSED_OVER for method in kinds
    ]
    sent = 0
    for path, method in operations:
        cases = schema[path][method.upper()].as_strategy()
        sent += _each(cases, count // len(operations), partial(_send_case, client))
    return sent


def _send_case(client: httpx.Client, case: Any) -> None:
    check(case.call(base_url=str(client.base_url).rstrip("/"), timeout=60), case.formatted_path)


def _each(strategy: Any, count: int, act: Callable[[Any], None]) -> int:
    """Do something with so many examples; return how many there were."""
    done = 0

    @settings(
        max_examples=max(1, count),
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: Any) -> None:
        nonlocal done
        done += 1
        act(example)

    run()
    return done
