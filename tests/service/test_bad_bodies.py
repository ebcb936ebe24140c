"""Whatever a body holds, the answer is no error of the service: made-up bodies for every route that takes one."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.settings import Settings
from service.app import create_app
from service.description import describe
from tests.service.access.keyed import bearer, keyed, make_key
from tests.service.scene import REGION, served

NO_JOB = "job-0"
DOCUMENT = describe(create_app(Settings(), reconcile=False))
ROUTES = [
    (method, path.format(process_id=product, job_id="crop1", order_id="standing-0", openeo_id=NO_JOB))
    for path, operations in DOCUMENT["paths"].items()
    for method in ("post", "put", "patch")
    if method in operations
    for product in (("crop", "canopy", "ndvi-forecast") if "{process_id}" in path else ("",))
]
HUGE, DEEP = "9" * 400, "[" * 900 + "]" * 900
COLLECTIONS = '{"type": "GeometryCollection", "geometries": [' * 400 + json.dumps(REGION) + "]}" * 400
RAW = [
    HUGE,
    f"-{HUGE}.5",
    "9" * 5000,
    "1e999",
    "NaN",
    DEEP,
    '{"a":' * 900 + "1" + "}" * 900,
    "[" * 100_000,
    COLLECTIONS,
]
"""JSON texts at the limits of what Python reads."""
NAMES = (
    "region",
    "period",
    "archive",
    "model",
    "date",
    "dates",
    "horizon",
    "step",
    "threshold",
    "mmu",
    "blend",
    "sets",
)
MEMBERS = ("inputs", "outputs", "response", "bbox", "intersects", "datetime", "collections", "ids", "limit", "token")

texts = st.sampled_from(["", "\\u0000", "\\ud800", "../" * 50, "2021-01-01/..", "9" * 400 + "d"]) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(texts, v, max_size=4), max_leaves=8)
encoded = st.sampled_from(RAW) | values.map(json.dumps)
polygons = encoded.map(lambda text: f'{{"type": "Polygon", "coordinates": [[[{text}, 48], [11, {text}], [12, 48]]]}}')


def member(name: str, text: str) -> str:
    """Return a JSON object with one member."""
    return f'{{"{name}": {text}}}'


def order(name: str, text: str) -> str:
    """Return an order of the small region with one more input, or another region."""
    region = "" if name == "region" else f'"region": {json.dumps(REGION)}, '
    return f'{{"inputs": {{{region}"{name}": {text}}}}}'


bodies = (
    encoded
    | st.builds(member, st.sampled_from(MEMBERS), encoded | polygons)
    | st.builds(order, st.sampled_from(NAMES), encoded)
    | st.builds(order, st.just("region"), polygons)
).map(str.encode) | st.binary(max_size=40)


@pytest.fixture(scope="module")
def asked(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service that may be ordered from at will."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("asked") / "home"
    with served(Settings(home=home, archive=archive, redis_url=redis_url)) as client:
        yield client


def check(client: httpx.Client, method: str, path: str, body: bytes) -> int:
    """Send a body; return the status, which is no error of the service."""
    answer: Any = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    if answer.status_code >= 400:
        assert answer.json()["detail"].strip()
    return int(answer.status_code)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_made_up_body_is_no_error_of_the_service(asked: httpx.Client, method: str, path: str) -> None:
    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(body=bodies)
    def ask(body: bytes) -> None:
        check(asked, method, path, body)

    ask()


@dataclass(frozen=True)
class WithKey:
    """A client with a key that may do everything, and a standing order of its party."""

    client: httpx.Client
    order_id: str

    def check(self, method: str, path: str, body: bytes) -> int:
        """Send a body; return the status."""
        return check(self.client, method, path.replace("standing-0", self.order_id), body)


@contextmanager
def with_key(wanted: Settings) -> Iterator[WithKey]:
    """Run a service that needs keys, with jobs of a party whose key counts no quota."""
    with keyed(wanted.but(quota_requests_per_minute=0, quota_running_jobs=0)) as found:
        found.client.headers.update(bearer(make_key(found.settings, "everything", "read,order,admin", "forest")))
        made = found.client.post("/standing-orders", json={"processID": "crop", "inputs": {"region": REGION}})
        yield WithKey(found.client, made.json()["id"])


@pytest.fixture(scope="module")
def keyed_client(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithKey]:
    """A client with a key, of a service that needs one."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("keyed") / "home"
    with with_key(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


def statuses(found: WithKey, method: str, path: str, count: int) -> Counter[int]:
    """Send so many made-up bodies, the same each time; return how often each status was answered."""
    counts: Counter[int] = Counter()

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(body=bodies)
    def ask(body: bytes) -> None:
        counts[found.check(method, path, body)] += 1

    ask()
    return counts


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_made_up_body_with_a_key_is_no_error_either(keyed_client: WithKey, method: str, path: str) -> None:
    counts = statuses(keyed_client, method, path, 15)
    assert counts.total() >= 15
    absent = {404} if NO_JOB in path else set()  # an openEO job would be started
    assert not ({401, 403, 404, 405, 429} - absent) & set(counts), "the key may do this, and the path is there"


@pytest.mark.parametrize("text", RAW)
@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_nesting_beyond_all_limits_are_refused(asked: httpx.Client, name: str, text: str) -> None:
    for path in ("/processes/canopy/estimate", "/processes/ndvi-forecast/estimate"):
        check(asked, "post", path, order(name, text).encode())
