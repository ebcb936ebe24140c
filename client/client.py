"""The client of a service: products, estimates, orders, jobs. What is tried again: connection.py; jobs: job.py."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

import httpx

from client.connection import Connection
from client.field_tables import LINES, PROVENANCE, statistics_table
from client.fields import SentFields, fields_to_send
from client.job import Job
from client.options import (
    AnomalyOptions,
    CanopyOptions,
    CropOptions,
    FieldOptions,
    ForecastOptions,
    GapFillOptions,
    plain,
)
from client.region import region_geojson
from client.status import JobStatus

if TYPE_CHECKING:
    import geopandas as gpd


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

        That is `tiles`, `pixels`, `area_km2`, `archive_share` (of the region, 0..1), `scenes`, `seconds`, `scene_reads`
        and `read_bytes` (at most), and `processing_units` where reading is charged.

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
        return self._order(product, _inputs(region, options))

    def _order(self, process: str, body: Mapping[str, Any]) -> Job:
        headers = {"Prefer": "respond-async", "Idempotency-Key": uuid.uuid4().hex}
        document = self._connection.json("POST", f"processes/{process}/execution", body, headers=headers)
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

    def fields(
        self,
        fields: Any,
        *,
        progress: Callable[[JobStatus], object] | None = None,
        timeout_s: float | None = None,
        **options: Unpack[FieldOptions],
    ) -> "gpd.GeoDataFrame":
        """Order the history, forecast and classes of fields, wait, and return their lines, one for each field and date.

        Ids are kept. A field that cannot be measured has a line whose `flags` say why.

        Args:
            fields: GeoDataFrame, GeoJSON FeatureCollection or path of one, see `client.fields.fields_to_send`.
            progress, timeout_s: see `Job.wait`.
            options: `id` (column that names the fields), `products`, `dates`, `issue_date`, `period`, `archive`, ...

        Returns:
            As `Job.to_geodataframe`, in the CRS of the frame that was given.
        """
        sent = fields_to_send(fields, options.get("id", ""))
        job = self._order_fields(sent, options, (LINES, PROVENANCE))
        return job.wait(progress, timeout_s=timeout_s).to_geodataframe(sent.crs)

    def order_fields(self, fields: Any, **options: Unpack[FieldOptions]) -> Job:
        """Order the same and return its job at once, with files of all kinds among its results; see `fields`."""
        return self._order_fields(fields_to_send(fields, options.get("id", "")), options, ())

    def estimate_fields(self, fields: Any, **options: Unpack[FieldOptions]) -> dict[str, Any]:
        """Return what an order of fields would cost, and order nothing; see `estimate` and `fields`."""
        sent = fields_to_send(fields, options.get("id", ""))
        return self._connection.json("POST", "processes/fields/estimate", _field_inputs(sent, options))

    def statistics(
        self, job: Job | str, fields: Any, *, layers: Sequence[str] = (), id_column: str = ""
    ) -> "gpd.GeoDataFrame":
        """Return statistics of a finished map under polygons, a line for each polygon and layer, of classes for each.

        A pixel counts with the share of it that lies in the polygon.

        Args:
            job: of the map, or its id.
            fields: see `fields`.
            layers: names of layers; empty = all.
            id_column: names the fields; empty = `id`, else `name`, else the index of the frame.

        Returns:
            In the CRS of the frame that was given: ids, `layer`, `class`, `count`, `valid_share`, `mean` and others of
            values, `area_ha` and `share` of classes, and `reason`, why a polygon could not be measured.
        """
        sent = fields_to_send(fields, id_column)
        job_id = quote(job if isinstance(job, str) else job.id, safe="")
        query = httpx.QueryParams([("layer", name) for name in layers])
        address = f"jobs/{job_id}/statistics" + (f"?{query}" if layers else "")
        shapes = list(fields.geometry) if hasattr(fields, "to_crs") else ()
        return statistics_table(self._connection.json("POST", address, sent.collection), sent, shapes)

    def _order_fields(self, sent: SentFields, options: FieldOptions, outputs: Sequence[str]) -> Job:
        body = _field_inputs(sent, options) | ({"outputs": {name: {} for name in outputs}} if outputs else {})
        return self._order("fields", body)

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

    def change_standing_order(self, order_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change, pause or resume a standing order; return it as the service states it.

        Args:
            order_id: of the standing order.
            changes: the body of `PATCH /standing-orders/{order_id}`: `paused`, `title`, `every`, `ends`, `inputs`.
        """
        return self._connection.json("PATCH", f"standing-orders/{quote(order_id, safe='')}", changes)

    def remove_standing_order(self, order_id: str) -> None:
        """Remove a standing order; its jobs and their results stay."""
        self._connection.request("DELETE", f"standing-orders/{quote(order_id, safe='')}")


def _inputs(region: Any, options: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": {"region": region_geojson(region)} | {name: plain(value) for name, value in options.items()}}


def _field_inputs(sent: SentFields, options: FieldOptions) -> dict[str, Any]:
    return {"inputs": {"fields": sent.collection} | {name: plain(value) for name, value in options.items()}}


def _words(given: Sequence[str] | str) -> str:
    return given if isinstance(given, str) else ",".join(given)
