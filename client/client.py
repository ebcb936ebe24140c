"""The client of a service: products, estimates, orders, jobs. What is tried again: connection.py; jobs: job.py."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack
from urllib.parse import quote

import httpx

from client.connection import Connection
from client.job import Job
from client.options import (
    AnomalyOptions,
    CanopyOptions,
    CropOptions,
    ForecastOptions,
    GapFillOptions,
    plain,
)
from client.region import region_geojson


@dataclass(frozen=True, kw_only=True)
class Process:
    """A product that can be ordered."""

    id: str
    title: str = ""
    description: str = ""


class Client:
    """Talks to one landcast service. Not shared between threads.

    Every method raises `RequestError` if the service refuses what was asked, with the sentence of the service, and
    `WorkerUnavailable` if none answers; both are `LandcastError`. A request is sent again after a lost connection and
    when the service asks to wait, and an order is never carried out twice because of that.
    """

    def __init__(self, url: str, key: str | None = None, *, http: httpx.Client | None = None) -> None:
        """Use the service at a base URL.

        Args:
            url: as `landcast serve` prints it. Nothing is requested yet.
            key: of a service that needs one; sent to it alone, and in no text that this client makes.
            http: client to send requests with, for proxies or certificates of your own.

        Raises:
            InvalidOption: the key cannot be one.
        """
        self._connection = Connection(url, key or "", http)

    def __repr__(self) -> str:
        return f"Client({self._connection.shown!r})"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def products(self) -> list[Process]:
        """Return the products that the service has."""
        found = self._connection.json("GET", "processes")["processes"]
        return [Process(id=p["id"], title=p.get("title", ""), description=p.get("description", "")) for p in found]

    def estimate(self, product: str, region: Any, **options: Any) -> dict[str, Any]:
        """Return what an order would cost, and order nothing.

        That is `tiles`, `pixels`, `area_km2`, `archive_share` (of the region, 0..1), `scenes` and `seconds`.

        Args:
            product: id of a product.
            region: see `client.region.region_geojson`.
            options: as for `order`.
        """
        return self._connection.json("POST", f"processes/{product}/estimate", _inputs(region, options))

    def order(self, product: str, region: Any, **options: Any) -> Job:
        """Order a product; return its job, which the service carries out in the background.

        Args:
            product: id of a product.
            region: GeoJSON, path of a GeoJSON file, shapely polygon (WGS84), GeoDataFrame.
            options: inputs of the product; dates as `date` or text.

        Raises:
            RequestError: the service refuses the order; the sentence is that of the service.
            WorkerUnavailable: no service answers.
        """
        headers = {"Prefer": "respond-async", "Idempotency-Key": uuid.uuid4().hex}
        document = self._connection.json(
            "POST", f"processes/{product}/execution", _inputs(region, options), headers=headers
        )
        return Job(self._connection, document["jobID"], document)

    def forecast(self, region: Any, **options: Unpack[ForecastOptions]) -> Job:
        """Order an NDVI forecast, see `order`."""
        return self.order("ndvi-forecast", region, **options)

    def gap_fill(self, region: Any, **options: Unpack[GapFillOptions]) -> Job:
        """Order NDVI without gaps between observations, see `order`."""
        return self.order("ndvi-gap-fill", region, **options)

    def anomaly(self, region: Any, **options: Unpack[AnomalyOptions]) -> Job:
        """Order a comparison of the last NDVI with what was expected, see `order`."""
        return self.order("ndvi-anomaly", region, **options)

    def canopy(self, region: Any, **options: Unpack[CanopyOptions]) -> Job:
        """Order a map of tree canopy, or of its change, see `order`."""
        return self.order("canopy", region, **options)

    def crop(self, region: Any, **options: Unpack[CropOptions]) -> Job:
        """Order a map of crops, see `order`."""
        return self.order("crop", region, **options)

    def jobs(
        self, *, limit: int = 20, status: Sequence[str] | str = "", process: Sequence[str] | str = ""
    ) -> list[Job]:
        """Return jobs, newest first, each with what the service says of it in `known`.

        Args:
            limit: most jobs, 1000 at most.
            status: only those of these states (`successful`, ...), a sequence or a text with commas; empty = all.
            process: only those of these products; empty = all.
        """
        filters = {"status": _words(status), "processID": _words(process)}
        query = httpx.QueryParams({"limit": limit, **{name: text for name, text in filters.items() if text}})
        found = self._connection.json("GET", f"jobs?{query}")["jobs"]
        return [Job(self._connection, document["jobID"], document) for document in found]

    def job(self, job_id: str) -> Job:
        """Return the handle of a job by its id; nothing is requested yet."""
        return Job(self._connection, job_id)

    def add_standing_order(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Order a product again and again; return the standing order as the service states it.

        Args:
            wanted: the body of `POST /standing-orders`: `processID`, `inputs`, `every`, `ends`, `title`.
        """
        return self._connection.json("POST", "standing-orders", wanted, is_repeated=False)

    def standing_orders(self) -> list[dict[str, Any]]:
        """Return the standing orders, newest first, 1000 at most."""
        return list(self._connection.json("GET", "standing-orders?limit=1000")["standingOrders"])

    def standing_order(self, order_id: str) -> dict[str, Any]:
        """Return a standing order."""
        return self._connection.json("GET", f"standing-orders/{quote(order_id, safe='')}")

    def remove_standing_order(self, order_id: str) -> None:
        """Remove a standing order; its jobs and their results stay."""
        self._connection.request("DELETE", f"standing-orders/{quote(order_id, safe='')}")


def _inputs(region: Any, options: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": {"region": region_geojson(region)} | {name: plain(value) for name, value in options.items()}}


def _words(given: Sequence[str] | str) -> str:
    return given if isinstance(given, str) else ",".join(given)
