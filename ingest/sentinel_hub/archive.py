"""Sentinel Hub as an archive: Copernicus Data Space or the commercial service, by OAuth client. Sending: requests."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from sentinelhub.api.process import SentinelHubRequest
from sentinelhub.constants import CRS, MimeType, MosaickingOrder, ResamplingType
from sentinelhub.decoding import decode_data
from sentinelhub.download.models import DownloadRequest
from sentinelhub.geometry import BBox
from shapely import box
from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL_NAMES, RADAR_NAMES, Floats
from core.errors import ArchiveUnavailable, MissingCredentials, ReadFailed, UnknownArchive
from core.grid import Grid, Window, utm_crs
from core.region import Region
from core.settings import Settings
from core.source import InputSummary
from core.timeline import Period
from ingest.archive import TOA_BANDS, Abilities, Orbit, Reading, Scene, Sensor, search_boxes
from ingest.io.hosts import Hosts, allowed_hosts
from ingest.sentinel_hub.passes import PASS, RADAR_CONVENTION, merge_passes, read_items
from ingest.sentinel_hub.requests import Account, Collection, RequestFailed, Service, data_collection

PLACES = {
    "cdse": (
        "Copernicus Data Space Ecosystem, Sentinel Hub",
        "https://sh.dataspace.copernicus.eu",
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
    ),
    "sentinel-hub": (
        "Sentinel Hub, commercial deployment",
        "https://services.sentinel-hub.com",
        "https://services.sentinel-hub.com/auth/realms/main/protocol/openid-connect/token",
    ),
}
"""Name of the archive to title, address of the service and of its tokens."""
FIRST_DAY = date(2015, 6, 27)
"""First Sentinel-2A acquisitions (ESA)."""
FOOTPRINT = box(-180, -56, 180, 84)
"""Where Sentinel-2 observes systematically (ESA, Sentinel-2 Mission Requirements)."""
OPTICAL_COLLECTIONS: dict[str, Collection] = {"sentinel-2-l2a": "SENTINEL2_L2A", "sentinel-2-l1c": "SENTINEL2_L1C"}
"""By script."""
RADAR_COLLECTIONS: dict[Orbit, Collection] = {
    "": "SENTINEL1_IW",
    "ascending": "SENTINEL1_IW_ASC",
    "descending": "SENTINEL1_IW_DES",
}
MAX_PIXELS = 2500
"""Largest width and height of a request."""
SCALE = np.float32(1e-4)
"""Reflectance of one DN. The service has already removed the offset of baseline 04.00 (`harmonizeValues`)."""
VERSION = 1
"""Version of our requests; a new number makes cached pixels invalid."""


@dataclass(frozen=True, kw_only=True)
class PixelRequest:
    """One request for pixels of one scene."""

    script: str
    """Evalscript, a file name without its ending."""
    bands: tuple[str, ...]
    """Requested bands, as the service names them."""
    names: tuple[str, ...]
    """The same bands in our names."""
    mask_bands: int
    """Further input bands that are charged: 1 for SCL; dataMask is free."""
    factor: float
    """Factor on the cost: 2 for 32-bit numbers, times 2 for orthorectified radar."""

    @property
    def outputs(self) -> dict[str, int]:
        """Outputs of the script, with their numbers of bands."""
        values = {"values": len(self.bands)} if self.bands else {}
        return values | {"mask": 1 + self.mask_bands}

    def units(self, shape_yx: tuple[int, int]) -> float:
        """Return the cost in processing units (Sentinel Hub API, "Processing Unit definition"): at least 0.005.

        Args:
            shape_yx: of the request in pixels; counted as at least a hundredth of 512 x 512.
        """
        area = max(shape_yx[0] * shape_yx[1] / 512**2, 0.01)
        return max(area * (len(self.bands) + self.mask_bands) / 3 * self.factor, 0.005)


class SentinelHub:
    """Sentinel-2 L2A and Sentinel-1 GRD through the Process API. Implements `ingest.archive.Archive`."""

    summary: InputSummary | None = None

    def __init__(self, name: str, service: Service, *, title: str, tile_size: int) -> None:
        self._service = service
        self._tile_size = tile_size
        self.name = name
        self.title = title
        self.attribution = "Contains modified Copernicus Sentinel data, processed by Sentinel Hub"
        self.is_simulated = False
        self.period = Period(start=FIRST_DAY, end=datetime.now(UTC).date())
        self.bands = (*OPTICAL_NAMES, *RADAR_NAMES)
        self.footprint: BaseGeometry = FOOTPRINT
        self.fingerprint = sha256(f"sentinel-hub {VERSION} {service.account.url}".encode()).hexdigest()
        self.is_cached = True
        self.abilities = Abilities(
            sensors=("s2", "s1"),
            masks=("SCL", "TOA"),
            convention=RADAR_CONVENTION,
            needs="An OAuth client: LANDCAST_SENTINELHUB_CLIENT_ID and LANDCAST_SENTINELHUB_CLIENT_SECRET.",
            cost="Processing units: a scene of ten bands and SCL costs about 3.7 per 512 x 512 pixels, radar 2.7; "
            "LANDCAST_SENTINELHUB_BUDGET ends the spending.",
        )

    @property
    def units_spent(self) -> float:
        """Processing units that this process has spent with the account."""
        return self._service.spending.spent

    def grid(self, region: Region) -> Grid:
        """Return the 10 m lattice of the region's UTM zone, which is that of Sentinel-2 itself."""
        return Grid(crs=utm_crs(region), tile_size=self._tile_size)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the passes over a window in a period: items of one satellite and direction within an hour are one.

        Raises:
            ArchiveUnavailable: the scenes cannot be listed, or the account is refused.
        """
        try:
            scenes = [*self._passes("SENTINEL2_L2A", "s2", window, period)]
            scenes += self._passes("SENTINEL1_IW", "s1", window, period)
        except RequestFailed as error:
            raise ArchiveUnavailable(self.name, str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveUnavailable(self.name, f"its list of scenes cannot be read ({error})") from error
        return sorted(scenes, key=lambda s: (s.time, s.scene_id))

    def _passes(self, collection: Collection, sensor: Sensor, window: Window, period: Period) -> list[Scene]:
        # An hour more on both sides: a pass over midnight is seen whole, and so is another one that follows soon.
        start = datetime.combine(period.start, clock.min, UTC) - PASS
        end = datetime.combine(period.end, clock.min, UTC) + timedelta(days=1) + PASS
        found = [f for b in search_boxes(window) for f in self._service.search(collection, b, start, end)]
        return [s for s in merge_passes(read_items(found), sensor) if period.contains(s.time.date())]

    def cost(self, scenes: Sequence[Scene], window: Window, bands: tuple[str, ...]) -> float:
        """Estimate what reading scenes costs, in processing units; sends no request."""
        shapes = [piece.shape_yx for piece, _, _ in _pieces(window)]
        return sum(q.units(s) for scene in scenes for q in pixel_requests(scene.sensor, bands) for s in shapes)

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read some bands of one pass, and the scene classes of an optical one.

        Raises:
            ReadFailed: the pixels cannot be read.
            OverBudget: they would cost more than the settings allow; no request is sent then.
            ArchiveUnavailable: the account is refused.
        """
        values: dict[str, Floats] = {}
        mask: NDArray[np.uint8] | None = None
        for wanted in pixel_requests(scene.sensor, bands):
            answer = self._fetch(wanted, scene, window)
            values |= decode(wanted, answer)
            if wanted.mask_bands:
                mask = np.where(answer["mask"][..., 1] > 0, answer["mask"][..., 0], 0).astype(np.uint8)
        return Reading(values=values, mask=mask, mask_kind="" if mask is None else "SCL")

    def _fetch(self, wanted: PixelRequest, scene: Scene, window: Window) -> dict[str, NDArray[Any]]:
        """Return the outputs of a script, each (Y, X, B), for a window of any size."""
        answers: dict[str, NDArray[Any]] = {}
        for piece, rows, columns in _pieces(window):
            with self._failing(scene):
                request = self._request(wanted, scene, piece)
                content = self._service.process(request, units=wanted.units(piece.shape_yx))
            for name, pixels in unpack(content, wanted.outputs, piece.shape_yx, scene.scene_id).items():
                whole = answers.setdefault(name, np.zeros((*window.shape_yx, pixels.shape[2]), pixels.dtype))
                whole[rows, columns] = pixels
        return answers

    @contextmanager
    def _failing(self, scene: Scene) -> Iterator[None]:
        try:
            yield
        except RequestFailed as error:
            raise ReadFailed(scene.scene_id, str(error)) from error

    def _request(self, wanted: PixelRequest, scene: Scene, window: Window) -> DownloadRequest:

        rows, columns = window.shape_yx
        prepared = SentinelHubRequest(
            evalscript=evalscript(wanted.script, wanted.bands),
            input_data=inputs(wanted, scene, self._service.account.url),
            responses=[SentinelHubRequest.output_response(r, MimeType.TIFF) for r in wanted.outputs],
            bbox=BBox(window.bounds, CRS(window.crs)),
            size=(columns, rows),
            config=self._service.config(),
        )
        return prepared.download_list[0]


def pixel_requests(sensor: Sensor, bands: Sequence[str]) -> list[PixelRequest]:
    """Return the requests with which bands of a scene are read; other bands are not requested."""
    if sensor == "s1":
        mine = tuple(b for b in RADAR_NAMES if b in bands)
        return [PixelRequest(script="sentinel-1-grd", bands=mine, names=mine, mask_bands=0, factor=4)] if mine else []
    if sensor != "s2":
        return []
    mine = tuple(b for b in OPTICAL_NAMES if b in bands)
    requests = [PixelRequest(script="sentinel-2-l2a", bands=mine, names=mine, mask_bands=1, factor=1)]
    top = tuple(b for b in TOA_BANDS if b in bands)
    if top:
        theirs = tuple(b.removeprefix("TOA_") for b in top)
        requests.append(PixelRequest(script="sentinel-2-l1c", bands=theirs, names=top, mask_bands=0, factor=1))
    return requests


@cache
def evalscript(name: str, bands: tuple[str, ...]) -> str:
    """Return a script with the names of the bands filled in."""
    text = files("ingest").joinpath("evalscripts", f"{name}.js").read_text(encoding="utf-8")
    return text.replace("[/* names */]", json.dumps(list(bands)))


def inputs(wanted: PixelRequest, scene: Scene, url: str) -> list[Any]:
    """Return the inputs of a request: one collection, twice where classes must not be interpolated.

    `processing.upsampling` holds for all bands of an input, so SCL comes from an input of its own (data fusion) that
    is read by nearest neighbour; the cost is the same, as it counts input bands.
    """
    collection = RADAR_COLLECTIONS[scene.orbit] if scene.sensor == "s1" else OPTICAL_COLLECTIONS[wanted.script]
    processing: dict[str, Any] = {"harmonizeValues": True}
    if scene.sensor == "s1":
        processing = {"backCoeff": "GAMMA0_TERRAIN", "orthorectify": True, "demInstance": "COPERNICUS_30"}

    span = (_time(scene, "from"), _time(scene, "to"))

    def source(identifier: str | None, resampling: ResamplingType) -> Any:
        return SentinelHubRequest.input_data(
            data_collection(collection, url),
            identifier=identifier,
            time_interval=span,
            mosaicking_order=MosaickingOrder.MOST_RECENT,
            upsampling=resampling,
            downsampling=resampling,
            other_args={"processing": processing},
        )

    if wanted.script == "sentinel-2-l2a":
        return [source("reflectance", ResamplingType.BILINEAR), source("classes", ResamplingType.NEAREST)]
    return [source(None, ResamplingType.BILINEAR)]


def _time(scene: Scene, name: str) -> datetime:
    return datetime.fromisoformat(str(scene.properties[name]))


def decode(wanted: PixelRequest, answer: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """Turn an answer into physical units, (Y, X) per band; NaN where the data mask is 0."""
    if not wanted.bands:
        return {}
    is_seen = answer["mask"][..., -1] > 0
    scale = np.float32(1) if answer["values"].dtype.kind == "f" else SCALE
    values = {}
    for number, name in enumerate(wanted.names):
        stored = answer["values"][..., number].astype(np.float32)
        values[name] = np.where(is_seen & np.isfinite(stored), stored * scale, np.float32(np.nan)).astype(np.float32)
    return values


def unpack(
    content: bytes, outputs: Mapping[str, int], shape_yx: tuple[int, int], scene_id: str
) -> dict[str, NDArray[Any]]:
    """Read an answer: a TIFF, or several in a TAR; each output (Y, X, B).

    Raises:
        ReadFailed: it is cut off, damaged or of another size.
    """
    kind = MimeType.TIFF if len(outputs) == 1 else MimeType.TAR
    try:
        found = decode_data(content, kind)
        images = dict.fromkeys(outputs, found) if kind is MimeType.TIFF else {n: found[f"{n}.tif"] for n in outputs}
        return {n: _shaped(images[n], (*shape_yx, bands)) for n, bands in outputs.items()}
    except Exception as error:  # tarfile, tifffile and its codecs raise many kinds of errors for damaged bytes
        raise ReadFailed(scene_id, f"the answer is cut off or damaged ({type(error).__name__})") from error


def _shaped(image: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return an image as (Y, X, B): axes of length 1 are lost in decoding.

    Raises:
        ValueError: it is of another size.
    """
    if [n for n in image.shape if n > 1] != [n for n in shape if n > 1]:
        raise ValueError(f"{image.shape} instead of {shape}")
    return image.reshape(shape)


def _pieces(window: Window) -> Iterator[tuple[Window, slice, slice]]:
    """Cut a window into requests of allowed size; with each, the rows and columns it fills."""
    height, width = window.shape_yx
    for top in range(0, height, MAX_PIXELS):
        for left in range(0, width, MAX_PIXELS):
            shape_yx = (min(MAX_PIXELS, height - top), min(MAX_PIXELS, width - left))
            moved: Affine = window.transform * Affine.translation(left, top)
            piece = Window(crs=window.crs, transform=moved, shape_yx=shape_yx)
            yield piece, slice(top, top + shape_yx[0]), slice(left, left + shape_yx[1])


def open_sentinel_hub(name: str, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> SentinelHub:
    """Open `cdse` or `sentinel-hub`; no request is sent yet.

    Args:
        name: of PLACES.
        settings: for credentials, budget, limits, and another address of the service where one is set.
        sleep: waits between tries; tests pass their own.

    Raises:
        UnknownArchive: there is no such deployment.
        MissingCredentials: the settings hold no OAuth client.
        UntrustedAddress: the settings name a service on another machine without TLS.
    """
    if name not in PLACES:
        raise UnknownArchive(name, PLACES)
    secret = settings.sentinel_hub.client_secret
    if not settings.sentinel_hub.client_id or secret is None or not secret.get_secret_value():
        names = ("LANDCAST_SENTINELHUB_CLIENT_ID", "LANDCAST_SENTINELHUB_CLIENT_SECRET")
        raise MissingCredentials(name, names)
    title, url, token_url = PLACES[name]
    url = (settings.sentinel_hub.url or url).rstrip("/")
    token_url = settings.sentinel_hub.token_url or token_url
    for address in (url, token_url):
        Hosts(name=name, allowed=allowed_hosts(address)).check(address)
    account = Account(
        archive=name,
        url=url,
        token_url=token_url,
        client_id=settings.sentinel_hub.client_id,
        client_secret=secret,
        budget=settings.sentinel_hub.budget,
        tries=settings.archives.tries,
        per_second=settings.archives.requests_per_second,
    )
    return SentinelHub(name, Service(account, sleep=sleep), title=title, tile_size=settings.jobs.tile_size)
