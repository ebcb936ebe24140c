"""`landcast watch add` against a real service: the options of products, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.conftest import Front
from tests.service.scene import REGION
from workers.queue.ledger import open_ledger
from workers.standing.store import StandingOrders

Run = Callable[..., str]


@pytest.fixture
def region(tmp_path: Path) -> str:
    path = tmp_path / "field.geojson"
    path.write_text(json.dumps(REGION))
    return str(path)


def test_an_order_is_added_with_its_products_options(own: Front, run: Run, region: str) -> None:
    server = ("--server", str(own.client.base_url))
    said = run(
        "watch", "add", "crop", "--region", region, "--threshold", "0.4", "--every", "10d", "--title", "A", *server
    )
    (order,) = StandingOrders(open_ledger(own.settings).engine).all()
    assert said.strip() == f"Standing order {order.id}"
    assert (order.product, order.every_days, order.title) == ("crop", 10, "A")
    assert order.inputs["threshold"] == "0.4"
    assert order.inputs["region"]["type"] in ("Polygon", "MultiPolygon", "FeatureCollection")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("crop",), "--region"),
        (("potatoes", "--region", "REGION"), "no product 'potatoes'"),
        (("crop", "--region", "REGION", "--every", "often"), "as 10d"),
        (("crop", "--region", "REGION", "--ends", "2020-01-01"), "it has passed"),
        (("crop", "--region", "REGION", "--threshold", "7"), "threshold"),
        (("crop", "--region", "REGION", "--horizon", "10d"), "horizon"),
    ],
)
def test_a_wrong_one_is_refused_in_one_sentence(
    own: Front, refused: Callable[..., str], region: str, arguments: tuple[str, ...], sentence: str
) -> None:
    given = [region if word == "REGION" else word for word in arguments]
    assert sentence in refused("watch", "add", *given, "--server", str(own.client.base_url))
