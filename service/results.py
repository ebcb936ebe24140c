"""Result files of a job: which there are, what each is, and who may have them. No HTTP."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import JobFailed, JobNotReady, UnknownJob, UnknownResult
from core.job import Job, JobState
from core.settings import Settings
from service.links import COG, GEOJSON
from workers.queue.ledger import Ledger

PNG = "image/png"
NETCDF = "application/x-netcdf"

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
    tasks: tuple[str, ...]
    """Tasks whose products have it."""


_ALL = ("forecast", "canopy", "crop")
OUTPUTS = (
    Output(id="geotiff", suffix=".tif", kind=COG, title="Cloud Optimized GeoTIFF with all layers", tasks=_ALL),
    Output(id="item", suffix=".json", kind=GEOJSON, title="STAC item: provenance and completeness", tasks=_ALL),
    Output(id="quicklook", suffix=".png", kind=PNG, title="Picture of the result", tasks=_ALL),
    Output(
        id="plot", suffix="_pixel.png", kind=PNG, title="Forecast of one pixel with its history", tasks=("forecast",)
    ),
    Output(id="netcdf", suffix=".nc", kind=NETCDF, title="Forecast cube as CF NetCDF", tasks=("forecast",)),
)
KINDS = {path: o.kind for o in OUTPUTS for path in (o.suffix[o.suffix.rindex(".") :],)}
"""Media type by file ending."""


def find_job(ledger: Ledger, job_id: str) -> Job:
    """Return a job.

    Raises:
        UnknownJob: there is none, or the text cannot be a job's id.
    """
    if not _JOB_ID.fullmatch(job_id):
        raise UnknownJob(job_id)
    return ledger.job(job_id)


def finished_job(ledger: Ledger, job_id: str) -> Job:
    """Return a successful job.

    Raises:
        UnknownJob, JobNotReady; UnknownResult: it was dismissed; JobFailed: it failed, with the reason.
    """
    job = find_job(ledger, job_id)
    match job.state:
        case JobState.SUCCESSFUL:
            return job
        case JobState.FAILED:
            raise JobFailed(job_id, job.message)
        case JobState.DISMISSED:
            raise UnknownResult(f"{job_id}' of a dismissed job '{job_id}")
        case state:
            raise JobNotReady(job_id, state.value)


def folder(settings: Settings, job_id: str) -> Path:
    """Return the folder of a job's result files."""
    return settings.home / "jobs" / job_id


def find_file(settings: Settings, job: Job, name: str) -> Path:
    """Return the path of one result file of a successful job.

    Raises:
        UnknownResult: the job has no such file; names are compared, never joined, so no path leads out.
    """
    files = {p.name: p for p in _files(settings, job.id)}
    if name not in files:
        raise UnknownResult(name, sorted(files))
    return files[name]


def outputs_of(settings: Settings, job: Job) -> list[tuple[Output, str]]:
    """Return the outputs that a job has written, with their file names."""
    names = {p.name for p in _files(settings, job.id)}
    return [(o, job.order.product + o.suffix) for o in OUTPUTS if job.order.product + o.suffix in names]


def _files(settings: Settings, job_id: str) -> list[Path]:
    where = folder(settings, job_id)
    if not where.is_dir():
        return []
    return [p for p in where.iterdir() if p.is_file() and not p.is_symlink() and not p.name.startswith(".")]
