"""The series of standing orders as STAC collections."""

from pathlib import Path

import pystac
import pytest

from core.errors import UnknownResult
from core.settings import Settings
from service.stac.series import SeriesList, series_of
from workers.queue.items import Extent
from workers.queue.ledger import open_ledger
from workers.standing.store import NewStandingOrder, StandingOrders

BASE = "https://landcast.example"


def test_a_series_is_a_valid_collection_that_names_its_rhythm(tmp_path: Path) -> None:
    orders = StandingOrders(open_ledger(Settings(home=tmp_path)).engine)
    order = orders.add(NewStandingOrder(product="canopy", inputs={}, every_days=30))
    extent = Extent(bbox=(10.0, 48.0, 10.5, 48.25), start=0.0, end=86_400.0)
    document = series_of(order, extent, BASE).model_dump(exclude_none=True)
    collection = pystac.Collection.from_dict(document)
    assert collection.id == order.id
    assert "every 30 days" in (collection.title or "")
    assert collection.extent.spatial.bboxes == [[10.0, 48.0, 10.5, 48.25]]
    links = {x["rel"]: x["href"] for x in document["links"]}
    assert links["items"] == f"{BASE}/stac/collections/{order.id}/items"
    assert links["via"] == f"{BASE}/standing-orders/{order.id}"


def test_ids_of_products_are_no_series_and_those_of_others_are_unknown(tmp_path: Path) -> None:
    engine = open_ledger(Settings(home=tmp_path)).engine
    order = StandingOrders(engine).add(NewStandingOrder(product="crop", inputs={}, party="forest"))
    assert SeriesList(engine, "forest").find("crop") is None
    assert SeriesList(engine, "forest").all() == [order]
    with pytest.raises(UnknownResult):
        SeriesList(engine, "farm").find(order.id)
