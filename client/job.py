"""Handle of one job: follow it, read its result, retry or dismiss it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from client import events
from client.connection import Connection
from client.download import ResultFile, download
from client.field_tables import LINES, PROVENANCE, read_lines
from client.region import WGS84
from client.result_array import read_result
from client.status import JobStatus, ended_well, pauses, read_status
from core.errors import JobNotReady, UnknownResult

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

PAGE = 1000
"""Events of the log that are read at once."""
MAP = "geotiff"
"""Key of the raster among the results."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Links to the files of a job for people without a key. Whoever has a link can open it."""

    expires: str
    """ISO 8601, UTC."""
    urls: Mapping[str, str] = field(repr=False)
    """Links by the name of the file; `preview.png` is the picture of a layer."""


class Job:
    """One job of a service. It asks the service whenever it is used; nothing is kept but what was said last."""

    def __init__(self, connection: Connection, job_id: str, known: Mapping[str, Any] | None = None) -> None:
        """Name a job; `known` is what the service has said of it. Nothing is requested."""
        self._connection, self.id = connection, job_id
        self.known: dict[str, Any] = dict(known or {})
        """What the service said last: OGC's statusInfo. Empty before the first question."""

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.known.get('processID', '')!r}, at {self._connection.shown!r})"

    @property
    def url(self) -> str:
        """Address of the job."""
        return f"{self._connection.server}jobs/{quote(self.id, safe='')}"

    @property
    def status(self) -> JobStatus:
        """State of the job now."""
        return read_status(self.refresh(), self.url)

    def refresh(self) -> dict[str, Any]:
        """Ask the service; return the job as it states it."""
        self.known = self._connection.json("GET", self.url)
        return self.known

    def wait(self, progress: Callable[[JobStatus], object] | None = None, *, timeout_s: float | None = None) -> "Job":
        """Wait for the end of the job; return it.

        Args:
            progress: called with each state that differs from the one before; `print` will do.
            timeout_s: longest time to wait; None = as long as it takes.

        Raises:
            JobFailed: it failed or was dismissed; the sentence has the reason.
            JobNotReady: it still runs after `timeout_s`; it goes on, and can be waited for again.
        """
        began, shown = time.monotonic(), None
        for pause in pauses():
            status = self.status
            if progress and status != shown:
                progress(status)
            shown = status
            if status.state.is_final:
                ended_well(status)
                break
            if timeout_s is not None and time.monotonic() - began + pause > timeout_s:
                raise JobNotReady(self.id, status.state)
            self._connection.sleep(pause)
        return self

    def log(self) -> Iterator[dict[str, Any]]:
        """Yield what has happened to the job and its tiles, oldest first: `number`, `time`, `event`, `tile`, ..."""
        address: str | None = f"{self.url}/log?limit={PAGE}"
        while address:
            page = self._connection.json("GET", address)
            yield from page["events"]
            address = _link(page, "next")

    def events(self, *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the same events as they happen, from the one after a number on, until the job has ended."""
        return events.follow(self._connection, f"{self.url}/events", after=after)

    def files(self) -> list[ResultFile]:
        """Return the files of a successful job.

        Raises:
            RequestError: it has none yet; the sentence is that of the service.
        """
        document = self._connection.json("GET", f"{self.url}/results")
        found = {name: entry for name, entry in document.items() if isinstance(entry, dict) and "href" in entry}
        return [
            ResultFile(
                name=name,
                url=urljoin(self._connection.server, entry["href"]),
                media_type=entry.get("type", ""),
                title=entry.get("title", ""),
            )
            for name, entry in found.items()
        ]

    def download(self, folder: Path | str, names: Sequence[str] = ()) -> dict[str, Path]:
        """Wait for the job and download its files into a folder, which is made; return their paths by name.

        Args:
            folder: a download into it that broke off is continued.
            names: keys of `files()`, such as `geotiff` and `item`; empty = all.

        Raises:
            UnknownResult: the job has no file of such a name.
            JobFailed: it failed or was dismissed.
        """
        found = {file.name: file for file in self.wait().files()}
        for name in names:
            if name not in found:
                raise UnknownResult(name, sorted(found))
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        return {n: download(self._connection, found[n], place / found[n].file_name) for n in names or found}

    def to_xarray(self, layers: Sequence[str] = ()) -> "xr.Dataset":
        """Wait for the job and read its raster into memory; see `client.result_array.read_result`.

        Args:
            layers: names of the bands to read, such as `class`; empty = all.
        """
        with TemporaryDirectory(prefix="landcast-", ignore_cleanup_errors=True) as folder:
            return read_result(self.download(folder, [MAP])[MAP], layers)

    def to_geodataframe(self, crs: Any = WGS84) -> "gpd.GeoDataFrame":
        """Wait for a job of fields and read its lines, one for each field and date, with the polygon of the field.

        Args:
            crs: of the polygons.

        Returns:
            The columns of docs/guides/fields.md; where they come from is in `attrs["landcast"]`.

        Raises:
            UnknownResult: the job is not one of fields.
        """
        with TemporaryDirectory(prefix="landcast-", ignore_cleanup_errors=True) as folder:
            return read_lines(self.download(folder, [LINES, PROVENANCE]), crs)

    @property
    def item(self) -> dict[str, Any]:
        """STAC item of a finished job: place, times, how it was made, what is missing."""
        address = _link(self.wait().known, "item")
        if address is None:
            raise UnknownResult("item", [])
        return self._connection.json("GET", address)

    @property
    def areas(self) -> list[dict[str, Any]]:
        """Areas of a class map, a row for each class: `label`, `mapped_ha`, `expected_ha`, `low_ha`, `high_ha`.

        The last three are None where no probability is known; other products have no rows. Waits for the job.
        """
        return list(self.item["properties"].get("landcast:areas", {}).get("classes", []))

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Parts of the region that could not be made: GeoJSON features with `tile` and `reason`."""
        return list(self.refresh().get("gaps") or [])

    def retry(self) -> "Job":
        """Try the missing tiles of an ended job again; its earlier result stays until the new one replaces it."""
        self.known = self._connection.json("POST", f"{self.url}/retry")
        return self

    def dismiss(self) -> None:
        """Stop the job, or withdraw the results of a finished one; its files are removed."""
        self.known = self._connection.json("DELETE", self.url)

    def share(self, *, seconds: int | None = None) -> Share:
        """Return links to the files of a finished job for people without a key.

        Args:
            seconds: how long they hold; None = a day.
        """
        found = self._connection.json("POST", f"{self.url}/share", {} if seconds is None else {"seconds": seconds})
        return Share(expires=found["expires"], urls={_name(link["href"]): link["href"] for link in found["links"]})


def _link(document: Mapping[str, Any], rel: str) -> str | None:
    return next((link["href"] for link in document.get("links", []) if link["rel"] == rel), None)


def _name(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1]
