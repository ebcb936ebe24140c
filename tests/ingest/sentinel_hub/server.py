"""A stand-in for Sentinel Hub on this machine: tokens, catalogue and Process API, with faults on demand.

Its scenes come from whoever starts it, as a function of the place, so that other sources can show the same ones.
"""

import base64
import io
import json
import os
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import tifffile
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import SecretStr
from shapely import box
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from core.settings import Settings
from tests.ingest.sentinel_hub.evalscript_runner import Evalscript, ScriptError

CLIENT_ID, CLIENT_SECRET = "client-of-tests", "secret-of-tests"
COLLECTIONS = {"sentinel-2-l2a": "s2", "sentinel-2-l1c": "s2", "sentinel-1-grd": "s1"}
NATIVE_M = {
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12", "SCL"), 20.0),
    **dict.fromkeys(("B01", "B09", "B10"), 60.0),
}
"""Size of the pixels that Sentinel-2 has, where it is not 10 m."""
BANDS = {
    "sentinel-2-l2a": [*(f"B{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 8)), "B8A", "B09", "B11", "B12", "SCL", "dataMask"],
    "sentinel-2-l1c": [*(f"B{n:02}" for n in range(1, 13)), "B8A", "dataMask"],
    "sentinel-1-grd": ["VV", "VH", "dataMask"],
}


@dataclass(frozen=True, kw_only=True)
class ServedScene:
    """One item of the catalogue."""

    item_id: str
    """Name of the product."""
    time: datetime
    """Acquisition, UTC."""
    sensor: Literal["s2", "s1"] = "s2"
    """Collection it is in; those of s2 are in Level-1C and Level-2A."""
    platform: str = "sentinel-2a"
    """Satellite."""
    orbit: str = "descending"
    """Direction of flight."""
    geometry: BaseGeometry = field(default_factory=lambda: box(-180, -90, 180, 90))
    """Footprint, WGS84; only the catalogue looks at it."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """What else the item says."""


Pixels = Callable[[NDArray[np.float64], NDArray[np.float64], ServedScene, str], NDArray[Any]]
"""pixels(x, y, scene, band): x (X,) and y (Y,) in metres of the request's CRS to (Y, X) numbers; NaN = no data.

Bands are `B02` ... (reflectance, 0..1), `SCL` (class), `TOA_B01` ... (reflectance), `VV`, `VH` (linear power).
"""


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next requests to one end point."""

    path: Literal["token", "search", "process"]
    """End point."""
    status: int = 0
    """HTTP status to answer with; 0 = the answer itself is right."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of that answer."""
    body: Any = None
    """Of that answer, as JSON."""
    keep: float = 1.0
    """Share of the right answer that is sent; the rest is cut off."""
    seconds: float = 0.0
    """How long the answer takes."""
    times: int = 1
    """Number of requests that meet it."""


class BadRequest(Exception):
    """The service answers 400."""


class SentinelHubServer:
    """Serves while it is entered; `requests` holds the bodies it was sent, by end point."""

    def __init__(
        self,
        *,
        scenes: Sequence[ServedScene],
        pixels: Pixels,
        page_size: int = 100,
        token_seconds: float = 600.0,
        says_units: bool = True,
        native_m: Mapping[str, float] = NATIVE_M,
    ) -> None:
        """Take what is shown.

        Args:
            scenes: items of the catalogue.
            pixels: what they show.
            page_size: most items on a page of the catalogue.
            token_seconds: life of a token.
            says_units: answers carry what they cost.
            native_m: size of the stored pixels by band, where it is not 10 m; counted from (0, 0).
        """
        self.scenes, self.pixels, self.native_m = list(scenes), pixels, native_m
        self.page_size, self.token_seconds, self.says_units = page_size, token_seconds, says_units
        self.faults: list[Fault] = []
        self.requests: dict[str, list[dict[str, Any]]] = {"token": [], "search": [], "process": []}
        self.times: list[float] = []
        """Of requests to any end point, time.monotonic()."""
        self.units = 0.0
        """Processing units charged."""
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_config=None, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._insecure = os.environ.get("OAUTHLIB_INSECURE_TRANSPORT")
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # tokens over http, on this machine alone
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        if self._insecure is None:
            del os.environ["OAUTHLIB_INSECURE_TRANSPORT"]

    def revoke_tokens(self) -> None:
        """Take no token given out so far any more."""
        self._tokens.clear()

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = (await request.body()).decode()
            fields = dict(pair.split("=", 1) for pair in form.split("&"))
            return self._answer("token", fields, lambda: self._token(fields))

        @app.post("/api/v1/catalog/1.0.0/search")
        async def search(request: Request) -> Response:
            body = await request.json()
            return self._answer("search", body, lambda: self._allowed(request) or JSONResponse(self._search(body)))

        @app.post("/api/v1/process")
        def process(request: Request, body: dict[str, Any]) -> Response:
            return self._answer("process", body, lambda: self._allowed(request) or self._process(request, body))

        return app

    def _answer(self, path: str, body: dict[str, Any], make: Callable[[], Response]) -> Response:
        with self._lock:
            self.requests[path].append(body)
            self.times.append(time.monotonic())
            fault = next((f for f in self.faults if f.path == path and f.times > 0), None)
            if fault:
                fault.times -= 1
        if fault:
            time.sleep(fault.seconds)
        if fault and fault.status:
            return JSONResponse(fault.body, fault.status, fault.headers)
        try:
            response = make()
        except (BadRequest, ScriptError) as error:
            return _error(400, str(error))
        if fault and fault.keep < 1:
            whole = bytes(response.body)
            return Response(whole[: int(len(whole) * fault.keep)], media_type=response.media_type)
        return response

    def _token(self, fields: Mapping[str, str]) -> Response:
        if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client", "error_description": "Invalid client credentials"}, 401)
        stated = {"azp": fields["client_id"], "number": len(self.requests["token"])}
        middle = base64.b64encode(json.dumps(stated).encode()).decode()
        token = f"head.{middle}.signature"
        self._tokens[token] = time.time() + self.token_seconds
        return JSONResponse({"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"})

    def _allowed(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if self._tokens.get(token, 0) > time.time() else _error(401, "You are not authorized")

    def _search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        start, end = (datetime.fromisoformat(t.replace("Z", "+00:00")) for t in body["datetime"].split("/"))
        wanted = dict(part.replace("'", "").split("=") for part in body.get("filter", "").split(" AND ") if part)
        sensor = COLLECTIONS[body["collections"][0]]
        items = [_item(s) for s in self.scenes if s.sensor == sensor and start <= s.time <= end]
        area = box(*body["bbox"])
        shown = [
            i
            for s, i in zip(
                [s for s in self.scenes if s.sensor == sensor and start <= s.time <= end], items, strict=True
            )
            if s.geometry.intersects(area) and all(str(i["properties"].get(k)) == v for k, v in wanted.items())
        ]
        first = int(body.get("next") or 0)
        size = min(self.page_size, int(body.get("limit", 10)))
        context: dict[str, Any] = {"limit": size, "returned": len(shown[first : first + size])}
        if first + size < len(shown):
            context["next"] = first + size
        return {"type": "FeatureCollection", "features": shown[first : first + size], "links": [], "context": context}

    def _process(self, request: Request, body: Mapping[str, Any]) -> Response:
        output, bounds = body["output"], body["input"]["bounds"]
        shape_yx = (int(output["height"]), int(output["width"]))
        if max(shape_yx) > 2500:
            raise BadRequest("The requested image is larger than 2500 pixels")
        script = Evalscript(body["evalscript"])
        west, south, east, north = bounds["bbox"]
        x = west + (np.arange(shape_yx[1]) + 0.5) * (east - west) / shape_yx[1]
        y = north - (np.arange(shape_yx[0]) + 0.5) * (north - south) / shape_yx[0]
        data = body["input"]["data"]
        by_id = {d.get("id", "default"): d for d in data}
        samples = {
            i.get("datasource", "default"): self._sampled(by_id[i.get("datasource", "default")], i, x, y)
            for i in script.inputs
        }
        images = script.run(samples, shape_yx, is_fusion=len(data) > 1)
        answer = _packed(images, [r["identifier"] for r in output["responses"]], request.headers["accept"])
        units = _units(script, data, shape_yx)
        self.units += units
        if self.says_units:
            answer.headers["x-processingunits-spent"] = repr(units)
        return answer

    def _sampled(
        self, data: Mapping[str, Any], requested: Mapping[str, Any], x: NDArray[Any], y: NDArray[Any]
    ) -> dict[str, NDArray[Any]] | None:
        """Return the bands of one input, the most recent scene first, 0 where none has any."""
        kind, stated = data["type"], data["dataFilter"]
        if unknown := set(requested["bands"]) - set(BANDS[kind]):
            raise BadRequest(f"Dataset '{kind}' has no bands {sorted(unknown)}")
        _check_radar(kind, data)
        start, end = (datetime.fromisoformat(stated["timeRange"][k].replace("Z", "+00:00")) for k in ("from", "to"))
        found = [s for s in self.scenes if s.sensor == COLLECTIONS[kind] and start <= s.time <= end]
        found = [s for s in found if stated.get("orbitDirection", s.orbit.upper()) == s.orbit.upper()]
        if not found:
            return None
        found.sort(key=lambda s: s.time, reverse=True)
        is_smooth = data.get("processing", {}).get("upsampling", "NEAREST") == "BILINEAR"
        names = [b for b in requested["bands"] if b != "dataMask"]
        prefix = "TOA_" if kind == "sentinel-2-l1c" else ""
        layers = {n: self._mosaic(found, prefix + n, x, y, is_smooth=is_smooth) for n in names}
        masks = layers or {"": self._mosaic(found, "B04", x, y, is_smooth=False)}
        is_seen = np.all([np.isfinite(v) for v in masks.values()], axis=0)
        stored = {n: _stored(v, n, kind, str(requested.get("units", "REFLECTANCE"))) for n, v in layers.items()}
        return stored | ({"dataMask": is_seen.astype(float)} if "dataMask" in requested["bands"] else {})

    def _mosaic(
        self, scenes: Sequence[ServedScene], band: str, x: NDArray[Any], y: NDArray[Any], *, is_smooth: bool
    ) -> NDArray[Any]:
        merged = np.full((len(y), len(x)), np.nan)
        for scene in scenes:
            layer = self._layer(scene, band, x, y, is_smooth=is_smooth)
            merged = np.where(np.isnan(merged), layer, merged)
        return merged

    def _layer(
        self, scene: ServedScene, band: str, x: NDArray[Any], y: NDArray[Any], *, is_smooth: bool
    ) -> NDArray[Any]:
        """Show a band as it is stored, on pixels of its own size counted from (0, 0), resampled to x and y."""
        size = self.native_m.get(band.removeprefix("TOA_"), 10.0)
        (left, right, x_share), (low, high, y_share) = (_neighbours(v / size, is_smooth) for v in (x, y))

        def at(rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(self.pixels((columns + 0.5) * size, (rows + 0.5) * size, scene, band), np.float64)

        if not is_smooth:
            return at(low, left)
        lower = at(low, left) * (1 - x_share) + at(low, right) * x_share
        upper = at(high, left) * (1 - x_share) + at(high, right) * x_share
        return np.asarray(lower * (1 - y_share[:, None]) + upper * y_share[:, None])


def settings_for(server: SentinelHubServer, home: Path, **more: Any) -> Settings:
    """Return settings with which `open_sentinel_hub` reaches the stand-in."""
    stated: dict[str, Any] = {
        "home": home,
        "sentinelhub_client_id": CLIENT_ID,
        "sentinelhub_client_secret": SecretStr(CLIENT_SECRET),
        "sentinelhub_url": server.base_url,
        "sentinelhub_token_url": f"{server.base_url}/token",
        "requests_per_second": 1000.0,
        "tries": 3,
    }
    return Settings(**(stated | more))


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"status": status, "message": message, "code": "COMMON"}}, status)


def _item(scene: ServedScene) -> dict[str, Any]:
    radar = {"sar:instrument_mode": "IW", "s1:polarization": "DV", "s1:resolution": "HIGH"}
    properties = {
        "datetime": scene.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "platform": scene.platform,
        "sat:orbit_state": scene.orbit,
        **(radar if scene.sensor == "s1" else {}),
        **scene.properties,
    }
    return {"type": "Feature", "id": scene.item_id, "geometry": mapping(scene.geometry), "properties": properties}


def _check_radar(kind: str, data: Mapping[str, Any]) -> None:
    stated = data.get("processing", {})
    if kind == "sentinel-1-grd" and stated.get("backCoeff") == "GAMMA0_TERRAIN" and not stated.get("orthorectify"):
        raise BadRequest("GAMMA0_TERRAIN needs orthorectify")
    if kind == "sentinel-1-grd" and data["dataFilter"].get("mosaickingOrder") == "leastCC":
        raise BadRequest("leastCC is not supported for Sentinel-1")


def _neighbours(place: NDArray[Any], is_smooth: bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the numbers of the stored pixels before and after places, and the share of the one after."""
    if not is_smooth:
        return np.floor(place), np.floor(place), np.zeros(len(place))
    first = np.floor(place - 0.5)
    share = place - 0.5 - first
    return first, np.where(share > 0, first + 1, first), share


def _stored(values: NDArray[Any], band: str, kind: str, units: str) -> NDArray[Any]:
    """Return numbers as a script sees them; harmonised, so never below 0."""
    scale = 10_000 if kind != "sentinel-1-grd" and band != "SCL" and units == "DN" else 1
    shown = np.nan_to_num(values, nan=0.0) * scale
    return np.maximum(np.round(shown), 0) if scale > 1 else shown


def _packed(images: Mapping[str, NDArray[Any]], requested: Sequence[str], accept: str) -> Response:
    if missing := set(requested) - set(images):
        raise BadRequest(f"The script has no outputs {sorted(missing)}")
    encoded = {name: _tiff(images[name]) for name in requested}
    if len(requested) == 1:
        assert accept == "image/tiff", accept
        return Response(encoded[requested[0]], media_type="image/tiff")
    assert accept == "application/x-tar", accept
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, content in encoded.items():
            member = tarfile.TarInfo(f"{name}.tif")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return Response(whole.getvalue(), media_type="application/x-tar")


def _tiff(image: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    bands = image.shape[2]
    pixels = image if bands > 1 else image[..., 0]
    tifffile.imwrite(
        stream, pixels, photometric="minisblack", planarconfig="contig" if bands > 1 else None, compression="zlib"
    )
    return stream.getvalue()


def _units(script: Evalscript, data: Sequence[Mapping[str, Any]], shape_yx: tuple[int, int]) -> float:
    """Charge as the service documents it, written down a second time so that ours is checked."""
    bands = sum(len([b for b in i["bands"] if b != "dataMask"]) for i in script.inputs)
    factor = 2 if any(o["sampleType"] == "FLOAT32" for o in script.outputs.values()) else 1
    if data[0]["type"] == "sentinel-1-grd" and data[0].get("processing", {}).get("orthorectify"):
        factor *= 2
    return max(max(shape_yx[0] * shape_yx[1] / 262_144, 0.01) * bands / 3 * factor, 0.005)
