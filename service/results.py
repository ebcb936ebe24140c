"""Result files of a job: their kinds, and which jobs and files a request may name. No HTTP."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import JobDismissed, JobFailed, JobNotReady, JobWithoutMap, UnknownJob, UnknownResult
from core.job import FIELDS, Job, JobState
from core.product import Product
from core.settings import Settings
from outputs.fields.files import FILES, PROVENANCE
from products.areas import Measured
from service.links import COG, GEOJSON, JSON
from workers.queue.ledger import Ledger
from workers.store.open_store import open_store
from workers.store.store import StoredFile, result_key

PNG = "image/png"
CSV, HTML = "text/csv; charset=utf-8", "text/html; charset=utf-8"
PARQUET, GEOPACKAGE = "application/vnd.apache.parquet", "application/geopackage+sqlite3"
NETCDF = "application/x-netcdf"
QGIS_STYLE, QGIS_LAYERS, XML = (
    "application/x-qgis-layer-settings",
    "application/x-qgis-layer-definition",
    "application/xml",
)

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Output:
    """One kind of result file."""

    id: str
    """Key in the results document."""
    suffix: str
    """What follows the product id in the file's name."""
    kind: str
    """Media type."""
    title: str
    of_forecasts: bool = False
    """Whether forecasts alone have it."""
    of_classes: bool = False
    """Whether class maps alone have it."""


OUTPUTS = (
    Output(id="geotiff", suffix=".tif", kind=COG, title="Cloud Optimized GeoTIFF with all layers"),
    Output(id="item", suffix=".json", kind=GEOJSON, title="STAC item: provenance and completeness"),
    Output(id="quicklook", suffix=".png", kind=PNG, title="Picture of the result"),
    Output(id="plot", suffix="_pixel.png", kind=PNG, title="Forecast of one pixel with its history", of_forecasts=True),
    Output(id="netcdf", suffix=".nc", kind=NETCDF, title="Forecast cube as CF NetCDF", of_forecasts=True),
    Output(id="style", suffix=".qml", kind=QGIS_STYLE, title="Colours for QGIS"),
    Output(id="definition", suffix=".qlr", kind=QGIS_LAYERS, title="Layers for QGIS"),
    Output(id="legend", suffix=".tif.aux.xml", kind=XML, title="Names of classes for GDAL", of_classes=True),
)
_FIELDS_ABOUT = {
    "csv": (CSV, "Lines as CSV"),
    "geoparquet": (PARQUET, "Lines with polygons as GeoParquet"),
    "geojson": (GEOJSON, "Lines with polygons as GeoJSON"),
    "geopackage": (GEOPACKAGE, "Lines with polygons as GeoPackage"),
    "report": (HTML, "Report: a row and a chart for each field"),
    PROVENANCE: (JSON, "Provenance: order, models, archive, scenes, checksums"),
}
FIELD_OUTPUTS = tuple(
    Output(id=name, suffix=file.removeprefix(FIELDS), kind=_FIELDS_ABOUT[name][0], title=_FIELDS_ABOUT[name][1])
    for name, file in FILES.items()
)
"""Of a job of fields."""
_OF_MAPS = {path: o.kind for o in OUTPUTS for path in (o.suffix[o.suffix.rindex(".") :],)}
KINDS = {o.suffix[o.suffix.rindex(".") :]: o.kind for o in FIELD_OUTPUTS} | _OF_MAPS
"""Media type by file ending; see `kind_of`."""


def kind_of(job: Job, name: str) -> str | None:
    """Return the media type of a file of a job; None = not known."""
    known = FIELD_OUTPUTS if job.order.is_of_fields else OUTPUTS
    found = {job.order.product + o.suffix: o.kind for o in known}
    return found.get(name) or KINDS.get(f".{name.rpartition('.')[2]}")


def is_job_id(text: str) -> bool:
    """Tell whether a text can be the id of a job, and so may be looked up in the ledger."""
    return _JOB_ID.fullmatch(text) is not None


def outputs_for(product: Product[Any]) -> list[Output]:
    """Return the outputs that a product writes: forecasts have a plot and a cube, class maps names of their classes."""
    is_forecast, has_classes = hasattr(product.options, "issue"), isinstance(product, Measured)
    known = (o for o in OUTPUTS if is_forecast or not o.of_forecasts)
    return [output for output in known if has_classes or not output.of_classes]


def find_job(ledger: Ledger, job_id: str) -> Job:
    """Return a job.

    Raises:
        UnknownJob: there is no such job.
    """
    if not is_job_id(job_id):
        raise UnknownJob(job_id)
    return ledger.job(job_id)


def finished_job(ledger: Ledger, job_id: str) -> Job:
    """Return a successful job, or one that is being retried and has its earlier result.

    Raises:
        UnknownJob: there is no such job.
        JobNotReady: it has not ended.
        JobFailed: it failed; the sentence has the reason.
        JobDismissed: it was dismissed.
    """
    job = find_job(ledger, job_id)
    if job.has_result:
        return job
    match job.state:
        case JobState.FAILED:
            raise JobFailed(job_id, job.message)
        case JobState.DISMISSED:
            raise JobDismissed(job_id)
        case state:
            raise JobNotReady(job_id, state.value)


def finished_map(ledger: Ledger, job_id: str) -> Job:
    """Return a job as `finished_job` does, unless it is one of fields.

    Raises:
        JobWithoutMap: it is one of fields, in whatever state.
    """
    if find_job(ledger, job_id).order.is_of_fields:
        raise JobWithoutMap(job_id)
    return finished_job(ledger, job_id)


def find_stored(settings: Settings, job: Job, name: str) -> StoredFile:
    """Return one result file of a successful job, as it lies in the store.

    Raises:
        UnknownResult: the job has no such file. Names are compared with those of the result and never joined to a path,
            so no name leads out of it.
        StoreUnavailable: the store does not answer.
    """
    files = open_store(settings).files(result_key(job.id))
    if name not in files:
        raise UnknownResult(name, sorted(files))
    return files[name]


def find_file(settings: Settings, job: Job, name: str) -> Path:
    """Return the path of one result file of a successful job on this machine, fetched if it lies elsewhere.

    Raises:
        UnknownResult, StoreUnavailable: as `find_stored`.
    """
    return find_stored(settings, job, name).local()


def outputs_of(settings: Settings, job: Job) -> list[tuple[Output, str]]:
    """Return the outputs that a job has written and its order asked for, with their file names."""
    names = open_store(settings).files(result_key(job.id))
    known = FIELD_OUTPUTS if job.order.is_of_fields else OUTPUTS
    chosen = [output for output in known if not job.order.outputs or output.id in job.order.outputs]
    found = [(output, job.order.product + output.suffix) for output in chosen]
    return [(output, name) for output, name in found if name in names]
