"""Fields ordered with the client from a running service, and statistics of a map; both as GeoDataFrames."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import shape

from client import Client
from client.field_tables import NUMBERS, statistics_table
from client.fields import fields_to_send
from core.errors import RequestError, UnknownResult
from core.settings import Settings
from tests.conftest import ROOT
from tests.service.conftest import Front
from tests.workers.conftest import wait_for
from tests.workers.fields.jobs import carried_out, crossed, square
from workers.queue.ledger import open_ledger

SHAPES = [shape(square(5, 5)), shape(square(20, 10)), None, shape(crossed())]
FRAME = gpd.GeoDataFrame({"plot": [7, 3, 5, 1]}, geometry=SHAPES, crs=4326)
ASKED: dict[str, Any] = {"products": ["ndvi-forecast"], "dates": [date(2022, 11, 15)]}


@contextmanager
def at_work(settings: Settings) -> Iterator[None]:
    """Carry out the next order as a worker would, beside the client that waits for it."""

    def work() -> None:
        ledger = open_ledger(settings)
        wait_for(lambda: bool(ledger.jobs()))
        carried_out(settings, ledger.job(ledger.jobs()[0].id))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def test_fields_are_answered_with_their_ids_in_the_crs_of_the_frame(own: Front, mine: Client) -> None:
    given, shown = FRAME.to_crs(32632), []
    with at_work(own.settings):
        found = mine.fields(given, id="plot", progress=shown.append, timeout_s=60, **ASKED)
    assert found.crs == given.crs
    assert found["plot"].drop_duplicates().tolist() == [7, 3, 5, 1]
    assert found.columns[:2].tolist() == ["plot", "date"]
    ahead = found[found["q50"].notna()]
    assert ahead["date"].unique().tolist() == [np.datetime64("2022-11-15")]
    assert ahead["plot"].tolist() == [7, 3]
    flags = found.drop_duplicates("plot").set_index("plot")["flags"]
    assert flags[5] == "not measured: it has no geometry"
    assert "crosses itself" in flags[1]
    assert found.geometry.iloc[0].symmetric_difference(given.geometry.iloc[0]).area < 1
    assert found.attrs["landcast"]["simulated"] is True
    assert found.attrs["landcast"]["order"]["fields"]["count"] == 4
    assert shown[-1].share == 1.0


def test_an_order_of_fields_is_estimated_and_ordered_without_waiting(own: Front, mine: Client) -> None:
    assert mine.estimate_fields(FRAME, id="plot", **ASKED)["pixels"] == pytest.approx(72, abs=2)
    job = mine.order_fields(FRAME, id="plot", title="Mine", **ASKED)
    assert (job.known["status"], job.known["title"]) == ("accepted", "Mine")
    carried_out(own.settings, open_ledger(own.settings).job(job.id))
    assert [f.name for f in job.files()][:3] == ["csv", "geoparquet", "geojson"]
    assert job.to_geodataframe().crs == "EPSG:4326"
    with pytest.raises(UnknownResult, match="csv, geojson, geopackage, geoparquet"):
        job.to_xarray()
    with pytest.raises(RequestError, match="has no map"):
        mine.statistics(job, FRAME)


def test_what_the_service_refuses_is_raised_with_its_sentence(mine: Client) -> None:
    with pytest.raises(RequestError, match="the products of fields are"):
        mine.order_fields(FRAME, products=["weather"])
    with pytest.raises(RequestError, match="none of them lies in 'fields'"):
        mine.fields(gpd.GeoDataFrame(geometry=[SHAPES[0].buffer(0.0001)], crs=4326).translate(xoff=5))


def test_a_map_has_no_lines_of_fields(service: Client) -> None:
    with pytest.raises(UnknownResult, match="geotiff"):
        service.job("crop1").to_geodataframe()


def test_statistics_of_classes_have_a_line_for_each_class(service: Client) -> None:
    found = service.statistics(service.job("crop1"), FRAME.to_crs(32632), layers=["class", "p_crop"], id_column="plot")
    assert found.columns.tolist() == ["plot", "layer", "class", *NUMBERS, "reason", "geometry"]
    first = found[found["plot"] == 7]
    assert first["layer"].tolist() == ["class", "class", "p_crop"]
    classes = first[first["layer"] == "class"]
    assert classes["share"].sum() == pytest.approx(1, abs=1e-3)
    assert classes["area_ha"].sum() == pytest.approx(first["count"].iloc[0] / 100, rel=0.01)
    assert 0 < first["mean"].iloc[2] < 100
    assert found[found["plot"] == 5]["layer"].isna().all()
    assert found.drop_duplicates("plot")["plot"].tolist() == [7, 3, 5, 1]
    assert "crosses itself" in found[found["plot"] == 1]["reason"].iloc[0]
    assert (found.crs, found.attrs["landcast"]) == ("EPSG:32632", {"job": "crop1", "simulated": True})


def test_statistics_are_those_of_the_service(service: Client) -> None:
    found = service.statistics("forecast1", FRAME[:2], id_column="plot").set_index(["plot", "layer"])
    sent = fields_to_send(FRAME[:2], "plot")
    answer = service._connection.json("POST", "jobs/forecast1/statistics", sent.collection)
    for feature in answer["features"]:
        for layer, values in feature["properties"]["statistics"].items():
            line = found.loc[(feature["properties"]["plot"], layer)]
            assert {n: line[n] for n in values} == values
    plain = statistics_table(answer, sent)
    assert plain.geometry.iloc[0].equals_exact(SHAPES[0], 1e-6)


def test_the_client_loads_nothing_heavy_before_a_table_is_read() -> None:
    code = "import sys, client; print(*(m for m in ('torch', 'rasterio', 'geopandas', 'pandas') if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
