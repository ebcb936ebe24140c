"""The client against a running service."""

import subprocess
import sys
from typing import Any

import httpx
import pytest
from shapely.geometry import shape

from client import Client, LandcastError
from core.errors import RequestError
from core.settings import Settings
from products.catalogue import PRODUCTS
from tests.conftest import ROOT
from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from workers.queue.ledger import open_ledger

HEAVY = (
    "torch",
    "onnxruntime",
    "rasterio",
    "xarray",
    "pandas",
    "pydantic",
    "matplotlib",
    "fastapi",
    "sqlalchemy",
    "celery",
)
OTHER_ROOMS = ("ingest", "models", "products", "outputs", "evaluation", "workers", "training", "service", "cli")


def test_the_client_loads_nothing_heavy_and_no_other_room() -> None:
    code = f"import sys, client; print(*(m for m in {(*HEAVY, *OTHER_ROOMS)!r} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_products_and_estimates_are_those_of_the_service(service: Client) -> None:
    found = service.products()
    assert set(PRODUCTS) <= {p.id for p in found}
    assert all(p.title and p.description for p in found)
    facts = service.estimate("crop", shape(scene.REGION), period="2021-03-01/2021-12-31")
    assert facts["tiles"] == 6
    assert facts["area_km2"] == pytest.approx(0.05, abs=0.02)


def test_orders_of_all_products_reach_the_ledger(mine: Client, own: Front) -> None:
    region = scene.REGION
    jobs = [
        mine.forecast(region, horizon="20d", step="10d"),
        mine.gap_fill(region, since="2022-05-01", until="2022-06-01"),
        mine.anomaly(region),
        mine.canopy(region, period="2021-03-01/2021-12-31", mmu=0.1),
        mine.crop(region),
    ]
    ledger = open_ledger(own.settings)
    assert [ledger.job(job.id).order.product for job in jobs] == list(PRODUCTS)
    assert ledger.job(jobs[3].id).order.params["mmu"] == 0.1
    assert [job.id for job in mine.jobs()] == [job.id for job in reversed(jobs)]
    assert [job.id for job in mine.jobs(process=["crop", "canopy"], limit=1)] == [jobs[4].id]


def test_an_order_whose_answer_is_lost_is_sent_again_and_carried_out_once(own: Front) -> None:
    class Lossy(httpx.HTTPTransport):
        """Loses the first answer to an order."""

        orders = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            if request.url.path.endswith("/execution"):
                self.orders += 1
                if self.orders == 1:
                    answer.close()
                    raise httpx.ReadError("the line is cut", request=request)
            return answer

    transport = Lossy()
    with Client(str(own.client.base_url), http=httpx.Client(transport=transport, trust_env=False)) as client:
        client.products()
        job = client.crop(scene.REGION)
        assert transport.orders == 2
        assert [j.id for j in client.jobs()] == [job.id]
        again = client.crop(scene.REGION)
    assert again.id != job.id, "the same order given twice on purpose is two jobs"


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (lambda c: c.order("wheat", scene.REGION), "no product 'wheat'"),
        (lambda c: c.crop(scene.CROSSED), "The region is not usable"),
        (lambda c: c.crop(scene.ELSEWHERE), "outside the archive"),
        (lambda c: c.canopy(scene.REGION, mmu=-1), "'mmu'"),
        (lambda c: c.jobs(status="asleep"), "'asleep' is not a valid value of 'status'"),
        (lambda c: c.job("nobody").status, "no job 'nobody'"),
    ],
)
def test_a_refusal_is_the_sentence_of_the_service(service: Client, order: Any, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence) as caught:
        order(service)
    assert isinstance(caught.value, LandcastError)
    assert "\n" not in str(caught.value)


def test_a_service_that_needs_a_key_is_used_with_one(own: Front) -> None:
    settings: Settings = own.settings.but(keys="required")
    key = make_key(settings, "alice")
    with scene.served(settings) as http:
        url = str(http.base_url)
        with Client(url) as client, pytest.raises(RequestError, match="needs a key"):
            client.jobs()
        with Client(url, key) as client:
            job = client.crop(scene.REGION)
            assert [j.id for j in client.jobs()] == [job.id]
            assert key not in repr(client) + repr(job) + repr(job.known)
