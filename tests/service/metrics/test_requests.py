"""The labels of requests have few values, whatever clients send."""

import httpx
from prometheus_client import CollectorRegistry

from service.metrics.requests import RequestFigures
from tests.service.conftest import Front


def test_figures_of_two_applications_are_apart() -> None:
    first, second = RequestFigures(CollectorRegistry()), RequestFigures(CollectorRegistry())
    first.counts.labels("/jobs", "GET", "200").inc()
    assert list(second.counts.collect()[0].samples) == []


def test_a_hundred_paths_make_one_row(own: Front) -> None:
    for number in range(100):
        assert own.client.get(f"/nothing/{number}").status_code == httpx.codes.NOT_FOUND
    rows = own.client.get("/metrics").text.splitlines()
    assert [row for row in rows if row.startswith("landcast_http_requests_total")] == [
        'landcast_http_requests_total{method="GET",route="other",status="404"} 100.0'
    ]
