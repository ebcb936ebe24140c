"""Ids of requests: in each answer, and in the log lines of the request."""

import json
import logging

import httpx
import pytest

from tests.service.access.keyed import keyed
from tests.service.conftest import Front
from workers.logs.json_lines import JsonLines


def test_each_answer_has_an_id_of_its_own(client: httpx.Client) -> None:
    ids = {client.get(path).headers["X-Request-ID"] for path in ("/healthz", "/jobs", "/nothing", "/jobs")}
    assert len(ids) == 4


@pytest.mark.parametrize(("given", "is_kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_the_id_of_a_proxy_is_kept_if_it_is_one(client: httpx.Client, given: str, is_kept: bool) -> None:
    answer = client.get("/jobs/nobody", headers={"X-Request-ID": given})
    assert answer.status_code == 404
    assert (answer.headers["X-Request-ID"] == given) == is_kept


def test_log_lines_name_the_request(own: Front) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger("service").addHandler(handler)
    try:
        with keyed(own.settings) as guarded:
            refused = guarded.client.get("/jobs")
    finally:
        logging.getLogger("service").removeHandler(handler)
    assert refused.status_code == 401
    (line,) = [found for found in map(json.loads, lines) if found["message"].startswith("request refused")]
    assert line["request"] == refused.headers["X-Request-ID"]
    assert line["facts"]["status"] == 401
