"""`landcast run`: a service of its own, every product ordered from it over REST, the files, and a short table.

Archives are opened here only for their default region.
"""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import rasterio
import typer
from shapely.geometry.base import BaseGeometry

from cli.arguments import said_region
from cli.own_archive import OwnArchive, open_own_archive
from cli.progress import Line, new_line
from cli.read_as import Strict
from client import Client, Job, JobStatus
from client.status import pauses
from core.errors import LandcastError, RequestError, WorkerUnavailable
from core.grid import Window
from core.job import FIELDS, JobState
from core.read_settings import overridden, read_settings
from core.region import Region, parse_region, reproject
from core.settings import Settings
from core.source import ReadAs
from core.text_table import text_table
from core.timeline import Period
from ingest.archive import Archive, check_region
from service.health import ping_redis
from service.process.start_check import check_start
from service.process.supervisor import Supervisor
from service.results import OUTPUTS

DONE, FAILED = 0, 1
HOME_ONLY = "127.0.0.1"
"""Where the service of a run listens, whatever the settings say: it serves this command alone, which has no key."""
KIB, MIB = 1024, 1024 * 1024
WGS84 = "EPSG:4326"
NO_INPUTS: Mapping[str, Mapping[str, str]] = {}
LARGE_KM2, SQUARE_M = 30.0, 5000.0
"""An archive larger than the first is not mapped as a whole by default, but a square in it whose edge is the second."""


@dataclass(kw_only=True)
class Ordered:
    """One product of the run and the state of its order."""

    product: str
    line: Line
    job: Job | None = None
    """None = the order was refused."""
    status: JobStatus | None = None
    failure: str = ""
    """One sentence; empty = all is well so far."""
    files: dict[str, Path] = field(default_factory=dict)
    """Result files by their key in the results document."""

    @property
    def is_pending(self) -> bool:
        """Whether the job has not ended yet."""
        return not self.failure and self.status is not None and not self.status.state.is_final

    def record(self, status: JobStatus) -> None:
        """Record and show the status that the service reports."""
        self.status = status
        self.line.advance(status.share, status.message)
        if status.state.is_final and status.state is not JobState.SUCCESSFUL:
            self.failure = status.message or f"The job is {status.state}."


def run(
    archive: OwnArchive = None,
    region: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="GeoJSON, GeoPackage, Shapefile or KML; default: a region of the archive."),
    ] = None,
    results: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the files.")] = Path("results"),
    strict: Strict = False,
) -> None:
    """Start a service, order all products for one region over REST, and write the files."""
    settings = overridden(read_settings(), archive=archive).but(host=HOME_ONLY, public_url="", keys="auto")
    check_start(settings)
    raise typer.Exit(run_main_job(settings, region, results, is_strict=strict))


def run_main_job(settings: Settings, region_file: Path | None, results: Path, *, is_strict: bool = False) -> int:
    """Order all products for a region and write their files below a folder; return the exit code.

    Args:
        settings: `archive` names where the observations come from.
        region_file: GeoJSON, GeoPackage, Shapefile or KML; None = a region of the archive.
        is_strict: refuse an archive or a region that needs a decision.

    Raises:
        RequestError: the region or the archive is not usable, or they do not meet.
        WorkerUnavailable: the service cannot be started, or Redis does not answer.
    """
    given = parse_region(said_region(region_file, ReadAs(is_strict=is_strict))[0]) if region_file else None
    archive = open_own_archive(settings, is_strict=is_strict)
    region = given or region_of(archive)
    check_region(archive, region)
    print(f"{archive.title}: {region.area_km2:.2f} km2, {archive.period}", flush=True)
    with _quiet(), Supervisor(settings) as supervisor, Client(supervisor.url) as client:
        ping_redis(supervisor.settings)
        orders = order_all(client, region, supervisor, {"crop": {"period": str(last_year(archive))}})
        for ordered in orders:
            fetch(ordered, results / ordered.product)
    print_table(orders, region)
    print_next(orders, archive)
    return FAILED if any(o.failure for o in orders) else DONE


def last_year(archive: Archive) -> Period:
    """Return the last 365 days of an archive: the season that the crop map of a run is of."""
    end = archive.period.end
    return Period(start=max(archive.period.start, end - timedelta(days=364)), end=end)


def region_of(archive: Archive) -> Region:
    """Return the region that is ordered when none is named: the archive's extent less a pixel on each side.

    Of an archive in several pieces it is the largest piece, and of a large one the square in its middle.
    """
    pieces: list[BaseGeometry] = list(getattr(archive.footprint, "geoms", [archive.footprint]))
    extent = max(pieces, key=lambda piece: piece.area)
    grid = archive.grid(Region(geometry=extent))
    inside: BaseGeometry = Region(geometry=extent).to_crs(grid.crs).buffer(-grid.resolution_m)
    if inside.is_empty:
        return Region(geometry=extent)
    if inside.area > LARGE_KM2 * 1e6:
        inside = inside.intersection(inside.representative_point().buffer(SQUARE_M / 2, cap_style="square"))
    return Region(geometry=reproject(inside, grid.crs, WGS84))


def order_all(
    client: Client, region: Region, supervisor: Supervisor, inputs: Mapping[str, Mapping[str, str]] = NO_INPUTS
) -> list[Ordered]:
    """Order every product and wait for all of them; record failures, and dismiss the jobs if the run is stopped.

    Args:
        inputs: by product, besides the region.
    """
    orders = []
    try:
        for position, product in enumerate(p.id for p in client.products() if p.id != FIELDS):
            orders.append(Ordered(product=product, line=new_line(product, position=position)))
            submit(client, orders[-1], region, inputs.get(product, {}))
        watch(orders, supervisor)
    except BaseException:
        dismiss_pending(orders)
        raise
    finally:
        for ordered in orders:
            ordered.line.close(ordered.failure)
    return orders


def submit(client: Client, ordered: Ordered, region: Region, inputs: Mapping[str, str]) -> None:
    """Send one order, or record why it is refused."""
    try:
        ordered.job = client.order(ordered.product, region.to_geojson(), **inputs)
        ordered.status = ordered.job.status
    except RequestError as error:
        ordered.failure = str(error)


def watch(orders: Sequence[Ordered], supervisor: Supervisor) -> None:
    """Show progress until no job is pending.

    Raises:
        WorkerUnavailable: the worker dies whenever it is started.
    """
    for pause in pauses():
        for ordered in orders:
            if ordered.is_pending and ordered.job:
                ordered.record(ordered.job.status)
        if not any(o.is_pending for o in orders):
            return
        if supervisor.worker is not None and supervisor.worker.is_hopeless:
            raise WorkerUnavailable(f"the worker dies whenever it is started; see '{supervisor.worker.log}'")
        time.sleep(pause)


def dismiss_pending(orders: Sequence[Ordered]) -> None:
    """Dismiss the jobs that still run, so that the next run does not wait for them."""
    for ordered in orders:
        if ordered.is_pending and ordered.job:
            with contextlib.suppress(LandcastError):
                ordered.job.dismiss()


def fetch(ordered: Ordered, folder: Path) -> None:
    """Download the files of a successful job; for a failed one, remove files of an earlier run from the folder."""
    for output in OUTPUTS:
        (folder / (ordered.product + output.suffix)).unlink(missing_ok=True)
    if not ordered.failure and ordered.job:
        ordered.files = ordered.job.download(folder)


def print_table(orders: Sequence[Ordered], region: Region) -> None:
    """Print product, file, size, coverage and seconds; a sentence in place of a file that could not be made."""
    rows = [("product", "file", "size", "coverage", "seconds")]
    rows += [_row(o, region) for o in orders if not o.failure]
    print("\n" + text_table(rows, left=2))
    for ordered in orders:
        if ordered.failure:
            print(f"{ordered.product} was not made: {ordered.failure}")


def print_next(orders: Sequence[Ordered], archive: Archive) -> None:
    """Print the files to open, and a note where the observations are simulated."""
    if not any(ordered.files for ordered in orders):
        return
    print("\nOpen next:")
    for ordered in orders:
        for name in ("quicklook", "plot"):
            if name in ordered.files:
                print(f"  {ordered.files[name]}")
    print("  'make serve' (or 'landcast serve') for the map page")
    if archive.is_simulated:
        print("These results are computed from simulated observations; no satellite has measured them.")


def coverage(tif: Path, region: Region) -> float:
    """Return the share of the region's pixels that have data, 0..1."""
    with rasterio.open(tif) as raster:
        window = Window(crs=str(raster.crs), transform=raster.transform, shape_yx=raster.shape)
        has_data = raster.read_masks(1) > 0
    inside = window.mask(region)
    return float(has_data[inside].mean())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the log of service and workers: the progress lines replace it."""
    rooms = [logging.getLogger(name) for name in ("service", "workers")]
    before = [room.level for room in rooms]
    for room in rooms:
        room.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for room, level in zip(rooms, before, strict=True):
            room.setLevel(level)


def _row(ordered: Ordered, region: Region) -> tuple[str, str, str, str, str]:
    tif = ordered.files["geotiff"]
    seconds = ordered.status.seconds if ordered.status else 0.0
    return ordered.product, str(tif), _size(tif), f"{100 * coverage(tif, region):.0f} %", f"{seconds:.1f}"


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / MIB:.1f} MB" if size >= MIB else f"{size / KIB:.0f} kB"
